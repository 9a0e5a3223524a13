//! What a scan fills: the totals of each group of one grouping, and the table that is made of them.

pub(super) mod distinct_counts;
pub(super) mod labels;
pub(super) mod totals;

use std::sync::Arc;

use super::column::{Column, ColumnTexts, Field, SUSPECTED, SessionColumn};
use super::distinct::ResidueClass;
use super::hot_rows::{Batch, RunOwner, at};
use super::request::{Cursor, Grouping, Key, Row, Table, Top};
use super::selection::Selection;
use crate::domain::question::Dimension;
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;
use crate::store::totals::Totals;
use distinct_counts::{DistinctCounts, HighestNumbers, Pass};
use labels::{GroupLabels, LabelCache, SKIPPED};
use totals::GroupTotals;

/// How a row finds its group.
#[derive(Debug)]
enum Keys {
    Total,
    /// Edges of intervals.
    Intervals(Vec<i64>),
    Labels(Arc<GroupLabels>),
    /// One group per contact, of this many; its number is that of the contact.
    Contacts(usize),
    /// The group number is that of the label times the number of intervals, plus the interval.
    Grid(Arc<GroupLabels>, Vec<i64>),
    /// One group of what is of suspected robots. With labels, only what has one.
    Suspected(Option<Arc<GroupLabels>>),
}

const IS_SUSPECTED: Column = Column::Session(SessionColumn::Suspected);

/// One grouping while it is filled.
#[derive(Debug)]
pub(super) struct Tally {
    keys: Arc<Keys>,
    figures: GroupTotals,
    /// The run that was counted last in each group.
    last_run: Vec<u32>,
    /// The number of the current run; it only has to differ between neighbouring runs.
    run_number: u32,
    page_groups: PageGroups,
    distinct: DistinctCounts,
}

impl Tally {
    /// `budget` is how many bytes are left for bitsets; what the tally uses is subtracted.
    pub(super) fn new(
        texts: &ColumnTexts<'_>,
        cache: &LabelCache,
        grouping: &Grouping,
        highest: HighestNumbers,
        budget: &mut usize,
    ) -> Result<Self, Error> {
        let keys = match grouping {
            Grouping::Total => Keys::Total,
            Grouping::Intervals(edges) => Keys::Intervals(edges.clone()),
            Grouping::By(key, _) | Grouping::SumsBy(key, _) => {
                Keys::Labels(GroupLabels::of(texts, cache, key.field())?)
            }
            Grouping::EachContact => {
                let last = texts.version(Column::Contact)?.map_or(0, |version| version.last_id);
                Keys::Contacts(last as usize + 1)
            }
            Grouping::Chosen(key, codes) => {
                Keys::Labels(GroupLabels::chosen(texts, cache, key.field(), codes)?)
            }
            Grouping::Grid(key, codes, edges) => {
                Keys::Grid(GroupLabels::chosen(texts, cache, key.field(), codes)?, edges.clone())
            }
            Grouping::Suspected(None) => Keys::Suspected(None),
            Grouping::Suspected(Some(key)) => {
                Keys::Suspected(Some(GroupLabels::of(texts, cache, key.field())?))
            }
        };
        let groups = match &keys {
            Keys::Total | Keys::Suspected(_) => 1,
            Keys::Intervals(edges) => steps_of(edges) as usize,
            Keys::Labels(labels) => labels.lowest.len(),
            Keys::Contacts(groups) => *groups,
            Keys::Grid(labels, edges) => labels.lowest.len() * steps_of(edges) as usize,
        };
        let is_sums = matches!(
            grouping,
            Grouping::Grid(..) | Grouping::SumsBy(..) | Grouping::EachContact | Grouping::Suspected(_)
        );
        let counted = if is_sums { 0 } else { groups };
        Ok(Self {
            keys: Arc::new(keys),
            figures: GroupTotals::new(groups),
            last_run: vec![0; groups],
            run_number: 0,
            page_groups: PageGroups::default(),
            distinct: DistinctCounts::new(counted, highest, budget),
        })
    }

    /// An empty tally of the same grouping, for another thread.
    pub(super) fn fork(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            figures: self.figures.fork(),
            last_run: vec![0; self.last_run.len()],
            run_number: 0,
            page_groups: PageGroups::default(),
            distinct: self.distinct.fork(),
        }
    }

    /// Adds what another tally of the same grouping counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.figures.add(&other.figures);
        self.distinct.merge(other.distinct);
    }

    /// The columns whose codes decide the group of a row.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        let columns = match self.keys.as_ref() {
            Keys::Labels(labels) | Keys::Grid(labels, _) => [Some(labels.field.column), None],
            Keys::Suspected(labels) => {
                [Some(IS_SUSPECTED), labels.as_ref().map(|labels| labels.field.column)]
            }
            Keys::Contacts(_) => [Some(Column::Contact), None],
            Keys::Total | Keys::Intervals(_) => [None, None],
        };
        columns.into_iter().flatten()
    }

    pub(super) const fn is_pairs(&self) -> bool {
        self.distinct.is_pairs()
    }

    /// Divides the remaining bytes for bitsets among the tallies whose groups cannot all have one.
    pub(super) fn set_budget(tallies: &mut [Self], budget: usize) {
        let mut large: Vec<&mut DistinctCounts> = tallies
            .iter_mut()
            .map(|tally| &mut tally.distinct)
            .filter(|distinct| distinct.are_many())
            .collect();
        let share = budget / large.len().max(1);
        large.iter_mut().for_each(|distinct| distinct.set_budget(share));
    }

    pub(super) const fn pairs(&self) -> usize {
        self.distinct.pairs()
    }

    pub(super) fn compact(&mut self) {
        self.distinct.compact();
    }

    pub(super) fn retain(&mut self, class: ResidueClass) {
        self.distinct.retain(class);
    }

    pub(super) fn end_pass(&mut self) {
        self.distinct.end_pass(&mut self.figures);
    }

    /// Adds the totals of a whole interval.
    pub(super) fn add_interval(&mut self, at_ms: i64, sum: &Totals) {
        if let Keys::Intervals(edges) = self.keys.as_ref() {
            self.figures.of(interval_of(edges, &mut 0, at_ms)).add(sum);
        }
    }

    /// Counts the selected part of a batch.
    pub(super) fn count(&mut self, batch: &Batch, selection: &Selection, pass: Pass<'_>) {
        // Everything but pairs is complete after the first pass.
        if !pass.is_first && !self.is_pairs() {
            return;
        }
        let keys = Arc::clone(&self.keys);
        match keys.as_ref() {
            Keys::Total => self.count_runs(selection, pass, |_, _| Some(0)),
            Keys::Intervals(edges) if batch.at_ms.is_empty() => {
                let group = interval_of(edges, &mut 0, batch.only_ms);
                self.count_runs(selection, pass, |_, _| Some(group));
            }
            Keys::Intervals(edges) => {
                let mut last = 0;
                self.count_rows(batch, selection, pass, |row| {
                    interval_of(edges, &mut last, at(&batch.at_ms, row))
                });
            }
            Keys::Contacts(groups) => self.count_runs(selection, pass, |_, owner| {
                let contact = at(pass.contacts, owner.visitor as usize);
                // A contact that was added since the question was prepared counts when it is asked next.
                (contact != 0 && (contact as usize) < *groups).then_some(contact)
            }),
            Keys::Grid(labels, edges) => self.count_grid(batch, selection, pass, (labels, edges)),
            Keys::Suspected(labels) => self.count_suspected(batch, selection, pass, labels.as_deref()),
            Keys::Labels(labels) => match labels.field.column {
                Column::Session(of) => {
                    let codes = batch.codes(Column::Session(of));
                    // Events sent by programs have no session (rules.md 13).
                    self.count_runs(selection, pass, |run, owner| {
                        (owner.session != 0).then(|| labels.group(at(codes, run)))
                    });
                }
                Column::Contact => self.count_runs(selection, pass, |_, owner| {
                    Some(labels.group(at(pass.contacts, owner.visitor as usize)))
                }),
                Column::Row(of) => {
                    let codes = batch.codes(Column::Row(of));
                    match batch.code_list(of) {
                        [] => self.count_rows(batch, selection, pass, |row| labels.group(at(codes, row))),
                        listed => {
                            self.page_groups.begin(listed, labels, self.figures.groups());
                            self.count_page_list(batch, selection, pass, codes);
                        }
                    }
                }
            },
        }
    }

    /// Counts runs whose rows are all of one group, or of none.
    #[inline]
    fn count_runs(
        &mut self,
        selection: &Selection,
        pass: Pass<'_>,
        group: impl Fn(usize, &RunOwner) -> Option<u32>,
    ) {
        let Self { figures, distinct, .. } = self;
        for (place, (run, owner)) in selection.runs.iter().zip(&selection.owners).enumerate() {
            let Some(group) = group(*run as usize, owner).filter(|group| *group != SKIPPED) else { continue };
            let figures = figures.of(group);
            if pass.is_first {
                selection.sums.add_to(figures, place);
            }
            distinct.count(*owner, figures, group, pass);
        }
    }

    #[inline]
    fn count_rows(
        &mut self,
        batch: &Batch,
        selection: &Selection,
        pass: Pass<'_>,
        mut group: impl FnMut(usize) -> u32,
    ) {
        let Self { figures, last_run, run_number, distinct, .. } = self;
        selection.each_run(batch, |place, rows| {
            let Some(owner) = selection.owners.get(place) else { return };
            *run_number = run_number.wrapping_add(1);
            rows.each(|row| {
                let group = group(row as usize);
                if group == SKIPPED {
                    return;
                }
                let figures = figures.of(group);
                if pass.is_first {
                    figures.add_row(batch, row as usize, owner.session != 0);
                }
                if let Some(last_run) = last_run.get_mut(group as usize)
                    && *last_run != *run_number
                {
                    *last_run = *run_number;
                    distinct.count(*owner, figures, group, pass);
                }
            });
        });
    }

    /// Sums up rows by group and interval.
    fn count_grid(
        &mut self,
        batch: &Batch,
        selection: &Selection,
        pass: Pass<'_>,
        (labels, edges): (&GroupLabels, &[i64]),
    ) {
        let Column::Row(of) = labels.field.column else { return };
        let codes = batch.codes(Column::Row(of));
        let steps = steps_of(edges);
        let at_ms = |row: u32| batch.at_ms.get(row as usize).copied().unwrap_or(batch.only_ms);
        let mut last = 0;
        let figures = &mut self.figures;
        selection.each_run(batch, |place, rows| {
            let is_of_session = selection.owners.get(place).is_some_and(|owner| owner.session != 0);
            rows.each(|row| {
                let group = labels.group(at(codes, row as usize));
                if group == SKIPPED || !pass.is_first {
                    return;
                }
                let cell =
                    group.saturating_mul(steps).saturating_add(interval_of(edges, &mut last, at_ms(row)));
                figures.of(cell).add_row(batch, row as usize, is_of_session);
            });
        });
    }

    /// Sums up what is of suspected robots and has a label.
    fn count_suspected(
        &mut self,
        batch: &Batch,
        selection: &Selection,
        pass: Pass<'_>,
        labels: Option<&GroupLabels>,
    ) {
        let suspected = batch.codes(IS_SUSPECTED);
        let is_suspected = |run: usize| at(suspected, run) == SUSPECTED;
        let has_label = |code: u32| labels.is_none_or(|labels| labels.group(code) != 0);
        let Some(Column::Row(of)) = labels.map(|labels| labels.field.column) else {
            let code = |run: usize, owner: &RunOwner| match labels.map(|labels| labels.field.column) {
                Some(Column::Contact) => at(pass.contacts, owner.visitor as usize),
                Some(column) => at(batch.codes(column), run),
                None => 0,
            };
            return self.count_runs(selection, pass, |run, owner| {
                (is_suspected(run) && has_label(code(run, owner))).then_some(0)
            });
        };
        let (codes, listed, figures) =
            (batch.codes(Column::Row(of)), batch.code_list(of), self.figures.of(0));
        selection.each_run(batch, |place, rows| {
            if !selection.runs.get(place).is_some_and(|run| is_suspected(*run as usize)) {
                return;
            }
            rows.each(|row| {
                let code = at(codes, row as usize);
                if has_label(if listed.is_empty() { code } else { at(listed, code as usize) }) {
                    figures.add_row(batch, row as usize, true);
                }
            });
        });
    }

    /// Counts rows whose codes are indexes into the page list of a segment.
    fn count_page_list(&mut self, batch: &Batch, selection: &Selection, pass: Pass<'_>, places: &[u32]) {
        let Self { figures, page_groups, run_number, distinct, .. } = self;
        selection.each_run(batch, |place, rows| {
            let Some(owner) = selection.owners.get(place) else { return };
            *run_number = run_number.wrapping_add(1);
            rows.each(|row| {
                let row = row as usize;
                let Some(of) = page_groups.group(at(places, row)) else { return };
                if pass.is_first {
                    of.figures.add_row(batch, row, owner.session != 0);
                }
                if of.last_run != *run_number {
                    of.last_run = *run_number;
                    distinct.count(*owner, &mut of.figures, of.group, pass);
                }
            });
        });
        page_groups.end(figures);
    }

    /// Makes the table after the last pass.
    pub(super) fn table(
        self,
        texts: &ColumnTexts<'_>,
        grouping: &Grouping,
        engaged: bool,
    ) -> Result<Table, Error> {
        let mut figures = self.figures;
        self.distinct.count_sets(&mut figures);
        if !engaged {
            figures.clear_engaged();
        }
        match (self.keys.as_ref(), grouping) {
            (Keys::Labels(labels), Grouping::By(_, top) | Grouping::SumsBy(_, top)) => {
                table_of(texts, labels, &figures, *top)
            }
            (Keys::Labels(labels), Grouping::Chosen(_, codes)) => {
                let of = |code: &u32| figures.get(labels.group(*code));
                Ok(unnamed(codes.iter().map(of)))
            }
            (Keys::Grid(labels, edges), Grouping::Grid(_, codes, _)) => {
                let steps = steps_of(edges);
                let of = |code: &u32| {
                    let first = labels.group(*code).saturating_mul(steps);
                    (0..steps).map(move |step| first.saturating_add(step))
                };
                Ok(unnamed(codes.iter().flat_map(of).map(|cell| figures.get(cell))))
            }
            (Keys::Contacts(_), _) => Ok(contacts_of(&figures)),
            _ => Ok(unnamed(figures.list())),
        }
    }
}

/// How many intervals these edges make.
fn steps_of(edges: &[i64]) -> u32 {
    u32::try_from(edges.len().saturating_sub(1)).unwrap_or(u32::MAX)
}

fn unnamed(figures: impl Iterator<Item = Totals>) -> Table {
    let rows: Vec<Row> = figures.map(|figures| Row { name: Vec::new(), figures }).collect();
    let total = rows.len() as u64;
    Table { rows, total, ..Table::default() }
}

/// The contacts that have any figures.
fn contacts_of(figures: &GroupTotals) -> Table {
    let (mut rows, mut codes) = (Vec::new(), Vec::new());
    figures.each(|group, of| {
        if !of.is_empty() {
            rows.push(Row { name: Vec::new(), figures: *of });
            codes.push(group);
        }
    });
    let total = rows.len() as u64;
    Table { rows, codes, total, next: None }
}

/// The groups of the page list of a segment, next to each other in memory. A site may have very many pages, but most
/// rows of a day are of few of them, so the totals of a batch stay in the processor's cache.
#[derive(Debug, Default)]
struct PageGroups {
    /// The index into `groups` of each entry of the page list. The last one is for indexes past the end.
    at: Vec<u32>,
    groups: Vec<PageGroup>,
    /// The index into `groups` of each group number; `SKIPPED` for groups without an entry.
    place_of: Vec<u32>,
}

#[derive(Debug)]
struct PageGroup {
    group: u32,
    last_run: u32,
    figures: Totals,
}

impl PageGroups {
    /// Finds the groups of a page list, of as many groups as `count`.
    fn begin(&mut self, codes: &[u32], labels: &GroupLabels, count: usize) {
        self.at.clear();
        self.groups.clear();
        self.place_of.resize(count, SKIPPED);
        for code in codes.iter().chain([&0]) {
            let group = labels.group(*code);
            let Some(place) = self.place_of.get_mut(group as usize) else {
                self.at.push(SKIPPED);
                continue;
            };
            if *place == SKIPPED {
                *place = self.groups.len() as u32;
                self.groups.push(PageGroup { group, last_run: 0, figures: Totals::default() });
            }
            self.at.push(*place);
        }
    }

    #[inline]
    fn group(&mut self, place: u32) -> Option<&mut PageGroup> {
        let at = self.at.get(place as usize).or(self.at.last())?;
        self.groups.get_mut(*at as usize)
    }

    /// Adds the totals of the batch to `figures`.
    fn end(&mut self, figures: &mut GroupTotals) {
        for of in &self.groups {
            figures.of(of.group).add(&of.figures);
            if let Some(place) = self.place_of.get_mut(of.group as usize) {
                *place = SKIPPED;
            }
        }
    }
}

/// The interval of a time. It first looks at the interval found last, because neighbouring rows are mostly in the same.
fn interval_of(edges: &[i64], last: &mut usize, at_ms: i64) -> u32 {
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
    pub(super) fn field(self) -> Field {
        match self {
            Self::Dimension(dimension) => Field::of(dimension),
            Self::SourceAndDetail => Field { count: 2, ..Field::of(Dimension::Source) },
            Self::Campaign => Field { count: 3, ..Field::of(Dimension::UtmSource) },
        }
    }
}

/// One page of a table: the groups behind the cursor, greatest first, those with equal values ordered by label.
fn table_of(
    texts: &ColumnTexts<'_>,
    labels: &GroupLabels,
    figures: &GroupTotals,
    top: Top,
) -> Result<Table, Error> {
    let mut order: Vec<(std::cmp::Reverse<i64>, u32)> = Vec::new();
    figures.each(|group, of| {
        if !(of.is_empty() || top.skip_empty && group == 0) {
            order.push((std::cmp::Reverse(of.get(top.by)), group));
        }
    });
    let total = order.len() as u64;
    if let Some(after) = top.after {
        let shown = (std::cmp::Reverse(after.value), labels.group(after.code));
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
        let code = labels.lowest.get(group as usize).copied().unwrap_or(0);
        let text = if group == 0 { String::new() } else { texts.text(labels.field.column, code)? };
        let name = labels.field.part_of(&text).split(SEPARATOR).map(str::to_owned).collect();
        let figures = figures.get(group);
        rows.push(Row { name, figures });
        codes.push(code);
        next = Some(Cursor { value, code });
    }
    Ok(Table { rows, codes, total, next: next.filter(|_| has_more) })
}
