//! Are the closed days whole? Every column of every segment is read, one segment at a time, and compared with what
//! its row, its account and the sessions that still have rows of their own say. Only reads.

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
use crate::store::segment::columns::{Col, Run, figures_of};
use crate::store::segment::{self, Listed, Reader, Segment};

/// Most findings told of segments.
const FINDINGS_MAX: usize = 100;
/// Clocks west and east of Greenwich.
const WEST: i64 = 12 * HOUR;
const EAST: i64 = 14 * HOUR;

/// Looks at the segments of all accounts; answers how many there are and how many rows they hold.
///
/// # Errors
/// SQLite's; damage is a finding.
pub(super) fn look(conn: &Connection, findings: &mut Vec<String>) -> Result<(i64, i64), Error> {
    let before = findings.len();
    let strays = segment::list_strays(conn)?;
    findings.extend(strays.iter().map(|id| format!("columns of segment {id}, which does not exist")));
    let (mut segments, mut rows) = (0, 0);
    for account in segment::list_accounts(conn)? {
        let Some(numbers) = account::find_numbers(conn, account)? else {
            findings.push(format!("segments of account {account}, which does not exist"));
            continue;
        };
        let mut look = Look::start(conn, account, numbers)?;
        let Listed { segments: listed, damaged } = segment::list_verified(conn, account, i64::MIN, i64::MAX)?;
        for day in &damaged {
            look.tell(*day, &Damage::Row.to_string());
        }
        look.is_damaged = !damaged.is_empty();
        for segment in &listed {
            segments += 1;
            rows += i64::from(segment.extent.rows);
            look.segment(segment)?;
        }
        look.compare();
        findings.append(&mut look.findings);
    }
    let told = before + FINDINGS_MAX;
    if let Some(more) = findings.len().checked_sub(told).filter(|more| *more > 0) {
        findings.truncate(told);
        findings.push(format!("and {more} more findings of segments"));
    }
    Ok((segments, rows))
}

/// What a session is known to have had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Had {
    page_views: i64,
    engaged_ms: i64,
}

/// Last number of each kind of text; they are dense.
#[derive(Default)]
struct Texts(FxHashMap<u8, u32>);

impl Texts {
    fn has(&self, kind: Kind, id: u32) -> bool {
        id <= self.0.get(&(kind as u8)).copied().unwrap_or(0)
    }
}

/// The segments of one account.
struct Look<'c> {
    conn: &'c Connection,
    reader: Reader<'c>,
    account: AccountId,
    numbers: Numbers,
    last_event: u32,
    texts: Texts,
    /// Sessions whose rows are all hot.
    hot: RoaringBitmap,
    /// Sessions that changed after they were closed.
    changed: RoaringBitmap,
    /// What sessions that have a row and are in segments say they had, and what was found of them.
    said: FxHashMap<u32, Had>,
    found: FxHashMap<u32, Had>,
    /// Sessions of one run, and of several.
    alone: RoaringBitmap,
    spanning: RoaringBitmap,
    /// Something could not be read: what was found of sessions is not all of it.
    is_damaged: bool,
    findings: Vec<String>,
}

impl<'c> Look<'c> {
    fn start(conn: &'c Connection, account: AccountId, numbers: Numbers) -> Result<Self, Error> {
        let mut look = Self {
            conn,
            reader: Reader::prepare(conn)?,
            account,
            numbers,
            last_event: definition::last(conn, account)?,
            texts: Texts::default(),
            hot: RoaringBitmap::new(),
            changed: RoaringBitmap::new(),
            said: FxHashMap::default(),
            found: FxHashMap::default(),
            alone: RoaringBitmap::new(),
            spanning: RoaringBitmap::new(),
            is_damaged: false,
            findings: Vec::new(),
        };
        look.read_texts()?;
        look.read_sessions()?;
        Ok(look)
    }

    fn read_texts(&mut self) -> Result<(), Error> {
        let mut statement =
            self.conn.prepare("select kind, max(id) from dictionary where account_id = ?1 group by kind")?;
        let rows = statement.query_map([self.account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.texts.0 = rows.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// What the sessions that have a row say, and what hot rows there are of them.
    fn read_sessions(&mut self) -> Result<(), Error> {
        let mut statement = self
            .conn
            .prepare("select id, in_segment, page_views, engaged_ms from session where account_id = ?1")?;
        let mut rows = statement.query([self.account.0])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            match row.get::<_, u8>(1)? {
                0 => self.hot.insert(id),
                2 => self.changed.insert(id),
                _ => true,
            };
            if !self.hot.contains(id) {
                self.said.insert(id, Had { page_views: row.get(2)?, engaged_ms: row.get(3)? });
            }
        }
        let mut statement = self.conn.prepare(
            "select session_id, sum(kind = 1), sum(engaged_ms) from event_hot where account_id = ?1
             group by session_id",
        )?;
        let mut rows = statement.query([self.account.0])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if self.said.contains_key(&id) {
                self.found.insert(id, Had { page_views: row.get(1)?, engaged_ms: row.get(2)? });
            }
        }
        Ok(())
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), Error> {
        if !self.columns(segment)? {
            self.is_damaged = true;
            return Ok(());
        }
        match self.reader.runs(segment) {
            Ok(runs) => self.runs(segment, &runs),
            Err(Error::Damaged(damage)) => {
                self.is_damaged = true;
                self.tell(segment.day, &damage.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Each column by itself; answers whether all can be read.
    fn columns(&mut self, segment: &Segment) -> Result<bool, Error> {
        let stored = segment::list_columns(self.conn, segment.id)?;
        let before = self.findings.len();
        for number in &stored {
            if !Col::ALL.iter().any(|col| *col as i64 == *number && segment.extent.is_stored(*col)) {
                self.tell(segment.day, &format!("unknown column {number}"));
            }
        }
        let mut values = Vec::new();
        for col in Col::ALL.into_iter().filter(|col| segment.extent.is_stored(*col)) {
            if !stored.contains(&(col as i64)) {
                self.tell(segment.day, &format!("column {col:?} is missing"));
                continue;
            }
            values.clear();
            match self.reader.read(segment, col, &mut values) {
                Ok(()) => {}
                Err(Error::Damaged(damage)) => self.tell(segment.day, &format!("column {col:?}: {damage}")),
                Err(error) => return Err(error),
            }
        }
        Ok(self.findings.len() == before)
    }

    /// What the rows of a segment say.
    fn runs(&mut self, segment: &Segment, runs: &[Run]) {
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
            // what a program tells may be of nobody
            let is_nobody = run.visitor == 0 && run.session != 0;
            note(is_nobody || run.visitor > self.numbers.visitor, "visitors with unknown numbers");
            note(run.session > self.numbers.session, "sessions with unknown numbers");
            note(
                self.hot.contains(run.session),
                "sessions that are counted twice, because all their rows are still hot",
            );
            note(!self.is_known(run), "sessions with unknown texts");
            note(self.is_split(run), "sessions in two segments that are not marked as continued");
            let has_row = self.said.contains_key(&run.session);
            let mut had = has_row.then(|| self.found.entry(run.session).or_default());
            for row in &run.rows {
                (first, last) = (first.min(row.at_ms), last.max(row.at_ms));
                note(row.at_ms < from - EAST || row.at_ms >= from + DAY + WEST, "rows of another day");
                let texts = [(Kind::Page, row.page), (Kind::Title, row.title)];
                note(row.event > self.last_event, "completions of unknown events");
                note(!texts.iter().all(|(kind, id)| self.texts.has(*kind, *id)), "rows with unknown texts");
                if let Some(had) = &mut had {
                    had.page_views += i64::from(row.kind == PAGE_VIEW);
                    had.engaged_ms += i64::from(row.engaged_ms);
                }
            }
        }
        note((first, last) != (segment.extent.first_ms, segment.extent.last_ms), "wrong times");
        note(figures_of(runs) != segment.figures, "wrong totals");
        let mut wrong: Vec<_> = wrong.into_iter().collect();
        wrong.sort_unstable();
        for (what, count) in wrong {
            self.tell(segment.day, &format!("{what}: {count}"));
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
        texts.iter().all(|(kind, id)| self.texts.has(*kind, *id))
    }

    /// A session of several runs counts once only where each of them says that there are others.
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

    /// Sessions that still have a row, against what was found of them.
    fn compare(&mut self) {
        if self.is_damaged {
            return;
        }
        let differs = |id: &u32, said: &Had| {
            let found = self.found.get(id).copied().unwrap_or_default();
            let is_engaged = self.changed.contains(*id) || found.engaged_ms == said.engaged_ms;
            found.page_views != said.page_views || !is_engaged
        };
        let wrong = self.said.iter().filter(|(id, said)| differs(id, said)).count();
        if wrong > 0 {
            self.findings.push(format!(
                "account {}: sessions of closed days with a wrong number of page views: {wrong}",
                self.account
            ));
        }
    }

    fn tell(&mut self, day: LocalDay, what: &str) {
        if self.findings.len() <= FINDINGS_MAX {
            self.findings.push(format!("account {}, {day}: {what}", self.account));
        }
    }
}
