//! Hot rows, which are the events of open days; the event ids of the last two days (`seen`), by which a hit that is sent
//! twice is counted once; and the properties of completions.

use std::ops::Range;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::packed::Form;
use crate::domain::account::AccountId;
use crate::domain::event::{EventNumber, properties_text};
use crate::domain::visitor::Token;
use crate::store::error::Error;

/// Kinds of events. The numbers are stored, so they never change.
pub const PAGE_VIEW: u8 = 1;
pub const COMPLETION: u8 = 2;

/// How many of an account's latest completions are looked through for those of one event, and how many are listed.
const PROPERTIES_LOOKED_AT: u32 = 500;
const PROPERTIES_LISTED: u32 = 20;

/// One event. Texts are dictionary ids. The fields that are skipped stand in the key of the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    #[serde(skip)]
    pub at_ms: i64,
    #[serde(skip)]
    pub inbox_id: i64,
    pub kind: u8,
    pub visitor: u32,
    /// 0 for events sent by programs.
    pub session_id: u32,
    pub page: u32,
    pub title: u32,
    #[serde(skip)]
    pub event: u32,
    pub value_minor: i64,
    pub consent: u8,
    pub policy: u32,
    pub engaged_ms: u32,
    pub foreign_host: bool,
}

/// A completion, as lists count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Completion {
    pub at_ms: i64,
    pub visitor: u32,
    /// The number of the event.
    pub event: u32,
    pub value_minor: i64,
}

const ROW: Form = Form { name: "the row of an event", first_byte: 1, usual_bytes: 48 };

/// The event without what stands in its key.
pub(super) fn unpack(row: &[u8]) -> Result<Event, Error> {
    ROW.unpack(row)
}

/// The event whose row is in this column of a result, without what stands in its key.
pub(in crate::store) fn read(row: &Row<'_>, column: usize) -> Result<Event, Error> {
    ROW.read(row, column)
}

/// The statements needed for every event, prepared once per batch. Finding each of them in the statement cache again
/// would be a good part of the work.
pub struct Statements<'c> {
    find_seen: CachedStatement<'c>,
    insert_seen: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        Ok(Self {
            find_seen: conn.prepare_cached(
                "select inbox_id, at_ms, received_ms, session_id, viewer, engaged_ms from seen
                 where account_id = ?1 and event_id = ?2",
            )?,
            insert_seen: conn.prepare_cached(
                "insert into seen (inbox_id, account_id, event_id, at_ms, received_ms, session_id, viewer, engaged_ms)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
            insert: conn.prepare_cached(
                "insert into event_hot (account_id, at_ms, inbox_id, event, row) values (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    pub fn insert(&mut self, account: AccountId, event: &Event) -> Result<(), Error> {
        self.insert.execute((account.0, event.at_ms, event.inbox_id, event.event, ROW.pack(event)?))?;
        Ok(())
    }

    pub fn find_seen(&mut self, account: AccountId, event_id: &str) -> Result<Option<Seen>, Error> {
        let mut rows = self.find_seen.query((account.0, event_id))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Seen {
            inbox_id: row.get(0)?,
            at_ms: row.get(1)?,
            received_ms: row.get(2)?,
            session_id: row.get(3)?,
            viewer: row.get::<_, Option<i64>>(4)?.map(Viewer),
            engaged_ms: row.get(5)?,
        }))
    }

    /// Answers `Conflict` when the event id is known already.
    pub fn insert_seen(&mut self, account: AccountId, event_id: &str, seen: Seen) -> Result<(), Error> {
        let Seen { inbox_id, at_ms, received_ms, session_id, viewer, engaged_ms } = seen;
        let viewer = viewer.map(|viewer| viewer.0);
        self.insert_seen.execute((
            inbox_id,
            account.0,
            event_id,
            at_ms,
            received_ms,
            session_id,
            viewer,
            engaged_ms,
        ))?;
        Ok(())
    }
}

/// Visits the events with `from_ms <= at_ms < to_ms`, ordered by time.
pub fn list(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
    mut visit: impl FnMut(Event),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, inbox_id, event, row from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3
         order by at_ms, inbox_id",
    )?;
    let mut rows = statement.query((account.0, from_ms, to_ms))?;
    while let Some(row) = rows.next()? {
        visit(Event { at_ms: row.get(0)?, inbox_id: row.get(1)?, event: row.get(2)?, ..read(row, 3)? });
    }
    Ok(())
}

/// Visits the completions of open days in a half-open range of milliseconds. The rows of page views are not unpacked.
pub(in crate::store) fn list_completions(
    conn: &Connection,
    account: AccountId,
    range_ms: &Range<i64>,
    mut visit: impl FnMut(Completion),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, event, row from event_hot
         where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 and event <> 0",
    )?;
    let mut rows = statement.query((account.0, range_ms.start, range_ms.end))?;
    while let Some(row) = rows.next()? {
        let Event { visitor, value_minor, .. } = read(row, 2)?;
        visit(Completion { at_ms: row.get(0)?, visitor, event: row.get(1)?, value_minor });
    }
    Ok(())
}

/// Visits the events of some visitors in a half-open range, ordered by time. No index serves this, so all rows of the range
/// are read.
pub fn list_of_visitors(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: Range<i64>,
    mut visit: impl FnMut(Event),
) -> Result<(), Error> {
    list(conn, account, range_ms.start, range_ms.end, |event| {
        if visitors.contains(&event.visitor) {
            visit(event);
        }
    })
}

/// The time of the first event with `from_ms <= at_ms < to_ms`.
pub fn find_first(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
) -> Result<Option<i64>, Error> {
    find_nth(conn, account, from_ms, to_ms, 0)
}

/// The time of the event that `skipped` others with `from_ms <= at_ms < to_ms` come before.
pub fn find_nth(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
    skipped: u32,
) -> Result<Option<i64>, Error> {
    Ok(conn
        .prepare_cached(
            "select at_ms from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3
             order by at_ms limit 1 offset ?4",
        )?
        .query_row((account.0, from_ms, to_ms, skipped), |row| row.get(0))
        .optional()?)
}

pub fn delete(conn: &Connection, account: AccountId, at_ms: i64, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from event_hot where account_id = ?1 and at_ms = ?2 and inbox_id = ?3")?
        .execute((account.0, at_ms, inbox_id))?;
    Ok(())
}

/// Adds a completion to the events of a hit. Answers false if it exists already.
pub fn insert_completion(conn: &Connection, account: AccountId, event: &Event) -> Result<bool, Error> {
    let exists = conn
        .prepare_cached(
            "select 1 from event_hot where account_id = ?1 and at_ms = ?2 and inbox_id = ?3 and event = ?4",
        )?
        .exists((account.0, event.at_ms, event.inbox_id, event.event))?;
    if !exists {
        Statements::prepare(conn)?.insert(account, event)?;
    }
    Ok(!exists)
}

/// Deletes one completion, and no other event of the same hit.
pub fn delete_completion(conn: &Connection, account: AccountId, event: &Event) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from event_hot where account_id = ?1 and at_ms = ?2 and inbox_id = ?3 and event = ?4",
    )?
    .execute((account.0, event.at_ms, event.inbox_id, event.event))?;
    Ok(())
}

/// Deletes the events with `from_ms <= at_ms < to_ms`.
pub fn delete_between(conn: &Connection, account: AccountId, from_ms: i64, to_ms: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3")?
        .execute((account.0, from_ms, to_ms))?;
    Ok(())
}

/// Sets how long a page view was visible. Answers false when the page view is not a hot row.
pub fn update_engaged(
    conn: &Connection,
    account: AccountId,
    at_ms: i64,
    inbox_id: i64,
    engaged_ms: u32,
) -> Result<bool, Error> {
    let key = (account.0, at_ms, inbox_id);
    let row: Option<Vec<u8>> = conn
        .prepare_cached(
            "select row from event_hot where account_id = ?1 and at_ms = ?2 and inbox_id = ?3 and event = 0",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let Some(row) = row else { return Ok(false) };
    let row = ROW.pack(&Event { engaged_ms, ..unpack(&row)? })?;
    conn.prepare_cached(
        "update event_hot set row = ?4 where account_id = ?1 and at_ms = ?2 and inbox_id = ?3 and event = 0",
    )?
    .execute((account.0, at_ms, inbox_id, row))?;
    Ok(true)
}

/// Whose page view it was: a checksum of the visitor's token. The token itself would be one more place to erase, and the
/// visitor's number may change while the page is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer(i64);

impl Viewer {
    /// Any visitor, for page views that were stored before viewers were.
    const ANY: Self = Self(-1);

    #[must_use]
    pub fn of(token: &Token) -> Self {
        Self(crc32fast::hash(token.as_str().as_bytes()).into())
    }

    #[must_use]
    pub fn may_be(self, other: Self) -> bool {
        self == other || self == Self::ANY
    }
}

/// The hit that an event id was first seen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub inbox_id: i64,
    pub at_ms: i64,
    pub received_ms: i64,
    pub session_id: u32,
    /// `None` when the hit was no page view.
    pub viewer: Option<Viewer>,
    /// How long the page view was visible so far.
    pub engaged_ms: u32,
}

/// Stores that the page view with this event id was visible for `engaged_ms`.
pub fn update_seen_engaged(
    conn: &Connection,
    account: AccountId,
    event_id: &str,
    engaged_ms: u32,
) -> Result<(), Error> {
    conn.prepare_cached("update seen set engaged_ms = ?3 where account_id = ?1 and event_id = ?2")?
        .execute((account.0, event_id, engaged_ms))?;
    Ok(())
}

pub fn delete_seen(conn: &Connection, account: AccountId, event_id: &str) -> Result<(), Error> {
    conn.prepare_cached("delete from seen where account_id = ?1 and event_id = ?2")?
        .execute((account.0, event_id))?;
    Ok(())
}

/// Deletes event ids that were received before `before_ms`, among the `limit` ids after `cursor`. The cursor moves behind
/// them, and from the end back to the beginning.
pub fn sweep_seen(
    conn: &Connection,
    before_ms: i64,
    cursor: &mut Option<(AccountId, String)>,
    limit: usize,
) -> Result<(), Error> {
    let (account, event_id) = cursor.as_ref().map_or((0, ""), |(account, id)| (account.0, id.as_str()));
    let mut expired = Vec::new();
    let mut last = None;
    {
        let mut statement = conn.prepare_cached(
            "select account_id, event_id, received_ms from seen
             where (account_id, event_id) > (?1, ?2) order by account_id, event_id limit ?3",
        )?;
        let mut rows = statement.query((account, event_id, i64::try_from(limit).unwrap_or(i64::MAX)))?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            let is_expired = row.get::<_, i64>(2)? < before_ms;
            if is_expired || count == limit {
                let key = (AccountId(row.get(0)?), row.get::<_, String>(1)?);
                if count == limit {
                    last = Some(key.clone());
                }
                if is_expired {
                    expired.push(key);
                }
            }
        }
    }
    for (account, event_id) in &expired {
        delete_seen(conn, *account, event_id)?;
    }
    *cursor = last;
    Ok(())
}

/// The properties of the latest completions of an event, newest first, as JSON objects. Only the account's latest
/// completions with properties are looked through, so an event that was not completed lately has none.
pub fn list_latest_properties(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
) -> Result<Vec<String>, Error> {
    let mut statement = conn.prepare_cached(
        "select properties from (
             select event, properties from event_property where account_id = ?1
             order by at_ms desc, inbox_id desc limit ?3
         ) where event = ?2 limit ?4",
    )?;
    let rows = statement
        .query_map((account.0, event.0, PROPERTIES_LOOKED_AT, PROPERTIES_LISTED), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Visits contact and value of a property for each completion of an event in a half-open range of milliseconds that has it.
pub fn each_property(
    conn: &Connection,
    account: AccountId,
    (event, property): (EventNumber, &str),
    range_ms: &Range<i64>,
    mut visit: impl FnMut(u32, &str),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select v.contact_id, cast(j.value as text)
         from event_property p indexed by event_property_event
         cross join visitor v on v.account_id = p.account_id and v.number = p.visitor
         cross join json_each(p.properties) j on j.key = ?5
         where p.account_id = ?1 and p.event = ?2 and p.at_ms >= ?3 and p.at_ms < ?4
             and v.contact_id is not null and j.value is not null",
    )?;
    let mut rows = statement.query((account.0, event.0, range_ms.start, range_ms.end, property))?;
    while let Some(row) = rows.next()? {
        let value = row.get_ref(1)?.as_str().map_err(|error| Error::Sqlite(error.into()))?;
        visit(row.get(0)?, value);
    }
    Ok(())
}

/// Deletes the properties of the visitors' completions in a half-open range. No index serves this, so all properties of the
/// range are read.
pub fn delete_properties(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, inbox_id, visitor from event_property where account_id = ?1 and at_ms >= ?2 and at_ms < ?3",
    )?;
    let mut rows = statement.query((account.0, range_ms.start, range_ms.end))?;
    let mut keys: Vec<(i64, i64)> = Vec::new();
    while let Some(row) = rows.next()? {
        if visitors.contains(&row.get(2)?) {
            keys.push((row.get(0)?, row.get(1)?));
        }
    }
    let mut delete = conn.prepare_cached(
        "delete from event_property where account_id = ?1 and at_ms = ?2 and inbox_id = ?3",
    )?;
    for (at_ms, inbox_id) in keys {
        delete.execute((account.0, at_ms, inbox_id))?;
    }
    Ok(())
}

/// Stores the properties a completion was sent with.
pub fn insert_properties(
    conn: &Connection,
    account: AccountId,
    event: &Event,
    properties: &[(String, String)],
) -> Result<(), Error> {
    let text = properties_text(properties);
    conn.prepare_cached(
        "insert into event_property (account_id, at_ms, inbox_id, visitor, event, properties)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((account.0, event.at_ms, event.inbox_id, event.visitor, event.event, text))?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The row of `full`.
    const FULL: &str = "0102010203040906070801";

    /// An event in which every field has a value of its own.
    fn full() -> Event {
        Event {
            at_ms: 0,
            inbox_id: 0,
            kind: COMPLETION,
            visitor: 1,
            session_id: 2,
            page: 3,
            title: 4,
            event: 0,
            value_minor: -5,
            consent: 6,
            policy: 7,
            engaged_ms: 8,
            foreign_host: true,
        }
    }

    pub(in crate::store::hits) fn row() -> Vec<u8> {
        ROW.pack(&full()).unwrap()
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        assert_eq!(unpack(&row()).unwrap(), full());
        let most = Event {
            kind: u8::MAX,
            visitor: u32::MAX,
            session_id: u32::MAX,
            page: u32::MAX,
            title: u32::MAX,
            value_minor: i64::MIN,
            consent: u8::MAX,
            policy: u32::MAX,
            engaged_ms: u32::MAX,
            ..full()
        };
        let row = ROW.pack(&most).unwrap();
        assert_eq!(unpack(&row).unwrap(), most);
        assert!(row.len() <= 256, "the table takes no more: {}", row.len());
    }

    #[test]
    fn a_row_of_this_version_is_read_by_every_later_one() {
        let row: String = row().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row, FULL, "a changed form needs a new first byte");
    }
}
