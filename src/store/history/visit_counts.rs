//! Sessions and page views of every visitor, counted from the rows of the store: hot rows and segments. The fold counts
//! them as they happen; this is for a store that was written before it did, and for checking one.

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use crate::domain::account::AccountId;
use crate::store::error::{Damage, Error};
use crate::store::people::contact;
use crate::store::segment::columns::{Col, IS_COMPLETION, SPANS};
use crate::store::segment::{self, Reader, Segment};

/// What is stored of one visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    pub sessions: u32,
    pub page_views: u32,
    /// The session this number took over from a lower one; 0 = none.
    pub shared_session: u32,
}

/// Writes the counts of every visitor and contact of a store that has none yet. It does the same however often it runs.
///
/// # Errors
/// SQLite's. Days that cannot be read are left out, as they are in reports.
pub(in crate::store) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut accounts = conn.prepare("select id from account order by id")?;
    let accounts = accounts.query_map([], |row| row.get(0).map(AccountId))?;
    for account in accounts.collect::<Result<Vec<_>, _>>()? {
        let mut update = conn.prepare(
            "update visitor set sessions = ?3, page_views = ?4, shared_session = ?5
             where account_id = ?1 and number = ?2",
        )?;
        for (visits, number) in count(conn, account)?.into_iter().zip(0u32..) {
            if visits != Visits::default() {
                let Visits { sessions, page_views, shared_session } = visits;
                update.execute((account.0, number, sessions, page_views, shared_session))?;
            }
        }
        contact::recount_all_visits(conn, account)?;
    }
    Ok(())
}

/// How many visitors have fewer sessions or page views written on them than there are rows of. They may have more: what
/// is deleted of a period stays counted.
pub(in crate::store) fn count_undercounted(conn: &Connection, account: AccountId) -> Result<usize, Error> {
    let counted = count(conn, account)?;
    let mut visitors =
        conn.prepare("select number, sessions, page_views from visitor where account_id = ?1")?;
    let mut rows = visitors.query([account.0])?;
    let mut wrong = 0;
    while let Some(row) = rows.next()? {
        let number: u32 = row.get(0)?;
        let found = counted.get(number as usize).copied().unwrap_or_default();
        let (sessions, page_views): (u32, u32) = (row.get(1)?, row.get(2)?);
        wrong += usize::from(sessions < found.sessions || page_views < found.page_views);
    }
    Ok(wrong)
}

/// What is stored of every visitor of an account, by number.
///
/// # Errors
/// SQLite's. Days that cannot be read are left out.
pub fn count(conn: &Connection, account: AccountId) -> Result<Vec<Visits>, Error> {
    let mut counting = Counting::start(conn, account)?;
    counting.add_hot_rows()?;
    for segment in segment::list_verified(conn, account, i64::MIN, i64::MAX)?.segments {
        match counting.add_segment(&segment) {
            Err(Error::Damaged(damage)) => {
                tracing::error!(
                    account = account.0, day = segment.day.0, %damage,
                    "a closed day cannot be read: its sessions and page views are not counted"
                );
            }
            added => added?,
        }
    }
    Ok(counting.finish())
}

/// An account under way.
struct Counting<'c> {
    conn: &'c Connection,
    account: AccountId,
    reader: Reader<'c>,
    /// Sessions that have a row of their own: they may go on, and have rows in more places than their runs say.
    recent: FxHashSet<u32>,
    /// By visitor number.
    visits: Vec<Visits>,
    /// Session and visitor, of sessions with rows in several places or of several visitors; some more than once.
    shared: Vec<(u32, u32)>,
}

impl<'c> Counting<'c> {
    fn start(conn: &'c Connection, account: AccountId) -> Result<Self, Error> {
        let mut recent = conn.prepare("select id from session where account_id = ?1")?;
        let recent = recent.query_map([account.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let (visits, shared) = (Vec::new(), Vec::new());
        Ok(Self { conn, account, reader: Reader::prepare(conn)?, recent, visits, shared })
    }

    #[expect(clippy::indexing_slicing, reason = "the list is made long enough first")]
    fn visits_of(&mut self, visitor: u32) -> &mut Visits {
        let place = visitor as usize;
        if place >= self.visits.len() {
            self.visits.resize(place + 1, Visits::default());
        }
        &mut self.visits[place]
    }

    fn add_hot_rows(&mut self) -> Result<(), Error> {
        let mut rows = self.conn.prepare(
            "select session_id, visitor, sum(kind = 1) from event_hot
             where account_id = ?1 and session_id <> 0 group by session_id, visitor",
        )?;
        let mut rows = rows.query([self.account.0])?;
        while let Some(row) = rows.next()? {
            let (session, visitor, page_views) = (row.get(0)?, row.get(1)?, row.get::<_, u32>(2)?);
            self.shared.push((session, visitor));
            self.visits_of(visitor).page_views += page_views;
        }
        Ok(())
    }

    /// Of a segment that turns out to be damaged nothing is counted.
    fn add_segment(&mut self, segment: &Segment) -> Result<(), Error> {
        let mut column = |col| {
            let mut values = Vec::new();
            self.reader.read(segment, col, &mut values).map(|()| values)
        };
        let (sessions, visitors, lengths) =
            (column(Col::Session)?, column(Col::Visitor)?, column(Col::Rows)?);
        let (flags, kinds) = (column(Col::Flags)?, column(Col::Kind)?);
        let rows = lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
        if rows != kinds.len() as u64 {
            return Err(Damage::Inconsistent.into());
        }
        let mut kinds = kinds.into_iter();
        let runs = sessions.into_iter().zip(visitors).zip(lengths).zip(flags);
        for (((session, visitor), length), flags) in runs {
            let run = kinds.by_ref().take(length as usize);
            let page_views = run.filter(|kind| kind & IS_COMPLETION == 0).count();
            // what programs report is of no session
            if session == 0 {
                continue;
            }
            let is_alone = flags & SPANS == 0 && !self.recent.contains(&session);
            if !is_alone {
                self.shared.push((session, visitor));
            }
            let visits = self.visits_of(visitor);
            visits.sessions += u32::from(is_alone);
            visits.page_views += u32::try_from(page_views).unwrap_or(u32::MAX);
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Visits> {
        let mut shared = std::mem::take(&mut self.shared);
        shared.sort_unstable();
        shared.dedup();
        let mut before = 0;
        for (session, visitor) in shared {
            let visits = self.visits_of(visitor);
            visits.sessions += 1;
            if session == before {
                visits.shared_session = session;
            }
            before = session;
        }
        self.visits
    }
}
