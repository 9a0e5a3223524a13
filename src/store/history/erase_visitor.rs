//! Erasing one visitor, in steps that each are a short transaction of the caller. Until the last one is done, all can
//! be run again from the start and finishes: each step finds by itself what is left.
//!
//! What goes (rules.md 12, 25): his tokens, what he called himself, the dead letters he sent, his rows of open days
//! with their properties, his sessions, engagement that waits, his rows in segments, and last his own row. The number
//! is never given out again.
//!
//! What stays, and why:
//! - A **session that changed hands** goes on as the other number's; only his rows leave it. What it is of (source,
//!   device, entry page) was said by the same browser and is the other's now; so is, once it is closed for two days,
//!   whether it was a bounce.
//! - **Event ids** of the last two days (`seen`) are random texts of the browser. They are cut loose from his session
//!   and his times, not forgotten: a browser that sends a hit again would bring back what was erased (rules.md 5).
//!   They go by themselves after 48 hours.
//! - The **inbox** holds nothing of him: the caller waits until what was acknowledged is folded. What comes later is
//!   a new visitor's.
//! - His **contact**, if he has one: an email is a person's, who may have other visitors. So the number for what
//!   programs tell of a contact is not erased here either; both go with the person.
//! - **Texts** in the dictionary: they are the account's, shared by all who saw the page. That a text which only one
//!   person brought leaves no byte is the work of erasing the person.

use std::collections::VecDeque;
use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use super::timeline;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::hit::{AGE_MAX, Hit, SEEN_FOR};
use crate::domain::period::LocalDay;
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::dead_letter;
use crate::store::error::Error;
use crate::store::event::{self, Event, PAGE_VIEW};
use crate::store::scan::Deadline;
use crate::store::segment::columns::Col;
use crate::store::segment::{self, Cut, Reader, Segment, late_engagement};
use crate::store::session::{self, Session};

/// Rows of segments written anew in one transaction, but for the last day of them: some megabytes, so that what waits
/// for the writer, or for the disk, waits for some milliseconds.
pub const ROWS: u32 = 400_000;

/// From here on no hit joins the visitor: his tokens are forgotten, and whoever remembers them is told by
/// `erasures`. With them go what he called himself and the dead letters of his tokens.
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
    let mut named = conn.prepare_cached(
        "update identification set other_token = null where account_id = ?1 and other_token = ?2",
    )?;
    for token in tokens {
        named.execute((account.0, token))?;
    }
    for letter in dead_letter::list_ids(conn, i64::MIN, i64::MAX, u32::MAX)? {
        let body = dead_letter::find_body(conn, letter)?.unwrap_or_default();
        if is_of(&body, account, tokens) {
            dead_letter::delete(conn, letter)?;
        }
    }
    raise_erasures(conn)
}

/// Whoever remembers visitors must forget them: some are gone.
pub(in crate::store) fn raise_erasures(conn: &Connection) -> Result<(), Error> {
    conn.prepare_cached("update meta set erasures = erasures + 1 where id = 1")?.execute([])?;
    Ok(())
}

/// Did one of the tokens send this? A hit that cannot be read is his when it holds the token as a text of its own.
fn is_of(body: &[u8], account: AccountId, tokens: &[String]) -> bool {
    match serde_json::from_slice::<Hit>(body) {
        Ok(hit) => {
            let sent = hit.visitor.as_ref().map(Token::as_str);
            hit.account == account && tokens.iter().any(|token| Some(token.as_str()) == sent)
        }
        Err(_) => tokens.iter().any(|token| {
            let quoted = format!("\"{token}\"");
            body.windows(quoted.len()).any(|part| part == quoted.as_bytes())
        }),
    }
}

/// How often visitors were erased or forgotten, ever: who remembers visitors forgets them when it has risen.
pub fn erasures(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.prepare_cached("select erasures from meta where id = 1")?.query_row([], |row| row.get(0))?)
}

/// His event ids that are still known.
///
/// # Errors
/// SQLite's; a damaged segment has none.
pub fn list_seen(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<Vec<String>, Error> {
    let his = recent_rows(conn, account, visitor, range_ms, now)?;
    if his.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement =
        conn.prepare_cached("select event_id, session_id, at_ms from seen where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        if his.contains(&(row.get(1)?, row.get(2)?)) {
            ids.push(row.get(0)?);
        }
    }
    Ok(ids)
}

/// Session and time of his rows that are as young as event ids are known.
fn recent_rows(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<FxHashSet<(u32, i64)>, Error> {
    let recent = range_ms.start.max(now.0 - SEEN_FOR - AGE_MAX)..range_ms.end;
    let mut his: FxHashSet<(u32, i64)> = FxHashSet::default();
    event::list_of_visitor(conn, account, visitor, recent.clone(), |row| {
        his.insert((row.session_id, row.at_ms));
    })?;
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, recent.start, recent.end)? {
        let runs = match timeline::is_in(&mut reader, &segment, visitor) {
            Ok(false) => continue,
            Ok(true) => reader.runs(&segment),
            Err(error) => Err(error),
        };
        let runs = match runs {
            Err(Error::Damaged(_)) => continue,
            runs => runs?,
        };
        let rows = runs.iter().filter(|run| run.visitor == visitor.0).flat_map(|run| &run.rows);
        his.extend(rows.map(|row| (row.session_id, row.at_ms)));
    }
    Ok(his)
}

/// Cuts event ids loose from whose and when they were; they stay known.
pub fn update_seen(conn: &Connection, account: AccountId, ids: &[String]) -> Result<(), Error> {
    let mut update = conn.prepare_cached(
        "update seen set session_id = 0, at_ms = 0 where account_id = ?1 and event_id = ?2",
    )?;
    for id in ids {
        update.execute((account.0, id))?;
    }
    Ok(())
}

/// Deletes his rows of open days, and his sessions with what waits for them. A session that changed hands stays the
/// other's, with what that one has in it.
///
/// # Errors
/// SQLite's; a damaged segment has nothing.
pub fn delete_rows(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<(), Error> {
    let sessions = sessions_of(conn, account, visitor, range_ms, now)?;
    let left = left_of(conn, account, visitor, &sessions)?;
    let mut his = Vec::new();
    event::list_of_visitor(conn, account, visitor, range_ms.clone(), |row| {
        his.push((row.at_ms, row.inbox_id));
    })?;
    for (at_ms, inbox_id) in his {
        event::delete(conn, account, at_ms, inbox_id)?;
    }
    conn.prepare_cached("delete from event_property where account_id = ?1 and visitor = ?2")?
        .execute((account.0, visitor.0))?;
    for session in sessions {
        match left.get(&session.id) {
            Some(left) => session::upsert(conn, account, &left.of(session, visitor))?,
            None => session::delete(conn, account, session.id)?,
        }
    }
    Ok(())
}

/// The rows of sessions he has a part in.
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

/// What others have in a session.
#[derive(Default)]
struct Left {
    visitor: u32,
    page_views: u32,
    completions: u32,
    engaged_ms: i64,
}

impl Left {
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

fn left_of(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    sessions: &[Session],
) -> Result<FxHashMap<u32, Left>, Error> {
    let ids: FxHashSet<u32> = sessions.iter().map(|session| session.id).collect();
    let (first, last) = (sessions.iter().map(|s| s.start_ms).min(), sessions.iter().map(|s| s.last_ms).max());
    let mut left: FxHashMap<u32, Left> = FxHashMap::default();
    let Some((first, last)) = first.zip(last) else { return Ok(left) };
    let late = late_engagement::list(conn, account, |session| ids.contains(&session))?;
    let mut add = |row: &Event| {
        if row.visitor != visitor.0 && ids.contains(&row.session_id) {
            let late_ms = late.get(&(row.session_id, row.at_ms)).copied().unwrap_or(0);
            left.entry(row.session_id).or_default().add(row, late_ms);
        }
    };
    event::list(conn, account, first, last.saturating_add(1), |row| add(&row))?;
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, first, last.saturating_add(1))? {
        let mut held = Vec::new();
        let read = reader.read(&segment, Col::Session, &mut held);
        let runs = match read.map(|()| held.iter().any(|id| ids.contains(id))) {
            Ok(false) => continue,
            Ok(true) => reader.runs(&segment),
            Err(error) => Err(error),
        };
        match runs {
            Err(Error::Damaged(_)) => {}
            runs => runs?.iter().flat_map(|run| &run.rows).for_each(&mut add),
        }
    }
    Ok(left)
}

/// Where a visitor is in segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub segments: Vec<Segment>,
    /// Days of which it cannot be told.
    pub damaged: Vec<LocalDay>,
}

/// The segments that hold him.
///
/// # Errors
/// `TimeLimit`, or SQLite's.
pub fn list_segments(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    range_ms: &Range<i64>,
    deadline: &Deadline,
) -> Result<Held, Error> {
    let mut reader = Reader::prepare(conn)?;
    let mut held = Held::default();
    for segment in segment::list(conn, account, range_ms.start, range_ms.end)? {
        deadline.check()?;
        match timeline::is_in(&mut reader, &segment, visitor) {
            Ok(false) => {}
            Ok(true) => held.segments.push(segment),
            Err(Error::Damaged(_)) => held.damaged.push(segment.day),
            Err(error) => return Err(error),
        }
    }
    held.damaged.dedup();
    Ok(held)
}

/// Makes what is left of the next of these segments without him: as many as are written in one transaction. They are
/// taken from `segments`; one that cannot be read stays as it is.
pub fn cut(
    conn: &Connection,
    visitor: VisitorNumber,
    segments: &mut VecDeque<Segment>,
) -> Result<Vec<Cut>, Error> {
    let mut reader = Reader::prepare(conn)?;
    let (mut cuts, mut rows) = (Vec::new(), 0);
    while rows < ROWS
        && let Some(segment) = segments.pop_front()
    {
        if !segment::is_there(conn, segment.id)? {
            continue;
        }
        match Cut::prepare(&mut reader, &segment, visitor) {
            Ok(Some(cut)) => {
                cuts.push(cut);
                rows += segment.extent.rows;
            }
            Ok(None) => {}
            Err(Error::Damaged(damage)) => {
                tracing::error!(
                    segment = segment.id, day = segment.day.0, %damage,
                    "a segment is damaged; nothing can be erased from it"
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(cuts)
}

/// Puts what is left in the place of what was.
pub fn replace(conn: &Connection, account: AccountId, cuts: Vec<Cut>) -> Result<(), Error> {
    cuts.into_iter().try_for_each(|cut| cut.apply(conn, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_his_by_his_token_alone() {
        let tokens = ["abc".to_owned()];
        for (body, his) in [
            (&b"{\"vi\":\"abc\",\"broken"[..], true),
            (b"{\"vi\":\"abcd\"}", false),
            (b"{\"vi\":\"xabc\"}", false),
            (b"\xff\xfe\"abc\"\xff", true),
            (b"abc", false),
            (b"", false),
        ] {
            assert_eq!(is_of(body, AccountId::FIRST, &tokens), his, "{}", String::from_utf8_lossy(body));
        }
        assert!(!is_of(b"\"abc\"", AccountId::FIRST, &[]));
    }
}
