//! Filters made ready for the scan: one bool per code of a column, found by one pass over its texts. The
//! meaning of operators is that of `domain::question`.

use super::column::{Column, Place, Words, set};
use crate::domain::event::EventNumber;
use crate::domain::question::{Dimension, Filter, Operator};
use crate::store::dictionary::{SEPARATOR, part};
use crate::store::error::Error;

/// A filter as a bool per code.
#[derive(Debug)]
pub(super) struct Mask {
    pub column: Column,
    accepted: Vec<bool>,
    /// For the empty text, and codes that have no text.
    empty: bool,
}

impl Mask {
    pub(super) fn accepts(&self, code: u32) -> bool {
        self.accepted.get(code as usize).copied().unwrap_or(self.empty)
    }

    /// These contacts, or all but these; `last` is the highest there is. No email is looked at: a page of a thousand
    /// contacts would compare each with all there are.
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

/// The contacts a filter names, when it names them by their numbers alone.
fn contacts_of(filter: &Filter) -> Option<Vec<u32>> {
    let is_exact = matches!(filter.operator, Operator::Is | Operator::IsNot);
    if filter.dimension != Dimension::Contact || !is_exact {
        return None;
    }
    filter.values.iter().map(|value| value.parse().ok()).collect()
}

/// All filters, each at the place where it is asked.
#[derive(Debug, Default)]
pub(super) struct Masks {
    /// Hold for a whole session of one visitor.
    pub of_run: Vec<Mask>,
    /// Asked of every row.
    pub of_row: Vec<Mask>,
}

impl Masks {
    pub(super) fn compile(words: &Words<'_>, filters: &[Filter]) -> Result<Self, Error> {
        let mut pending: Vec<(Test, Mask)> = Vec::with_capacity(filters.len());
        let mut masks = Self::default();
        for filter in filters {
            if let Some(numbers) = contacts_of(filter) {
                let last = words.version(Column::Contact)?.map_or(0, |version| version.last_id);
                masks.of_run.push(Mask::of_contacts(&numbers, filter.operator.is_negative(), last));
                continue;
            }
            let test = Test::of(filter);
            let empty = test.matches(0, "");
            let column = Place::of(filter.dimension).column;
            pending.push((test, Mask { column, accepted: vec![empty], empty }));
        }
        while let Some(first) = pending.pop() {
            // all filters of a column in one pass
            let column = first.1.column;
            let (mut same, other): (Vec<_>, Vec<_>) =
                pending.into_iter().partition(|(_, m)| m.column == column);
            pending = other;
            same.push(first);
            words.each(column, |code, text| {
                for (test, mask) in &mut same {
                    set(&mut mask.accepted, code, test.matches(code, text), mask.empty);
                }
            })?;
            let ready = same.into_iter().map(|(_, mask)| mask);
            match column {
                Column::Row(_) => masks.of_row.extend(ready),
                _ => masks.of_run.extend(ready),
            }
        }
        Ok(masks)
    }

    /// The columns they look at.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.of_run.iter().chain(&self.of_row).map(|mask| mask.column)
    }
}

/// What of a text a value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Parts(Place),
    /// Any of the parts from this one on.
    Any(Place),
    /// Of a page; with or without its host and its query.
    Address {
        host: bool,
        query: bool,
    },
}

/// A value ready to be compared.
#[derive(Debug)]
struct Wanted {
    text: String,
    subject: Subject,
    /// The number of a contact or an event.
    number: Option<u32>,
}

/// A filter before its pass over the texts.
#[derive(Debug)]
struct Test {
    operator: Operator,
    wanted: Vec<Wanted>,
}

impl Test {
    fn of(filter: &Filter) -> Self {
        let exact = matches!(filter.operator, Operator::Is | Operator::IsNot);
        let wanted = filter.values.iter().map(|value| {
            let subject = if filter.dimension.is_page() {
                let by_path = value.starts_with('/') && !is_contains(filter.operator);
                Subject::Address { host: !by_path, query: value.contains('?') }
            } else if filter.dimension == Dimension::Tag {
                Subject::Any(Place::of(filter.dimension))
            } else {
                Subject::Parts(Place::of(filter.dimension))
            };
            let text = if exact { filter.dimension.normalise(value) } else { value.to_lowercase() };
            let number = match filter.dimension {
                Dimension::Contact if exact => value.parse().ok(),
                Dimension::Event if exact => EventNumber::parse(value).map(|number| number.0),
                _ => None,
            };
            Wanted { number, text, subject }
        });
        Self { operator: filter.operator, wanted: wanted.collect() }
    }

    /// Does the text of a column fit? `code` is its code.
    fn matches(&self, code: u32, text: &str) -> bool {
        self.wanted.iter().any(|wanted| self.fits(wanted, code, text)) != self.operator.is_negative()
    }

    fn fits(&self, wanted: &Wanted, code: u32, text: &str) -> bool {
        let address;
        let seen = match wanted.subject {
            Subject::Any(place) => {
                let mut parts = place.of_text(text).split(SEPARATOR);
                return parts.any(|part| self.compare(wanted, code, part));
            }
            Subject::Parts(place) => place.of_text(text),
            Subject::Address { host: false, query: false } => part(text, 1),
            Subject::Address { host, query } => {
                address = address_of(text, host, query);
                &address
            }
        };
        self.compare(wanted, code, seen)
    }

    fn compare(&self, wanted: &Wanted, code: u32, seen: &str) -> bool {
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
        Test::of(&Filter::parse(filter).unwrap()).matches(7, text)
    }

    #[test]
    fn pages_are_compared_by_path_or_by_host_and_path() {
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
    fn contacts_that_are_named_by_number_are_told_without_their_emails() {
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
