//! Sessions. The source, device and place of a session are those of its first stored hit and never change.
//!
//! `in_segment` says where the events of a session are: 0 = all in hot rows, 1 = in segments which agree with the row,
//! 2 = in segments, but the row has changed since. Rows of kind 2 are merged into their segments by `segment::close`.

use rusqlite::{CachedStatement, Connection, Row};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::packed::Form;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::visitor::{SESSION_IDLE, is_bounce};
use crate::store::error::Error;

/// A session. Texts are dictionary ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// It stands in the key of the row.
    #[serde(skip)]
    pub id: u32,
    pub visitor: u32,
    pub start_ms: i64,
    pub last_ms: i64,
    pub source: u32,
    pub referrer: u32,
    pub campaign: u32,
    pub device: u32,
    pub screen: u8,
    pub language: u32,
    pub place: u32,
    pub company: u32,
    pub is_new: bool,
    pub switched: bool,
    /// A robot is suspected behind it.
    pub suspected: bool,
    pub entry_page: u32,
    pub exit_page: u32,
    pub entry_ms: i64,
    pub exit_ms: i64,
    pub page_views: u32,
    pub completions: u32,
    pub engaged_ms: i64,
    /// Number of the kind.
    pub click_id: u8,
}

impl Session {
    #[must_use]
    pub const fn is_bounce(&self) -> bool {
        is_bounce(self.page_views, self.completions, self.engaged_ms)
    }

    /// A hit that arrives now would begin a new session.
    #[must_use]
    pub const fn is_over(&self, now: Millis) -> bool {
        now.0.saturating_sub(self.last_ms) >= SESSION_IDLE
    }
}

const ROW: Form = Form { name: "the row of a session", first_byte: 1, usual_bytes: 80 };

/// The number by which a session is found: of all accounts, those of one account lie together.
pub(super) const fn key(account: AccountId, id: u32) -> i64 {
    account.0 << 32 | id as i64
}

/// The number of a session within its account.
const fn id_of(key: i64) -> u32 {
    key as u32
}

pub(super) fn pack(session: &Session) -> Result<Vec<u8>, Error> {
    ROW.pack(session)
}

pub(super) fn unpack(key: i64, row: &[u8]) -> Result<Session, Error> {
    Ok(Session { id: id_of(key), ..ROW.unpack(row)? })
}

/// Reads `key, row`.
fn read(row: &Row<'_>) -> Result<Session, Error> {
    Ok(Session { id: id_of(row.get(0)?), ..ROW.read(row, 1)? })
}

/// The lowest and the highest key that a session of an account may have.
pub(in crate::store) fn keys_of(account: AccountId) -> (i64, i64) {
    (key(account, 0), key(account, u32::MAX))
}

pub fn find(conn: &Connection, account: AccountId, id: u32) -> Result<Option<Session>, Error> {
    let mut statement = conn.prepare_cached("select key, row from session where key = ?1")?;
    let mut rows = statement.query([key(account, id)])?;
    rows.next()?.map(read).transpose()
}

/// Visits the sessions with ids from `first` to `last`, ordered by id.
pub fn list(
    conn: &Connection,
    account: AccountId,
    first: u32,
    last: u32,
    mut visit: impl FnMut(Session),
) -> Result<(), Error> {
    let mut statement =
        conn.prepare_cached("select key, row from session where key between ?1 and ?2 order by key")?;
    let mut rows = statement.query((key(account, first), key(account, last)))?;
    while let Some(row) = rows.next()? {
        visit(read(row)?);
    }
    Ok(())
}

/// The ids of all sessions of an account that have a row.
pub fn list_ids(conn: &Connection, account: AccountId) -> Result<FxHashSet<u32>, Error> {
    let mut statement = conn.prepare_cached("select key from session where key between ?1 and ?2")?;
    let ids = statement.query_map(keys_of(account), |row| row.get::<_, i64>(0).map(id_of))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// When the last of all sessions that have a row ended so far. All rows are read.
pub fn find_newest(conn: &Connection) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare("select key, row from session")?;
    let mut rows = statement.query([])?;
    let mut newest = None;
    while let Some(row) = rows.next()? {
        newest = newest.max(Some(read(row)?.last_ms));
    }
    Ok(newest)
}

/// Writes sessions as they are now. Its statements are prepared once for many rows, because finding them in the cache for
/// each row would be a good part of the work.
pub struct Upsert<'c> {
    /// Changes the row of a session that is in no segment; cheaper than inserting and finding that the row is there.
    update: CachedStatement<'c>,
    upsert: CachedStatement<'c>,
}

impl<'c> Upsert<'c> {
    pub fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        let update = conn.prepare_cached("update session set row = ?2 where key = ?1 and in_segment = 0")?;
        let upsert = conn.prepare_cached(
            "insert into session (key, in_segment, row) values (?1, 0, ?2)
             on conflict do update set row = ?2, in_segment = case in_segment when 0 then 0 else 2 end",
        )?;
        Ok(Self { update, upsert })
    }

    pub fn execute(&mut self, account: AccountId, session: &Session) -> Result<(), Error> {
        let values = (key(account, session.id), pack(session)?);
        // A session of one hit is most likely new.
        let may_exist = session.last_ms > session.start_ms;
        if !may_exist || self.update.execute((values.0, &values.1))? == 0 {
            self.upsert.execute(values)?;
        }
        Ok(())
    }
}

pub fn upsert(conn: &Connection, account: AccountId, session: &Session) -> Result<(), Error> {
    Upsert::prepare(conn)?.execute(account, session)
}

/// Adds to the completions of a session, which may be a negative number of them. A session without row is left out.
pub fn add_completions(
    conn: &Connection,
    account: AccountId,
    id: u32,
    completions: i64,
) -> Result<(), Error> {
    let Some(mut session) = find(conn, account, id)? else { return Ok(()) };
    let sum = i64::from(session.completions).saturating_add(completions).max(0);
    session.completions = u32::try_from(sum).unwrap_or(u32::MAX);
    upsert(conn, account, &session)
}

/// The sessions that now belong to one of the visitors. No index serves this, so all rows of the account are read.
pub fn list_ids_of_visitors(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
) -> Result<Vec<u32>, Error> {
    let mut ids = Vec::new();
    list(conn, account, 0, u32::MAX, |session| {
        if visitors.contains(&session.visitor) {
            ids.push(session.id);
        }
    })?;
    Ok(ids)
}

/// Deletes a session and the engagement that waits for it.
pub fn delete(conn: &Connection, account: AccountId, id: u32) -> Result<(), Error> {
    conn.prepare_cached("delete from late_engagement where account_id = ?1 and session_id = ?2")?
        .execute((account.0, id))?;
    conn.prepare_cached("delete from session where key = ?1")?.execute([key(account, id)])?;
    Ok(())
}

/// The sessions that changed after their events went into a segment, by id.
pub fn list_changed(conn: &Connection, account: AccountId) -> Result<FxHashMap<u32, Session>, Error> {
    let mut statement = conn.prepare_cached(
        "select key, row from session indexed by session_changed where key between ?1 and ?2 and in_segment = 2",
    )?;
    let mut rows = statement.query(keys_of(account))?;
    let mut sessions = FxHashMap::default();
    while let Some(row) = rows.next()? {
        let session = read(row)?;
        sessions.insert(session.id, session);
    }
    Ok(sessions)
}

/// Marks sessions whose events are in a segment now.
pub fn update_closed(
    conn: &Connection,
    account: AccountId,
    ids: impl Iterator<Item = u32>,
) -> Result<(), Error> {
    update_in_segment(conn, account, 0, ids)
}

/// Marks changed sessions whose segments agree with them now.
pub fn update_merged(
    conn: &Connection,
    account: AccountId,
    ids: impl Iterator<Item = u32>,
) -> Result<(), Error> {
    update_in_segment(conn, account, 2, ids)
}

fn update_in_segment(
    conn: &Connection,
    account: AccountId,
    before: u8,
    ids: impl Iterator<Item = u32>,
) -> Result<(), Error> {
    let mut update =
        conn.prepare_cached("update session set in_segment = 1 where key = ?1 and in_segment = ?2")?;
    for id in ids {
        update.execute((key(account, id), before))?;
    }
    Ok(())
}

/// The first `limit` sessions that ended before `before_ms` and agree with their segments, by id. No index serves this.
pub fn list_closed(
    conn: &Connection,
    account: AccountId,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<u32>, Error> {
    let mut statement = conn.prepare_cached(
        "select key, row from session where key between ?1 and ?2 and in_segment = 1 order by key",
    )?;
    list_ended(&mut statement, account, before_ms, limit)
}

/// Deletes the rows of those sessions, unless they have changed since they were listed.
pub fn delete_closed(
    conn: &Connection,
    account: AccountId,
    before_ms: i64,
    ids: &[u32],
) -> Result<(), Error> {
    let mut find = conn.prepare_cached("select key, row from session where key = ?1 and in_segment = 1")?;
    let mut delete = conn.prepare_cached("delete from session where key = ?1")?;
    for id in ids {
        let mut rows = find.query([key(account, *id)])?;
        let is_closed = match rows.next()? {
            Some(row) => read(row)?.last_ms < before_ms,
            None => false,
        };
        if is_closed {
            delete.execute([key(account, *id)])?;
        }
    }
    Ok(())
}

/// Deletes the rows of all sessions that ended before `before_ms`, whatever else is kept of them.
pub fn delete_ended(conn: &Connection, account: AccountId, before_ms: i64) -> Result<(), Error> {
    let ended = {
        let mut statement =
            conn.prepare_cached("select key, row from session where key between ?1 and ?2 order by key")?;
        list_ended(&mut statement, account, before_ms, usize::MAX)?
    };
    let mut delete = conn.prepare_cached("delete from session where key = ?1")?;
    for id in ended {
        delete.execute([key(account, id)])?;
    }
    Ok(())
}

/// The first `limit` sessions among those of the statement that ended before `before_ms`.
fn list_ended(
    statement: &mut CachedStatement<'_>,
    account: AccountId,
    before_ms: i64,
    limit: usize,
) -> Result<Vec<u32>, Error> {
    let mut rows = statement.query(keys_of(account))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()?
        && ids.len() < limit
    {
        let session = read(row)?;
        if session.last_ms < before_ms {
            ids.push(session.id);
        }
    }
    Ok(ids)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The row of `full`.
    const FULL: &str =
        "01ac0280faa0c6c0688888a1c6c06801020304060708090100010a0b82faa0c6c068c086a1c6c0680c0d1c0f";

    /// A session in which every field has a value of its own.
    fn full() -> Session {
        Session {
            id: 5,
            visitor: 300,
            start_ms: 1_795_370_000_000,
            last_ms: 1_795_370_000_900,
            source: 1,
            referrer: 2,
            campaign: 3,
            device: 4,
            screen: 6,
            language: 7,
            place: 8,
            company: 9,
            is_new: true,
            switched: false,
            suspected: true,
            entry_page: 10,
            exit_page: 11,
            entry_ms: 1_795_370_000_001,
            exit_ms: 1_795_370_000_800,
            page_views: 12,
            completions: 13,
            engaged_ms: 14,
            click_id: 15,
        }
    }

    pub(in crate::store::hits) fn row() -> Vec<u8> {
        pack(&full()).unwrap()
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let account = AccountId(1_000_001);
        assert_eq!(unpack(key(account, 5), &row()).unwrap(), full());
        assert_eq!((key(account, 0) >> 32, id_of(key(account, u32::MAX))), (account.0, u32::MAX));
        let most = Session {
            id: u32::MAX,
            visitor: u32::MAX,
            start_ms: i64::MIN,
            last_ms: i64::MIN,
            source: u32::MAX,
            referrer: u32::MAX,
            campaign: u32::MAX,
            device: u32::MAX,
            screen: u8::MAX,
            language: u32::MAX,
            place: u32::MAX,
            company: u32::MAX,
            entry_page: u32::MAX,
            exit_page: u32::MAX,
            entry_ms: i64::MIN,
            exit_ms: i64::MIN,
            page_views: u32::MAX,
            completions: u32::MAX,
            engaged_ms: i64::MIN,
            click_id: u8::MAX,
            ..full()
        };
        let row = pack(&most).unwrap();
        assert_eq!(unpack(key(account, u32::MAX), &row).unwrap(), most);
        assert!(row.len() <= 256, "the table takes no more: {}", row.len());
    }

    #[test]
    fn a_row_of_this_version_is_read_by_every_later_one() {
        let row: String = row().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row, FULL, "a changed form needs a new first byte");
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let row = row();
        for length in 0..row.len() {
            assert!(unpack(5, &row[..length]).is_err(), "{length} bytes of {}", row.len());
        }
        for bad in [&[&row[..], &[0]].concat()[..], &[0], &[2, 0], &[]] {
            assert!(unpack(5, bad).is_err(), "{bad:?}");
        }
    }
}
