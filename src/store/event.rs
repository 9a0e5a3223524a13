//! Hot rows: the events of open days, and the event ids of the last two days.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::Error;
use crate::domain::account::AccountId;

/// Kinds of stored events; the numbers are stored.
pub const PAGE_VIEW: u8 = 1;
pub const COMPLETION: u8 = 2;

/// One event; texts are dictionary ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at_ms: i64,
    pub inbox_id: i64,
    pub kind: u8,
    pub visitor: u32,
    /// 0 = told by a program.
    pub session_id: u32,
    pub page: u32,
    pub title: u32,
    pub event: u32,
    pub value_minor: i64,
    pub consent: u8,
    pub policy: u32,
    pub engaged_ms: u32,
    pub foreign_host: bool,
}

/// # Errors
/// SQLite's.
pub fn insert(conn: &Connection, account: AccountId, event: &Event) -> Result<(), Error> {
    // By place, not by name: on the way of every event, looking names up would be most of the work.
    conn.prepare_cached(
        "insert into event_hot (account_id, at_ms, inbox_id, kind, visitor, session_id, page, title, event,
             value_minor, consent, policy, engaged_ms, foreign_host)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
             ?12, ?13, ?14)",
    )?
    .execute(params![
        account.0,
        event.at_ms,
        event.inbox_id,
        event.kind,
        event.visitor,
        event.session_id,
        event.page,
        event.title,
        event.event,
        event.value_minor,
        event.consent,
        event.policy,
        event.engaged_ms,
        event.foreign_host,
    ])?;
    Ok(())
}

/// Events with `from_ms <= at_ms < to_ms`, in the order of their time.
///
/// # Errors
/// SQLite's.
pub fn list(
    conn: &Connection,
    account: AccountId,
    from_ms: i64,
    to_ms: i64,
    mut visit: impl FnMut(Event),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, inbox_id, kind, visitor, session_id, page, title, event, value_minor, consent, policy,
                engaged_ms, foreign_host
         from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 order by at_ms, inbox_id",
    )?;
    let mut rows = statement.query((account.0, from_ms, to_ms))?;
    while let Some(row) = rows.next()? {
        visit(Event {
            at_ms: row.get(0)?,
            inbox_id: row.get(1)?,
            kind: row.get(2)?,
            visitor: row.get(3)?,
            session_id: row.get(4)?,
            page: row.get(5)?,
            title: row.get(6)?,
            event: row.get(7)?,
            value_minor: row.get(8)?,
            consent: row.get(9)?,
            policy: row.get(10)?,
            engaged_ms: row.get(11)?,
            foreign_host: row.get(12)?,
        });
    }
    Ok(())
}

/// Raises the engaged time of a page view to `engaged_ms`; answers its session and by how much it rose.
///
/// # Errors
/// SQLite's.
pub fn update_engaged(
    conn: &Connection,
    account: AccountId,
    at_ms: i64,
    inbox_id: i64,
    engaged_ms: u32,
) -> Result<Option<(u32, u32)>, Error> {
    let found: Option<(u32, u32)> = conn
        .prepare_cached(
            "select session_id, engaged_ms from event_hot
             where account_id = ?1 and at_ms = ?2 and inbox_id = ?3",
        )?
        .query_row((account.0, at_ms, inbox_id), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((session, before)) = found else { return Ok(None) };
    if engaged_ms > before {
        conn.prepare_cached(
            "update event_hot set engaged_ms = ?4 where account_id = ?1 and at_ms = ?2 and inbox_id = ?3",
        )?
        .execute((account.0, at_ms, inbox_id, engaged_ms))?;
    }
    Ok(Some((session, engaged_ms.saturating_sub(before))))
}

/// Where an event id was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub inbox_id: i64,
    pub at_ms: i64,
    pub received_ms: i64,
}

/// # Errors
/// SQLite's.
pub fn find_seen(conn: &Connection, account: AccountId, event_id: &str) -> Result<Option<Seen>, Error> {
    Ok(conn
        .prepare_cached(
            "select inbox_id, at_ms, received_ms from seen where account_id = ?1 and event_id = ?2",
        )?
        .query_row((account.0, event_id), |row| {
            Ok(Seen { inbox_id: row.get(0)?, at_ms: row.get(1)?, received_ms: row.get(2)? })
        })
        .optional()?)
}

/// Forgets one event id, that was outlived.
///
/// # Errors
/// SQLite's.
pub fn delete_seen_at(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from seen where inbox_id = ?1")?.execute([inbox_id])?;
    Ok(())
}

/// Remembers an event id.
///
/// # Errors
/// SQLite's; `Conflict` when it is remembered already.
pub fn insert_seen(conn: &Connection, account: AccountId, event_id: &str, seen: Seen) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into seen (inbox_id, account_id, event_id, at_ms, received_ms)
         values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((seen.inbox_id, account.0, event_id, seen.at_ms, seen.received_ms))?;
    Ok(())
}

/// Forgets event ids received before `before_ms`, at most `limit`; they lie in the order of their receipt.
///
/// # Errors
/// SQLite's.
pub fn delete_seen(conn: &Connection, before_ms: i64, limit: u32) -> Result<usize, Error> {
    Ok(conn
        .prepare_cached(
            "delete from seen where inbox_id in (
                 select inbox_id from (select inbox_id, received_ms from seen order by inbox_id limit ?2)
                 where received_ms < ?1)",
        )?
        .execute((before_ms, limit))?)
}
