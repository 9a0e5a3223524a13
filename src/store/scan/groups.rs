//! What a scan fills: the groups of one grouping, their figures, and the table made of them. Groups are
//! numbered in the order of their names, so that equal figures are listed by name.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::ask::{Cursor, Figures, Grouping, Key, Row, Table, Top};
use super::bitsets::{Class, Distinct};
use super::column::{Column, Place, set};
use super::rows::Batch;
use crate::domain::account::AccountId;
use crate::domain::question::Dimension;
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;
use crate::store::event::{COMPLETION, PAGE_VIEW};

/// The group of every code of a column. Group 0 is the empty name.
#[derive(Debug)]
struct Names {
    place: Place,
    group_of: Vec<u32>,
    /// Lowest code of each group: names it, and stays its lowest when codes are added.
    lowest: Vec<u32>,
}

impl Names {
    fn compile(conn: &Connection, account: AccountId, place: Place) -> Result<Self, Error> {
        let mut names = Self { place, group_of: vec![0], lowest: vec![0] };
        if place.first == 0 {
            // texts come in their order, so equal beginnings come together
            let mut last = String::new();
            let mut group = 0;
            place.column.texts(conn, account, &mut |code, text| {
                let name = place.of_text(text);
                if name != last {
                    name.clone_into(&mut last);
                    group += 1;
                }
                names.add(code, if is_empty(name) { 0 } else { group });
            })?;
            return Ok(names);
        }
        let mut codes_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        place.column.texts(conn, account, &mut |code, text| {
            let name = place.of_text(text);
            if let Some(codes) = codes_of.get_mut(name) {
                codes.push(code);
            } else if !is_empty(name) {
                codes_of.insert(name.to_owned(), vec![code]);
            }
        })?;
        for (codes, group) in codes_of.into_values().zip(1..) {
            codes.into_iter().for_each(|code| names.add(code, group));
        }
        Ok(names)
    }

    fn add(&mut self, code: u32, group: u32) {
        set(&mut self.group_of, code, group, 0);
        let lowest = self.lowest.get(group as usize).map_or(code, |lowest| code.min(*lowest));
        set(&mut self.lowest, group, lowest, code);
    }

    fn group(&self, code: u32) -> u32 {
        self.group_of.get(code as usize).copied().unwrap_or(0)
    }
}

/// Are all parts of a name empty?
fn is_empty(name: &str) -> bool {
    name.chars().all(|c| c == SEPARATOR)
}

/// How rows find their group.
#[derive(Debug)]
enum Keys {
    Total,
    /// Bounds of intervals, and the interval of the last row.
    Steps {
        edges: Vec<i64>,
        last: usize,
    },
    Names(Names),
}

/// A run of a batch, as far as it matched.
pub(super) struct Matched<'a> {
    pub batch: &'a Batch,
    pub run: usize,
    /// Differs between neighbouring runs.
    pub ordinal: u32,
    pub session: u32,
    pub visitor: u32,
    pub contact: u32,
    pub spans: bool,
    /// The session did not match before.
    pub is_fresh: bool,
    pub bounced: bool,
    /// Places of the matching rows; not empty.
    pub rows: &'a [u32],
    /// Their figures, without distinct counts.
    pub sum: Figures,
    pub class: Class,
    pub is_first_pass: bool,
}

/// One grouping while it is filled.
#[derive(Debug)]
pub(super) struct Tally {
    keys: Keys,
    figures: Vec<Figures>,
    /// Last run that touched a group.
    touched_by: Vec<u32>,
    visitors: Distinct,
    sessions: Distinct,
}

impl Tally {
    /// `last`: highest visitor and session number; `budget`: bytes left for sets.
    pub(super) fn new(
        conn: &Connection,
        account: AccountId,
        grouping: &Grouping,
        last: (u32, u32),
        budget: &mut usize,
    ) -> Result<Self, Error> {
        let keys = match grouping {
            Grouping::Total => Keys::Total,
            Grouping::Steps(edges) => Keys::Steps { edges: edges.clone(), last: 0 },
            Grouping::By(key, _) | Grouping::These(key, _) => {
                Keys::Names(Names::compile(conn, account, key.place())?)
            }
        };
        let groups = match &keys {
            Keys::Total => 1,
            Keys::Steps { edges, .. } => edges.len().saturating_sub(1),
            Keys::Names(names) => names.lowest.len(),
        };
        let visitors = Distinct::new(groups, last.0, budget);
        let sessions = match keys {
            // a session is of one group: `is_fresh` tells when it counts
            Keys::Total | Keys::Names(Names { place: Place { column: Column::Session(_), .. }, .. }) => {
                Distinct::Sets(Vec::new())
            }
            _ => Distinct::new(groups, last.1, budget),
        };
        Ok(Self {
            keys,
            figures: vec![Figures::default(); groups],
            touched_by: vec![0; groups],
            visitors,
            sessions,
        })
    }

    pub(super) fn column(&self) -> Option<Column> {
        match &self.keys {
            Keys::Names(names) => Some(names.place.column),
            _ => None,
        }
    }

    pub(super) const fn pairs(&self) -> usize {
        self.visitors.pairs() + self.sessions.pairs()
    }

    pub(super) fn compact(&mut self) {
        self.visitors.compact();
        self.sessions.compact();
    }

    pub(super) fn retain(&mut self, class: Class) {
        self.visitors.retain(class);
        self.sessions.retain(class);
    }

    /// Counts the pairs of a pass.
    pub(super) fn end_pass(&mut self) {
        let figures = &mut self.figures;
        self.visitors.count(|group| {
            if let Some(figures) = figures.get_mut(group as usize) {
                figures.visitors += 1;
            }
        });
        self.sessions.count(|group| {
            if let Some(figures) = figures.get_mut(group as usize) {
                figures.sessions += 1;
            }
        });
    }

    /// Counts what matched of a run.
    pub(super) fn take(&mut self, run: &Matched<'_>) {
        // a later pass brings pairs only
        if !run.is_first_pass && self.visitors.is_sets() && self.sessions.is_sets() {
            return;
        }
        let group = match &self.keys {
            Keys::Total => 0,
            Keys::Names(names) => match names.place.column {
                // what programs tell came from nowhere (rules.md 13)
                Column::Session(_) if run.session == 0 => return,
                Column::Session(of) => names.group(code(run.batch.of_session.get(of as usize), run.run)),
                Column::Contact => return self.take_whole(run, names.group(run.contact), false),
                Column::Nothing => return self.take_whole(run, 0, false),
                Column::Row(_) => return self.take_rows(run),
            },
            Keys::Steps { .. } => return self.take_rows(run),
        };
        self.take_whole(run, group, true);
    }

    /// All rows of the run are of one group; `of_session`: and so are all other rows of the session.
    fn take_whole(&mut self, run: &Matched<'_>, group: u32, of_session: bool) {
        if run.is_first_pass
            && let Some(figures) = self.figures.get_mut(group as usize)
        {
            figures.add(&run.sum);
            if of_session && run.is_fresh {
                figures.sessions += 1;
            }
        }
        self.touch(run, group, of_session);
    }

    fn take_rows(&mut self, run: &Matched<'_>) {
        for row in run.rows.iter().map(|row| *row as usize) {
            let group = match &mut self.keys {
                Keys::Steps { edges, last } => {
                    step(edges, last, run.batch.at_ms.get(row).copied().unwrap_or(0))
                }
                Keys::Names(names) => match names.place.column {
                    Column::Row(of) => names.group(code(run.batch.of_row.get(of as usize), row)),
                    _ => 0,
                },
                Keys::Total => 0,
            };
            if run.is_first_pass
                && let Some(figures) = self.figures.get_mut(group as usize)
            {
                figures.add_row(run.batch, row, run.session);
            }
            if let Some(touched_by) = self.touched_by.get_mut(group as usize)
                && *touched_by != run.ordinal
            {
                *touched_by = run.ordinal;
                self.touch(run, group, false);
            }
        }
    }

    /// The run has matching rows in the group: its visitor and session count there once.
    fn touch(&mut self, run: &Matched<'_>, group: u32, counted_session: bool) {
        if run.session == 0 {
            return;
        }
        let visitor_counts = self.visitors.insert(group, run.visitor, run.class, run.is_first_pass);
        let session_counts = if counted_session {
            false
        } else if run.spans {
            self.sessions.insert(group, run.session, run.class, run.is_first_pass)
        } else {
            run.is_first_pass
        };
        if let Some(figures) = self.figures.get_mut(group as usize) {
            figures.visitors += u64::from(visitor_counts);
            figures.sessions += u64::from(session_counts);
            // a bounced session has one row, so it comes here once
            figures.bounces += u64::from(run.is_first_pass && run.bounced);
        }
    }

    /// The table, when every pass is over.
    pub(super) fn table(
        self,
        conn: &Connection,
        account: AccountId,
        grouping: &Grouping,
    ) -> Result<Table, Error> {
        match (self.keys, grouping) {
            (Keys::Names(names), Grouping::By(_, top)) => {
                table_of(conn, account, &names, &self.figures, *top)
            }
            (Keys::Names(names), Grouping::These(_, codes)) => {
                let of = |code: &u32| self.figures.get(names.group(*code) as usize).copied();
                Ok(unnamed(codes.iter().map(|code| of(code).unwrap_or_default()).collect()))
            }
            _ => Ok(unnamed(self.figures)),
        }
    }
}

fn unnamed(figures: Vec<Figures>) -> Table {
    let total = figures.len() as u64;
    let rows = figures.into_iter().map(|figures| Row { name: Vec::new(), figures }).collect();
    Table { rows, total, ..Table::default() }
}

fn code(column: Option<&Vec<u32>>, at: usize) -> u32 {
    column.and_then(|column| column.get(at)).copied().unwrap_or(0)
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

impl Figures {
    fn add(&mut self, other: &Self) {
        self.page_views += other.page_views;
        self.completions += other.completions;
        self.value_minor += other.value_minor;
        self.engaged_ms += other.engaged_ms;
    }

    pub(super) fn add_row(&mut self, batch: &Batch, row: usize, session: u32) {
        match batch.kind.get(row) {
            Some(&PAGE_VIEW) if session != 0 => {
                self.page_views += 1;
                self.engaged_ms += u64::from(batch.engaged_ms.get(row).copied().unwrap_or(0));
            }
            Some(&COMPLETION) => {
                self.completions += 1;
                self.value_minor += batch.value_minor.get(row).copied().unwrap_or(0);
            }
            _ => {}
        }
    }

    const fn is_empty(&self) -> bool {
        self.page_views == 0 && self.completions == 0
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
fn table_of(
    conn: &Connection,
    account: AccountId,
    names: &Names,
    figures: &[Figures],
    top: Top,
) -> Result<Table, Error> {
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
        let text = if group == 0 { String::new() } else { names.place.column.text(conn, account, code)? };
        let name = names.place.of_text(&text).split(SEPARATOR).map(str::to_owned).collect();
        let figures = figures.get(group as usize).copied().unwrap_or_default();
        rows.push(Row { name, figures });
        codes.push(code);
        next = Some(Cursor { value, code });
    }
    Ok(Table { rows, codes, total, next: next.filter(|_| has_more) })
}
