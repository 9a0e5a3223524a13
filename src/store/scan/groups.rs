//! What a scan fills: the groups of one grouping, their figures, and the table made of them.

use std::sync::Arc;

use super::ask::{Cursor, Grouping, Key, Row, Table, Top};
use super::column::{Column, Place, Words};
use super::distinct::{Class, large};
use super::selection::Selection;
use crate::domain::question::Dimension;
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;
use crate::store::scan::distinct_contacts::{Last, Pass, People, of_group};
use crate::store::scan::group_labels::{Known, Names, SKIPPED};
use crate::store::scan::hot_rows::{Batch, Touch, at};
use crate::store::totals::Totals;

/// How rows find their group.
#[derive(Debug)]
enum Keys {
    Total,
    /// Bounds of intervals.
    Steps(Vec<i64>),
    Names(Arc<Names>),
    /// Of each group as many as there are intervals.
    Grid(Arc<Names>, Vec<i64>),
}

/// One grouping while it is filled.
#[derive(Debug)]
pub(super) struct Tally {
    keys: Arc<Keys>,
    /// Of every group, and of nobody.
    figures: Vec<Totals>,
    /// Last run that touched a group.
    touched_by: Vec<u32>,
    /// Differs between neighbouring runs.
    ordinal: u32,
    listed: Listed,
    people: People,
}

/// Groups whose figures take a megabyte.
const MANY: usize = 16_384;

/// Totals of so many groups before anything is counted. Those of many go back to the system with the question: every
/// thread's allocator would keep some of its own.
fn zeros(groups: usize) -> Vec<Totals> {
    let mut figures = if groups < MANY { Vec::new() } else { large(groups) };
    figures.resize(groups, Totals::default());
    figures
}

impl Tally {
    /// `budget`: bytes left for sets.
    pub(super) fn new(
        words: &Words<'_>,
        known: &Known,
        grouping: &Grouping,
        last: Last,
        budget: &mut usize,
    ) -> Result<Self, Error> {
        let keys = match grouping {
            Grouping::Total => Keys::Total,
            Grouping::Steps(edges) => Keys::Steps(edges.clone()),
            Grouping::By(key, _) | Grouping::Sums(key, _) => {
                Keys::Names(Names::of(words, known, key.place())?)
            }
            Grouping::These(key, codes) => Keys::Names(Names::only(words, known, key.place(), codes)?),
            Grouping::Grid(key, codes, edges) => {
                Keys::Grid(Names::only(words, known, key.place(), codes)?, edges.clone())
            }
        };
        let steps = |edges: &[i64]| edges.len().saturating_sub(1);
        let groups = match &keys {
            Keys::Total => 1,
            Keys::Steps(edges) => steps(edges),
            Keys::Names(names) => names.lowest.len(),
            Keys::Grid(names, edges) => names.lowest.len() * steps(edges),
        };
        let counted = if matches!(grouping, Grouping::Grid(..) | Grouping::Sums(..)) { 0 } else { groups };
        Ok(Self {
            keys: Arc::new(keys),
            figures: zeros(groups + 1),
            touched_by: vec![0; groups],
            ordinal: 0,
            listed: Listed::default(),
            people: People::new(counted, last, budget),
        })
    }

    /// An empty one of the same grouping.
    pub(super) fn fork(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            figures: zeros(self.figures.len()),
            touched_by: vec![0; self.figures.len()],
            ordinal: 0,
            listed: Listed::default(),
            people: self.people.fork(),
        }
    }

    /// Takes over what another one of the same grouping found.
    pub(super) fn merge(&mut self, other: Self) {
        self.figures.iter_mut().zip(&other.figures).for_each(|(figures, other)| figures.add(other));
        self.people.merge(other.people);
    }

    pub(super) fn column(&self) -> Option<Column> {
        match self.keys.as_ref() {
            Keys::Names(names) | Keys::Grid(names, _) => Some(names.place.column),
            Keys::Total | Keys::Steps(_) => None,
        }
    }

    pub(super) const fn is_pairs(&self) -> bool {
        self.people.is_pairs()
    }

    /// Shares what is left of the bytes for sets among those that have more groups than it could hold.
    pub(super) fn grant(tallies: &mut [Self], budget: usize) {
        let mut large: Vec<&mut People> =
            tallies.iter_mut().map(|tally| &mut tally.people).filter(|people| people.are_many()).collect();
        let share = budget / large.len().max(1);
        large.iter_mut().for_each(|people| people.grant(share));
    }

    pub(super) const fn pairs(&self) -> usize {
        self.people.pairs()
    }

    pub(super) fn compact(&mut self) {
        self.people.compact();
    }

    pub(super) fn retain(&mut self, class: Class) {
        self.people.retain(class);
    }

    /// Counts the pairs of a pass.
    pub(super) fn end_pass(&mut self) {
        self.people.end_pass(&mut self.figures);
    }

    /// What a whole interval sums up to, known beforehand.
    pub(super) fn take_sum(&mut self, at_ms: i64, sum: &Totals) {
        if let Keys::Steps(edges) = self.keys.as_ref() {
            let figures = of_group(&mut self.figures, step(edges, &mut 0, at_ms));
            figures.add(sum);
        }
    }

    /// Counts what matched of a batch.
    pub(super) fn take(&mut self, batch: &Batch, selection: &Selection, pass: Pass<'_>) {
        // a later pass brings pairs only
        if !pass.is_first && !self.is_pairs() {
            return;
        }
        let keys = Arc::clone(&self.keys);
        match keys.as_ref() {
            Keys::Total => self.take_runs(selection, pass, |_, _| Some(0)),
            Keys::Steps(edges) if batch.at_ms.is_empty() => {
                let group = step(edges, &mut 0, batch.only_ms);
                self.take_runs(selection, pass, |_, _| Some(group));
            }
            Keys::Steps(edges) => {
                let mut last = 0;
                self.take_rows(batch, selection, pass, |row| step(edges, &mut last, at(&batch.at_ms, row)));
            }
            Keys::Grid(names, edges) => self.take_grid(batch, selection, pass, (names, edges)),
            Keys::Names(names) => match names.place.column {
                Column::Session(of) => {
                    let codes = batch.of_session.get(of as usize).map(Vec::as_slice).unwrap_or_default();
                    // what programs tell came from nowhere (rules.md 13)
                    self.take_runs(selection, pass, |run, touch| {
                        (touch.session != 0).then(|| names.group(at(codes, run)))
                    });
                }
                Column::Contact => self.take_runs(selection, pass, |_, touch| {
                    Some(names.group(at(pass.contacts, touch.visitor as usize)))
                }),
                Column::Row(of) => {
                    let codes = batch.of_row.get(of as usize).map(Vec::as_slice).unwrap_or_default();
                    match batch.listed(of) {
                        [] => self.take_rows(batch, selection, pass, |row| names.group(at(codes, row))),
                        listed => {
                            self.listed.begin(listed, names, self.figures.len());
                            self.take_listed(batch, selection, pass, codes);
                        }
                    }
                }
            },
        }
    }

    /// All rows of a run are of one group; of none, if `group` says so.
    #[inline]
    fn take_runs(
        &mut self,
        selection: &Selection,
        pass: Pass<'_>,
        group: impl Fn(usize, &Touch) -> Option<u32>,
    ) {
        let Self { figures, people, .. } = self;
        for (place, (run, touch)) in selection.runs.iter().zip(&selection.touches).enumerate() {
            let Some(group) = group(*run as usize, touch).filter(|group| *group != SKIPPED) else { continue };
            let figures = of_group(figures, group);
            if pass.is_first {
                selection.sums.add_to(figures, place);
            }
            people.count(*touch, figures, group, pass);
        }
    }

    #[inline]
    fn take_rows(
        &mut self,
        batch: &Batch,
        selection: &Selection,
        pass: Pass<'_>,
        mut group: impl FnMut(usize) -> u32,
    ) {
        let Self { figures, touched_by, ordinal, people, .. } = self;
        selection.each_run(batch, |place, rows| {
            let Some(touch) = selection.touches.get(place) else { return };
            *ordinal = ordinal.wrapping_add(1);
            rows.each(|row| {
                let group = group(row as usize);
                if group == SKIPPED {
                    return;
                }
                let figures = of_group(figures, group);
                if pass.is_first {
                    figures.add_row(batch, row as usize, touch.session != 0);
                }
                if let Some(touched_by) = touched_by.get_mut(group as usize)
                    && *touched_by != *ordinal
                {
                    *touched_by = *ordinal;
                    people.count(*touch, figures, group, pass);
                }
            });
        });
    }

    /// Sums up rows by group and interval.
    fn take_grid(
        &mut self,
        batch: &Batch,
        selection: &Selection,
        pass: Pass<'_>,
        (names, edges): (&Names, &[i64]),
    ) {
        let Column::Row(of) = names.place.column else { return };
        let codes = batch.of_row.get(of as usize).map(Vec::as_slice).unwrap_or_default();
        let steps = u32::try_from(edges.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let at_ms = |row: u32| batch.at_ms.get(row as usize).copied().unwrap_or(batch.only_ms);
        let mut last = 0;
        let figures = &mut self.figures;
        selection.each_run(batch, |place, rows| {
            let is_of_session = selection.touches.get(place).is_some_and(|touch| touch.session != 0);
            rows.each(|row| {
                let group = names.group(at(codes, row as usize));
                if group == SKIPPED || !pass.is_first {
                    return;
                }
                let cell = group.saturating_mul(steps).saturating_add(step(edges, &mut last, at_ms(row)));
                of_group(figures, cell).add_row(batch, row as usize, is_of_session);
            });
        });
    }

    /// Rows whose codes are places in a list.
    fn take_listed(&mut self, batch: &Batch, selection: &Selection, pass: Pass<'_>, places: &[u32]) {
        let Self { figures, listed, ordinal, people, .. } = self;
        selection.each_run(batch, |place, rows| {
            let Some(touch) = selection.touches.get(place) else { return };
            *ordinal = ordinal.wrapping_add(1);
            rows.each(|row| {
                let row = row as usize;
                let Some(of) = listed.group(at(places, row)) else { return };
                if pass.is_first {
                    of.figures.add_row(batch, row, touch.session != 0);
                }
                if of.touched_by != *ordinal {
                    of.touched_by = *ordinal;
                    people.count(*touch, &mut of.figures, of.group, pass);
                }
            });
        });
        listed.end(figures);
    }

    /// The table, when every pass is over.
    pub(super) fn table(self, words: &Words<'_>, grouping: &Grouping, engaged: bool) -> Result<Table, Error> {
        let mut figures = self.figures;
        self.people.count_sets(&mut figures);
        figures.pop();
        if !engaged {
            figures.iter_mut().for_each(|figures| figures.engaged_ms = 0);
        }
        match (self.keys.as_ref(), grouping) {
            (Keys::Names(names), Grouping::By(_, top) | Grouping::Sums(_, top)) => {
                table_of(words, names, &figures, *top)
            }
            (Keys::Names(names), Grouping::These(_, codes)) => {
                let of = |code: &u32| figures.get(names.group(*code) as usize).copied();
                Ok(unnamed(codes.iter().map(|code| of(code).unwrap_or_default()).collect()))
            }
            (Keys::Grid(names, edges), Grouping::Grid(_, codes, _)) => {
                let steps = edges.len().saturating_sub(1);
                let of = |code: &u32| {
                    let first = (names.group(*code) as usize).saturating_mul(steps);
                    (first..first.saturating_add(steps))
                        .map(|cell| figures.get(cell).copied().unwrap_or_default())
                };
                Ok(unnamed(codes.iter().flat_map(of).collect()))
            }
            _ => Ok(unnamed(figures)),
        }
    }
}

fn unnamed(figures: Vec<Totals>) -> Table {
    let total = figures.len() as u64;
    let rows = figures.into_iter().map(|figures| Row { name: Vec::new(), figures }).collect();
    Table { rows, total, ..Table::default() }
}

/// The groups of a batch's list of pages, beside each other: most rows of a day are in few of very many groups.
#[derive(Debug, Default)]
struct Listed {
    /// Of each place in the list, where its group is in `groups`; of places past the last, the last one.
    at: Vec<u32>,
    groups: Vec<OfListed>,
    /// Where each group is in `groups`; `SKIPPED` for those that are not there.
    place_of: Vec<u32>,
}

/// What a group of the list has in the batch.
#[derive(Debug)]
struct OfListed {
    group: u32,
    /// Last run that touched it.
    touched_by: u32,
    figures: Totals,
}

impl Listed {
    /// Looks up a list of codes; there are as many `figures` as groups, and nobody's.
    fn begin(&mut self, codes: &[u32], names: &Names, figures: usize) {
        self.at.clear();
        self.groups.clear();
        self.place_of.resize(figures, SKIPPED);
        for code in codes.iter().chain([&0]) {
            let group = names.group(*code);
            let Some(place) = self.place_of.get_mut(group as usize) else {
                self.at.push(SKIPPED);
                continue;
            };
            if *place == SKIPPED {
                *place = self.groups.len() as u32;
                self.groups.push(OfListed { group, touched_by: 0, figures: Totals::default() });
            }
            self.at.push(*place);
        }
    }

    #[inline]
    fn group(&mut self, place: u32) -> Option<&mut OfListed> {
        let at = self.at.get(place as usize).or(self.at.last())?;
        self.groups.get_mut(*at as usize)
    }

    /// Adds up what the batch had.
    fn end(&mut self, figures: &mut [Totals]) {
        for of in &self.groups {
            of_group(figures, of.group).add(&of.figures);
            if let Some(place) = self.place_of.get_mut(of.group as usize) {
                *place = SKIPPED;
            }
        }
    }
}

/// The interval of a time; neighbours are mostly in the same one.
fn step(edges: &[i64], last: &mut usize, at_ms: i64) -> u32 {
    let holds = |from: usize| {
        edges.get(from).zip(edges.get(from + 1)).is_some_and(|(a, b)| *a <= at_ms && at_ms < *b)
    };
    if !holds(*last) {
        *last = edges.partition_point(|edge| *edge <= at_ms).saturating_sub(1);
    }
    *last as u32
}

impl Totals {
    #[inline]
    pub(super) fn add_row(&mut self, batch: &Batch, row: usize, is_of_session: bool) {
        if at(&batch.is_completion, row) {
            self.completions += 1;
            self.value_minor = self.value_minor.saturating_add(at(&batch.value_minor, row));
        } else if is_of_session {
            self.page_views += 1;
            self.engaged_ms += u64::from(at(&batch.engaged_ms, row));
        }
    }
}

impl Key {
    pub(super) fn place(self) -> Place {
        match self {
            Self::Dimension(dimension) => Place::of(dimension),
            Self::SourceAndDetail => Place { count: 2, ..Place::of(Dimension::Source) },
            Self::Campaign => Place { count: 3, ..Place::of(Dimension::UtmSource) },
        }
    }
}

/// The page of the table after the cursor: greatest first, equals by name.
fn table_of(words: &Words<'_>, names: &Names, figures: &[Totals], top: Top) -> Result<Table, Error> {
    let present =
        figures.iter().zip(0_u32..).filter(|(f, group)| !(f.is_empty() || top.skip_empty && *group == 0));
    let mut order: Vec<(std::cmp::Reverse<i64>, u32)> =
        present.map(|(f, group)| (std::cmp::Reverse(f.get(top.by)), group)).collect();
    let total = order.len() as u64;
    if let Some(after) = top.after {
        let shown = (std::cmp::Reverse(after.value), names.group(after.code));
        order.retain(|place| *place > shown);
    }
    let has_more = order.len() > top.limit;
    if has_more && top.limit > 0 {
        order.select_nth_unstable(top.limit - 1);
    }
    order.truncate(top.limit);
    order.sort_unstable();
    let mut rows = Vec::with_capacity(order.len());
    let mut codes = Vec::with_capacity(order.len());
    let mut next = None;
    for (std::cmp::Reverse(value), group) in order {
        let code = names.lowest.get(group as usize).copied().unwrap_or(0);
        let text = if group == 0 { String::new() } else { words.text(names.place.column, code)? };
        let name = names.place.of_text(&text).split(SEPARATOR).map(str::to_owned).collect();
        let figures = figures.get(group as usize).copied().unwrap_or_default();
        rows.push(Row { name, figures });
        codes.push(code);
        next = Some(Cursor { value, code });
    }
    Ok(Table { rows, codes, total, next: next.filter(|_| has_more) })
}
