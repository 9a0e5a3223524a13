//! Erases visitors, one alone or all of a person, in steps that each are a short transaction of the caller. Until the last
//! step is done the whole can be run again from the start and finishes, because each step finds what is left to do.
//!
//! What is deleted (rules.md 12, 25): the visitors' tokens, the identifications their browsers sent, the forms they
//! submitted, dead letters, hot rows with their properties, sessions, engagement that waits for a segment, rows in
//! segments, and last the visitors' own rows. Their numbers are never used again.
//!
//! What is kept, and why:
//! - **A session that changed its visitor** continues as the other visitor's; only the rows of the erased one leave it.
//!   Its source, device and entry page came from the same browser and are the other visitor's now. So is whether it
//!   bounced, once it has been closed for two days.
//! - **Event ids** of the last two days (`seen`) are random texts. They are detached from session and time, but not
//!   deleted: a browser that sends a hit again would bring back what was erased (rules.md 5). They expire after
//!   48 hours.
//! - **Choices in the consent log** (rules.md 40) lose the token and the path. Their receipts are random, and prove that
//!   somebody chose.
//! - **The inbox** has nothing of the visitor: the caller waits until what was acknowledged is folded. Whatever comes
//!   later belongs to a new visitor.
//! - **The contact** of a visitor that is erased alone, with its completions and revenue: it belongs to a person, who may
//!   have other visitors. The sessions and page views of the visitor leave the contact with the visitor's own row, in the
//!   last step.
//! - **Texts of the dictionary** belong to the account; others may have brought the same text. `erase_texts` removes
//!   those that only the erased visitors brought.

use std::collections::VecDeque;
use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::Email;
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
use crate::store::{consent, dead_letter, erase_texts, row, submission, visitor};

/// Rows of segments rewritten in one transaction; the last segment may exceed it. This is some megabytes, so that whoever
/// waits for the writer or the disk waits only for some milliseconds.
pub const ROWS: u32 = 400_000;

/// Deletes the visitors' tokens, identifications and submissions, and dead letters that they sent or that name one of the
/// emails. From then on no hit joins the visitors; caches
/// of visitors follow.
pub fn delete_identity(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    tokens: &[String],
    emails: &[String],
) -> Result<(), Error> {
    delete_tokens(conn, account, visitors, tokens)?;
    for visitor in visitors {
        conn.prepare_cached(
            "delete from identification indexed by identification_visitor where account_id = ?1 and visitor = ?2",
        )?
        .execute((account.0, visitor))?;
    }
    for visitor in visitors {
        let pages = submission::list_pages_of_visitor(conn, account, VisitorNumber(*visitor))?;
        erase_texts::insert(conn, account, &erase_texts::of_pages(pages))?;
        submission::delete_of_visitor(conn, account, VisitorNumber(*visitor))?;
    }
    let mut named = conn.prepare_cached(
        "update identification set other_token = null where account_id = ?1 and other_token = ?2",
    )?;
    for token in tokens {
        named.execute((account.0, token))?;
    }
    for letter in list_letters(conn, account, tokens, emails)? {
        dead_letter::delete(conn, letter)?;
    }
    changes::raise(conn, account, Kind::Visitors)?;
    Ok(())
}

/// Deletes those of the tokens that stand for one of the visitors now, also in the consent log.
pub fn delete_tokens(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    tokens: &[String],
) -> Result<(), Error> {
    for token in tokens {
        let number = visitor::find_number(conn, account, token)?;
        if number.is_some_and(|number| visitors.contains(&number.0)) {
            visitor::delete_token(conn, account, token)?;
            consent::choice::forget_token(conn, account, token)?;
        }
    }
    Ok(())
}

/// The dead letters that were sent with one of the tokens, or name one of the emails.
pub fn list_letters(
    conn: &Connection,
    account: AccountId,
    tokens: &[String],
    emails: &[String],
) -> Result<Vec<i64>, Error> {
    let mut letters = dead_letter::list_ids(conn, i64::MIN, i64::MAX, u32::MAX)?;
    let mut failed = None;
    letters.retain(|letter| match dead_letter::find_body(conn, *letter) {
        Ok(body) => is_of_person(&body.unwrap_or_default(), account, tokens, emails),
        Err(error) => {
            failed = Some(error);
            false
        }
    });
    failed.map_or(Ok(letters), Err)
}

/// Was this hit sent with one of the tokens, or does it name one of the emails? One that cannot be read does if it
/// contains one of them.
fn is_of_person(body: &[u8], account: AccountId, tokens: &[String], emails: &[String]) -> bool {
    match row::hit(body) {
        Ok(hit) => {
            let sent = hit.visitor.as_ref().map(Token::as_str);
            let named = hit.identity.email.as_ref().map(Email::as_str);
            let is = |text: Option<&str>, all: &[String]| all.iter().any(|one| Some(one.as_str()) == text);
            hit.account == account && (is(sent, tokens) || is(named, emails))
        }
        Err(_) => tokens.iter().chain(emails).any(|text| row::contains_text(body, text)),
    }
}

/// The event ids of the visitors that are still known, as far as no segment is damaged.
pub fn list_event_ids(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<Vec<String>, Error> {
    let recent = recent_rows(conn, account, visitors, range_ms, now)?;
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

/// Session and time of the visitors' rows that are recent enough for their event ids to be known.
fn recent_rows(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<FxHashSet<(u32, i64)>, Error> {
    let recent = range_ms.start.max(now.0 - SEEN_FOR - AGE_MAX)..range_ms.end;
    let mut found: FxHashSet<(u32, i64)> = FxHashSet::default();
    event::list_of_visitors(conn, account, visitors, recent.clone(), |row| {
        found.insert((row.session_id, row.at_ms));
    })?;
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, recent.start, recent.end)? {
        let runs = reader.runs_with(&segment, Col::Visitor, |number| visitors.contains(&number))?;
        let rows = runs.iter().filter(|run| visitors.contains(&run.visitor)).flat_map(|run| &run.rows);
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

/// Deletes the visitors' hot rows and sessions, with what waits for them. A session that changed its visitor is kept for
/// one who stays, with what that one has in it. Damaged segments count as empty.
pub fn delete_rows(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<(), Error> {
    let sessions = sessions_of(conn, account, visitors, range_ms, now)?;
    let remainders = remainders(conn, account, visitors, &sessions)?;
    let mut rows = Vec::new();
    event::list_of_visitors(conn, account, visitors, range_ms.clone(), |row| {
        rows.push((row.at_ms, row.inbox_id));
    })?;
    for (at_ms, inbox_id) in rows {
        event::delete(conn, account, at_ms, inbox_id)?;
    }
    event::delete_properties(conn, account, visitors, range_ms)?;
    for session in sessions {
        match remainders.get(&session.id) {
            Some(remainder) => session::upsert(conn, account, &remainder.of(session, visitors))?,
            None => session::delete(conn, account, session.id)?,
        }
    }
    Ok(())
}

/// The sessions that have rows of the visitors.
fn sessions_of(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
    now: Millis,
) -> Result<Vec<Session>, Error> {
    let mut ids: FxHashSet<u32> =
        session::list_ids_of_visitors(conn, account, visitors)?.into_iter().collect();
    event::list_of_visitors(conn, account, visitors, range_ms.clone(), |row| {
        ids.insert(row.session_id);
    })?;
    ids.extend(recent_rows(conn, account, visitors, range_ms, now)?.into_iter().map(|(session, _)| session));
    let found = ids.into_iter().map(|id| session::find(conn, account, id));
    found.filter_map(Result::transpose).collect()
}

/// What visitors who stay have in a session.
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

    fn of(&self, session: Session, erased: &FxHashSet<u32>) -> Session {
        let visitor = if erased.contains(&session.visitor) { self.visitor } else { session.visitor };
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
    visitors: &FxHashSet<u32>,
    sessions: &[Session],
) -> Result<FxHashMap<u32, Remainder>, Error> {
    let ids: FxHashSet<u32> = sessions.iter().map(|session| session.id).collect();
    let (first, last) = (sessions.iter().map(|s| s.start_ms).min(), sessions.iter().map(|s| s.last_ms).max());
    let mut remainders: FxHashMap<u32, Remainder> = FxHashMap::default();
    let Some((first, last)) = first.zip(last) else { return Ok(remainders) };
    let late = late_engagement::list(conn, account, |session| ids.contains(&session))?;
    let mut add = |row: &Event| {
        if !visitors.contains(&row.visitor) && ids.contains(&row.session_id) {
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

/// The segments that have rows of some visitors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldSegments {
    pub segments: Vec<Segment>,
    /// Days that cannot be read.
    pub damaged: Vec<LocalDay>,
}

/// Answers `TimeLimit` when it takes too long.
pub fn list_segments(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
    deadline: &Deadline,
) -> Result<HeldSegments, Error> {
    let mut reader = Reader::prepare(conn)?;
    let mut found = HeldSegments::default();
    for segment in segment::list(conn, account, range_ms.start, range_ms.end)? {
        deadline.check()?;
        match reader.column(&segment, Col::Visitor) {
            Ok(found_in) if found_in.iter().any(|number| visitors.contains(number)) => {
                found.segments.push(segment)
            }
            Ok(_) => {}
            Err(Error::Damaged(_)) => found.damaged.push(segment.day),
            Err(error) => return Err(error),
        }
    }
    found.damaged.dedup();
    Ok(found)
}

/// Prepares the next segments without the visitors, as many as are written in one transaction, and removes them from
/// `segments`. A segment that cannot be read stays as it is.
pub fn prepare_removals(
    conn: &Connection,
    visitors: &FxHashSet<u32>,
    segments: &mut VecDeque<Segment>,
) -> Result<Vec<Removal>, Error> {
    rewrite::prepare_next(conn, segments, ROWS, "nothing can be erased from it", |reader, segment| {
        Removal::prepare(reader, &segment, visitors)
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
                is_of_person(body, AccountId::FIRST, &tokens, &[]),
                is_sent,
                "{}",
                String::from_utf8_lossy(body)
            );
        }
        assert!(!is_of_person(b"\x03abc", AccountId::FIRST, &[], &[]));
    }
}
