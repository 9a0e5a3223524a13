//! Erases one visitor, in steps that each are a short transaction of the caller. Until the last step is done the whole
//! can be run again from the start and finishes, because each step finds what is left to do.
//!
//! What is deleted (rules.md 12, 25): the visitor's tokens, the identifications the browser sent, the forms it submitted,
//! dead letters, hot rows with their properties, sessions, engagement that waits for a segment, rows in segments, and
//! last the visitor's own row. The number is never used again.
//!
//! What is kept, and why:
//! - **A session that changed its visitor** continues as the other visitor's; only the rows of the erased one leave it.
//!   Its source, device and entry page came from the same browser and are the other visitor's now. So is whether it
//!   bounced, once it has been closed for two days.
//! - **Event ids** of the last two days (`seen`) are random texts. They are detached from session and time, but not
//!   deleted: a browser that sends a hit again would bring back what was erased (rules.md 5). They expire after
//!   48 hours.
//! - **The inbox** has nothing of the visitor: the caller waits until what was acknowledged is folded. Whatever comes
//!   later belongs to a new visitor.
//! - **The contact**, if there is one, with its completions and revenue: it belongs to a person, who may have other
//!   visitors. The sessions and page views of the visitor leave the contact with the visitor's own row, in the last step.
//!   The visitor number that stands for the programs of a contact is not erased here either; both are deleted with the
//!   person.
//! - **Texts of the dictionary** belong to the account; others may have brought the same text. Erasing a person removes
//!   those that only this person brought.

use std::collections::VecDeque;
use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::hit::{AGE_MAX, SEEN_FOR};
use crate::domain::period::LocalDay;
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;
use crate::store::event::{self, Event, PAGE_VIEW};
use crate::store::scan::Deadline;
use crate::store::segment::columns::Col;
use crate::store::segment::{self, Reader, Removal, Segment, late_engagement, rewrite};
use crate::store::session::{self, Session};
use crate::store::{dead_letter, row, submission};

/// Rows of segments rewritten in one transaction; the last segment may exceed it. This is some megabytes, so that whoever
/// waits for the writer or the disk waits only for some milliseconds.
pub const ROWS: u32 = 400_000;

/// Deletes the visitor's tokens, identifications, submissions and dead letters. From then on no hit joins the visitor; caches
/// of visitors follow.
pub fn delete_identity(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    tokens: &[String],
) -> Result<(), Error> {
    for token in tokens {
        conn.prepare_cached(
            "delete from visitor_token where account_id = ?1 and token = ?2 and number = ?3",
        )?
        .execute((account.0, token, visitor.0))?;
    }
    conn.prepare_cached("delete from identification where account_id = ?1 and visitor = ?2")?
        .execute((account.0, visitor.0))?;
    submission::delete_of_visitor(conn, account, visitor)?;
    let mut named = conn.prepare_cached(
        "update identification set other_token = null where account_id = ?1 and other_token = ?2",
    )?;
    for token in tokens {
        named.execute((account.0, token))?;
    }
    for letter in dead_letter::list_ids(conn, i64::MIN, i64::MAX, u32::MAX)? {
        let body = dead_letter::find_body(conn, letter)?.unwrap_or_default();
        if is_sent_by(&body, account, tokens) {
            dead_letter::delete(conn, letter)?;
        }
    }
    changes::raise(conn, account, Kind::Visitors)?;
    Ok(())
}

/// Was this hit sent with one of the tokens? One that cannot be read was if it contains a token.
fn is_sent_by(body: &[u8], account: AccountId, tokens: &[String]) -> bool {
    match row::hit(body) {
        Ok(hit) => {
            let sent = hit.visitor.as_ref().map(Token::as_str);
            hit.account == account && tokens.iter().any(|token| Some(token.as_str()) == sent)
        }
        Err(_) => tokens.iter().any(|token| row::contains_token(body, token)),
    }
}

/// The event ids of the visitor that are still known, as far as no segment is damaged.
pub fn list_event_ids(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<Vec<String>, Error> {
    let recent = recent_rows(conn, account, visitor, range_ms, now)?;
    if recent.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement =
        conn.prepare_cached("select event_id, session_id, at_ms from seen where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        if recent.contains(&(row.get(1)?, row.get(2)?)) {
            ids.push(row.get(0)?);
        }
    }
    Ok(ids)
}

/// Session and time of the visitor's rows that are recent enough for their event ids to be known.
fn recent_rows(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<FxHashSet<(u32, i64)>, Error> {
    let recent = range_ms.start.max(now.0 - SEEN_FOR - AGE_MAX)..range_ms.end;
    let mut found: FxHashSet<(u32, i64)> = FxHashSet::default();
    event::list_of_visitor(conn, account, visitor, recent.clone(), |row| {
        found.insert((row.session_id, row.at_ms));
    })?;
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, recent.start, recent.end)? {
        let runs = reader.runs_with(&segment, Col::Visitor, |number| number == visitor.0)?;
        let rows = runs.iter().filter(|run| run.visitor == visitor.0).flat_map(|run| &run.rows);
        found.extend(rows.map(|row| (row.session_id, row.at_ms)));
    }
    Ok(found)
}

/// Detaches event ids from session and time. The ids themselves stay known.
pub fn detach_event_ids(conn: &Connection, account: AccountId, ids: &[String]) -> Result<(), Error> {
    let mut update = conn.prepare_cached(
        "update seen set session_id = 0, at_ms = 0, viewer = null, engaged_ms = 0
         where account_id = ?1 and event_id = ?2",
    )?;
    for id in ids {
        update.execute((account.0, id))?;
    }
    Ok(())
}

/// Deletes the visitor's hot rows and sessions, with what waits for them. A session that changed its visitor is kept for
/// the other one, with what that one has in it. Damaged segments count as empty.
pub fn delete_rows(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<(), Error> {
    let sessions = sessions_of(conn, account, visitor, range_ms, now)?;
    let remainders = remainders(conn, account, visitor, &sessions)?;
    let mut rows = Vec::new();
    event::list_of_visitor(conn, account, visitor, range_ms.clone(), |row| {
        rows.push((row.at_ms, row.inbox_id));
    })?;
    for (at_ms, inbox_id) in rows {
        event::delete(conn, account, at_ms, inbox_id)?;
    }
    conn.prepare_cached("delete from event_property where account_id = ?1 and visitor = ?2")?
        .execute((account.0, visitor.0))?;
    for session in sessions {
        match remainders.get(&session.id) {
            Some(remainder) => session::upsert(conn, account, &remainder.of(session, visitor))?,
            None => session::delete(conn, account, session.id)?,
        }
    }
    Ok(())
}

/// The sessions that have rows of the visitor.
fn sessions_of(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<Vec<Session>, Error> {
    let mut ids: FxHashSet<u32> = session::list_ids_of_visitor(conn, account, visitor)?.into_iter().collect();
    event::list_of_visitor(conn, account, visitor, range_ms.clone(), |row| {
        ids.insert(row.session_id);
    })?;
    ids.extend(recent_rows(conn, account, visitor, range_ms, now)?.into_iter().map(|(session, _)| session));
    let found = ids.into_iter().map(|id| session::find(conn, account, id));
    found.filter_map(Result::transpose).collect()
}

/// What other visitors have in a session.
#[derive(Default)]
struct Remainder {
    visitor: u32,
    page_views: u32,
    completions: u32,
    engaged_ms: i64,
}

impl Remainder {
    fn add(&mut self, row: &Event, late_ms: u32) {
        self.visitor = self.visitor.max(row.visitor);
        match row.kind {
            PAGE_VIEW => self.page_views += 1,
            _ => self.completions += 1,
        }
        self.engaged_ms += i64::from(row.engaged_ms.max(late_ms));
    }

    const fn of(&self, session: Session, erased: VisitorNumber) -> Session {
        let visitor = if session.visitor == erased.0 { self.visitor } else { session.visitor };
        Session {
            visitor,
            page_views: self.page_views,
            completions: self.completions,
            engaged_ms: self.engaged_ms,
            ..session
        }
    }
}

fn remainders(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    sessions: &[Session],
) -> Result<FxHashMap<u32, Remainder>, Error> {
    let ids: FxHashSet<u32> = sessions.iter().map(|session| session.id).collect();
    let (first, last) = (sessions.iter().map(|s| s.start_ms).min(), sessions.iter().map(|s| s.last_ms).max());
    let mut remainders: FxHashMap<u32, Remainder> = FxHashMap::default();
    let Some((first, last)) = first.zip(last) else { return Ok(remainders) };
    let late = late_engagement::list(conn, account, |session| ids.contains(&session))?;
    let mut add = |row: &Event| {
        if row.visitor != visitor.0 && ids.contains(&row.session_id) {
            let late_ms = late.get(&(row.session_id, row.at_ms)).copied().unwrap_or(0);
            remainders.entry(row.session_id).or_default().add(row, late_ms);
        }
    };
    event::list(conn, account, first, last.saturating_add(1), |row| add(&row))?;
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, first, last.saturating_add(1))? {
        let runs = reader.runs_with(&segment, Col::Session, |id| ids.contains(&id))?;
        runs.iter().flat_map(|run| &run.rows).for_each(&mut add);
    }
    Ok(remainders)
}

/// The segments that have rows of a visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitorSegments {
    pub segments: Vec<Segment>,
    /// Days that cannot be read.
    pub damaged: Vec<LocalDay>,
}

/// Answers `TimeLimit` when it takes too long.
pub fn list_segments(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    deadline: &Deadline,
) -> Result<VisitorSegments, Error> {
    let mut reader = Reader::prepare(conn)?;
    let mut found = VisitorSegments::default();
    for segment in segment::list(conn, account, range_ms.start, range_ms.end)? {
        deadline.check()?;
        match reader.column(&segment, Col::Visitor) {
            Ok(visitors) if visitors.contains(&visitor.0) => found.segments.push(segment),
            Ok(_) => {}
            Err(Error::Damaged(_)) => found.damaged.push(segment.day),
            Err(error) => return Err(error),
        }
    }
    found.damaged.dedup();
    Ok(found)
}

/// Prepares the next segments without the visitor, as many as are written in one transaction, and removes them from
/// `segments`. A segment that cannot be read stays as it is.
pub fn prepare_removals(
    conn: &Connection,
    visitor: VisitorNumber,
    segments: &mut VecDeque<Segment>,
) -> Result<Vec<Removal>, Error> {
    rewrite::prepare_next(conn, segments, ROWS, "nothing can be erased from it", |reader, segment| {
        Removal::prepare(reader, &segment, visitor)
    })
}

pub fn apply_removals(conn: &Connection, account: AccountId, removals: Vec<Removal>) -> Result<(), Error> {
    removals.into_iter().try_for_each(|removal| removal.apply(conn, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_belongs_to_the_exact_token() {
        let tokens = ["abc".to_owned()];
        for (body, is_sent) in [
            (&b"\x01\x03abc\x07broken"[..], true),
            (b"\x04abcd", false),
            (b"\x04xabc", false),
            (b"\xff\xfe\x03abc\xff", true),
            (b"abc", false),
            (b"", false),
        ] {
            assert_eq!(
                is_sent_by(body, AccountId::FIRST, &tokens),
                is_sent,
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        assert!(!is_sent_by(b"\x03abc", AccountId::FIRST, &[]));
    }
}
