//! Packs the rows of a store in which sessions and hot rows had a column for each field.

use rusqlite::Connection;

use super::event::{self, Event};
use super::session::{self, Session};
use crate::domain::account::AccountId;
use crate::store::error::Error;

/// Fills the new tables from `session_before` and `event_hot_before`.
///
/// # Errors
/// SQLite's.
pub(in crate::store) fn fill(conn: &Connection) -> Result<(), Error> {
    pack_sessions(conn)?;
    pack_events(conn)
}

fn pack_sessions(conn: &Connection) -> Result<(), Error> {
    let mut before = conn.prepare(
        "select account_id, id, visitor, start_ms, last_ms, source, referrer, campaign, device, screen, language,
             place, company, is_new, switched, suspected, entry_page, exit_page, entry_ms, exit_ms, page_views,
             completions, engaged_ms, click_id, in_segment
         from session_before order by account_id, id",
    )?;
    let mut insert = conn.prepare("insert into session (key, in_segment, row) values (?1, ?2, ?3)")?;
    let mut rows = before.query([])?;
    while let Some(row) = rows.next()? {
        let session = Session {
            id: row.get(1)?,
            visitor: row.get(2)?,
            start_ms: row.get(3)?,
            last_ms: row.get(4)?,
            source: row.get(5)?,
            referrer: row.get(6)?,
            campaign: row.get(7)?,
            device: row.get(8)?,
            screen: row.get(9)?,
            language: row.get(10)?,
            place: row.get(11)?,
            company: row.get(12)?,
            is_new: row.get(13)?,
            switched: row.get(14)?,
            suspected: row.get(15)?,
            entry_page: row.get(16)?,
            exit_page: row.get(17)?,
            entry_ms: row.get(18)?,
            exit_ms: row.get(19)?,
            page_views: row.get(20)?,
            completions: row.get(21)?,
            engaged_ms: row.get(22)?,
            click_id: row.get(23)?,
        };
        let (account, in_segment) = (AccountId(row.get(0)?), row.get::<_, u8>(24)?);
        insert.execute((session::key(account, session.id), in_segment, session::pack(&session)?))?;
    }
    Ok(())
}

fn pack_events(conn: &Connection) -> Result<(), Error> {
    let mut before = conn.prepare(
        "select account_id, at_ms, inbox_id, kind, visitor, session_id, page, title, event, value_minor, consent, policy,
             engaged_ms, foreign_host
         from event_hot_before order by account_id, at_ms, inbox_id, event",
    )?;
    let mut statements = event::Statements::prepare(conn)?;
    let mut rows = before.query([])?;
    while let Some(row) = rows.next()? {
        let event = Event {
            at_ms: row.get(1)?,
            inbox_id: row.get(2)?,
            kind: row.get(3)?,
            visitor: row.get(4)?,
            session_id: row.get(5)?,
            page: row.get(6)?,
            title: row.get(7)?,
            event: row.get(8)?,
            value_minor: row.get(9)?,
            consent: row.get(10)?,
            policy: row.get(11)?,
            engaged_ms: row.get(12)?,
            foreign_host: row.get(13)?,
        };
        statements.insert(AccountId(row.get(0)?), &event)?;
    }
    Ok(())
}
