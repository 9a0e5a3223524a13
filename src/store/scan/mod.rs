//! One generic scan answers every report: any filters, any groupings, any period, with exact distinct visitors
//! and sessions. One pass over the rows fills all groupings of a question. There is no SQL per report: rows
//! come as batches of columns, filters are one bool and groups one number per code of a column. What the
//! figures mean is written in `domain::question`.

mod ask;
mod bitsets;
mod closed;
mod column;
mod groups;
mod question;
mod rows;

use std::ops::Range;

use rusqlite::Connection;

pub use ask::{Answer, Ask, Bounds, Cursor, Deadline, Figures, Grouping, Key, Measure, Row, Table, Top};
use bitsets::{Bits, Class};
use closed::{Closed, Needs};
use column::Column;
use groups::{Matched, Tally};
use question::{Mask, Masks};
use rows::{Batch, Hot};

use super::error::{Damage, Error};
use super::{account, segment, session};
use crate::domain::period::LocalDay;

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
    let looked_at: Vec<Column> = masks
        .of_run
        .iter()
        .chain(&masks.of_row)
        .map(|mask| mask.column)
        .chain(tallies.iter().filter_map(Tally::column))
        .collect();
    let edges = ask.groupings.iter().filter_map(|grouping| match grouping {
        Grouping::Steps(edges) => Some(edges.as_slice()),
        _ => None,
    });
    let needs = Needs::new(looked_at.iter().copied(), edges.flatten().copied().collect());
    let needs_contacts = looked_at.contains(&Column::Contact);
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
    let listed = segment::list_verified(conn, ask.account, ask.range_ms.start, ask.range_ms.end)?;
    let segments = listed.segments;
    let (changed, late) = match segments.is_empty() {
        true => Default::default(),
        false => {
            (session::list_changed(conn, ask.account)?, segment::late::list(conn, ask.account, |_| true)?)
        }
    };
    let mut closed = Closed::prepare(conn, &needs, ask.range_ms.clone(), ask.now, &changed, &late)?;
    let hot = Hot {
        conn,
        account: ask.account,
        from_ms: ask.range_ms.start,
        to_ms: ask.range_ms.end,
        now: ask.now,
        batch_rows: ask.bounds.batch_rows.max(1),
        is_alone: segments.is_empty(),
    };
    let mut passes = 0;
    let mut damaged: Vec<_> = listed.damaged.into_iter().map(|day| (day, Damage::Row)).collect();
    while let Some(class) = scan.classes.pop() {
        let mut class = class;
        for segment in &segments {
            ask.deadline.check()?;
            match closed.read(segment) {
                Ok(batch) => scan.take(batch, &mut class, passes == 0),
                Err(Error::Damaged(damage)) => damaged.push((segment.day, damage)),
                Err(error) => return Err(error),
            }
        }
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
    let damaged = days_of(&damaged);
    Ok(Answer { tables: tables.collect::<Result<_, _>>()?, passes, damaged })
}

/// The days that are not in the answer, each told once.
fn days_of(damaged: &[(LocalDay, Damage)]) -> Vec<LocalDay> {
    let mut days: Vec<LocalDay> = Vec::new();
    for (day, damage) in damaged {
        if days.last() != Some(day) && !days.contains(day) {
            tracing::error!(day = day.0, %damage, "a closed day cannot be read and is left out of reports");
            days.push(*day);
        }
    }
    days
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
