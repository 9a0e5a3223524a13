//! What of a batch matches the filters: its runs, their rows, and the sums of these.

use std::ops::Range;

use super::column::Column;
use super::question::{Mask, Masks};
use super::rows::Batch;
use crate::store::figures::Figures;

/// What matched of a batch.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Places of runs, ascending; after `select_rows` those with matching rows.
    pub runs: Vec<u32>,
    /// All rows of the runs match, and `rows` and `ends` are empty.
    is_whole: bool,
    /// Places of matching rows, run by run.
    rows: Vec<u32>,
    /// Where the rows of each of `runs` end in `rows`.
    ends: Vec<u32>,
    /// What the matching rows of each of `runs` sum up to.
    pub sums: Vec<Figures>,
}

impl Selection {
    /// Finds the runs that can match; says whether there are any.
    pub(super) fn select_runs(&mut self, batch: &Batch, masks: &Masks, contacts: &[u32]) -> bool {
        self.runs.clear();
        let all = 0..u32::try_from(batch.session.len()).unwrap_or(u32::MAX);
        let Some((first, others)) = masks.of_run.split_first() else {
            self.runs.extend(all);
            return !self.runs.is_empty();
        };
        let column = CodesOfRuns::new(batch, first, contacts);
        self.runs.extend(all.filter(|run| first.accepts(column.code(*run))));
        for mask in others {
            let column = CodesOfRuns::new(batch, mask, contacts);
            self.runs.retain(|run| mask.accepts(column.code(*run)));
        }
        !self.runs.is_empty()
    }

    /// Finds the rows that match, and drops the runs that have none.
    pub(super) fn select_rows(&mut self, batch: &Batch, masks: &Masks) {
        self.rows.clear();
        self.ends.clear();
        self.is_whole = masks.of_row.is_empty();
        if self.is_whole {
            return;
        }
        let columns: Vec<(&Mask, &[u32])> = masks
            .of_row
            .iter()
            .filter_map(|mask| match mask.column {
                Column::Row(of) => Some((mask, batch.of_row.get(of as usize)?.as_slice())),
                _ => None,
            })
            .collect();
        let holds = |row: u32| {
            let row = row as usize;
            columns.iter().all(|(mask, codes)| mask.accepts(codes.get(row).copied().unwrap_or(0)))
        };
        let (rows, ends) = (&mut self.rows, &mut self.ends);
        self.runs.retain(|run| {
            let before = rows.len();
            rows.extend(batch.rows_of(*run).filter(|row| holds(*row)));
            let has_rows = rows.len() > before;
            if has_rows {
                ends.push(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            }
            has_rows
        });
    }

    /// Sums up the matching rows of each run.
    pub(super) fn sum(&mut self, batch: &Batch) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        self.each_run(batch, |_, run, rows| {
            let is_of_session = batch.session.get(run as usize).is_some_and(|session| *session != 0);
            let mut sum = Figures::default();
            if let Rows::All(range) = &rows
                && batch.is_completion.is_empty()
            {
                if is_of_session {
                    sum.page_views = u64::from(range.end - range.start);
                    let engaged = batch.engaged_ms.get(range.start as usize..range.end as usize);
                    sum.engaged_ms = engaged.unwrap_or_default().iter().map(|ms| u64::from(*ms)).sum();
                }
            } else {
                rows.each(|row| sum.add_row(batch, row as usize, is_of_session));
            }
            sums.push(sum);
        });
        self.sums = sums;
    }

    /// Calls `visit` with the place in `runs`, the run and its matching rows.
    #[inline]
    pub(super) fn each_run(&self, batch: &Batch, mut visit: impl FnMut(usize, u32, Rows<'_>)) {
        if self.is_whole {
            for (place, run) in self.runs.iter().enumerate() {
                visit(place, *run, Rows::All(batch.rows_of(*run)));
            }
            return;
        }
        let mut begin = 0;
        for ((place, run), end) in self.runs.iter().enumerate().zip(&self.ends) {
            let end = *end as usize;
            visit(place, *run, Rows::Some(self.rows.get(begin..end).unwrap_or_default()));
            begin = end;
        }
    }
}

/// Matching rows of one run; never none.
pub(super) enum Rows<'a> {
    All(Range<u32>),
    Some(&'a [u32]),
}

impl Rows<'_> {
    #[inline]
    pub(super) fn each(self, mut visit: impl FnMut(u32)) {
        match self {
            Self::All(range) => range.for_each(visit),
            Self::Some(rows) => rows.iter().for_each(|row| visit(*row)),
        }
    }
}

/// The codes a mask of runs looks at.
struct CodesOfRuns<'a> {
    codes: &'a [u32],
    /// The codes are visitors, and these their contacts.
    contacts: Option<&'a [u32]>,
}

impl<'a> CodesOfRuns<'a> {
    fn new(batch: &'a Batch, mask: &Mask, contacts: &'a [u32]) -> Self {
        let (codes, contacts) = match mask.column {
            Column::Session(of) => (batch.of_session.get(of as usize).map(Vec::as_slice), None),
            Column::Contact => (Some(batch.visitor.as_slice()), Some(contacts)),
            Column::Row(_) | Column::Nothing => (None, None),
        };
        Self { codes: codes.unwrap_or_default(), contacts }
    }

    #[inline]
    fn code(&self, run: u32) -> u32 {
        let code = self.codes.get(run as usize).copied().unwrap_or(0);
        match self.contacts {
            Some(contacts) => contacts.get(code as usize).copied().unwrap_or(0),
            None => code,
        }
    }
}
