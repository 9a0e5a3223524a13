//! Checks closed days. Every column of every segment is read, one segment at a time, and compared with the row of the
//! segment, with its account, and with the sessions that still have rows of their own.

use roaring::{RoaringBitmap, RoaringTreemap};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::base::clock::{DAY, HOUR};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::account::{self, Numbers};
use crate::store::definition;
use crate::store::dictionary::Kind;
use crate::store::error::{Damage, Error};
use crate::store::event::PAGE_VIEW;
use crate::store::segment::columns::{Col, Run, totals_of};
use crate::store::segment::{self, Reader, Segment};
use crate::store::session;

/// Most findings reported about segments.
const FINDINGS_MAX: usize = 100;
/// How far local midnight can be from midnight UTC, west and east of Greenwich.
const WEST: i64 = 12 * HOUR;
const EAST: i64 = 14 * HOUR;

/// Checks the segments of all accounts; answers how many there are and how many rows they have. Damage is a finding,
/// not an error.
pub(super) fn check(conn: &Connection, findings: &mut Vec<String>) -> Result<(i64, i64), Error> {
    let before = findings.len();
    let orphans = segment::list_orphans(conn)?;
    findings.extend(orphans.iter().map(|id| format!("columns of segment {id}, which does not exist")));
    let (mut segments, mut rows) = (0, 0);
    for account in segment::list_accounts(conn)? {
        let Some(numbers) = account::find_numbers(conn, account)? else {
            findings.push(format!("segments of account {account}, which does not exist"));
            continue;
        };
        let mut check = AccountCheck::start(conn, account, numbers)?;
        let verified = segment::list_verified(conn, account, i64::MIN, i64::MAX)?;
        for day in &verified.damaged_days {
            check.add_finding(*day, &Damage::Row.to_string());
        }
        check.is_damaged = !verified.damaged_days.is_empty();
        for segment in &verified.segments {
            segments += 1;
            rows += i64::from(segment.extent.rows);
            check.check_segment(segment)?;
        }
        check.compare_sessions();
        findings.append(&mut check.findings);
    }
    let limit = before + FINDINGS_MAX;
    if let Some(more) = findings.len().checked_sub(limit).filter(|more| *more > 0) {
        findings.truncate(limit);
        findings.push(format!("and {more} more findings of segments"));
    }
    Ok((segments, rows))
}

/// Page views and engagement of a session, as stored in its row or as counted from its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SessionSums {
    page_views: i64,
    engaged_ms: i64,
}

struct AccountCheck<'c> {
    conn: &'c Connection,
    reader: Reader<'c>,
    account: AccountId,
    numbers: Numbers,
    last_event: u32,
    /// The last id of each kind of text. Ids have no gaps, so all lower ones exist.
    last_text: FxHashMap<u8, u32>,
    /// Sessions whose rows are all hot.
    hot: RoaringBitmap,
    /// Sessions that changed after their day was closed.
    changed: RoaringBitmap,
    /// Sessions that are in segments and have a row: what the row says, and what was counted.
    stored: FxHashMap<u32, SessionSums>,
    counted: FxHashMap<u32, SessionSums>,
    /// Sessions with a run that claims to be the only one, and with a run that does not.
    alone: RoaringBitmap,
    spanning: RoaringBitmap,
    /// Something could not be read, so `counted` is not complete.
    is_damaged: bool,
    findings: Vec<String>,
}

impl<'c> AccountCheck<'c> {
    fn start(conn: &'c Connection, account: AccountId, numbers: Numbers) -> Result<Self, Error> {
        let mut statement =
            conn.prepare("select kind, max(id) from dictionary where account_id = ?1 group by kind")?;
        let last_text = statement.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut check = Self {
            conn,
            reader: Reader::prepare(conn)?,
            account,
            numbers,
            last_event: definition::last(conn, account)?,
            last_text: last_text.collect::<Result<_, _>>()?,
            hot: RoaringBitmap::new(),
            changed: RoaringBitmap::new(),
            stored: FxHashMap::default(),
            counted: FxHashMap::default(),
            alone: RoaringBitmap::new(),
            spanning: RoaringBitmap::new(),
            is_damaged: false,
            findings: Vec::new(),
        };
        check.read_sessions()?;
        Ok(check)
    }

    fn has_text(&self, kind: Kind, id: u32) -> bool {
        id <= self.last_text.get(&(kind as u8)).copied().unwrap_or(0)
    }

    /// Reads the rows of sessions, and counts the hot rows of those that are in segments.
    fn read_sessions(&mut self) -> Result<(), Error> {
        let mut statement = self.conn.prepare(
            "select id, in_segment, page_views, engaged_ms from session_unpacked where key between ?1 and ?2",
        )?;
        let mut rows = statement.query(session::keys_of(self.account))?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            match row.get::<_, u8>(1)? {
                0 => self.hot.insert(id),
                2 => self.changed.insert(id),
                _ => true,
            };
            if !self.hot.contains(id) {
                self.stored.insert(id, SessionSums { page_views: row.get(2)?, engaged_ms: row.get(3)? });
            }
        }
        let mut statement = self.conn.prepare(
            "select session_id, sum(kind = 1), sum(engaged_ms) from event_unpacked where account_id = ?1
             group by session_id",
        )?;
        let mut rows = statement.query([self.account.0])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if self.stored.contains_key(&id) {
                self.counted.insert(id, SessionSums { page_views: row.get(1)?, engaged_ms: row.get(2)? });
            }
        }
        Ok(())
    }

    fn check_segment(&mut self, segment: &Segment) -> Result<(), Error> {
        if !self.check_columns(segment)? {
            self.is_damaged = true;
            return Ok(());
        }
        match self.reader.runs(segment) {
            Ok(runs) => self.check_runs(segment, &runs),
            Err(Error::Damaged(damage)) => {
                self.is_damaged = true;
                self.add_finding(segment.day, &damage.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads each column by itself; answers whether all can be read.
    fn check_columns(&mut self, segment: &Segment) -> Result<bool, Error> {
        let stored = segment::list_columns(self.conn, segment.id)?;
        let before = self.findings.len();
        for number in &stored {
            if !Col::ALL.iter().any(|col| *col as i64 == *number && segment.extent.is_stored(*col)) {
                self.add_finding(segment.day, &format!("unknown column {number}"));
            }
        }
        let mut values = Vec::new();
        for col in Col::ALL.into_iter().filter(|col| segment.extent.is_stored(*col)) {
            if !stored.contains(&(col as i64)) {
                self.add_finding(segment.day, &format!("column {col:?} is missing"));
                continue;
            }
            values.clear();
            match self.reader.read(segment, col, &mut values) {
                Ok(()) => {}
                Err(Error::Damaged(damage)) => {
                    self.add_finding(segment.day, &format!("column {col:?}: {damage}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.findings.len() == before)
    }

    /// Compares the rows of a segment with everything that is known of them.
    fn check_runs(&mut self, segment: &Segment, runs: &[Run]) {
        let mut wrong: FxHashMap<&'static str, usize> = FxHashMap::default();
        let mut note = |is: bool, what| {
            if is {
                *wrong.entry(what).or_default() += 1;
            }
        };
        let from = i64::from(segment.day.0) * DAY;
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        let mut before = RoaringTreemap::new();
        for run in runs {
            let is_again = !before.insert(u64::from(run.session) << 32 | u64::from(run.visitor));
            note(is_again, "duplicate sessions");
            // A program may send events without naming anybody.
            let is_nobody = run.visitor == 0 && run.session != 0;
            note(is_nobody || run.visitor > self.numbers.visitor, "visitors with unknown numbers");
            note(run.session > self.numbers.session, "sessions with unknown numbers");
            note(
                self.hot.contains(run.session),
                "sessions that are counted twice, because all their rows are still hot",
            );
            note(!self.is_known(run), "sessions with unknown texts");
            note(self.is_split(run), "sessions in two segments that are not marked as continued");
            let has_row = self.stored.contains_key(&run.session);
            let mut sums = has_row.then(|| self.counted.entry(run.session).or_default());
            for row in &run.rows {
                (first, last) = (first.min(row.at_ms), last.max(row.at_ms));
                note(row.at_ms < from - EAST || row.at_ms >= from + DAY + WEST, "rows of another day");
                let texts = [(Kind::Page, row.page), (Kind::Title, row.title)];
                note(row.event > self.last_event, "completions of unknown events");
                let has_text = |kind, id| id <= self.last_text.get(&(kind as u8)).copied().unwrap_or(0);
                note(!texts.iter().all(|(kind, id)| has_text(*kind, *id)), "rows with unknown texts");
                if let Some(sums) = &mut sums {
                    sums.page_views += i64::from(row.kind == PAGE_VIEW);
                    sums.engaged_ms += i64::from(row.engaged_ms);
                }
            }
        }
        note((first, last) != (segment.extent.first_ms, segment.extent.last_ms), "wrong times");
        note(totals_of(runs) != segment.totals, "wrong totals");
        let mut wrong: Vec<_> = wrong.into_iter().collect();
        wrong.sort_unstable();
        for (what, count) in wrong {
            self.add_finding(segment.day, &format!("{what}: {count}"));
        }
    }

    fn is_known(&self, run: &Run) -> bool {
        let texts = [
            (Kind::Source, run.source),
            (Kind::Referrer, run.referrer),
            (Kind::Campaign, run.campaign),
            (Kind::Device, run.device),
            (Kind::Language, run.language),
            (Kind::Place, run.place),
            (Kind::Company, run.company),
            (Kind::Page, run.entry_page),
            (Kind::Page, run.exit_page),
        ];
        texts.iter().all(|(kind, id)| self.has_text(*kind, *id))
    }

    /// A session with several runs is counted once only if every run says that there are others.
    fn is_split(&mut self, run: &Run) -> bool {
        if run.session == 0 || self.changed.contains(run.session) {
            return false;
        }
        let is_new = !self.alone.contains(run.session) && !self.spanning.contains(run.session);
        match run.spans {
            true => {
                self.spanning.insert(run.session);
                self.alone.contains(run.session)
            }
            false => {
                self.alone.insert(run.session);
                !is_new
            }
        }
    }

    /// Compares the sessions that still have a row with what was counted of them.
    fn compare_sessions(&mut self) {
        if self.is_damaged {
            return;
        }
        let differs = |id: &u32, stored: &SessionSums| {
            let counted = self.counted.get(id).copied().unwrap_or_default();
            // Engagement of a changed session may still wait for its segment.
            let is_engaged = self.changed.contains(*id) || counted.engaged_ms == stored.engaged_ms;
            counted.page_views != stored.page_views || !is_engaged
        };
        let wrong = self.stored.iter().filter(|(id, stored)| differs(id, stored)).count();
        if wrong > 0 {
            self.findings.push(format!(
                "account {}: sessions of closed days with a wrong number of page views: {wrong}",
                self.account
            ));
        }
    }

    fn add_finding(&mut self, day: LocalDay, what: &str) {
        if self.findings.len() <= FINDINGS_MAX {
            self.findings.push(format!("account {}, {day}: {what}", self.account));
        }
    }
}
