//! Sessions. The source, device and place of a session are those of its first stored hit and never change.
//!
//! `in_segment` says where the events of a session are: 0 = all in hot rows, 1 = in segments which agree with the row,
//! 2 = in segments, but the row has changed since. Rows of kind 2 are merged into their segments by `segment::close`.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::visitor::{SESSION_IDLE, VisitorNumber, is_bounce};
use crate::store::error::Error;

/// A session. Texts are dictionary ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
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

const COLUMNS: &str = "id, visitor, start_ms, last_ms, source, referrer, campaign, device, screen, language,
    place, company, is_new, switched, entry_page, exit_page, entry_ms, exit_ms, page_views, completions,
    engaged_ms, click_id, suspected";

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        visitor: row.get(1)?,
        start_ms: row.get(2)?,
        last_ms: row.get(3)?,
        source: row.get(4)?,
        referrer: row.get(5)?,
        campaign: row.get(6)?,
        device: row.get(7)?,
        screen: row.get(8)?,
        language: row.get(9)?,
        place: row.get(10)?,
        company: row.get(11)?,
        is_new: row.get(12)?,
        switched: row.get(13)?,
        entry_page: row.get(14)?,
        exit_page: row.get(15)?,
        entry_ms: row.get(16)?,
        exit_ms: row.get(17)?,
        page_views: row.get(18)?,
        completions: row.get(19)?,
        engaged_ms: row.get(20)?,
        click_id: row.get(21)?,
        suspected: row.get(22)?,
    })
}

pub fn find(conn: &Connection, account: AccountId, id: u32) -> Result<Option<Session>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {COLUMNS} from session where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id), read)
        .optional()?)
}

/// Visits the sessions with ids from `first` to `last`, ordered by id.
pub fn list(
    conn: &Connection,
    account: AccountId,
    first: u32,
    last: u32,
    mut visit: impl FnMut(Session),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from session where account_id = ?1 and id between ?2 and ?3 order by id"
    ))?;
    let mut rows = statement.query((account.0, first, last))?;
    while let Some(row) = rows.next()? {
        visit(read(row)?);
    }
    Ok(())
}

/// Inserts rows and replaces those that exist. It is prepared once for many rows, because finding it in the statement cache
/// for each of them would be a good part of the work.
pub struct Upsert<'c>(CachedStatement<'c>);

impl<'c> Upsert<'c> {
    pub fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        Ok(Self(conn.prepare_cached(
            "insert into session (account_id, id, visitor, start_ms, last_ms, source, referrer, campaign, device,
                 screen, language, place, company, is_new, switched, entry_page, exit_page, entry_ms, exit_ms,
                 page_views, completions, engaged_ms, click_id, suspected)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                 ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 ?20, ?21, ?22, ?23, ?24)
             on conflict do update set visitor = ?3, start_ms = ?4, last_ms = ?5,
                 switched = ?15, entry_page = ?16, exit_page = ?17, entry_ms = ?18,
                 exit_ms = ?19, page_views = ?20, completions = ?21, engaged_ms = ?22, suspected = ?24,
                 in_segment = case in_segment when 0 then 0 else 2 end",
        )?))
    }

    pub fn execute(&mut self, account: AccountId, session: &Session) -> Result<(), Error> {
        // Parameters by position, because looking up names would be most of the work.
        self.0.execute(params![
            account.0,
            session.id,
            session.visitor,
            session.start_ms,
            session.last_ms,
            session.source,
            session.referrer,
            session.campaign,
            session.device,
            session.screen,
            session.language,
            session.place,
            session.company,
            session.is_new,
            session.switched,
            session.entry_page,
            session.exit_page,
            session.entry_ms,
            session.exit_ms,
            session.page_views,
            session.completions,
            session.engaged_ms,
            session.click_id,
            session.suspected,
        ])?;
        Ok(())
    }
}

pub fn upsert(conn: &Connection, account: AccountId, session: &Session) -> Result<(), Error> {
    Upsert::prepare(conn)?.execute(account, session)
}

/// The sessions that now belong to a visitor. No index serves this, so all rows of the account are read.
pub fn list_ids_of_visitor(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
) -> Result<Vec<u32>, Error> {
    let mut statement =
        conn.prepare_cached("select id from session where account_id = ?1 and visitor = ?2")?;
    let rows = statement.query_map((account.0, visitor.0), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes a session and the engagement that waits for it.
pub fn delete(conn: &Connection, account: AccountId, id: u32) -> Result<(), Error> {
    conn.prepare_cached("delete from late_engagement where account_id = ?1 and session_id = ?2")?
        .execute((account.0, id))?;
    conn.prepare_cached("delete from session where account_id = ?1 and id = ?2")?.execute((account.0, id))?;
    Ok(())
}

/// The sessions that changed after their events went into a segment, by id.
pub fn list_changed(conn: &Connection, account: AccountId) -> Result<FxHashMap<u32, Session>, Error> {
    let mut statement = conn
        .prepare_cached(&format!("select {COLUMNS} from session where account_id = ?1 and in_segment = 2"))?;
    let rows = statement.query_map([account.0], read)?;
    let sessions = rows.map(|session| session.map(|session| (session.id, session)));
    Ok(sessions.collect::<Result<_, _>>()?)
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
    let mut update = conn.prepare_cached(
        "update session set in_segment = 1 where account_id = ?1 and id = ?2 and in_segment = ?3",
    )?;
    for id in ids {
        update.execute((account.0, id, before))?;
    }
    Ok(())
}

/// The first `limit` sessions that ended before `before_ms` and agree with their segments, by id. No index serves this.
pub fn list_closed(
    conn: &Connection,
    account: AccountId,
    before_ms: i64,
    limit: u32,
) -> Result<Vec<u32>, Error> {
    let mut statement = conn.prepare_cached(
        "select id from session where account_id = ?1 and in_segment = 1 and last_ms < ?2 order by id limit ?3",
    )?;
    let rows = statement.query_map((account.0, before_ms, limit), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes the rows of those sessions, unless they have changed since they were listed.
pub fn delete_closed(
    conn: &Connection,
    account: AccountId,
    before_ms: i64,
    ids: &[u32],
) -> Result<(), Error> {
    let mut delete = conn.prepare_cached(
        "delete from session where account_id = ?1 and id = ?2 and in_segment = 1 and last_ms < ?3",
    )?;
    for id in ids {
        delete.execute((account.0, id, before_ms))?;
    }
    Ok(())
}
