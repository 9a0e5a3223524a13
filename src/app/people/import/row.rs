//! What a row of a file says of a person.

use super::file::Row;
use crate::base::clock::Millis;
use crate::domain::contact::{EXTERNAL_ID_MAX, Email, PROPERTY_NAME_MAX, PROPERTY_VALUE_MAX};
use crate::domain::import::{
    BETWEEN_DETAILS, Column, Reason, Refusal, SOURCE_DETAIL_MAX, Target, parse_time,
};
use crate::domain::scrub::{self, Emails};
use crate::domain::source::Source;
use crate::domain::text::{is_longer, read_cell};
use crate::store::dictionary;

/// What a row says, each with its column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub line: u64,
    /// The primary one first.
    pub emails: Vec<(usize, Email)>,
    pub external_id: Option<(usize, String)>,
    pub properties: Vec<(usize, (String, String))>,
    pub past: Past,
}

/// What a row says of the time before the import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    pub created: Option<Millis>,
    pub first_seen: Option<Millis>,
    pub last_seen: Option<Millis>,
    pub source: Option<Source>,
    details: [String; 2],
}

impl Past {
    /// The original source as it is kept.
    pub(super) fn source_text(&self) -> Option<String> {
        let [detail, detail_2] = self.details.each_ref().map(String::as_str);
        // An export has both in one column.
        let (detail, detail_2) = match (detail.split_once(BETWEEN_DETAILS), detail_2) {
            (Some(both), "") => both,
            _ => (detail, detail_2),
        };
        self.source.map(|source| dictionary::join(&[source.as_str(), detail, detail_2]))
    }
}

impl Person {
    pub(super) const fn refuse(&self, column: Option<usize>, reason: Reason, other: Option<i64>) -> Refusal {
        Refusal { line: self.line, column, reason, other }
    }

    fn add_email(&mut self, place: usize, email: Email) {
        if self.emails.iter().all(|(_, known)| *known != email) {
            self.emails.push((place, email));
        }
    }
}

/// Reads a row by its columns. An empty cell says nothing, and nothing happened after `now`.
///
/// # Errors
/// Why the row is refused.
pub(super) fn parse(row: &Row, columns: &[Column], now: Millis) -> Result<Person, Refusal> {
    let mut person = Person { line: row.line, ..Person::default() };
    let cells = row.record.len();
    if cells != columns.len() {
        let reason = if cells < columns.len() { Reason::TooFewCells } else { Reason::TooManyCells };
        return Err(person.refuse(None, reason, None));
    }
    // The primary email comes first, wherever its column stands.
    let is_email = |column: &Column| column.target == Target::Email;
    for is_first in [true, false] {
        for (place, (column, cell)) in columns.iter().zip(&row.record).enumerate() {
            let cell = read_cell(cell);
            if is_email(column) == is_first && !cell.trim().is_empty() {
                read(&mut person, place, &column.target, cell, now)
                    .map_err(|reason| person.refuse(Some(place), reason, None))?;
            }
        }
    }
    if person.emails.is_empty() && person.external_id.is_none() {
        return Err(person.refuse(None, Reason::NobodyNamed, None));
    }
    Ok(person)
}

fn read(person: &mut Person, place: usize, target: &Target, cell: &str, now: Millis) -> Result<(), Reason> {
    match target {
        Target::Skip => {}
        Target::Email => person.add_email(place, Email::parse(cell).ok_or(Reason::NoEmail)?),
        Target::OtherEmails => {
            let texts = cell.split(|c: char| c == ';' || c == ',' || c.is_whitespace());
            for text in texts.filter(|text| !text.is_empty()) {
                person.add_email(place, Email::parse(text).ok_or(Reason::NoEmail)?);
            }
        }
        Target::ExternalId => {
            let id = cell.trim();
            if is_longer(id, EXTERNAL_ID_MAX) {
                return Err(Reason::LongExternalId);
            }
            person.external_id = Some((place, id.to_owned()));
        }
        Target::Created => person.past.created = Some(time(cell, now)?),
        Target::FirstSeen => person.past.first_seen = Some(time(cell, now)?),
        Target::LastSeen => person.past.last_seen = Some(time(cell, now)?),
        Target::OriginalSource => {
            person.past.source = Some(Source::parse(cell.trim()).ok_or(Reason::NoSource)?);
        }
        Target::OriginalSourceDetail => person.past.details[0] = detail(cell)?,
        Target::OriginalSourceDetail2 => person.past.details[1] = detail(cell)?,
        Target::OtherProperties => {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(cell).map_err(|_| Reason::NoObject)?;
            for (name, value) in object {
                let value = value.as_str().ok_or(Reason::NoObject)?;
                add_property(person, place, &name.to_lowercase(), value)?;
            }
        }
        Target::Property(name) => add_property(person, place, name, cell)?,
    }
    Ok(())
}

fn time(cell: &str, now: Millis) -> Result<Millis, Reason> {
    let at = parse_time(cell).ok_or(Reason::NoTime)?;
    if at > now { Err(Reason::FutureTime) } else { Ok(at) }
}

/// A drill-down of a source, without secrets and emails.
fn detail(cell: &str) -> Result<String, Reason> {
    if is_longer(cell, SOURCE_DETAIL_MAX) {
        return Err(Reason::LongValue);
    }
    Ok(scrub::kept_text(cell, Emails::Masked).into_owned())
}

fn add_property(person: &mut Person, place: usize, name: &str, value: &str) -> Result<(), Reason> {
    if name.is_empty() || is_longer(name, PROPERTY_NAME_MAX) {
        return Err(Reason::LongName);
    }
    if is_longer(value, PROPERTY_VALUE_MAX) {
        return Err(Reason::LongValue);
    }
    let is_known = person.properties.iter().any(|(_, (known, _))| known == name);
    // A column of its own counts before the other properties.
    if is_known || value.trim().is_empty() {
        return Ok(());
    }
    // As of any contact (rules.md 16).
    let value = if scrub::is_secret_property(name) { scrub::TOKEN_MARK } else { value };
    person.properties.push((place, (name.to_owned(), value.to_owned())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::import::guess_columns;

    const NOW: Millis = Millis(1_769_853_600_000);

    fn read_row(headings: &[&str], cells: &[&str]) -> Result<Person, (Option<usize>, Reason)> {
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let row = Row { line: 2, record: cells.to_vec().into() };
        parse(&row, &guess_columns(&headings), NOW).map_err(|refusal| (refusal.column, refusal.reason))
    }

    #[test]
    fn a_row_is_read_by_its_columns_and_an_empty_cell_says_nothing() {
        let headings = ["Other emails", "Email", "External ID", "city", "plan", "other_properties", "id"];
        let cells =
            ["b@b.test; A@a.test", " A@A.test", " 7 ", "'=Ghent", " ", r#"{"City":"x","Size":"XL"}"#, "9"];
        let person = read_row(&headings, &cells).unwrap();
        let emails: Vec<&str> = person.emails.iter().map(|(_, email)| email.as_str()).collect();
        assert_eq!(emails, ["a@a.test", "b@b.test"]);
        assert_eq!(person.external_id, Some((2, "7".to_owned())));
        let properties: Vec<(&str, &str)> =
            person.properties.iter().map(|(_, (name, value))| (name.as_str(), value.as_str())).collect();
        assert_eq!(properties, [("city", "=Ghent"), ("size", "XL")]);
        let secret = read_row(&["email", "password"], &["a@a.test", "hunter2"]).unwrap();
        assert_eq!(secret.properties[0].1.1, scrub::TOKEN_MARK);
    }

    #[test]
    fn a_row_is_refused_by_the_first_thing_that_is_wrong_with_it() {
        let long = |length: usize| "é".repeat(length);
        for (cells, wrong) in [
            (vec!["a@a.test", ""], (None, Reason::TooFewCells)),
            (vec!["a@a.test", "", "", "", "x"], (None, Reason::TooManyCells)),
            (vec!["", "", "Ghent", ""], (None, Reason::NobodyNamed)),
            (vec!["a@a", "", "", ""], (Some(0), Reason::NoEmail)),
            (vec!["", &long(EXTERNAL_ID_MAX + 1), "", ""], (Some(1), Reason::LongExternalId)),
            (vec!["a@a.test", "", &long(PROPERTY_VALUE_MAX + 1), ""], (Some(2), Reason::LongValue)),
            (vec!["a@a.test", "", "", "[]"], (Some(3), Reason::NoObject)),
            (vec!["a@a.test", "", "", r#"{"a":1}"#], (Some(3), Reason::NoObject)),
            (
                vec!["a@a.test", "", "", &format!("{{\"{}\":\"x\"}}", long(PROPERTY_NAME_MAX + 1))],
                (Some(3), Reason::LongName),
            ),
        ] {
            assert_eq!(read_row(&["email", "external_id", "city", "other_properties"], &cells), Err(wrong));
        }
        for (cells, wrong) in [
            (["a@a.test", "1769853600001", "", ""], (Some(1), Reason::FutureTime)),
            (["a@a.test", "soon", "", ""], (Some(1), Reason::NoTime)),
            (["a@a.test", "", "Google", ""], (Some(2), Reason::NoSource)),
            (["a@a.test", "", "", &*long(SOURCE_DETAIL_MAX + 1)], (Some(3), Reason::LongValue)),
        ] {
            let headings = ["email", "last_seen", "original_source", "original_source_detail"];
            assert_eq!(read_row(&headings, &cells), Err(wrong));
        }
        let past = ["a@a.test", "1769853600000", "OFFLINE", &long(SOURCE_DETAIL_MAX)];
        let headings = ["email", "last_seen", "original_source", "original_source_detail"];
        assert_eq!(read_row(&headings, &past).unwrap().past.last_seen, Some(NOW));
        let at_limit = [&*long(EXTERNAL_ID_MAX), &long(PROPERTY_VALUE_MAX)];
        assert!(read_row(&["external_id", "city"], &at_limit).is_ok());
    }
}
