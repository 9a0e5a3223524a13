//! Hot rows as batches: rows clustered by session and visitor, in columns. A segment of a closed day fills the
//! same `Batch`. Nothing here filters or counts.

use std::ops::Range;

use rusqlite::Connection;

use super::column::{NEW, OF_ROW, OF_SESSION, OfRow, OfSession, RETURNING};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::error::Error;
use crate::store::event::COMPLETION;
use crate::store::session::{self, Session};

/// Most hot rows held at once.
pub(super) const BATCH_ROWS: usize = 128 * 1024;
/// Ids of sessions nearer to each other than this are read in one go.
const SESSION_GAP: u32 = 32;

/// Rows in columns. A *run* is what one session of one visitor has in the batch: a visitor who calls himself
/// somebody else inside a session has two (rules.md 12).
#[derive(Debug, Default)]
pub(super) struct Batch {
    // one value per run
    /// 0 = told by a program.
    pub session: Vec<u32>,
    pub visitor: Vec<u32>,
    /// Where the rows of the run end; they begin where those of the run before end.
    pub end: Vec<u32>,
    /// The session may have rows in another run, here or in another batch.
    pub spans: Vec<bool>,
    pub bounced: Vec<bool>,
    pub of_session: [Vec<u32>; OF_SESSION],
    // one value per row; where a column is empty, all of its values are 0
    /// Empty when rows need not be told apart by their time: then it is `only_ms`.
    pub at_ms: Vec<i64>,
    pub only_ms: i64,
    /// A completion, otherwise a page view.
    pub is_completion: Vec<bool>,
    pub value_minor: Vec<i64>,
    pub engaged_ms: Vec<u32>,
    pub of_row: [Vec<u32>; OF_ROW],
    /// Pages, where those of rows are told by their place among these.
    pub pages: Vec<u32>,
}

/// Whose a run is: of a session and a visitor that count once in each group the run has rows in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    /// 0 = told by a program.
    pub session: u32,
    pub visitor: u32,
    pub spans: bool,
    pub bounced: bool,
}

impl Batch {
    /// Places of the rows of a run.
    #[inline]
    pub(super) fn rows_of(&self, run: u32) -> Range<u32> {
        let end_of = |run: u32| self.end.get(run as usize).copied().unwrap_or(0);
        run.checked_sub(1).map_or(0, end_of)..end_of(run)
    }

    /// Whose a run is.
    pub(super) fn touch(&self, run: usize) -> Touch {
        Touch {
            session: self.session.get(run).copied().unwrap_or(0),
            visitor: self.visitor.get(run).copied().unwrap_or(0),
            spans: self.spans.get(run).copied().unwrap_or(true),
            bounced: self.bounced.get(run).copied().unwrap_or(false),
        }
    }

    /// The codes among which those of a column are places; none where they are codes themselves.
    pub(super) fn listed(&self, of: OfRow) -> &[u32] {
        match of {
            OfRow::Page => &self.pages,
            OfRow::Event | OfRow::Consent => &[],
        }
    }

    /// Drops the rows outside `range_ms`, and runs that have none left. Sessions cut so have rows elsewhere.
    pub(super) fn retain(&mut self, range_ms: &Range<i64>) {
        let is_kept: Vec<bool> = self.at_ms.iter().map(|at| range_ms.contains(at)).collect();
        let (mut begin, mut kept) = (0, 0);
        let mut stays = Vec::with_capacity(self.end.len());
        for end in &mut self.end {
            let rows = is_kept.get(begin as usize..*end as usize).unwrap_or_default();
            begin = *end;
            let left = rows.iter().filter(|kept| **kept).count() as u32;
            kept += left;
            *end = kept;
            stays.push(left > 0);
        }
        retain(&mut self.session, &stays);
        retain(&mut self.visitor, &stays);
        retain(&mut self.end, &stays);
        retain(&mut self.spans, &stays);
        retain(&mut self.bounced, &stays);
        self.of_session.iter_mut().for_each(|column| retain(column, &stays));
        retain(&mut self.at_ms, &is_kept);
        retain(&mut self.is_completion, &is_kept);
        retain(&mut self.value_minor, &is_kept);
        retain(&mut self.engaged_ms, &is_kept);
        self.of_row.iter_mut().for_each(|column| retain(column, &is_kept));
    }

    pub(super) fn clear(&mut self) {
        self.session.clear();
        self.visitor.clear();
        self.end.clear();
        self.spans.clear();
        self.bounced.clear();
        self.of_session.iter_mut().for_each(Vec::clear);
        self.at_ms.clear();
        self.is_completion.clear();
        self.value_minor.clear();
        self.engaged_ms.clear();
        self.of_row.iter_mut().for_each(Vec::clear);
        self.pages.clear();
    }
}

fn retain<T>(column: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    column.retain(|_| stays.next().is_some_and(|stays| *stays));
}

/// A row as it is read.
#[derive(Clone, Copy)]
struct Raw {
    /// Session in the upper half: the order of runs.
    session_visitor: u64,
    at_ms: i64,
    value_minor: i64,
    page: u32,
    event: u32,
    engaged_ms: u32,
    kind: u8,
    consent: u8,
}

/// What hot rows are read.
pub(super) struct Hot<'a> {
    pub conn: &'a Connection,
    pub account: AccountId,
    pub from_ms: i64,
    pub to_ms: i64,
    /// For what depends on whether a session is over.
    pub now: Millis,
    /// Rows of a batch.
    pub batch_rows: usize,
}

impl Hot<'_> {
    /// Reads the rows of the period in batches.
    pub(super) fn read(&self, mut visit: impl FnMut(&Batch) -> Result<(), Error>) -> Result<(), Error> {
        let mut statement = self.conn.prepare_cached(
            // two columns in one number: fetching a value costs more than reading it
            "select (session_id << 32) | visitor, at_ms, value_minor, (page << 32) | event,
                    (engaged_ms << 16) | (kind << 8) | consent
             from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 order by at_ms, inbox_id",
        )?;
        let mut rows = statement.query((self.account.0, self.from_ms, self.to_ms))?;
        let mut raw: Vec<Raw> = Vec::new();
        let mut batch = Batch::default();
        loop {
            raw.clear();
            let mut is_last = false;
            while raw.len() < self.batch_rows {
                let Some(row) = rows.next()? else {
                    is_last = true;
                    break;
                };
                let (page_event, rest): (i64, i64) = (row.get(3)?, row.get(4)?);
                raw.push(Raw {
                    session_visitor: row.get::<_, i64>(0)?.cast_unsigned(),
                    at_ms: row.get(1)?,
                    value_minor: row.get(2)?,
                    page: (page_event >> 32) as u32,
                    event: page_event as u32,
                    engaged_ms: (rest >> 16) as u32,
                    kind: (rest >> 8) as u8,
                    consent: rest as u8,
                });
            }
            cluster(&mut batch, &raw);
            self.add_sessions(&mut batch)?;
            visit(&batch)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Fills what the runs have of their sessions; of a session that is not there, nothing.
    fn add_sessions(&self, batch: &mut Batch) -> Result<(), Error> {
        let runs = batch.session.len();
        batch.bounced.resize(runs, false);
        batch.spans.resize(runs, true);
        batch.of_session.iter_mut().for_each(|column| column.resize(runs, 0));
        let mut run = batch.session.partition_point(|id| *id == 0);
        while let Some(first) = batch.session.get(run).copied() {
            let last = near(batch.session.get(run..).unwrap_or_default());
            session::list(self.conn, self.account, first, last, |session| {
                run = add_session(batch, run, &session, self.now);
            })?;
            while batch.session.get(run).is_some_and(|session| *session <= last) {
                run += 1;
            }
        }
        Ok(())
    }
}

/// Fills the runs of a session, the first of which is at `run` or later; answers where the next one's may be.
fn add_session(batch: &mut Batch, mut run: usize, session: &Session, now: Millis) -> usize {
    while batch.session.get(run).is_some_and(|id| *id < session.id) {
        run += 1;
    }
    let codes = of_session(session, now);
    while batch.session.get(run) == Some(&session.id) {
        let rows = batch.rows_of(run as u32).len() as u64;
        if let Some(spans) = batch.spans.get_mut(run) {
            *spans = rows != u64::from(session.page_views) + u64::from(session.completions);
        }
        for (column, code) in batch.of_session.iter_mut().zip(codes) {
            if let Some(place) = column.get_mut(run) {
                *place = code;
            }
        }
        if let Some(place) = batch.bounced.get_mut(run) {
            *place = session.is_bounce();
        }
        run += 1;
    }
    run
}

/// What the columns hold of a session.
pub(super) fn of_session(session: &Session, now: Millis) -> [u32; OF_SESSION] {
    use OfSession as S;
    let mut codes = [0; OF_SESSION];
    for (of, code) in [
        (S::Source, session.source),
        (S::Referrer, session.referrer),
        (S::Campaign, session.campaign),
        (S::Device, session.device),
        (S::Screen, session.screen.into()),
        (S::Language, session.language),
        (S::Place, session.place),
        (S::Company, session.company),
        (S::VisitorType, if session.is_new { NEW } else { RETURNING }),
        (S::EntryPage, session.entry_page),
        // an open session has no exit page yet (rules.md 15)
        (S::ExitPage, if session.is_over(now) { session.exit_page } else { 0 }),
    ] {
        if let Some(place) = codes.get_mut(of as usize) {
            *place = code;
        }
    }
    codes
}

/// Last of the ids at the beginning of `sessions` (ascending) that lie close together.
fn near(sessions: &[u32]) -> u32 {
    let mut last = sessions.first().copied().unwrap_or(0);
    for id in sessions {
        if id - last > SESSION_GAP {
            break;
        }
        last = *id;
    }
    last
}

/// Sorts rows into runs; inside a run they stay in the order of time.
fn cluster(batch: &mut Batch, raw: &[Raw]) {
    batch.clear();
    let mut order: Vec<(u64, u32)> = raw.iter().map(|row| row.session_visitor).zip(0..).collect();
    order.sort_unstable();
    let mut before = None;
    for (key, place) in order {
        let Some(row) = raw.get(place as usize) else { continue };
        let rows = batch.at_ms.len() as u32;
        if before != Some(key) {
            if before.is_some() {
                batch.end.push(rows);
            }
            batch.session.push((key >> 32) as u32);
            batch.visitor.push(key as u32);
            before = Some(key);
        }
        batch.at_ms.push(row.at_ms);
        batch.is_completion.push(row.kind == COMPLETION);
        batch.value_minor.push(row.value_minor);
        batch.engaged_ms.push(row.engaged_ms);
        let codes =
            [(OfRow::Page, row.page), (OfRow::Event, row.event), (OfRow::Consent, row.consent.into())];
        for (of, code) in codes {
            if let Some(column) = batch.of_row.get_mut(of as usize) {
                column.push(code);
            }
        }
    }
    if before.is_some() {
        batch.end.push(batch.at_ms.len() as u32);
    }
}

/// A value of a column; where the column is empty, all of its values are 0.
#[inline]
pub(super) fn at<T: Copy + Default>(column: &[T], place: usize) -> T {
    column.get(place).copied().unwrap_or_default()
}
