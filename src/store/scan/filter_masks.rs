//! Turns filters into masks: one bool per code of a column, found by comparing each text of the column once. What the
//! operators mean is defined in `domain::question`.

use super::column::{Column, ColumnTexts, Field, set};
use crate::domain::event::EventNumber;
use crate::domain::question::{Dimension, Filter, Operator};
use crate::store::dictionary::{SEPARATOR, part};
use crate::store::error::Error;

/// A filter as one bool per code.
#[derive(Debug)]
pub(super) struct Mask {
    pub column: Column,
    pub accepted: Vec<bool>,
    /// For the empty text and for codes without text.
    pub empty: bool,
}

impl Mask {
    pub(super) fn accepts(&self, code: u32) -> bool {
        self.accepted.get(code as usize).copied().unwrap_or(self.empty)
    }

    /// Accepts these contacts, or all others; `last` is the highest contact. No email is compared, because with a page of
    /// a thousand contacts each would be compared with every email of the account.
    fn of_contacts(numbers: &[u32], is_negative: bool, last: u32) -> Self {
        let mut accepted = vec![is_negative; last as usize + 1];
        for number in numbers {
            if let Some(accepted) = accepted.get_mut(*number as usize) {
                *accepted = !is_negative;
            }
        }
        Self { column: Column::Contact, accepted, empty: is_negative }
    }
}

/// The contacts of a filter whose values are all numbers.
fn contacts_of(filter: &Filter) -> Option<Vec<u32>> {
    let is_exact = matches!(filter.operator, Operator::Is | Operator::IsNot);
    if filter.dimension != Dimension::Contact || !is_exact {
        return None;
    }
    filter.values.iter().map(|value| value.parse().ok()).collect()
}

/// Whether a filter names a list, whether it asks for its members or for all others.
fn is_list(filter: &Filter, id: u32, name: &str) -> bool {
    let test = FilterTest::of(filter);
    test.wanted.iter().any(|wanted| test.fits(wanted, id, &name.to_lowercase()))
}

/// Whether any text of the filter's column fits it.
pub(super) fn has_text(texts: &ColumnTexts<'_>, filter: &Filter) -> Result<bool, Error> {
    let test = FilterTest::of(filter);
    let mut found = false;
    texts.each_text_unordered(Field::of(filter.dimension).column, |code, text| {
        found = found || test.matches(code, text);
    })?;
    Ok(found)
}

/// All filters of a request.
#[derive(Debug, Default)]
pub(super) struct Masks {
    /// Checked once per run.
    pub by_run: Vec<Mask>,
    /// Checked for every row.
    pub by_row: Vec<Mask>,
}

impl Masks {
    pub(super) fn compile(texts: &ColumnTexts<'_>, filters: &[Filter]) -> Result<Self, Error> {
        let mut pending: Vec<(FilterTest, Mask)> = Vec::with_capacity(filters.len());
        let mut masks = Self::default();
        for filter in filters {
            if let Some(numbers) = contacts_of(filter) {
                let last = texts.version(Column::Contact)?.map_or(0, |version| version.last_id);
                masks.by_run.push(Mask::of_contacts(&numbers, filter.operator.is_negative(), last));
                continue;
            }
            if filter.dimension == Dimension::List {
                let last = texts.version(Column::Contact)?.map_or(0, |version| version.last_id);
                let members = texts.members_of_lists(|id, name| is_list(filter, id, name))?;
                masks.by_run.push(Mask::of_contacts(&members, filter.operator.is_negative(), last));
                continue;
            }
            let test = FilterTest::of(filter);
            let empty = test.matches(0, "");
            let column = Field::of(filter.dimension).column;
            pending.push((test, Mask { column, accepted: vec![empty], empty }));
        }
        while let Some(first) = pending.pop() {
            // All filters of one column share one visit of its texts.
            let column = first.1.column;
            let (mut same, other): (Vec<_>, Vec<_>) =
                pending.into_iter().partition(|(_, m)| m.column == column);
            pending = other;
            same.push(first);
            texts.each_text_unordered(column, |code, text| {
                for (test, mask) in &mut same {
                    set(&mut mask.accepted, code, test.matches(code, text), mask.empty);
                }
            })?;
            let ready = same.into_iter().map(|(_, mask)| mask);
            match column {
                Column::Row(_) => masks.by_row.extend(ready),
                _ => masks.by_run.extend(ready),
            }
        }
        Ok(masks)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.by_run.iter().chain(&self.by_row).map(|mask| mask.column)
    }
}

/// Which part of a text a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Parts(Field),
    /// Any one of the parts.
    Any(Field),
    /// The address of a page, with or without its host and its query.
    Address {
        host: bool,
        query: bool,
    },
}

/// A value of a filter, prepared for comparing.
#[derive(Debug)]
struct FilterValue {
    text: String,
    subject: Subject,
    /// The number of a contact or an event.
    number: Option<u32>,
}

/// A filter that can be checked against a text.
#[derive(Debug)]
struct FilterTest {
    operator: Operator,
    wanted: Vec<FilterValue>,
}

impl FilterTest {
    fn of(filter: &Filter) -> Self {
        let exact = matches!(filter.operator, Operator::Is | Operator::IsNot);
        // Who writes `a|b` may mean two texts, or one that has a bar in it.
        let joined = filter.joined_values().filter(|_| exact);
        let wanted = filter.values.iter().chain(&joined).map(|value| {
            let subject = if filter.dimension.is_page() {
                let by_path = value.starts_with('/') && !is_contains(filter.operator);
                Subject::Address { host: !by_path, query: value.contains('?') }
            } else if filter.dimension == Dimension::Tag {
                Subject::Any(Field::of(filter.dimension))
            } else {
                Subject::Parts(Field::of(filter.dimension))
            };
            let text = match exact {
                true => filter.dimension.normalise(value),
                false => filter.dimension.normalise_part(value),
            };
            let number = match filter.dimension {
                Dimension::Contact | Dimension::List if exact => value.parse().ok(),
                Dimension::Event if exact => EventNumber::parse(value).map(|number| number.0),
                _ => None,
            };
            FilterValue { number, text, subject }
        });
        Self { operator: filter.operator, wanted: wanted.collect() }
    }

    fn matches(&self, code: u32, text: &str) -> bool {
        self.wanted.iter().any(|wanted| self.fits(wanted, code, text)) != self.operator.is_negative()
    }

    fn fits(&self, wanted: &FilterValue, code: u32, text: &str) -> bool {
        let address;
        let seen = match wanted.subject {
            Subject::Any(field) => {
                let mut parts = field.part_of(text).split(SEPARATOR);
                return parts.any(|part| self.compare(wanted, code, part));
            }
            Subject::Parts(field) => field.part_of(text),
            Subject::Address { host: false, query: false } => part(text, 1),
            Subject::Address { host, query } => {
                address = address_of(text, host, query);
                &address
            }
        };
        self.compare(wanted, code, seen)
    }

    fn compare(&self, wanted: &FilterValue, code: u32, seen: &str) -> bool {
        if wanted.text.is_empty() {
            return seen.is_empty();
        }
        match self.operator {
            Operator::Is | Operator::IsNot => seen == wanted.text || wanted.number.is_some_and(|n| n == code),
            Operator::Contains | Operator::DoesNotContain => seen.to_lowercase().contains(&wanted.text),
            Operator::StartsWith => seen.to_lowercase().starts_with(&wanted.text),
        }
    }
}

const fn is_contains(operator: Operator) -> bool {
    matches!(operator, Operator::Contains | Operator::DoesNotContain)
}

fn address_of(page: &str, host: bool, query: bool) -> String {
    let mut address = if host { part(page, 0).to_owned() } else { String::new() };
    address += part(page, 1);
    let kept = part(page, 2);
    if query && !kept.is_empty() {
        address.push('?');
        address += kept;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dictionary::join;

    fn matches(filter: &str, text: &str) -> bool {
        FilterTest::of(&Filter::parse(filter).unwrap()).matches(7, text)
    }

    #[test]
    fn pages_are_matched_by_path_or_by_host_and_path() {
        let page = join(&["a.test", "/Shop/x", "q=1"]);
        for (filter, fits) in [
            ("page:is:/Shop/x", true),
            ("page:is:/shop/x", false),
            ("page:is:A.test/Shop/x", true),
            ("page:is:/Shop/x?q=1", true),
            ("page:is:a.test/Shop/x?q=1", true),
            ("page:is:/Shop/x?q=2", false),
            ("page:is_not:/a|/Shop/x", false),
            ("page:is_not:/a|/b", true),
            ("page:starts_with:/shop", true),
            ("page:starts_with:A.TEST/sh", true),
            ("page:starts_with:/x", false),
            ("page:starts_with:/Shop/x?Q", true),
            ("page:contains:test/shop", true),
            ("page:contains:q=1", false),
            ("page:contains:x?q=1", true),
            ("page:does_not_contain:q|SHOP", false),
            ("page:is:(none)", false),
            ("page:is_not:(none)", true),
            ("page:contains:", false),
            ("host:is:A.TEST", true),
            ("host:contains:shop", false),
        ] {
            assert_eq!(matches(filter, &page), fits, "{filter}");
        }
        assert!(matches("page:is:", "") && matches("page:contains:|zzz", ""));
        assert!(matches("page:does_not_contain:x", "") && !matches("page:starts_with:/", ""));
    }

    #[test]
    fn contacts_are_found_by_number_or_email() {
        for (filter, fits) in [
            ("contact:is:7", true),
            ("contact:is:8", false),
            ("contact:is:Ada@Example.test", true),
            ("contact:is_not:8|7", false),
            ("contact:contains:7", false),
            ("contact:contains:EXAMPLE", true),
        ] {
            assert_eq!(matches(filter, "ada@example.test"), fits, "{filter}");
        }
    }

    #[test]
    fn contacts_given_by_number_are_matched_without_their_emails() {
        for (filter, accepted) in [
            ("contact:is:7|2", vec![2, 7]),
            ("contact:is_not:7|2", vec![0, 1, 3, 4, 5, 6, 8, 9, 10, u32::MAX]),
            ("contact:is:9|4294967295", vec![]),
        ] {
            let filter = Filter::parse(filter).unwrap();
            let mask = Mask::of_contacts(&contacts_of(&filter).unwrap(), filter.operator.is_negative(), 8);
            let all = (0..=10).chain([u32::MAX]);
            assert_eq!(all.filter(|code| mask.accepts(*code)).collect::<Vec<_>>(), accepted);
        }
        for text in ["contact:is:7|ada@example.test", "contact:contains:7", "event:is:7", "contact:is:-1"] {
            assert_eq!(contacts_of(&Filter::parse(text).unwrap()), None, "{text}");
        }
    }
}
