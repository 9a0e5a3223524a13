//! One generic scan answers every report: any filters, any groupings, any period, with exact distinct visitors
//! and sessions. One pass over the rows fills all groupings of a question. There is no SQL per report: rows
//! come as batches of columns, filters are one bool and groups one number per code of a column. What the
//! figures mean is written in `domain::question`.

mod ask;
mod column;
mod contacts;
mod day_totals;
mod distinct;
mod distinct_contacts;
mod group_labels;
mod groups;
mod hot_rows;
mod question;
mod scan_pass;
mod segment_rows;
mod selection;

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

pub use crate::store::totals::Totals;
pub use ask::{Answer, Ask, Bounds, Cursor, Deadline, Grouping, Key, Measure, Row, Table, Top};
use column::{Column, Words};
use contacts::Contacts;
use distinct_contacts::Last;
use group_labels::Known;
use groups::Tally;
use hot_rows::Hot;
use question::Masks;
use scan_pass::{Plan, Worker};
use segment_rows::{Changed, Needs, Wanted};

use super::error::{Damage, Error};
use super::readers::Readers;
use super::{account, segment, session};
use crate::domain::period::LocalDay;
use crate::store::hits::dictionary_lookup::Texts;

/// Bytes of sets that pay for each run that is read.
const SET_BYTES_OF_RUN: usize = 8;

/// Answers questions, and keeps between them what makes the next one quicker.
pub struct Scanner {
    readers: Arc<Readers>,
    texts: Texts,
    known: Known,
    contacts: Contacts,
    /// Held by scans of many rows, each of which has two threads and bounded memory: one of them at a time.
    large: Mutex<()>,
}

impl Scanner {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self {
            readers,
            texts: Texts::default(),
            known: Known::default(),
            contacts: Contacts::default(),
            large: Mutex::default(),
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// `TimeLimit`, or SQLite's.
    pub fn run(&self, conn: &Connection, ask: &Ask<'_>) -> Result<Answer, Error> {
        let words = Words::new(conn, ask.account, &self.texts);
        let masks = Masks::compile(&words, ask.filters)?;
        let numbers = account::find_numbers(conn, ask.account)?;
        let last = numbers.map_or_else(Last::default, |numbers| Last {
            visitor: numbers.visitor,
            session: numbers.session,
            contact: if ask.contacts { u32::try_from(numbers.contact).unwrap_or(u32::MAX) } else { 0 },
        });
        let bounds = ask.bounds.of(last.visitor);
        let listed = segment::list_verified(conn, ask.account, ask.range_ms.start, ask.range_ms.end)?;
        let segments = listed.segments;
        let rows: u64 = segments.iter().map(|segment| u64::from(segment.extent.rows)).sum();
        let is_shared = rows >= bounds.shared_rows;
        let workers = if is_shared { 2 } else { 1 };
        let runs: u64 = segments.iter().map(|segment| u64::from(segment.extent.runs)).sum();
        // sets are cleared, merged and counted as a whole: for few runs, pairs are less work
        let worth = usize::try_from(runs).unwrap_or(usize::MAX).saturating_mul(SET_BYTES_OF_RUN);
        let mut budget = (bounds.set_bytes / workers).min(worth.max(bounds.set_bytes_least));
        let tallies =
            ask.groupings.iter().map(|grouping| Tally::new(&words, &self.known, grouping, last, &mut budget));
        let mut tallies = tallies.collect::<Result<Vec<_>, _>>()?;
        Tally::grant(&mut tallies, budget);
        let looked_at: Vec<Column> =
            masks.columns().chain(tallies.iter().filter_map(Tally::column)).collect();
        let needs_contacts = ask.contacts || looked_at.contains(&Column::Contact);
        let changed = match segments.is_empty() {
            true => Changed::default(),
            false => Changed::new(
                session::list_changed(conn, ask.account)?,
                segment::late_engagement::list(conn, ask.account, |_| true)?,
            ),
        };
        let hot = Hot {
            conn,
            account: ask.account,
            from_ms: ask.range_ms.start,
            to_ms: ask.range_ms.end,
            now: ask.now,
            batch_rows: bounds.batch_rows.max(1),
        };
        let segments = day_totals::take(ask, &hot, &changed, segments, &mut tallies)?;
        let needs = Needs::new(looked_at.iter().copied(), ask.groupings);
        let plan = Plan {
            wanted: Wanted {
                engaged: ask.engaged,
                needs,
                range_ms: ask.range_ms.clone(),
                now: ask.now,
                changed,
            },
            masks,
            contacts: match numbers.filter(|_| needs_contacts) {
                Some(numbers) => self.contacts.list(conn, ask.account, numbers)?,
                None => Arc::default(),
            },
            segments,
            deadline: &ask.deadline,
            max_pairs: bounds.pairs / workers,
        };
        let is_large = is_shared || tallies.iter().any(Tally::is_pairs);
        let _large = is_large.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let helper = if is_shared { Some(&*self.readers) } else { None };
        let worker = Worker::new(&plan, tallies);
        let (tallies, passes, mut damaged) = worker.run(&hot, helper)?;
        damaged.extend(listed.damaged.into_iter().map(|day| (day, Damage::Row)));
        let tables = tallies
            .into_iter()
            .zip(ask.groupings)
            .map(|(tally, grouping)| tally.table(&words, grouping, ask.engaged));
        Ok(Answer { tables: tables.collect::<Result<_, _>>()?, passes, damaged: days_of(&damaged) })
    }
}

/// The days that are not in the answer, each told once.
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
