//! Reads hot rows as batches: columns of rows that are clustered by session and visitor. Segments are read into the same
//! `Batch`.

use std::ops::Range;

use rusqlite::Connection;

use super::column::{
    Column, NEW, RETURNING, ROW_COLUMNS, RowColumn, SESSION_COLUMNS, SUSPECTED, SessionColumn, UNSUSPECTED,
};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::error::Error;
use crate::store::event::{self, COMPLETION, Event};
use crate::store::session::{self, Session};

/// Most hot rows in memory at once.
pub(super) const BATCH_ROWS: usize = 128 * 1024;
/// Sessions whose ids are closer to each other than this are read by one query.
const SESSION_GAP: u32 = 32;

/// Rows in columns, clustered into runs. A run is what one visitor did in one session. A session in which the browser
/// identified as somebody else has two runs (rules.md 12).
#[derive(Debug, Default)]
pub(super) struct Batch {
    // One value per run:
    /// 0 for events sent by programs.
    pub session: Vec<u32>,
    pub visitor: Vec<u32>,
    /// Where the rows of the run end. They begin where those of the run before end.
    pub end: Vec<u32>,
    /// The session may have rows in another run, of this batch or another one.
    pub spans: Vec<bool>,
    pub bounced: Vec<bool>,
    pub session_codes: [Vec<u32>; SESSION_COLUMNS],
    // One value per row; an empty column stands for zeros:
    /// Empty when the request need not distinguish the times of rows; all are then taken for `only_ms`.
    pub at_ms: Vec<i64>,
    pub only_ms: i64,
    pub is_completion: Vec<bool>,
    pub value_minor: Vec<i64>,
    pub engaged_ms: Vec<u32>,
    pub row_codes: [Vec<u32>; ROW_COLUMNS],
    /// If not empty, the codes of pages in `row_codes` are indexes into this list of pages.
    pub pages: Vec<u32>,
}

/// To whom a run belongs. A session and a visitor count once per group, however many rows the run has in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunOwner {
    /// 0 for events sent by programs.
    pub session: u32,
    pub visitor: u32,
    pub spans: bool,
    pub bounced: bool,
}

impl Batch {
    /// Indexes of the rows of a run.
    #[inline]
    pub(super) fn rows_of(&self, run: u32) -> Range<u32> {
        let end_of = |run: u32| self.end.get(run as usize).copied().unwrap_or(0);
        run.checked_sub(1).map_or(0, end_of)..end_of(run)
    }

    pub(super) fn owner(&self, run: usize) -> RunOwner {
        RunOwner {
            session: self.session.get(run).copied().unwrap_or(0),
            visitor: self.visitor.get(run).copied().unwrap_or(0),
            spans: self.spans.get(run).copied().unwrap_or(true),
            bounced: self.bounced.get(run).copied().unwrap_or(false),
        }
    }

    /// The values of a column, one per run or per row; empty when it was not read.
    pub(super) fn codes(&self, column: Column) -> &[u32] {
        let codes = match column {
            Column::Session(of) => self.session_codes.get(of as usize),
            Column::Row(of) => self.row_codes.get(of as usize),
            Column::Contact => None,
        };
        codes.map(Vec::as_slice).unwrap_or_default()
    }

    /// The list of codes that the values of a column are indexes into; empty where the values are codes themselves.
    pub(super) fn code_list(&self, of: RowColumn) -> &[u32] {
        match of {
            RowColumn::Page => &self.pages,
            RowColumn::Event | RowColumn::Consent => &[],
        }
    }

    /// Drops rows outside `range_ms`, and runs without any row left. Whether a run's session has rows in other runs does
    /// not change by that.
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
        self.session_codes.iter_mut().for_each(|column| retain(column, &stays));
        retain(&mut self.at_ms, &is_kept);
        retain(&mut self.is_completion, &is_kept);
        retain(&mut self.value_minor, &is_kept);
        retain(&mut self.engaged_ms, &is_kept);
        self.row_codes.iter_mut().for_each(|column| retain(column, &is_kept));
    }

    pub(super) fn clear(&mut self) {
        self.session.clear();
        self.visitor.clear();
        self.end.clear();
        self.spans.clear();
        self.bounced.clear();
        self.session_codes.iter_mut().for_each(Vec::clear);
        self.at_ms.clear();
        self.is_completion.clear();
        self.value_minor.clear();
        self.engaged_ms.clear();
        self.row_codes.iter_mut().for_each(Vec::clear);
        self.pages.clear();
    }
}

fn retain<T>(column: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    column.retain(|_| stays.next().is_some_and(|stays| *stays));
}

/// Which hot rows to read.
pub(super) struct HotRows<'a> {
    pub conn: &'a Connection,
    pub account: AccountId,
    pub from_ms: i64,
    pub to_ms: i64,
    /// Decides which sessions are finished.
    pub now: Millis,
    pub batch_rows: usize,
}

impl HotRows<'_> {
    /// Reads the rows of the period in batches.
    pub(super) fn read(&self, mut visit: impl FnMut(&Batch) -> Result<(), Error>) -> Result<(), Error> {
        let mut statement = self.conn.prepare_cached(
            "select at_ms, event, row from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3
             order by at_ms, inbox_id",
        )?;
        let mut rows = statement.query((self.account.0, self.from_ms, self.to_ms))?;
        let mut raw: Vec<Event> = Vec::new();
        let mut batch = Batch::default();
        loop {
            raw.clear();
            let mut is_last = false;
            while raw.len() < self.batch_rows {
                let Some(row) = rows.next()? else {
                    is_last = true;
                    break;
                };
                raw.push(Event { at_ms: row.get(0)?, event: row.get(1)?, ..event::read(row, 2)? });
            }
            cluster(&mut batch, &raw);
            self.add_sessions(&mut batch)?;
            visit(&batch)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Fills in what the runs have from the rows of their sessions. A session without row leaves zeros.
    fn add_sessions(&self, batch: &mut Batch) -> Result<(), Error> {
        let runs = batch.session.len();
        batch.bounced.resize(runs, false);
        batch.spans.resize(runs, true);
        batch.session_codes.iter_mut().for_each(|column| column.resize(runs, 0));
        let mut run = batch.session.partition_point(|id| *id == 0);
        while let Some(first) = batch.session.get(run).copied() {
            let last = last_nearby(batch.session.get(run..).unwrap_or_default());
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

/// Fills in the runs of one session, whose first run is at `run` or later. Answers where the next session can begin.
fn add_session(batch: &mut Batch, mut run: usize, session: &Session, now: Millis) -> usize {
    while batch.session.get(run).is_some_and(|id| *id < session.id) {
        run += 1;
    }
    let codes = session_codes(session, now);
    while batch.session.get(run) == Some(&session.id) {
        let rows = batch.rows_of(run as u32).len() as u64;
        if let Some(spans) = batch.spans.get_mut(run) {
            *spans = rows != u64::from(session.page_views) + u64::from(session.completions);
        }
        for (column, code) in batch.session_codes.iter_mut().zip(codes) {
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

/// The codes of a session, one per column.
pub(super) fn session_codes(session: &Session, now: Millis) -> [u32; SESSION_COLUMNS] {
    use SessionColumn as S;
    let mut codes = [0; SESSION_COLUMNS];
    for (of, code) in [
        (S::Source, session.source),
        (S::Referrer, session.referrer),
        (S::Campaign, session.campaign),
        (S::Device, session.device),
        (S::Screen, session.screen.into()),
        (S::Language, session.language),
        (S::Place, session.place),
        (S::Company, session.company),
        (S::ClickId, session.click_id.into()),
        (S::VisitorType, if session.is_new { NEW } else { RETURNING }),
        (S::EntryPage, session.entry_page),
        // A session that is not finished has no exit page yet (rules.md 15).
        (S::ExitPage, if session.is_over(now) { session.exit_page } else { 0 }),
        (S::Suspected, if session.suspected { SUSPECTED } else { UNSUSPECTED }),
    ] {
        if let Some(place) = codes.get_mut(of as usize) {
            *place = code;
        }
    }
    codes
}

/// The last id at the beginning of `sessions` (ascending) up to the first large gap.
fn last_nearby(sessions: &[u32]) -> u32 {
    let mut last = sessions.first().copied().unwrap_or(0);
    for id in sessions {
        if id - last > SESSION_GAP {
            break;
        }
        last = *id;
    }
    last
}

/// Sorts rows into runs. Inside a run they stay ordered by time.
fn cluster(batch: &mut Batch, raw: &[Event]) {
    batch.clear();
    // The session in the upper half, the visitor in the lower one.
    let key = |row: &Event| u64::from(row.session_id) << 32 | u64::from(row.visitor);
    let mut order: Vec<(u64, u32)> = raw.iter().map(key).zip(0..).collect();
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
        let codes = [
            (RowColumn::Page, row.page),
            (RowColumn::Event, row.event),
            (RowColumn::Consent, row.consent.into()),
        ];
        for (of, code) in codes {
            if let Some(column) = batch.row_codes.get_mut(of as usize) {
                column.push(code);
            }
        }
    }
    if before.is_some() {
        batch.end.push(batch.at_ms.len() as u32);
    }
}

/// A value of a column. An empty column stands for zeros.
#[inline]
pub(super) fn at<T: Copy + Default>(column: &[T], place: usize) -> T {
    column.get(place).copied().unwrap_or_default()
}
