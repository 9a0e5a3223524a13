//! One generic scan answers every report: any filters, any groupings, any period, with exact distinct visitors
//! and sessions. One pass over the rows fills all groupings of a question. There is no SQL per report: rows
//! come as batches of columns, filters are one bool and groups one number per code of a column. What the
//! figures mean is written in `domain::question`.

mod bitsets;
mod column;
mod groups;
mod question;
mod rows;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use bitsets::{Bits, Class};
use column::Column;
use groups::{Matched, Tally};
use question::{Mask, Masks};
use rows::{Batch, Hot};

use super::account;
use super::error::{Error, TIME_LIMIT};
use crate::base::clock::{Clock, Millis};
use crate::domain::account::AccountId;
use crate::domain::question::{Dimension, Filter};

/// When a scan must end; asked between batches, where SQLite does not ask.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    at: Duration,
}

impl Deadline {
    /// The readers' time limit from now on.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let at = clock.monotonic() + TIME_LIMIT;
        Self { clock, at }
    }

    fn check(&self) -> Result<(), Error> {
        if self.clock.monotonic() > self.at { Err(Error::TimeLimit) } else { Ok(()) }
    }
}

/// Bounds of the memory of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of bitsets.
    pub set_bytes: usize,
    /// Pairs of group and number, 8 bytes each; past it the scan makes more passes.
    pub pairs: usize,
    /// Hot rows held at once.
    pub batch_rows: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { set_bytes: 40 * 1024 * 1024, pairs: 5_000_000, batch_rows: rows::BATCH_ROWS }
    }
}

/// A question.
pub struct Ask<'a> {
    pub account: AccountId,
    /// Half-open, milliseconds.
    pub range_ms: Range<i64>,
    /// All must hold.
    pub filters: &'a [Filter],
    pub groupings: &'a [Grouping],
    pub now: Millis,
    pub deadline: Deadline,
    pub bounds: Bounds,
}

/// What rows are put together by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One row.
    Total,
    /// A row per interval, empty ones too: ascending bounds that cover the period.
    Steps(Vec<i64>),
    /// The top rows by name. What programs tell is in no group of a session's dimension (rules.md 13).
    By(Key, Top),
}

/// What names a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One text; of pages two, host and path.
    Dimension(Dimension),
    /// Source and its first drill-down.
    SourceAndDetail,
    /// `utm_source`, `utm_medium`, `utm_campaign`.
    Campaign,
}

/// Which groups are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Greatest first; equals by name.
    pub by: Measure,
    /// At least 1.
    pub limit: usize,
    pub after: Option<Cursor>,
    /// Leave out the group without name.
    pub skip_empty: bool,
}

/// The last row shown: its figure and the lowest code of its group, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    value: i64,
    code: u32,
}

impl Cursor {
    /// Reads what `Display` wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (value, code) = text.split_once('.')?;
        Some(Self { value: value.parse().ok()?, code: code.parse().ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.value, self.code)
    }
}

/// A figure a table can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Visitors,
    Sessions,
    PageViews,
    Completions,
    Value,
    Engaged,
    Bounces,
}

impl Measure {
    pub const ALL: [Self; 7] = [
        Self::Visitors,
        Self::Sessions,
        Self::PageViews,
        Self::Completions,
        Self::Value,
        Self::Engaged,
        Self::Bounces,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visitors => "visitors",
            Self::Sessions => "sessions",
            Self::PageViews => "page_views",
            Self::Completions => "completions",
            Self::Value => "value",
            Self::Engaged => "engaged",
            Self::Bounces => "bounces",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

/// The figures of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    pub value_minor: i64,
    /// Of the matching page views.
    pub engaged_ms: u64,
    /// Sessions that bounced (rules.md 15), as a whole, whatever of them matched.
    pub bounces: u64,
}

impl Figures {
    #[must_use]
    pub fn get(&self, measure: Measure) -> i64 {
        let count = match measure {
            Measure::Visitors => self.visitors,
            Measure::Sessions => self.sessions,
            Measure::PageViews => self.page_views,
            Measure::Completions => self.completions,
            Measure::Value => return self.value_minor,
            Measure::Engaged => self.engaged_ms,
            Measure::Bounces => self.bounces,
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// As many texts as the key has; one empty text for the group without name; none for totals and intervals.
    pub name: Vec<String>,
    pub figures: Figures,
}

/// The groups of one grouping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: Vec<Row>,
    /// Of all groups, shown or not.
    pub total: u64,
    pub next: Option<Cursor>,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// In the order of the groupings asked for.
    pub tables: Vec<Table>,
    /// How often the rows were read: once, unless the pairs did not fit.
    pub passes: u32,
}

/// Answers a question.
///
/// # Errors
/// `TimeLimit`, or SQLite's.
pub fn run(conn: &Connection, ask: &Ask<'_>) -> Result<Answer, Error> {
    let masks = Masks::compile(conn, ask.account, ask.filters)?;
    let last = account::find_numbers(conn, ask.account)?.map_or((0, 0), |n| (n.visitor, n.session));
    let mut budget = ask.bounds.set_bytes;
    let tallies = ask.groupings.iter().map(|g| Tally::new(conn, ask.account, g, last, &mut budget));
    let tallies = tallies.collect::<Result<Vec<_>, _>>()?;
    let columns = masks.of_run.iter().map(|m| m.column).chain(tallies.iter().filter_map(Tally::column));
    let needs_contacts = columns.into_iter().any(|column| column == Column::Contact);
    let contacts = if needs_contacts { column::contacts(conn, ask.account)? } else { Vec::new() };
    let mut scan = Scan {
        masks,
        contacts,
        tallies,
        matched_sessions: Bits::default(),
        classes: vec![Class::ALL],
        ordinal: 0,
        max_pairs: ask.bounds.pairs,
        rows: Vec::new(),
    };
    let hot = Hot {
        conn,
        account: ask.account,
        from_ms: ask.range_ms.start,
        to_ms: ask.range_ms.end,
        now_ms: ask.now.0,
        batch_rows: ask.bounds.batch_rows.max(1),
    };
    let mut passes = 0;
    while let Some(class) = scan.classes.pop() {
        let mut class = class;
        hot.read(|batch| {
            ask.deadline.check()?;
            scan.take(batch, &mut class, passes == 0);
            Ok(())
        })?;
        scan.tallies.iter_mut().for_each(Tally::end_pass);
        passes += 1;
    }
    let tables = scan.tallies.into_iter().zip(ask.groupings);
    let tables = tables.map(|(tally, grouping)| tally.table(conn, ask.account, grouping));
    Ok(Answer { tables: tables.collect::<Result<_, _>>()?, passes })
}

/// A scan under way.
struct Scan {
    masks: Masks,
    /// By visitor number; empty when no contact is asked for.
    contacts: Vec<u32>,
    tallies: Vec<Tally>,
    matched_sessions: Bits,
    /// What later passes must bring.
    classes: Vec<Class>,
    ordinal: u32,
    max_pairs: usize,
    /// Places of the matching rows of a run.
    rows: Vec<u32>,
}

impl Scan {
    fn take(&mut self, batch: &Batch, class: &mut Class, is_first_pass: bool) {
        let mut begin = 0;
        for (run, end) in batch.end.iter().copied().enumerate() {
            self.take_run(batch, run, begin..end, *class, is_first_pass);
            begin = end;
            if self.pairs() > self.max_pairs {
                self.make_room(class);
            }
        }
    }

    fn pairs(&self) -> usize {
        self.tallies.iter().map(Tally::pairs).sum()
    }

    /// Drops double pairs; when that gives too little, leaves half of the numbers to a later pass.
    fn make_room(&mut self, class: &mut Class) {
        self.tallies.iter_mut().for_each(Tally::compact);
        while self.pairs() > self.max_pairs / 2 {
            let Some((kept, later)) = class.halves() else { return };
            *class = kept;
            self.classes.push(later);
            self.tallies.iter_mut().for_each(|tally| tally.retain(kept));
        }
    }

    fn take_run(&mut self, batch: &Batch, run: usize, rows: Range<u32>, class: Class, is_first_pass: bool) {
        let at = |column: &[u32]| column.get(run).copied().unwrap_or(0);
        let (session, visitor) = (at(&batch.session), at(&batch.visitor));
        let contact = self.contacts.get(visitor as usize).copied().unwrap_or(0);
        let holds = |mask: &Mask| {
            mask.accepts(match mask.column {
                Column::Session(of) => batch.of_session.get(of as usize).map_or(0, |column| at(column)),
                Column::Contact => contact,
                Column::Row(_) | Column::Nothing => 0,
            })
        };
        if !self.masks.of_run.iter().all(holds) {
            return;
        }
        self.rows.clear();
        self.rows.extend(rows);
        for mask in &self.masks.of_row {
            let Column::Row(of) = mask.column else { continue };
            let Some(column) = batch.of_row.get(of as usize) else { continue };
            self.rows.retain(|row| mask.accepts(column.get(*row as usize).copied().unwrap_or(0)));
        }
        if self.rows.is_empty() {
            return;
        }
        let mut sum = Figures::default();
        if is_first_pass {
            self.rows.iter().for_each(|row| sum.add_row(batch, *row as usize, session));
        }
        let spans = batch.spans.get(run).copied().unwrap_or(true);
        let is_fresh = session != 0 && is_first_pass && (!spans || self.matched_sessions.insert(session));
        self.ordinal = self.ordinal.wrapping_add(1);
        let matched = Matched {
            batch,
            run,
            ordinal: self.ordinal,
            session,
            visitor,
            contact,
            spans,
            is_fresh,
            bounced: batch.bounced.get(run).copied().unwrap_or(false),
            rows: &self.rows,
            sum,
            class,
            is_first_pass,
        };
        self.tallies.iter_mut().for_each(|tally| tally.take(&matched));
    }
}
