//! One scan answers every report: any filters, any groupings, any period, with exact counts of distinct visitors,
//! sessions and contacts. There is no SQL per report. What the counts mean is defined in `domain::question`.
//!
//! A request is answered like this:
//!
//! 1. `filter_masks` turns each filter into one bool per *code*. A code is a small number that stands for a text (a
//!    dictionary id, a class, a contact id), so the texts are compared once and not per row. `group_labels` turns each
//!    grouping into one group number per code in the same way.
//! 2. `scan_pass` reads the rows, with two threads if there are many: `segment_rows` from segments, `hot_rows` from the
//!    table of the open days. Both deliver the same batches of columns, clustered into *runs*: a run is what one
//!    visitor did in one session.
//! 3. `selection` finds the runs and rows of a batch that pass the masks.
//! 4. `groups` adds them to the totals of their groups (`groups::totals`), of all groupings at once; `groups::distinct_counts`
//!    counts visitors, sessions and contacts of every group, by the sets and pairs of `distinct`.
//!
//! `day_totals` leaves out step 2 where the row of a segment already holds the totals of a whole interval. What contacts
//! completed is counted by `completions`, without a scan.
//!
//! Memory is bounded (`Bounds`). When distinct counts do not fit, the scan reads all rows again (another *pass*), and
//! each pass counts only some of the numbers.

mod column;
mod completions;
pub(in crate::store) mod contacts;
mod day_totals;
mod distinct;
mod filter_masks;
mod groups;
mod hot_rows;
mod request;
mod scan_pass;
mod segment_rows;
mod selection;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

pub use crate::store::totals::Totals;
use column::{Column, ColumnTexts, Field};
pub use completions::{ContactSums, ValueTest};
use completions::{KeptCompletions, Wanted};
use contacts::Contacts;
use filter_masks::Masks;
use groups::Tally;
use groups::distinct_counts::HighestNumbers;
use groups::labels::LabelCache;
use hot_rows::HotRows;
pub use request::{
    Answer, Bounds, Counted, Cursor, Deadline, Grouping, Key, Measure, Request, Row, Table, Top,
};
use scan_pass::{Plan, Worker};
use segment_rows::{LateChanges, NeededColumns, ReadOptions};

use super::error::{Damage, Error};
use super::readers::Readers;
use super::{account, event, segment, session};
use crate::base::clock::DAY;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::question::{Dimension, Filter};
use crate::store::hits::dictionary_lookup::DictionaryCache;

/// A report of more days than these may read many rows. Such reports take turns.
pub const LONG_DAYS: i32 = 92;
/// How many bytes of bitsets are worth it per run that is read.
const SET_BYTES_PER_RUN: usize = 8;

/// Answers requests, and keeps what makes the next one faster.
pub struct Scanner {
    readers: Arc<Readers>,
    dictionaries: DictionaryCache,
    labels: LabelCache,
    contacts: Contacts,
    completions: KeptCompletions,
    /// Locked by a scan of many rows over many days. Such a scan has two threads and may use all of the memory in `Bounds`,
    /// so only one runs at a time.
    long_scan: Mutex<()>,
    /// The same for few days, which take far less memory and time. They do not wait for those of many days.
    short_scan: Mutex<()>,
    /// A request came since `release_memory` was called last.
    is_used: AtomicBool,
}

impl Scanner {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self {
            readers,
            dictionaries: DictionaryCache::default(),
            labels: LabelCache::default(),
            contacts: Contacts::default(),
            completions: KeptCompletions::default(),
            long_scan: Mutex::default(),
            short_scan: Mutex::default(),
            is_used: AtomicBool::default(),
        }
    }

    /// Drops what it keeps for the next request, unless a request came since the last call.
    pub(super) fn release_memory(&self) {
        if !self.is_used.swap(false, Ordering::Relaxed) {
            self.dictionaries.clear();
            self.labels.clear();
            self.contacts.clear();
            self.completions.clear();
        }
    }

    /// Whether a text of the account fits the filter, whenever it was seen.
    pub fn has_text(&self, conn: &Connection, account: AccountId, filter: &Filter) -> Result<bool, Error> {
        filter_masks::has_text(&ColumnTexts::new(conn, account, &self.dictionaries), filter)
    }

    /// The texts of a dimension that the account has, whenever they were seen.
    pub fn list_texts(
        &self,
        conn: &Connection,
        account: AccountId,
        dimension: Dimension,
    ) -> Result<Vec<String>, Error> {
        let field = Field::of(dimension);
        let mut texts = Vec::new();
        ColumnTexts::new(conn, account, &self.dictionaries)
            .each_text(field.column, |_, text| texts.push(field.part_of(text).to_owned()))?;
        texts.dedup();
        Ok(texts)
    }

    /// What each contact completed in a half-open range of milliseconds; with a test of values, only completions that fit it.
    /// `None` when the filters look at more than the event, or, without that test, the account has more completions than are
    /// kept: then a scan answers.
    pub fn sum_completions(
        &self,
        conn: &Connection,
        account: AccountId,
        filters: &[Filter],
        value: Option<ValueTest>,
        range_ms: Range<i64>,
        deadline: &Deadline,
    ) -> Result<Option<ContactSums>, Error> {
        self.is_used.store(true, Ordering::Relaxed);
        let texts = ColumnTexts::new(conn, account, &self.dictionaries);
        let masks = Masks::compile(&texts, filters)?;
        let Some(numbers) = account::find_numbers(conn, account)?.filter(|_| Wanted::is_answered(&masks))
        else {
            return Ok(None);
        };
        let contacts = self.contacts.list(conn, account, numbers)?;
        let wanted = Wanted { range_ms, value, masks: &masks.by_row, contacts: &contacts };
        let Range { start, end } = wanted.range_ms;
        let mut sums = ContactSums::new(u32::try_from(numbers.contact).unwrap_or(u32::MAX));
        let verified = segment::list_verified(conn, account, start, end)?;
        if !self.completions.add(conn, account, &verified.segments, deadline, &wanted, &mut sums)? {
            return Ok(None);
        }
        event::list_completions(conn, account, &wanted.range_ms, |completion| {
            wanted.add(completion, &mut sums);
        })?;
        sums.damaged.extend(verified.damaged_days);
        Ok(Some(sums))
    }

    /// Answers a request. The error is `TimeLimit` when that takes too long; damaged days are part of the answer.
    pub fn run(&self, conn: &Connection, request: &Request<'_>) -> Result<Answer, Error> {
        self.is_used.store(true, Ordering::Relaxed);
        let texts = ColumnTexts::new(conn, request.account, &self.dictionaries);
        let masks = Masks::compile(&texts, request.filters)?;
        let numbers = account::find_numbers(conn, request.account)?;
        let highest = numbers.map(|numbers| HighestNumbers::of(numbers, request.counted)).unwrap_or_default();
        let bounds = request.bounds.scaled_to(numbers.map_or(0, |numbers| numbers.visitor));
        let verified =
            segment::list_verified(conn, request.account, request.range_ms.start, request.range_ms.end)?;
        let segments = verified.segments;
        let rows: u64 = segments.iter().map(|segment| u64::from(segment.extent.rows)).sum();
        let is_parallel = rows >= bounds.parallel_rows;
        let threads = if is_parallel { 2 } else { 1 };
        let runs: u64 = segments.iter().map(|segment| u64::from(segment.extent.runs)).sum();
        // Bitsets are cleared, merged and counted as a whole, so for few runs pairs are less work.
        let worth = usize::try_from(runs).unwrap_or(usize::MAX).saturating_mul(SET_BYTES_PER_RUN);
        let mut budget = (bounds.max_set_bytes / threads).min(worth.max(bounds.min_set_bytes));
        let new = |grouping| Tally::new(&texts, &self.labels, grouping, highest, &mut budget);
        let mut tallies = request.groupings.iter().map(new).collect::<Result<Vec<_>, _>>()?;
        Tally::set_budget(&mut tallies, budget);
        let columns: Vec<Column> = masks.columns().chain(tallies.iter().flat_map(Tally::columns)).collect();
        let needs_contacts = request.counted.has_contacts() || columns.contains(&Column::Contact);
        let changes = match segments.is_empty() {
            true => LateChanges::default(),
            false => LateChanges::new(
                session::list_changed(conn, request.account)?,
                segment::late_engagement::list(conn, request.account, |_| true)?,
            ),
        };
        let hot_rows = HotRows {
            conn,
            account: request.account,
            from_ms: request.range_ms.start,
            to_ms: request.range_ms.end,
            now: request.now,
            batch_rows: bounds.batch_rows.max(1),
        };
        let segments = day_totals::add_whole_days(request, &hot_rows, &changes, segments, &mut tallies)?;
        let plan = Plan {
            options: ReadOptions {
                engaged: request.engaged,
                needed: NeededColumns::new(columns.into_iter(), request.groupings),
                range_ms: request.range_ms.clone(),
                now: request.now,
                changes,
            },
            masks,
            contacts: match numbers.filter(|_| needs_contacts) {
                Some(numbers) => self.contacts.list(conn, request.account, numbers)?,
                None => Arc::default(),
            },
            segments,
            deadline: &request.deadline,
            max_pairs: bounds.max_pairs / threads,
        };
        let is_large = is_parallel || tallies.iter().any(Tally::is_pairs);
        let days = (request.range_ms.end - request.range_ms.start) / DAY;
        let turn = if days > LONG_DAYS.into() { &self.long_scan } else { &self.short_scan };
        let _turn = is_large.then(|| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let helper = if is_parallel { Some(&*self.readers) } else { None };
        let (tallies, passes, mut damaged) = Worker::new(&plan, tallies).run(&hot_rows, helper)?;
        damaged.extend(verified.damaged_days.into_iter().map(|day| (day, Damage::Row)));
        let tables = tallies
            .into_iter()
            .zip(request.groupings)
            .map(|(tally, grouping)| tally.table(&texts, grouping, request.engaged));
        Ok(Answer { tables: tables.collect::<Result<_, _>>()?, passes, damaged: days_of(&damaged) })
    }
}

/// The days that are missing in the answer, each once.
fn days_of(damaged: &[(LocalDay, Damage)]) -> Vec<LocalDay> {
    let mut days: Vec<LocalDay> = Vec::new();
    for (day, damage) in damaged {
        if !days.contains(day) {
            tracing::error!(day = day.0, %damage, "a closed day cannot be read and is missing from reports");
            days.push(*day);
        }
    }
    days.sort_unstable();
    days
}
