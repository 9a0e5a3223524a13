//! Says the conditions of a list as sentences.

use std::collections::BTreeMap;

use crate::domain::event::EventNumber;
use crate::domain::list::{
    Comparison, Condition, Conditions, ListId, Measure, MomentField, RowFilter, TextField, TextTest, Time,
    Unit,
};
use crate::domain::question::{Dimension, Filter, Operator};
use crate::web::drawing::format;
use crate::web::text::{Texts, fill};

/// Names that conditions refer to by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub events: BTreeMap<EventNumber, String>,
    pub lists: BTreeMap<ListId, String>,
    pub forms: BTreeMap<i64, String>,
    pub currency: String,
}

/// The sentences of each group.
pub(crate) fn sentences(t: &Texts, names: &Names, conditions: &Conditions) -> Vec<Vec<String>> {
    let group = |group: &crate::domain::list::Group| group.all.iter().map(|one| say(t, names, one)).collect();
    conditions.any.iter().map(group).collect()
}

fn say(t: &Texts, names: &Names, condition: &Condition) -> String {
    let texts = &t.lists.say;
    match condition {
        Condition::Activity { measure, filters, is, number, within } => {
            say_activity(t, names, (*measure, filters), (*is, *number), *within)
        }
        Condition::Submission { form, is, number, within } => {
            let form = match form.map(|id| names.forms.get(&id)) {
                None => texts.any_form.to_owned(),
                Some(Some(name)) => format!("“{name}”"),
                Some(None) => texts.gone_form.to_owned(),
            };
            let (count, time) = (times(t, *is, *number), time(t, *within));
            fill(texts.submitted, &[("form", &form), ("count", &count), ("time", &time)])
        }
        Condition::CompletionProperty { event, property, test: of, value, is, number, within } => {
            let event = names
                .events
                .get(&EventNumber(*event))
                .map_or(texts.gone_event.to_owned(), |name| format!("“{name}”"));
            let tested = tested(t, *of, value);
            let (count, time) = (times(t, *is, *number), time(t, *within));
            let values = [
                ("event", event.as_str()),
                ("name", property),
                ("test", &tested),
                ("count", &count),
                ("time", &time),
            ];
            fill(texts.completed_with, &values)
        }
        Condition::CompletionValue { event, value_is, value_minor, is, number, within } => {
            let event = match event.map(|event| names.events.get(&EventNumber(event))) {
                None => texts.any_event.to_owned(),
                Some(Some(name)) => format!("“{name}”"),
                Some(None) => texts.gone_event.to_owned(),
            };
            let amount = format::money(&t.number, *value_minor, &names.currency);
            let value = format!("{} {amount}", comparison(t, *value_is));
            let (count, time) = (times(t, *is, *number), time(t, *within));
            let values = [("event", &*event), ("value", &*value), ("count", &*count), ("time", &*time)];
            fill(texts.completed_worth, &values)
        }
        Condition::Moment { field, within } => {
            let text = match field {
                MomentField::FirstSeen => texts.first_seen,
                MomentField::LastSeen => texts.last_seen,
                MomentField::Created => texts.created,
            };
            fill(text, &[("time", &time(t, *within))])
        }
        Condition::Text { field, is, value } => say_text(t, field, *is, value),
        Condition::Number { property, is, value } => {
            let test = format!("{} {value}", comparison(t, *is));
            fill(texts.property_number, &[("name", property), ("test", &test)])
        }
        Condition::Date { property, within } => {
            fill(texts.property_date, &[("name", property), ("time", &time(t, *within))])
        }
        Condition::List { list, is_member } => {
            let name = names.lists.get(list).map_or(texts.gone_list, String::as_str);
            fill(if *is_member { texts.in_list } else { texts.not_in_list }, &[("list", name)])
        }
    }
}

fn say_activity(
    t: &Texts,
    names: &Names,
    (measure, filters): (Measure, &[RowFilter]),
    (is, number): (Comparison, i64),
    within: Time,
) -> String {
    let texts = &t.lists.say;
    let filters: Vec<&Filter> = filters.iter().map(|filter| &filter.0).collect();
    let time = time(t, within);
    let (subject, others): (Vec<&Filter>, Vec<&Filter>) =
        filters.into_iter().partition(|filter| is_subject(measure, filter));
    let subject: Vec<String> = subject.iter().map(|filter| subject_of(t, names, filter)).collect();
    let mut said = match measure {
        Measure::Completions => {
            let event = or(subject, texts.any_event);
            fill(texts.completed, &[("event", &event), ("count", &times(t, is, number)), ("time", &time)])
        }
        Measure::PageViews => {
            let page = or(subject, texts.any_page);
            fill(texts.viewed, &[("page", &page), ("count", &times(t, is, number)), ("time", &time)])
        }
        Measure::Value => {
            let event = or(subject, texts.any_event);
            let amount = format::money(&t.number, number, &names.currency);
            let count = format!("{} {amount}", comparison(t, is));
            fill(texts.value, &[("event", &event), ("count", &count), ("time", &time)])
        }
    };
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|filter| filter_words(t, filter)).collect();
        said.push(' ');
        said.push_str(&fill(texts.with, &[("filters", &others.join(", "))]));
    }
    said
}

fn say_text(t: &Texts, field: &TextField, is: TextTest, value: &str) -> String {
    let texts = &t.lists.say;
    let value = match field {
        TextField::OriginalSource if is == TextTest::Is || is == TextTest::IsNot => {
            t.label.value(Dimension::Source, &value.to_uppercase()).into_owned()
        }
        _ => value.to_owned(),
    };
    let tested = tested(t, is, &value);
    match field {
        TextField::Email => fill(texts.email, &[("test", &tested)]),
        TextField::Company => fill(texts.company, &[("test", &tested)]),
        TextField::OriginalSource => fill(texts.source, &[("test", &tested)]),
        TextField::Property(name) => fill(texts.property, &[("name", name), ("test", &tested)]),
    }
}

fn tested(t: &Texts, is: TextTest, value: &str) -> String {
    let test = test(t, is);
    match is.has_value() {
        true => fill(t.lists.say.tested, &[("test", test), ("value", value)]),
        false => test.to_owned(),
    }
}

/// Whether a filter says what was completed or viewed, and not under which circumstances.
fn is_subject(measure: Measure, filter: &Filter) -> bool {
    match measure {
        Measure::PageViews => {
            filter.dimension == Dimension::Page
                && matches!(filter.operator, Operator::Contains | Operator::Is)
        }
        _ => filter.dimension == Dimension::Event && filter.operator == Operator::Is,
    }
}

fn subject_of(t: &Texts, names: &Names, filter: &Filter) -> String {
    let texts = &t.lists.say;
    let one = |value: &String| match filter.dimension {
        Dimension::Event => {
            let known = EventNumber::parse(value).map(|number| names.events.get(&number));
            match known {
                Some(Some(name)) => format!("“{name}”"),
                Some(None) => texts.gone_event.to_owned(),
                None => format!("“{value}”"),
            }
        }
        _ => fill(texts.pages_like, &[("page", value)]),
    };
    filter.values.iter().map(one).collect::<Vec<_>>().join(&format!(" {} ", t.lists.or))
}

fn or(subject: Vec<String>, any: &str) -> String {
    if subject.is_empty() { any.to_owned() } else { subject.join(", ") }
}

/// A filter as the filter bar of a report says it.
pub(crate) fn filter_words(t: &Texts, filter: &Filter) -> String {
    let values: Vec<String> = filter
        .values
        .iter()
        .map(|value| t.label.value(filter.dimension, &filter.dimension.normalise(value)).into_owned())
        .collect();
    let values = values.join(&format!(" {} ", t.report.filter.or));
    format!(
        "{} {} {values}",
        t.label.dimension(filter.dimension),
        t.report.filter.operator_name(filter.operator)
    )
}

fn times(t: &Texts, is: Comparison, number: i64) -> String {
    if number == 0 && is != Comparison::AtLeast {
        return t.lists.say.never.to_owned();
    }
    format!("{} {}", comparison(t, is), t.lists.say.times.of(number, &t.number))
}

pub(crate) const fn comparison(t: &Texts, is: Comparison) -> &'static str {
    match is {
        Comparison::AtLeast => t.lists.at_least,
        Comparison::AtMost => t.lists.at_most,
        Comparison::Exactly => t.lists.exactly,
    }
}

pub(crate) const fn test(t: &Texts, is: TextTest) -> &'static str {
    let texts = &t.lists.test;
    match is {
        TextTest::Is => texts.is,
        TextTest::IsNot => texts.is_not,
        TextTest::Contains => texts.contains,
        TextTest::StartsWith => texts.starts_with,
        TextTest::EndsWith => texts.ends_with,
        TextTest::IsKnown => texts.is_known,
        TextTest::IsUnknown => texts.is_unknown,
    }
}

pub(crate) const fn unit(t: &Texts, unit: Unit) -> &'static str {
    match unit {
        Unit::Hours => t.lists.unit.hours,
        Unit::Days => t.lists.unit.days,
        Unit::Weeks => t.lists.unit.weeks,
    }
}

fn time(t: &Texts, time: Time) -> String {
    let texts = &t.lists.say;
    let day = |day: crate::domain::list::Day| format::date(&t.number, day.0);
    let span = |text: &str, amount: u32, of: Unit| {
        fill(text, &[("n", &t.number.grouped(amount.into())), ("unit", unit(t, of))])
    };
    match time {
        Time::Ever => texts.ever.to_owned(),
        Time::Last { amount, unit } => span(texts.last, amount, unit),
        Time::Earlier { amount, unit } => span(texts.earlier, amount, unit),
        Time::Before { day: before } => fill(texts.before, &[("day", &day(before))]),
        Time::Since { day: since } => fill(texts.since, &[("day", &day(since))]),
        Time::Between { from, to } => fill(texts.between, &[("from", &day(from)), ("to", &day(to))]),
    }
}
