//! Finds what of a batch passes the filters, and sums up the matching rows of each run.

use std::borrow::Cow;
use std::ops::Range;

use super::column::Column;
use super::filter_masks::{Mask, Masks};
use super::hot_rows::{Batch, RunOwner};
use crate::store::totals::Totals;

/// The part of a batch that passes the filters.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Indexes of matching runs, ascending. After `select_rows` each of them has matching rows.
    pub runs: Vec<u32>,
    /// All rows of the runs match; `rows` and `ends` are then empty.
    is_whole: bool,
    /// Indexes of matching rows, run by run.
    rows: Vec<u32>,
    /// Where the rows of each run end in `rows`.
    ends: Vec<u32>,
    /// The owner of each run.
    pub owners: Vec<RunOwner>,
    pub sums: Sums,
}

/// Sums of the matching rows of each selected run. An empty list stands for zeros.
#[derive(Debug, Default)]
pub(super) struct Sums {
    page_views: Vec<u32>,
    engaged_ms: Vec<u64>,
    completions: Vec<u32>,
    value_minor: Vec<i64>,
}

impl Sums {
    fn clear(&mut self) {
        self.page_views.clear();
        self.engaged_ms.clear();
        self.completions.clear();
        self.value_minor.clear();
    }

    /// Adds the sums of a selected run, given by its index in `Selection::runs`.
    #[inline]
    pub(super) fn add_to(&self, figures: &mut Totals, place: usize) {
        figures.page_views += self.page_views.get(place).copied().map_or(0, u64::from);
        figures.engaged_ms += self.engaged_ms.get(place).copied().unwrap_or(0);
        figures.completions += self.completions.get(place).copied().map_or(0, u64::from);
        let value_minor = self.value_minor.get(place).copied().unwrap_or(0);
        figures.value_minor = figures.value_minor.saturating_add(value_minor);
    }
}

impl Selection {
    /// Finds the runs that can match; answers whether there are any.
    pub(super) fn select_runs(&mut self, batch: &Batch, masks: &Masks, contacts: &[u32]) -> bool {
        self.runs.clear();
        self.runs.extend(0..u32::try_from(batch.session.len()).unwrap_or(u32::MAX));
        for mask in &masks.by_run {
            let column = CodesOfRuns::new(batch, mask, contacts);
            keep(&mut self.runs, |run| mask.accepts(column.code(run)));
        }
        !self.runs.is_empty()
    }

    /// Finds the rows that match, and drops runs without any.
    pub(super) fn select_rows(&mut self, batch: &Batch, masks: &Masks) {
        self.rows.clear();
        self.ends.clear();
        self.is_whole = masks.by_row.is_empty();
        if self.is_whole {
            return;
        }
        let columns: Vec<CodesOfRows<'_>> =
            masks.by_row.iter().filter_map(|mask| CodesOfRows::new(batch, mask)).collect();
        let holds = |row: u32| columns.iter().all(|column| column.holds(row as usize));
        let (rows, ends) = (&mut self.rows, &mut self.ends);
        self.runs.retain(|run| {
            let before = rows.len();
            for row in batch.rows_of(*run) {
                if holds(row) {
                    rows.push(row);
                }
            }
            let has_rows = rows.len() > before;
            if has_rows {
                ends.push(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            }
            has_rows
        });
    }

    pub(super) fn find_owners(&mut self, batch: &Batch) {
        self.owners.clear();
        self.owners.extend(self.runs.iter().map(|run| batch.owner(*run as usize)));
    }

    /// Sums up the matching rows of each run. All groupings by run use the sums, so rows are read only once.
    pub(super) fn sum(&mut self, batch: &Batch) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        self.each_run(batch, |place, rows| {
            let is_of_session = self.owners.get(place).is_some_and(|owner| owner.session != 0);
            match rows {
                Rows::All(range) if batch.is_completion.is_empty() => {
                    sums.page_views.push(if is_of_session { range.end - range.start } else { 0 });
                    if !batch.engaged_ms.is_empty() {
                        let rows = batch.engaged_ms.get(range.start as usize..range.end as usize);
                        let engaged_ms = rows.unwrap_or_default().iter().map(|ms| u64::from(*ms)).sum();
                        sums.engaged_ms.push(if is_of_session { engaged_ms } else { 0 });
                    }
                }
                rows => {
                    let mut sum = Totals::default();
                    rows.each(|row| sum.add_row(batch, row as usize, is_of_session));
                    sums.page_views.push(u32::try_from(sum.page_views).unwrap_or(u32::MAX));
                    sums.engaged_ms.push(sum.engaged_ms);
                    sums.completions.push(u32::try_from(sum.completions).unwrap_or(u32::MAX));
                    sums.value_minor.push(sum.value_minor);
                }
            }
        });
        self.sums = sums;
    }

    /// Calls `visit` with the index of each run in `runs` and its matching rows.
    #[inline]
    pub(super) fn each_run(&self, batch: &Batch, mut visit: impl FnMut(usize, Rows<'_>)) {
        if self.is_whole {
            for (place, run) in self.runs.iter().enumerate() {
                visit(place, Rows::All(batch.rows_of(*run)));
            }
            return;
        }
        let mut begin = 0;
        for (place, end) in self.ends.iter().enumerate() {
            let end = *end as usize;
            visit(place, Rows::Some(self.rows.get(begin..end).unwrap_or_default()));
            begin = end;
        }
    }
}

/// The matching rows of one run; never empty.
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

/// The codes that a mask of runs is checked with.
struct CodesOfRuns<'a> {
    codes: &'a [u32],
    /// If set, `codes` are visitors, and these are the contacts of visitors.
    contacts: Option<&'a [u32]>,
}

impl<'a> CodesOfRuns<'a> {
    fn new(batch: &'a Batch, mask: &Mask, contacts: &'a [u32]) -> Self {
        let (codes, contacts) = match mask.column {
            Column::Session(of) => (batch.session_codes.get(of as usize).map(Vec::as_slice), None),
            Column::Contact => (Some(batch.visitor.as_slice()), Some(contacts)),
            Column::Row(_) => (None, None),
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

/// Drops the runs that are not accepted. Each run is written to the next free place, and the place is used only if the run
/// is accepted. A processor would often predict a branch wrongly, which takes longer than to write.
fn keep(runs: &mut Vec<u32>, is_accepted: impl Fn(u32) -> bool) {
    let mut kept = 0;
    for at in 0..runs.len() {
        let run = runs.get(at).copied().unwrap_or(0);
        if let Some(place) = runs.get_mut(kept) {
            *place = run;
        }
        kept += usize::from(is_accepted(run));
    }
    runs.truncate(kept);
}

/// The codes that a mask of rows is checked with.
struct CodesOfRows<'a> {
    codes: &'a [u32],
    /// Which codes the mask accepts, or, where `codes` are indexes into a list of codes, which entries of it.
    accepted: Cow<'a, [bool]>,
    /// For all others.
    is_other_accepted: bool,
}

impl<'a> CodesOfRows<'a> {
    fn new(batch: &'a Batch, mask: &'a Mask) -> Option<Self> {
        let Column::Row(of) = mask.column else { return None };
        let codes = batch.row_codes.get(of as usize)?;
        Some(match batch.code_list(of) {
            [] => Self { codes, accepted: mask.accepted.as_slice().into(), is_other_accepted: mask.empty },
            listed => {
                let accepted: Vec<bool> = listed.iter().map(|code| mask.accepts(*code)).collect();
                Self { codes, accepted: accepted.into(), is_other_accepted: mask.accepts(0) }
            }
        })
    }

    #[inline]
    fn holds(&self, row: usize) -> bool {
        let code = self.codes.get(row).copied().unwrap_or(0);
        self.accepted.get(code as usize).copied().unwrap_or(self.is_other_accepted)
    }
}
