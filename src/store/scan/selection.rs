//! What of a batch matches the filters: its runs, their rows, and the sums of these.

use std::ops::Range;

use super::column::Column;
use super::question::{Mask, Masks};
use crate::store::scan::hot_rows::{Batch, Touch};
use crate::store::totals::Totals;

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
    /// Whose each of `runs` is.
    pub touches: Vec<Touch>,
    pub sums: Sums,
}

/// What the matching rows of each selected run sum up to. Where a list is empty, all is 0.
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

    /// Adds those of a run, told by its place among the selected ones.
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
        let columns: Vec<CodesOfRows<'_>> =
            masks.of_row.iter().filter_map(|mask| CodesOfRows::new(batch, mask)).collect();
        let holds = |row: u32| columns.iter().all(|column| column.holds(row as usize));
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

    /// Finds whose the runs are.
    pub(super) fn find_touches(&mut self, batch: &Batch) {
        self.touches.clear();
        self.touches.extend(self.runs.iter().map(|run| batch.touch(*run as usize)));
    }

    /// Sums up the matching rows of each run.
    pub(super) fn sum(&mut self, batch: &Batch) {
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        self.each_run(batch, |place, rows| {
            let is_of_session = self.touches.get(place).is_some_and(|touch| touch.session != 0);
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

    /// Calls `visit` with the place of a run in `runs` and its matching rows.
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

/// The codes a mask of rows looks at.
struct CodesOfRows<'a> {
    codes: &'a [u32],
    mask: &'a Mask,
    /// Where the codes are places in a list, which of these the mask accepts.
    accepted: Vec<bool>,
}

impl<'a> CodesOfRows<'a> {
    fn new(batch: &'a Batch, mask: &'a Mask) -> Option<Self> {
        let Column::Row(of) = mask.column else { return None };
        let codes = batch.of_row.get(of as usize)?;
        let accepted = batch.listed(of).iter().map(|code| mask.accepts(*code)).collect();
        Some(Self { codes, mask, accepted })
    }

    #[inline]
    fn holds(&self, row: usize) -> bool {
        let code = self.codes.get(row).copied().unwrap_or(0);
        if self.accepted.is_empty() {
            return self.mask.accepts(code);
        }
        self.accepted.get(code as usize).copied().unwrap_or_else(|| self.mask.accepts(0))
    }
}
