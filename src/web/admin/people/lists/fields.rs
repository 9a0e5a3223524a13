//! The conditions of a list as fields of a form: what is typed in them, and what it means.

use crate::domain::event::EventNumber;
use crate::domain::list::{
    Comparison, Condition, Conditions, Day, Group, ListId, Measure, MomentField, RowFilter, TextField,
    TextTest, Time, Unit,
};
use crate::domain::money;
use crate::domain::period::parse_day;
use crate::domain::property_type::parse_number;
use crate::domain::question::{Dimension, Filter, Operator};
use crate::web::admin::people::lists::what::What;
use crate::web::request::form::Fields;
use crate::web::text::lists::Lists;

/// Value of the button that adds a group.
pub(crate) const ADD_GROUP: &str = "group";

/// Names of fields: group and place of the condition, and what the field is.
pub(crate) fn name(group: usize, place: usize, field: &str) -> String {
    format!("g{group}c{place}.{field}")
}

/// The fields of one condition, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    pub what: What,
    pub event: String,
    pub form: String,
    pub page: String,
    pub is: String,
    pub number: String,
    pub when: String,
    pub span: String,
    pub unit: String,
    pub from: String,
    pub to: String,
    pub dimension: String,
    pub operator: String,
    pub value: String,
    /// Further filters, one a line. The form keeps them and cannot change them.
    pub more: String,
    pub test: String,
    pub property: String,
    pub list: String,
    pub member: String,
}

impl Typed {
    /// The condition that is added by a button.
    pub(crate) fn new(what: What) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            what,
            event: String::new(),
            form: String::new(),
            page: String::new(),
            is: text("at_least"),
            number: text("1"),
            when: text(if what.is_counted() { "ever" } else { "last" }),
            span: text("30"),
            unit: text("days"),
            from: String::new(),
            to: String::new(),
            dimension: String::new(),
            operator: text("is"),
            value: String::new(),
            more: String::new(),
            test: text(if what == What::Email { "contains" } else { "is" }),
            property: String::new(),
            list: String::new(),
            member: text("is_member"),
        }
    }

    fn read(fields: &Fields, group: usize, place: usize) -> Option<Self> {
        let text = |field: &str| fields.text(&name(group, place, field)).to_owned();
        let what = text("what").parse().ok()?;
        let raw = |field: &str, usual: &str| match text(field) {
            empty if empty.is_empty() => usual.to_owned(),
            text => text,
        };
        Some(Self {
            what,
            event: text("event"),
            form: text("form"),
            page: text("page"),
            is: raw("is", "at_least"),
            number: text("number"),
            when: raw("when", "ever"),
            span: raw("span", "30"),
            unit: raw("unit", "days"),
            from: text("from"),
            to: text("to"),
            dimension: text("dimension"),
            operator: raw("operator", "is"),
            value: text("value"),
            more: text("more"),
            test: raw("test", "is"),
            property: text("property"),
            list: text("list"),
            member: raw("member", "is_member"),
        })
    }

    /// How often something was done.
    fn counted(what: What, is: Comparison, number: i64) -> Self {
        let is: &'static str = is.into();
        Self { is: is.to_owned(), number: number.to_string(), ..Self::new(what) }
    }

    /// A stored condition as fields.
    fn of(condition: &Condition, digits: u32) -> Self {
        match condition {
            Condition::Activity { measure, filters, is, number, within } => {
                Self::of_activity(*measure, filters, (*is, *number), *within, digits)
            }
            Condition::Submission { form, is, number, within } => {
                let form = form.map_or_else(String::new, |form| form.to_string());
                Self { form, ..Self::counted(What::Submitted, *is, *number) }.at(*within)
            }
            Condition::CompletionProperty { event, property, test, value, is, number, within } => {
                let test: &'static str = test.into();
                Self {
                    event: EventNumber(*event).to_string(),
                    property: property.clone(),
                    test: test.to_owned(),
                    value: value.clone(),
                    ..Self::counted(What::CompletedWith, *is, *number)
                }
                .at(*within)
            }
            Condition::CompletionValue { event, value_is, value_minor, is, number, within } => {
                let value_is: &'static str = value_is.into();
                Self {
                    event: event.map_or_else(String::new, |event| EventNumber(event).to_string()),
                    operator: value_is.to_owned(),
                    value: money::decimal(*value_minor, digits),
                    ..Self::counted(What::CompletedWorth, *is, *number)
                }
                .at(*within)
            }
            Condition::Moment { field, within } => {
                let what = match field {
                    MomentField::FirstSeen => What::FirstSeen,
                    MomentField::LastSeen => What::LastSeen,
                    MomentField::Created => What::Created,
                };
                Self::new(what).at(*within)
            }
            Condition::Text { field, is, value } => {
                let (what, property) = match field {
                    TextField::Email => (What::Email, ""),
                    TextField::Company => (What::Company, ""),
                    TextField::OriginalSource => (What::Source, ""),
                    TextField::Property(name) => (What::Property, name.as_str()),
                };
                let test: &'static str = is.into();
                Self {
                    test: test.to_owned(),
                    property: property.to_owned(),
                    value: value.clone(),
                    ..Self::new(what)
                }
            }
            Condition::Number { property, is, value } => {
                let is: &'static str = is.into();
                Self {
                    property: property.clone(),
                    is: is.to_owned(),
                    number: value.clone(),
                    ..Self::new(What::PropertyNumber)
                }
            }
            Condition::Date { property, within } => {
                Self { property: property.clone(), ..Self::new(What::PropertyDate) }.at(*within)
            }
            Condition::List { list, is_member } => Self {
                list: list.0.to_string(),
                member: if *is_member { "is_member" } else { "is_no_member" }.to_owned(),
                ..Self::new(What::List)
            },
        }
    }

    fn of_activity(
        measure: Measure,
        filters: &[RowFilter],
        (is, number): (Comparison, i64),
        within: Time,
        digits: u32,
    ) -> Self {
        let what = match measure {
            Measure::Completions => What::Completed,
            Measure::PageViews => What::Viewed,
            Measure::Value => What::Value,
        };
        let number = if what == What::Value { money::decimal(number, digits) } else { number.to_string() };
        let is: &'static str = is.into();
        let mut typed = Self { is: is.to_owned(), number, ..Self::new(what) }.at(within);
        let mut filters: Vec<&Filter> = filters.iter().map(|filter| &filter.0).collect();
        typed.event = take(&mut filters, Dimension::Event, Operator::Is).unwrap_or_default();
        typed.page = take(&mut filters, Dimension::Page, Operator::Contains).unwrap_or_default();
        if let Some(first) = (!filters.is_empty()).then(|| filters.remove(0)) {
            typed.dimension = first.dimension.as_str().to_owned();
            typed.operator = first.operator.as_str().to_owned();
            typed.value = first.written_values();
        }
        typed.more = filters.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        typed
    }

    fn at(mut self, time: Time) -> Self {
        let (when, span, days) = match time {
            Time::Ever => ("ever", None, [None, None]),
            Time::Last { amount, unit } => ("last", Some((amount, unit)), [None, None]),
            Time::Earlier { amount, unit } => ("earlier", Some((amount, unit)), [None, None]),
            Time::Before { day } => ("before", None, [Some(day), None]),
            Time::Since { day } => ("since", None, [Some(day), None]),
            Time::Between { from, to } => ("between", None, [Some(from), Some(to)]),
        };
        when.clone_into(&mut self.when);
        if let Some((amount, unit)) = span {
            self.span = amount.to_string();
            let unit: &'static str = unit.into();
            unit.clone_into(&mut self.unit);
        }
        let [from, to] = days.map(|day| day.map_or_else(String::new, |day| day.0.to_string()));
        Self { from, to, ..self }
    }

    /// What the fields mean.
    ///
    /// # Errors
    /// What is wrong.
    fn condition(&self, t: &Lists, digits: u32) -> Result<Condition, String> {
        let wrong = &t.wrong;
        Ok(match self.what {
            What::Completed | What::Viewed | What::Value => Condition::Activity {
                measure: match self.what {
                    What::Viewed => Measure::PageViews,
                    What::Value => Measure::Value,
                    _ => Measure::Completions,
                },
                filters: self.filters(t)?,
                is: self.is.parse().unwrap_or(Comparison::AtLeast),
                number: match self.what {
                    What::Value => money::parse(&self.number, digits).ok_or(wrong.amount)?,
                    _ => self.count(t)?,
                },
                within: self.time(t)?,
            },
            What::Submitted => Condition::Submission {
                form: self.form.parse().ok(),
                is: self.is.parse().unwrap_or(Comparison::AtLeast),
                number: self.count(t)?,
                within: self.time(t)?,
            },
            What::CompletedWith => {
                let test = self.test.parse().unwrap_or(TextTest::Is);
                Condition::CompletionProperty {
                    event: EventNumber::parse(&self.event).ok_or(wrong.event)?.0,
                    // Sites name the properties of events as they like, upper case or lower.
                    property: if self.property.is_empty() {
                        return Err(wrong.property.to_owned());
                    } else {
                        self.property.clone()
                    },
                    test,
                    value: self.tested_value(t, test)?,
                    is: self.is.parse().unwrap_or(Comparison::AtLeast),
                    number: self.count(t)?,
                    within: self.time(t)?,
                }
            }
            What::CompletedWorth => Condition::CompletionValue {
                event: EventNumber::parse(&self.event).map(|event| event.0),
                value_is: self.operator.parse().unwrap_or(Comparison::AtLeast),
                value_minor: money::parse(&self.value, digits).ok_or(wrong.amount)?,
                is: self.is.parse().unwrap_or(Comparison::AtLeast),
                number: self.count(t)?,
                within: self.time(t)?,
            },
            What::FirstSeen => Condition::Moment { field: MomentField::FirstSeen, within: self.time(t)? },
            What::LastSeen => Condition::Moment { field: MomentField::LastSeen, within: self.time(t)? },
            What::Created => Condition::Moment { field: MomentField::Created, within: self.time(t)? },
            What::Email | What::Company | What::Source | What::Property => {
                let field = match self.what {
                    What::Email => TextField::Email,
                    What::Company => TextField::Company,
                    What::Source => TextField::OriginalSource,
                    _ => TextField::Property(self.property_name(t)?),
                };
                let is = self.test.parse().unwrap_or(TextTest::Is);
                Condition::Text { field, is, value: self.tested_value(t, is)? }
            }
            What::PropertyNumber => Condition::Number {
                property: self.property_name(t)?,
                is: self.is.parse().unwrap_or(Comparison::AtLeast),
                value: parse_number(&self.number).map(|_| self.number.clone()).ok_or(wrong.decimal)?,
            },
            What::PropertyDate => Condition::Date { property: self.property_name(t)?, within: self.time(t)? },
            What::List => Condition::List {
                list: self.list.parse().map(ListId).map_err(|_| wrong.list)?,
                is_member: self.member == "is_member",
            },
        })
    }

    fn count(&self, t: &Lists) -> Result<i64, String> {
        self.number.parse().ok().filter(|number| *number >= 0).ok_or_else(|| t.wrong.number.to_owned())
    }

    fn tested_value(&self, t: &Lists, is: TextTest) -> Result<String, String> {
        match is.has_value() {
            true if self.value.is_empty() => Err(t.wrong.value.to_owned()),
            true => Ok(self.value.clone()),
            false => Ok(String::new()),
        }
    }

    fn property_name(&self, t: &Lists) -> Result<String, String> {
        let name = self.property.to_lowercase();
        if name.is_empty() { Err(t.wrong.property.to_owned()) } else { Ok(name) }
    }

    fn filters(&self, t: &Lists) -> Result<Vec<RowFilter>, String> {
        let mut filters = Vec::new();
        if !self.event.is_empty() && self.what != What::Viewed && EventNumber::parse(&self.event).is_some() {
            filters.push(Filter::is(Dimension::Event, &self.event));
        }
        if !self.page.is_empty() && self.what == What::Viewed {
            let values = vec![self.page.clone()];
            filters.push(Filter { dimension: Dimension::Page, operator: Operator::Contains, values });
        }
        if !self.dimension.is_empty() {
            let text = format!("{}:{}:{}", self.dimension, self.operator, self.value);
            filters.push(read_filter(t, &text)?);
        }
        for line in self.more.lines().filter(|line| !line.trim().is_empty()) {
            filters.push(read_filter(t, line.trim())?);
        }
        Ok(filters.into_iter().map(RowFilter).collect())
    }

    fn time(&self, t: &Lists) -> Result<Time, String> {
        let wrong = &t.wrong;
        let day = |text: &str| parse_day(text).map(Day).ok_or_else(|| wrong.day.to_owned());
        let span = || {
            let amount: u32 = self.span.parse().map_err(|_| wrong.span)?;
            Ok::<_, String>((amount, self.unit.parse().unwrap_or(Unit::Days)))
        };
        Ok(match self.when.as_str() {
            "last" => {
                let (amount, unit) = span()?;
                Time::Last { amount, unit }
            }
            "earlier" => {
                let (amount, unit) = span()?;
                Time::Earlier { amount, unit }
            }
            "before" => Time::Before { day: day(&self.from)? },
            "since" => Time::Since { day: day(&self.from)? },
            "between" => Time::Between { from: day(&self.from)?, to: day(&self.to)? },
            _ => Time::Ever,
        })
    }
}

fn read_filter(t: &Lists, text: &str) -> Result<Filter, String> {
    let other = |error: crate::domain::question::Invalid| {
        crate::web::text::fill(t.wrong.other, &[("reason", &error.to_string())])
    };
    Filter::parse(text).map_err(other)
}

/// Takes the one filter of this kind with one value out of all.
fn take(filters: &mut Vec<&Filter>, dimension: Dimension, operator: Operator) -> Option<String> {
    let is = |filter: &&Filter| {
        filter.dimension == dimension && filter.operator == operator && filter.values.len() == 1
    };
    let at = filters.iter().position(is)?;
    filters.remove(at).values.first().cloned()
}

/// All groups of conditions, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(pub Vec<Vec<Typed>>);

impl Groups {
    pub(crate) fn read(fields: &Fields) -> Self {
        let mut groups = Vec::new();
        loop {
            let group: Vec<Typed> =
                (0..).map_while(|place| Typed::read(fields, groups.len(), place)).collect();
            if group.is_empty() {
                return Self(groups);
            }
            groups.push(group);
        }
    }

    pub(crate) fn of(conditions: &Conditions, digits: u32) -> Self {
        let group = |group: &Group| group.all.iter().map(|one| Typed::of(one, digits)).collect();
        Self(conditions.any.iter().map(group).collect())
    }

    /// Does what a button asks for: `add:0`, `group`, `remove:0:1`. Answers whether it was one of these.
    pub(crate) fn press(&mut self, button: &str, added: impl Fn(&str) -> What) -> bool {
        let mut parts = button.split(':');
        let action = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|text| text.parse::<usize>().ok());
        match (action, number(), number()) {
            ("add", Some(group), _) => {
                let new = Typed::new(added(&format!("add{group}")));
                match self.0.get_mut(group) {
                    Some(group) => group.push(new),
                    None => self.0.push(vec![new]),
                }
            }
            (ADD_GROUP, ..) => self.0.push(vec![Typed::new(added("add"))]),
            ("remove", Some(group), Some(place)) => {
                if let Some(of) = self.0.get_mut(group)
                    && place < of.len()
                {
                    of.remove(place);
                }
                self.0.retain(|group| !group.is_empty());
            }
            _ => return false,
        }
        true
    }

    /// What the fields mean.
    ///
    /// # Errors
    /// What is wrong with which condition, counted from 1.
    pub(crate) fn conditions(&self, t: &Lists, digits: u32) -> Result<Conditions, (usize, String)> {
        let mut number = 0;
        let mut any = Vec::new();
        for group in &self.0 {
            let mut all = Vec::new();
            for typed in group {
                number += 1;
                let condition = typed.condition(t, digits).map_err(|what| (number, what))?;
                Conditions::of(condition.clone()).check().map_err(|error| (number, error.to_string()))?;
                all.push(condition);
            }
            any.push(Group { all });
        }
        Ok(Conditions { any })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    /// Everything a list can hold that the form can show.
    #[test]
    fn conditions_come_out_of_the_fields_as_they_went_in() {
        let json = r#"{"any":[{"all":[
            {"activity":{"measure":"completions","filters":["event:is:000000000012","device:is:mobile","country:is:NL"],
                "is":"at_least","number":2,"within":{"last":{"amount":7,"unit":"days"}}}},
            {"activity":{"measure":"page_views","filters":["page:contains:/cart"],"is":"at_most","number":0,
                "within":{"since":{"day":"2026-01-31"}}}},
            {"activity":{"measure":"value","filters":[],"is":"exactly","number":1999,"within":"ever"}},
            {"submission":{"form":7,"is":"at_least","number":1,"within":{"last":{"amount":30,"unit":"days"}}}},
            {"submission":{"is":"at_most","number":0,"within":"ever"}},
            {"completion_property":{"event":12,"property":"Size","test":"is","value":"L","is":"at_least",
                "number":2,"within":"ever"}}]},
            {"all":[
            {"moment":{"field":"last_seen","within":{"earlier":{"amount":90,"unit":"days"}}}},
            {"moment":{"field":"created","within":{"between":{"from":"2026-01-01","to":"2026-01-31"}}}},
            {"text":{"field":"email","is":"ends_with","value":"@example.com"}},
            {"text":{"field":"company","is":"is","value":"example.com"}},
            {"text":{"field":{"property":"plan"},"is":"is_unknown","value":""}},
            {"number":{"property":"seats","is":"at_most","value":"12.5"}},
            {"date":{"property":"since","within":{"before":{"day":"2026-01-31"}}}},
            {"list":{"list":3,"is_member":false}}]}]}"#;
        let conditions = Conditions::parse(json).unwrap();
        let groups = Groups::of(&conditions, 2);
        let mut pairs = Vec::new();
        for (g, group) in groups.0.iter().enumerate() {
            for (c, typed) in group.iter().enumerate() {
                let all = [
                    ("what", typed.what.as_str()),
                    ("event", &typed.event),
                    ("form", &typed.form),
                    ("page", &typed.page),
                    ("is", &typed.is),
                    ("number", &typed.number),
                    ("when", &typed.when),
                    ("span", &typed.span),
                    ("unit", &typed.unit),
                    ("from", &typed.from),
                    ("to", &typed.to),
                    ("dimension", &typed.dimension),
                    ("operator", &typed.operator),
                    ("value", &typed.value),
                    ("more", &typed.more),
                    ("test", &typed.test),
                    ("property", &typed.property),
                    ("list", &typed.list),
                    ("member", &typed.member),
                ];
                pairs.extend(all.map(|(field, value)| (name(g, c, field), value.to_owned())));
            }
        }
        let read = Groups::read(&Fields::of(pairs));
        assert_eq!(read, groups);
        assert_eq!(read.conditions(&EN.lists, 2), Ok(conditions));
    }

    #[test]
    fn buttons_add_and_remove_conditions() {
        let mut groups = Groups::default();
        assert!(groups.press("add:0", |_| What::Viewed) && groups.press("add:0", |_| What::Email));
        assert!(groups.press("group", |_| What::List));
        let kinds = |groups: &Groups| -> Vec<Vec<What>> {
            groups.0.iter().map(|group| group.iter().map(|typed| typed.what).collect()).collect()
        };
        assert_eq!(kinds(&groups), [vec![What::Viewed, What::Email], vec![What::List]]);
        assert!(groups.press("remove:1:0", |_| What::List) && groups.press("remove:0:0", |_| What::List));
        assert_eq!(kinds(&groups), [[What::Email]]);
        assert!(groups.press("remove:7:7", |_| What::List), "a button that is gone changes nothing");
        assert!(!groups.press("save", |_| What::List));
        assert_eq!(kinds(&groups), [[What::Email]]);
    }

    #[test]
    fn what_is_wrong_names_the_condition() {
        let groups = |typed: Typed| Groups(vec![vec![Typed::new(What::Viewed)], vec![typed]]);
        let of = |what| Typed::new(what);
        for (typed, says) in [
            (Typed { number: "-1".into(), ..of(What::Completed) }, EN.lists.wrong.number),
            (Typed { number: "x".into(), ..of(What::Value) }, EN.lists.wrong.amount),
            (Typed { span: String::new(), ..of(What::LastSeen) }, EN.lists.wrong.span),
            (Typed { when: "before".into(), ..of(What::Viewed) }, EN.lists.wrong.day),
            (of(What::Email), EN.lists.wrong.value),
            (of(What::Company), EN.lists.wrong.value),
            (of(What::Property), EN.lists.wrong.property),
            (of(What::List), EN.lists.wrong.list),
            (of(What::CompletedWith), EN.lists.wrong.event),
            (Typed { event: "000000000001".into(), ..of(What::CompletedWith) }, EN.lists.wrong.property),
            (Typed { number: String::new(), ..of(What::Submitted) }, EN.lists.wrong.number),
        ] {
            assert_eq!(groups(typed).conditions(&EN.lists, 2), Err((2, says.to_owned())));
        }
        let zero = Typed { span: "0".into(), ..of(What::LastSeen) };
        assert!(groups(zero).conditions(&EN.lists, 2).is_err());
    }
}
