//! Everything that is stored of one person, row by row, for the export of a person. What sessions, open and closed days hold
//! is read by `timeline`.
//!
//! `TABLES` and `OTHER_TABLES` together name every table of the store. A table that is in neither fails a test: whoever adds
//! one decides here whether it knows a person, and then lets erasing know it too.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value};

use super::contact_erasure::{self, Whole};
use super::{submission, visitor};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::form::Way;
use crate::domain::provenance::Channel;
use crate::domain::visitor::VisitorNumber;
use crate::store::definition;
use crate::store::dictionary::{self, Kind, part};
use crate::store::error::Error;

/// Tables with rows of a person, and which rows these are: `?1` is the account, `?2` a JSON list of the numbers of the contact
/// and of those that were merged into it, `?3` one of the visitor numbers, `?4` one of their tokens.
pub const TABLES: [(&str, &str); 17] = [
    ("contact", "id in (select value from json_each(?2))"),
    ("contact_email", "contact_id in (select value from json_each(?2))"),
    ("contact_property", "contact_id in (select value from json_each(?2))"),
    ("contact_property_history", "contact_id in (select value from json_each(?2))"),
    ("contact_joining", "contact_id in (select value from json_each(?2))"),
    ("contact_alias", "alias_id in (select value from json_each(?2))"),
    ("contact_alias_visitor", "alias_id in (select value from json_each(?2))"),
    ("contact_alias_email", "alias_id in (select value from json_each(?2))"),
    ("contact_alias_property", "alias_id in (select value from json_each(?2))"),
    (
        "identification",
        "(contact_id in (select value from json_each(?2)) or visitor in (select value from json_each(?3)))",
    ),
    ("list_member", "contact_id in (select value from json_each(?2))"),
    ("list_change", "contact_id in (select value from json_each(?2))"),
    (
        "submission",
        "(contact_id in (select value from json_each(?2))
          or contact_id is null and visitor in (select value from json_each(?3)))",
    ),
    ("visitor", "?2 is not null and number in (select value from json_each(?3))"),
    ("event_property", "?2 is not null and visitor in (select value from json_each(?3))"),
    ("erasure_request", "?2 is not null and visitor in (select value from json_each(?3))"),
    (
        "consent_choice",
        "?2 is not null and ?3 is not null and token in (select unhex(value) from json_each(?4))",
    ),
];

/// All other tables, each with where an export has what it holds of a person, or why it holds nothing of one.
pub const OTHER_TABLES: &[(&str, &str)] = &[
    ("account", "settings and counters of an account"),
    ("account_domain", "domains of the sites"),
    ("account_exclusion", "addresses of the account's own network, and names that its sites leave out"),
    ("anonymous_count", "totals of page views of visitors who did not consent"),
    ("anonymous_day", "totals of page views of visitors who did not consent"),
    ("audit", "what users of the pages did; a contact is in it by its number alone"),
    ("bot_day", "counts of robots"),
    (
        "blocked_email",
        "addresses that stand for nobody; a person whose own address is blocked has it as an email",
    ),
    ("change", "a counter for each kind of thing"),
    ("company", "domains and names of companies"),
    ("consent_asked", "counts of nobody"),
    ("consent_day", "counts of the choices of a day"),
    ("consent_revision", "rules of an account, and who made them"),
    ("contact_change", "numbers of contacts for what is kept in memory"),
    ("dead_letter", "exported by `list_letters`"),
    ("dictionary", "texts that many share; those of a person are exported where they are used"),
    ("erasing_text", "numbers of texts that an erasure still has to look at"),
    ("event_definition", "events of the sites"),
    ("event_hot", "exported as sessions"),
    ("event_script", "code of events"),
    ("event_script_change", "code of events"),
    ("event_tag", "tags of events"),
    ("event_work", "progress of work on events"),
    ("excluded_domain", "domains that make no company"),
    ("form", "forms of the sites; what people sent is in `submission`"),
    ("identity_key", "keys of accounts"),
    ("import", "name, headings and progress of a file; who is in the file is not in the table"),
    ("import_refusal", "lines of a file that were refused, and nothing of what stood in them"),
    ("late_engagement", "exported as sessions"),
    ("list", "conditions that users of the pages wrote"),
    ("member", "users of the pages"),
    ("meta", "counters of the store"),
    ("one_time_link", "users of the pages"),
    ("pick", "elements that users of the pages choose"),
    ("property_definition", "labels and types of properties"),
    ("retention", "how long an account keeps what"),
    ("saved_view", "exported by `saved_view::list_with_value`"),
    ("seen", "ids of events, exported by `erase_visitors::list_event_ids`"),
    ("segment", "exported as sessions"),
    ("segment_column", "exported as sessions"),
    ("session", "exported as sessions"),
    ("sign_in", "users of the pages"),
    ("token", "users of the API"),
    ("unexpected_event", "names of events"),
    ("user", "users of the pages"),
    ("visitor_change", "visitor numbers for what is kept in memory"),
    ("visitor_token", "exported as tokens"),
];

/// Who is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The number of the contact and of those that were merged into it.
    pub contacts: Vec<i64>,
    pub emails: Vec<String>,
    /// All visitor numbers, that for what programs report among them.
    pub visitors: Vec<VisitorNumber>,
    pub tokens: Vec<String>,
}

impl Person {
    /// The person of a living contact.
    ///
    /// # Errors
    /// The store's.
    pub fn of_contact(conn: &Connection, account: AccountId, id: i64) -> Result<Self, Error> {
        let Whole { contacts, emails } = contact_erasure::find_whole(conn, account, id)?;
        let visitors = visitor::list_of_contact(conn, account, id, usize::MAX)?;
        let contacts = contacts.into_iter().map(|(id, _)| id).collect();
        Self { contacts, emails, visitors, tokens: Vec::new() }.with_tokens(conn, account)
    }

    /// A visitor without contact.
    ///
    /// # Errors
    /// The store's.
    pub fn of_visitor(conn: &Connection, account: AccountId, number: VisitorNumber) -> Result<Self, Error> {
        Self { visitors: vec![number], ..Self::default() }.with_tokens(conn, account)
    }

    fn with_tokens(self, conn: &Connection, account: AccountId) -> Result<Self, Error> {
        let tokens = visitor::list_tokens(conn, account, &self.numbers())?;
        Ok(Self { tokens, ..self })
    }

    #[must_use]
    pub fn numbers(&self) -> FxHashSet<u32> {
        self.visitors.iter().map(|number| number.0).collect()
    }
}

/// Names that stand for numbers in rows.
pub struct Names(FxHashMap<u32, String>);

impl Names {
    /// # Errors
    /// SQLite's.
    pub fn read(conn: &Connection, account: AccountId) -> Result<Self, Error> {
        Ok(Self(definition::list_names(conn, account)?))
    }
}

/// The rows of a person in one of `TABLES`, each as an object by column. Times are as in all JSON, and numbers that stand for
/// a text are that text.
///
/// # Errors
/// SQLite's.
pub fn list_rows(
    conn: &Connection,
    account: AccountId,
    person: &Person,
    names: &Names,
    (table, condition): (&str, &str),
) -> Result<Vec<Value>, Error> {
    let contacts = Value::from(person.contacts.clone()).to_string();
    let visitors: Vec<u32> = person.visitors.iter().map(|number| number.0).collect();
    let visitors = Value::from(visitors).to_string();
    let mut statement =
        conn.prepare(&format!("select * from {table} where account_id = ?1 and {condition}"))?;
    let tokens = Value::from(person.tokens.clone()).to_string();
    let parameters: [&dyn ToSql; 4] = [&account.0, &contacts, &visitors, &tokens];
    let parameters = parameters.get(..statement.parameter_count()).unwrap_or_default();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(parameters)?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (place, column) in columns.iter().enumerate().filter(|(_, column)| *column != "account_id") {
            let name = column.strip_suffix("_ms").unwrap_or(column);
            object.insert(name.to_owned(), value_of(conn, account, names, column, row, place)?);
        }
        objects.push(object.into());
    }
    Ok(objects)
}

fn value_of(
    conn: &Connection,
    account: AccountId,
    names: &Names,
    column: &str,
    row: &Row<'_>,
    place: usize,
) -> Result<Value, Error> {
    let number = match row.get_ref(place)? {
        ValueRef::Integer(number) => number,
        ValueRef::Text(_) => {
            let text: String = row.get(place)?;
            let is_json = ["fields", "consent_text", "properties"].contains(&column);
            let parsed = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
            return Ok(parsed.unwrap_or_else(|| text.into()));
        }
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Real(number) => return Ok(number.into()),
        ValueRef::Blob(bytes) => return Ok(hex(bytes).into()),
    };
    let text = |kind| -> Result<Value, Error> {
        let value = dictionary::find_value(conn, account, kind, u32::try_from(number).unwrap_or(0))?;
        let parts: Vec<&str> = (0..5).map(|n| part(&value, n)).filter(|part| !part.is_empty()).collect();
        Ok(parts.join(" / ").into())
    };
    Ok(match column {
        "source" | "first_source" | "own_source" => text(Kind::Source)?,
        "page" => text(Kind::Page)?,
        "title" => text(Kind::Title)?,
        "channel" => channel(number).into(),
        "way" => match submission::way_of(u8::try_from(number).unwrap_or(0)) {
            Way::Call => "call",
            Way::Token => "token",
            Way::Script => "script",
        }
        .into(),
        "event" => u32::try_from(number)
            .ok()
            .and_then(|number| names.0.get(&number).cloned())
            .map_or_else(|| number.into(), Value::from),
        // Unlike a time, 0 says that there is none.
        column if column.ends_with("_ms") && number == 0 => Value::Null,
        column if column.ends_with("_ms") => Millis(number).iso().into(),
        _ => number.into(),
    })
}

fn channel(number: i64) -> &'static str {
    match u8::try_from(number).ok().and_then(Channel::of_number).unwrap_or(Channel::Unknown) {
        Channel::Unknown => "unknown",
        Channel::Browser => "browser",
        Channel::Program => "program",
        Channel::Form => "form",
        Channel::Api => "api",
        Channel::Import => "import",
        Channel::Page => "page",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many rows of a person the tables have that `TABLES` and their tokens name. After an erasure it is none.
///
/// # Errors
/// SQLite's.
pub fn count_rows(
    conn: &Connection,
    account: AccountId,
    person: &Person,
) -> Result<Vec<(String, usize)>, Error> {
    let names = Names::read(conn, account)?;
    let mut counts = Vec::new();
    for table in TABLES {
        let rows = list_rows(conn, account, person, &names, table)?;
        counts.push((table.0.to_owned(), rows.len()));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::clock::ManualClock;
    use crate::store::{Options, Store};

    /// Whoever adds a table says here whether it knows a person.
    #[test]
    fn every_table_is_exported_or_holds_nothing_of_a_person() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
        let store = Store::open(&options, ManualClock::at(Millis(0)) as Arc<_>).unwrap();
        let found = store.readers.read(|conn| {
            let mut tables = conn.prepare(
                "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name",
            )?;
            let tables = tables.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            // The statement of each table is right.
            count_rows(conn, AccountId::FIRST, &Person::default())?;
            Ok::<_, Error>(tables)
        });
        let mut known: Vec<String> = TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
        known.extend(OTHER_TABLES.iter().map(|(table, why)| {
            assert!(!why.is_empty(), "{table}");
            (*table).to_owned()
        }));
        known.sort();
        assert_eq!(found.unwrap(), known);
        store.close();
    }
}
