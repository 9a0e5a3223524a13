//! One condition of a list in the form: a row of fields that reads as a sentence.

use crate::domain::event::EventNumber;
use crate::domain::list::{Comparison, TextTest, Unit};
use crate::domain::question::{Dimension, Filter, Operator};
use crate::domain::source::Source;
use crate::web::admin::people::lists::fields::{Typed, name};
use crate::web::admin::people::lists::what::What;
use crate::web::admin::people::lists::words::{self, Names, filter_words};
use crate::web::text::{Texts, fill};

/// Further filters that a condition can have in the form. What an activity is about has fields of its own.
const DIMENSIONS: [Dimension; 13] = [
    Dimension::Source,
    Dimension::SourceDetail,
    Dimension::UtmCampaign,
    Dimension::Device,
    Dimension::Browser,
    Dimension::Os,
    Dimension::Country,
    Dimension::Language,
    Dimension::Page,
    Dimension::Host,
    Dimension::Tag,
    Dimension::VisitorType,
    Dimension::Consent,
];

/// What the fields choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    pub names: Names,
    /// Events that can be chosen, by name.
    pub events: Vec<(EventNumber, String)>,
}

/// A field of a condition, or a word between two.
pub(crate) struct Part {
    pub name: String,
    pub label: String,
    pub value: String,
    pub kind: PartKind,
}

pub(crate) enum PartKind {
    /// Value and label of each choice. If the flag is set, other fields belong to another choice, so the form is sent again
    /// when one is taken.
    Select(Vec<(String, String)>, bool),
    Text,
    Number,
    Date,
    Hidden,
    Word,
}

pub(crate) struct ConditionView {
    /// Counted from 1, over all groups.
    pub number: usize,
    pub what: &'static str,
    pub parts: Vec<Part>,
    /// Filters that the form keeps and does not show as fields.
    pub more: Option<String>,
    pub remove: String,
    pub remove_label: String,
}

pub(crate) fn condition(
    t: &Texts,
    choices: &Choices,
    typed: &Typed,
    (group, place, number): (usize, usize, usize),
) -> ConditionView {
    let mut row = RowOfFields { t, typed, group, place, parts: Vec::new() };
    row.add("what", "", typed.what.as_str(), PartKind::Hidden);
    row.add_subject(choices);
    if typed.what.is_text() {
        row.add_text_test();
    }
    if typed.what == What::CompletedWith {
        row.add_property_test(choices);
    }
    if typed.what == What::CompletedWorth {
        row.add_value_test(choices);
    }
    if typed.what.has_time() {
        row.add_time();
    }
    if typed.what.is_activity() {
        row.add_filter();
    }
    let more = typed.more.lines().filter_map(|line| Filter::parse(line).ok());
    let more: Vec<String> = more.map(|one| filter_words(t, &one)).collect();
    ConditionView {
        number,
        what: typed.what.label(&t.lists),
        parts: row.parts,
        more: (!more.is_empty()).then(|| fill(t.lists.more_filters, &[("filters", &more.join(", "))])),
        remove: format!("remove:{group}:{place}"),
        remove_label: fill(t.lists.remove, &[("number", &number.to_string())]),
    }
}

struct RowOfFields<'a> {
    t: &'a Texts,
    typed: &'a Typed,
    group: usize,
    place: usize,
    parts: Vec<Part>,
}

fn choice(value: &str, label: &str) -> (String, String) {
    (value.to_owned(), label.to_owned())
}

impl RowOfFields<'_> {
    fn add(&mut self, field: &str, label: &str, value: &str, kind: PartKind) {
        self.parts.push(Part {
            name: name(self.group, self.place, field),
            label: label.to_owned(),
            value: value.to_owned(),
            kind,
        });
    }

    fn add_word(&mut self, text: &str) {
        let (name, value) = (String::new(), String::new());
        self.parts.push(Part { name, label: text.to_owned(), value, kind: PartKind::Word });
    }

    /// What was done and how often, or which list.
    fn add_subject(&mut self, choices: &Choices) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        match typed.what {
            What::Completed | What::Value | What::CompletedWorth => {
                let mut events = vec![choice("", field.any_event)];
                let named = choices.events.iter().map(|(number, name)| (number.to_string(), name.clone()));
                events.extend(named);
                self.add("event", field.event, &typed.event, PartKind::Select(events, false));
            }
            What::CompletedWith => {
                let named = choices.events.iter().map(|(number, name)| (number.to_string(), name.clone()));
                self.add("event", field.event, &typed.event, PartKind::Select(named.collect(), false));
            }
            What::Submitted => {
                let mut forms = vec![choice("", field.any_form)];
                forms.extend(choices.names.forms.iter().map(|(id, name)| (id.to_string(), name.clone())));
                self.add("form", field.form, &typed.form, PartKind::Select(forms, false));
                self.add_count("");
            }
            What::Viewed => self.add("page", field.page, &typed.page, PartKind::Text),
            What::PropertyNumber => {
                self.add("property", field.property, &typed.property, PartKind::Text);
                self.add_comparison();
                self.add("number", field.decimal, &typed.number, PartKind::Text);
            }
            What::PropertyDate => self.add("property", field.property, &typed.property, PartKind::Text),
            What::List => {
                let texts = &t.lists;
                let members =
                    vec![choice("is_member", texts.is_member), choice("is_no_member", texts.is_no_member)];
                let lists = choices.names.lists.iter().map(|(id, name)| (id.0.to_string(), name.clone()));
                let lists = lists.collect();
                self.add("member", field.member, &typed.member, PartKind::Select(members, false));
                self.add("list", field.list, &typed.list, PartKind::Select(lists, false));
            }
            _ => {}
        }
        if typed.what.is_activity() {
            self.add_count(&choices.names.currency);
        }
    }

    fn add_count(&mut self, currency: &str) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        self.add_comparison();
        match typed.what {
            What::Value => {
                let label = fill(field.amount, &[("currency", currency)]);
                self.add("number", &label, &typed.number, PartKind::Number);
                self.add_word(currency);
            }
            _ => {
                self.add("number", field.number, &typed.number, PartKind::Number);
                self.add_word(field.times);
            }
        }
    }

    fn add_comparison(&mut self) {
        let comparisons = self.comparisons();
        self.add("is", self.t.lists.field.is, &self.typed.is, comparisons);
    }

    fn comparisons(&self) -> PartKind {
        let comparisons = [Comparison::AtLeast, Comparison::AtMost, Comparison::Exactly];
        let comparisons = comparisons.map(|is| choice(is.into(), words::comparison(self.t, is)));
        PartKind::Select(comparisons.to_vec(), false)
    }

    /// The value of a completed event, and how often.
    fn add_value_test(&mut self, choices: &Choices) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        let currency = &choices.names.currency;
        let comparisons = self.comparisons();
        self.add("operator", field.worth_is, &typed.operator, comparisons);
        let label = fill(field.amount, &[("currency", currency)]);
        self.add("value", &label, &typed.value, PartKind::Number);
        self.add_word(currency);
        self.add_count(currency);
    }

    /// The property of a completed event, and how often.
    fn add_property_test(&mut self, choices: &Choices) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        self.add("property", field.property, &typed.property, PartKind::Text);
        let tests = TextTest::ALL.into_iter().filter(|is| !is.is_negative());
        let tests = tests.map(|is| choice(is.into(), words::test(t, is))).collect();
        self.add("test", field.operator, &typed.test, PartKind::Select(tests, true));
        if typed.test.parse().unwrap_or(TextTest::Is).has_value() {
            self.add("value", field.value, &typed.value, PartKind::Text);
        }
        self.add_count(&choices.names.currency);
    }

    fn add_text_test(&mut self) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        if typed.what == What::Property {
            self.add("property", field.property, &typed.property, PartKind::Text);
        }
        let tests = TextTest::ALL.map(|is| choice(is.into(), words::test(t, is)));
        self.add("test", field.operator, &typed.test, PartKind::Select(tests.to_vec(), true));
        let test = typed.test.parse().unwrap_or(TextTest::Is);
        if typed.what == What::Source && matches!(test, TextTest::Is | TextTest::IsNot) {
            let sources =
                Source::ALL.map(|of| choice(of.as_str(), &t.label.value(Dimension::Source, of.as_str())));
            self.add("value", field.value, &typed.value, PartKind::Select(sources.to_vec(), false));
        } else if test.has_value() {
            self.add("value", field.value, &typed.value, PartKind::Text);
        }
    }

    fn add_time(&mut self) {
        let (t, typed) = (self.t, self.typed);
        let (field, times) = (&t.lists.field, &t.lists.time);
        let whens = [
            ("ever", times.ever),
            ("last", times.last),
            ("earlier", times.earlier),
            ("before", times.before),
            ("since", times.since),
            ("between", times.between),
        ];
        // That somebody was seen at any time says nothing.
        let whens = whens.into_iter().filter(|(when, _)| typed.what.is_counted() || *when != "ever");
        let whens = whens.map(|(when, label)| choice(when, label)).collect();
        self.add("when", field.when, &typed.when, PartKind::Select(whens, true));
        match typed.when.as_str() {
            "last" | "earlier" => {
                let units = [Unit::Hours, Unit::Days, Unit::Weeks];
                let units = units.map(|unit| choice(unit.into(), words::unit(t, unit)));
                self.add("span", field.span, &typed.span, PartKind::Number);
                self.add("unit", field.unit, &typed.unit, PartKind::Select(units.to_vec(), false));
            }
            "before" | "since" => self.add("from", field.from, &typed.from, PartKind::Date),
            "between" => {
                self.add("from", field.from, &typed.from, PartKind::Date);
                self.add_word(field.to_day);
                self.add("to", field.to, &typed.to, PartKind::Date);
            }
            _ => {}
        }
    }

    fn add_filter(&mut self) {
        let (t, typed) = (self.t, self.typed);
        let field = &t.lists.field;
        let mut dimensions = vec![choice("", field.any)];
        dimensions.extend(DIMENSIONS.map(|of| choice(of.as_str(), t.label.dimension(of))));
        let is_offered = DIMENSIONS.iter().any(|of| of.as_str() == typed.dimension);
        if let Some(other) = Dimension::parse(&typed.dimension).filter(|_| !is_offered) {
            dimensions.push(choice(other.as_str(), t.label.dimension(other)));
        }
        self.add("dimension", field.dimension, &typed.dimension, PartKind::Select(dimensions, true));
        if !typed.dimension.is_empty() {
            let operators = Operator::ALL.map(|of| choice(of.as_str(), t.report.filter.operator_name(of)));
            let operators = PartKind::Select(operators.to_vec(), false);
            self.add("operator", field.operator, &typed.operator, operators);
            self.add("value", field.value, &typed.value, PartKind::Text);
        }
        self.add("more", "", &typed.more, PartKind::Hidden);
    }
}
