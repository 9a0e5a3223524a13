//! The columns of a segment: what each one holds, how rows become columns, and how columns become rows again.
//! Nothing here reads or writes a file.
//!
//! Rows are clustered into *runs*. A run is what one visitor did in one session on one day, ordered by time. What is
//! the same for a whole session (its source, device and so on) is stored once per run instead of once per row. A
//! page and its title are stored once per segment, in the *page list*; rows hold an index into that list.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::pack::{pack, unpack};
use crate::store::error::Damage;
use crate::store::event::{COMPLETION, Event, PAGE_VIEW};
use crate::store::session::Session;
use crate::store::totals::Totals;

/// Declares `Col` from a table of name, number, and what the column has one value per.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $number:literal per $per:ident,)+) => {
        /// The columns. The numbers are stored, so none may be reused. A column with no value other than 0 is not
        /// stored at all.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Col { $($(#[$doc])* $name = $number,)+ }

        impl Col {
            pub const ALL: [Self; 27] = [$(Self::$name,)+];

            pub(super) const fn per(self) -> Per {
                match self { $(Self::$name => Per::$per,)+ }
            }
        }
    };
}

columns! {
    Session = 0 per Run,
    Visitor = 1 per Run,
    /// How many rows the run has.
    Rows = 2 per Run,
    /// Milliseconds from the first row of the segment to the first row of the run.
    Start = 3 per Run,
    Flags = 4 per Run,
    Source = 5 per Run,
    Referrer = 6 per Run,
    Campaign = 7 per Run,
    Device = 8 per Run,
    Screen = 9 per Run,
    Language = 10 per Run,
    Place = 11 per Run,
    Company = 12 per Run,
    /// Index into the page list.
    EntryPage = 13 per Run,
    /// Index into the page list.
    ExitPage = 14 per Run,
    /// Milliseconds since the row before.
    Gap = 15 per Gap,
    /// Index into the page list.
    Page = 16 per Row,
    /// Bits: `IS_COMPLETION`, `IS_FOREIGN`.
    Kind = 17 per Row,
    Event = 18 per Row,
    ValueLow = 19 per Row,
    ValueHigh = 20 per Row,
    Engaged = 21 per Row,
    Consent = 22 per Row,
    Policy = 23 per Row,
    PageListPage = 24 per PageListEntry,
    PageListTitle = 25 per PageListEntry,
    ClickId = 26 per Run,
}

impl Col {
    pub(super) const COUNT: usize = Self::ALL.len();
}

/// What a column has one value per.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Per {
    Run,
    Row,
    /// Two neighbouring rows of a run; the first row of a run has no gap before it.
    Gap,
    PageListEntry,
}

/// Bits of `Col::Flags`.
pub const SPANS: u32 = 1;
pub const BOUNCED: u32 = 2;
pub const IS_NEW: u32 = 4;
pub const SWITCHED: u32 = 8;
pub const SUSPECTED: u32 = 16;
/// Bits of `Col::Kind`.
pub const IS_COMPLETION: u32 = 1;
/// The host of the page is none of the account's domains.
pub const IS_FOREIGN: u32 = 2;

/// What one visitor did in one session, as far as it is in one segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// 0 for events that a program sent; they have no session.
    pub session: u32,
    pub visitor: u32,
    /// The session has rows outside this run too.
    pub spans: bool,
    /// Whether the session as a whole bounced (rules.md 15).
    pub bounced: bool,
    pub is_new: bool,
    pub switched: bool,
    pub suspected: bool,
    pub source: u32,
    pub referrer: u32,
    pub campaign: u32,
    pub device: u32,
    pub screen: u32,
    pub language: u32,
    pub place: u32,
    pub company: u32,
    pub click_id: u32,
    pub entry_page: u32,
    pub exit_page: u32,
    /// Ordered by time, never empty. A segment does not keep their inbox ids.
    pub rows: Vec<Event>,
}

impl Run {
    /// Copies what the row of the session says now.
    pub fn update_from(&mut self, session: &Session) {
        self.bounced = session.is_bounce();
        self.is_new = session.is_new;
        self.switched = session.switched;
        self.suspected = session.suspected;
        self.source = session.source;
        self.referrer = session.referrer;
        self.campaign = session.campaign;
        self.device = session.device;
        self.screen = session.screen.into();
        self.language = session.language;
        self.place = session.place;
        self.company = session.company;
        self.click_id = session.click_id.into();
        self.entry_page = session.entry_page;
        self.exit_page = session.exit_page;
        self.spans = self.is_part_of(session);
    }

    /// The session has rows outside this run too.
    pub(super) fn is_part_of(&self, session: &Session) -> bool {
        self.rows.len() as u64 != u64::from(session.page_views) + u64::from(session.completions)
    }

    fn start_ms(&self) -> i64 {
        self.rows.first().map_or(0, |row| row.at_ms)
    }
}

/// The columns that are stored.
pub type Packed = Vec<(Col, Vec<u8>)>;

/// What a segment is made of.
pub type Content = (Extent, Totals, Packed);

/// How long the columns of a segment are, and which time they cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub runs: u32,
    pub rows: u32,
    pub page_list_len: u32,
    /// Times of the first and the last row.
    pub first_ms: i64,
    pub last_ms: i64,
    /// One bit per column that is stored. All other columns hold only 0.
    pub stored: u32,
}

impl Extent {
    pub(in crate::store) const fn is_stored(&self, col: Col) -> bool {
        self.stored >> (col as u32) & 1 == 1
    }

    /// How many values a column has.
    #[must_use]
    pub const fn values(&self, col: Col) -> usize {
        (match col.per() {
            Per::PageListEntry => self.page_list_len,
            Per::Gap => self.rows.saturating_sub(self.runs),
            Per::Row => self.rows,
            Per::Run => self.runs,
        }) as usize
    }
}

/// Packs runs; `None` when they have no row. The runs are stored in the order of their first rows.
#[must_use]
pub fn encode(mut runs: Vec<Run>) -> Option<Content> {
    runs.retain(|run| !run.rows.is_empty());
    runs.sort_by_key(|run| (run.start_ms(), run.session, run.visitor));
    let first_ms = runs.first()?.start_ms();
    let last_ms = runs.iter().filter_map(|run| run.rows.last()).map(|row| row.at_ms).max()?;
    let mut columns: [Vec<u32>; Col::COUNT] = Default::default();
    let mut push = |col: Col, value: u32| {
        if let Some(column) = columns.get_mut(col as usize) {
            column.push(value);
        }
    };
    let page_list = list_pages(&runs);
    let mut index_of: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut first_index_of: FxHashMap<u32, u32> = FxHashMap::default();
    for (entry, index) in page_list.iter().zip(0..) {
        index_of.insert(*entry, index);
        first_index_of.entry(entry.0).or_insert(index);
        push(Col::PageListPage, entry.0);
        push(Col::PageListTitle, entry.1);
    }
    let first_index_of = |page: u32| first_index_of.get(&page).copied().unwrap_or(0);
    for run in &runs {
        push_run(run, first_ms, &first_index_of, &mut push);
        let mut before_ms = run.start_ms();
        for (row, index) in run.rows.iter().zip(0..) {
            if index > 0 {
                push(Col::Gap, offset(row.at_ms, before_ms));
            }
            before_ms = row.at_ms;
            push(Col::Page, index_of.get(&(row.page, row.title)).copied().unwrap_or(0));
            push_row(row, &mut push);
        }
    }
    let packed = Col::ALL.into_iter().zip(&columns).filter(|(_, values)| values.iter().any(|v| *v != 0));
    let packed: Packed = packed.map(|(col, values)| (col, pack(values))).collect();
    let extent = Extent {
        runs: u32::try_from(runs.len()).ok()?,
        rows: u32::try_from(runs.iter().map(|run| run.rows.len()).sum::<usize>()).ok()?,
        page_list_len: u32::try_from(page_list.len()).ok()?,
        first_ms,
        last_ms,
        stored: stored_bits(&packed),
    };
    Some((extent, totals_of(&runs), packed))
}

pub(super) fn stored_bits(packed: &Packed) -> u32 {
    packed.iter().fold(0, |stored, (col, _)| stored | 1 << (*col as u32))
}

/// The totals of some runs. They must equal what the scan counts, because the scan uses them in its place.
pub(in crate::store) fn totals_of(runs: &[Run]) -> Totals {
    let distinct = |mut numbers: Vec<u32>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len() as u64
    };
    let of_sessions = || runs.iter().filter(|run| run.session != 0);
    let mut totals = Totals {
        visitors: distinct(of_sessions().map(|run| run.visitor).collect()),
        sessions: distinct(of_sessions().map(|run| run.session).collect()),
        bounces: of_sessions().filter(|run| run.bounced).count() as u64,
        ..Totals::default()
    };
    for (run, row) in runs.iter().flat_map(|run| run.rows.iter().map(move |row| (run, row))) {
        if row.kind == COMPLETION {
            totals.completions += 1;
            totals.value_minor = totals.value_minor.saturating_add(row.value_minor);
        } else if run.session != 0 {
            totals.page_views += 1;
            totals.engaged_ms += u64::from(row.engaged_ms);
        }
    }
    totals
}

/// The page list: every pair of page and title once, in order. An entry or exit page that no row shows gets an entry
/// without title.
fn list_pages(runs: &[Run]) -> Vec<(u32, u32)> {
    let mut list: Vec<(u32, u32)> =
        runs.iter().flat_map(|run| run.rows.iter().map(|row| (row.page, row.title))).collect();
    list.sort_unstable();
    list.dedup();
    let mut without_row: Vec<(u32, u32)> = runs
        .iter()
        .flat_map(|run| [run.entry_page, run.exit_page])
        .filter(|page| list.get(list.partition_point(|entry| entry.0 < *page)).is_none_or(|e| e.0 != *page))
        .map(|page| (page, 0))
        .collect();
    list.append(&mut without_row);
    list.sort_unstable();
    list.dedup();
    list
}

fn push_run(run: &Run, first_ms: i64, page_index: &dyn Fn(u32) -> u32, push: &mut dyn FnMut(Col, u32)) {
    let flag = |is: bool, bit: u32| if is { bit } else { 0 };
    let flags = flag(run.spans, SPANS)
        | flag(run.bounced, BOUNCED)
        | flag(run.is_new, IS_NEW)
        | flag(run.switched, SWITCHED)
        | flag(run.suspected, SUSPECTED);
    for (col, value) in [
        (Col::Session, run.session),
        (Col::Visitor, run.visitor),
        (Col::Rows, u32::try_from(run.rows.len()).unwrap_or(u32::MAX)),
        (Col::Start, offset(run.start_ms(), first_ms)),
        (Col::Flags, flags),
        (Col::Source, run.source),
        (Col::Referrer, run.referrer),
        (Col::Campaign, run.campaign),
        (Col::Device, run.device),
        (Col::Screen, run.screen),
        (Col::Language, run.language),
        (Col::Place, run.place),
        (Col::Company, run.company),
        (Col::ClickId, run.click_id),
        (Col::EntryPage, page_index(run.entry_page)),
        (Col::ExitPage, page_index(run.exit_page)),
    ] {
        push(col, value);
    }
}

fn push_row(row: &Event, push: &mut dyn FnMut(Col, u32)) {
    let kind = if row.kind == COMPLETION { IS_COMPLETION } else { 0 };
    push(Col::Kind, kind | if row.foreign_host { IS_FOREIGN } else { 0 });
    push(Col::Event, row.event);
    // Zigzag: a small amount, negative ones included, leaves the upper half 0.
    let value = ((row.value_minor << 1) ^ (row.value_minor >> 63)).cast_unsigned();
    push(Col::ValueLow, value as u32);
    push(Col::ValueHigh, (value >> 32) as u32);
    push(Col::Engaged, row.engaged_ms);
    push(Col::Consent, row.consent.into());
    push(Col::Policy, row.policy);
}

/// Undoes the zigzag of an amount of money.
pub(in crate::store) fn value_minor(low: u32, high: u32) -> i64 {
    let value = u64::from(high) << 32 | u64::from(low);
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn offset(at_ms: i64, from_ms: i64) -> u32 {
    u32::try_from(at_ms.saturating_sub(from_ms)).unwrap_or(u32::MAX)
}

/// Unpacks all columns into runs. `load` answers the bytes of a stored column.
pub fn decode<E: From<Damage>>(
    extent: &Extent,
    load: impl FnMut(Col) -> Result<Vec<u8>, E>,
) -> Result<Vec<Run>, E> {
    let columns = Columns::read(extent, load)?;
    let mut runs = Vec::with_capacity(extent.runs as usize);
    for span in spans(extent, columns.column(Col::Rows))? {
        let mut run = columns.run(span.run)?;
        let times = span.times(extent, columns.column(Col::Start), columns.column(Col::Gap));
        for (row, at_ms) in span.rows.clone().zip(times) {
            run.rows.push(columns.row(&run, row, at_ms)?);
        }
        runs.push(run);
    }
    Ok(runs)
}

/// Appends the values of one column to `out`.
pub(in crate::store) fn read<E: From<Damage>>(
    extent: &Extent,
    col: Col,
    out: &mut Vec<u32>,
    load: &mut dyn FnMut(Col) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let wanted = extent.values(col);
    if extent.is_stored(col) {
        unpack(&load(col)?, wanted, out)?;
    } else {
        out.resize(out.len() + wanted, 0);
    }
    Ok(())
}

/// All columns of a segment, unpacked.
pub(in crate::store) struct Columns([Vec<u32>; Col::COUNT]);

impl Columns {
    pub(in crate::store) fn read<E: From<Damage>>(
        extent: &Extent,
        mut load: impl FnMut(Col) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let mut columns = Self(Default::default());
        for (col, values) in Col::ALL.into_iter().zip(&mut columns.0) {
            read(extent, col, values, &mut load)?;
        }
        Ok(columns)
    }

    fn column(&self, col: Col) -> &[u32] {
        self.0.get(col as usize).map_or(&[], Vec::as_slice)
    }

    fn at(&self, col: Col, index: usize) -> u32 {
        self.column(col).get(index).copied().unwrap_or(0)
    }

    /// Page and title of an entry of the page list.
    fn page_list_entry(&self, index: u32) -> Result<(u32, u32), Damage> {
        let index = index as usize;
        let page = self.column(Col::PageListPage).get(index).ok_or(Damage::Inconsistent)?;
        Ok((*page, self.at(Col::PageListTitle, index)))
    }

    /// The run with this index, without its rows.
    pub(in crate::store) fn run(&self, index: usize) -> Result<Run, Damage> {
        let of = |col| self.at(col, index);
        let flags = of(Col::Flags);
        Ok(Run {
            session: of(Col::Session),
            visitor: of(Col::Visitor),
            spans: flags & SPANS != 0,
            bounced: flags & BOUNCED != 0,
            is_new: flags & IS_NEW != 0,
            switched: flags & SWITCHED != 0,
            suspected: flags & SUSPECTED != 0,
            source: of(Col::Source),
            referrer: of(Col::Referrer),
            campaign: of(Col::Campaign),
            device: of(Col::Device),
            screen: of(Col::Screen),
            language: of(Col::Language),
            place: of(Col::Place),
            company: of(Col::Company),
            click_id: of(Col::ClickId),
            entry_page: self.page_list_entry(of(Col::EntryPage))?.0,
            exit_page: self.page_list_entry(of(Col::ExitPage))?.0,
            rows: Vec::new(),
        })
    }

    /// The row with this index, which is one of `run`.
    pub(in crate::store) fn row(&self, run: &Run, index: usize, at_ms: i64) -> Result<Event, Damage> {
        let of = |col| self.at(col, index);
        let (page, title) = self.page_list_entry(of(Col::Page))?;
        Ok(Event {
            at_ms,
            inbox_id: 0,
            kind: kind_of(of(Col::Kind)),
            visitor: run.visitor,
            session_id: run.session,
            page,
            title,
            event: of(Col::Event),
            value_minor: value_minor(of(Col::ValueLow), of(Col::ValueHigh)),
            consent: of(Col::Consent) as u8,
            policy: of(Col::Policy),
            engaged_ms: of(Col::Engaged),
            foreign_host: of(Col::Kind) & IS_FOREIGN != 0,
        })
    }
}

/// The kind of an event, from a value of `Col::Kind`.
pub(in crate::store) const fn kind_of(stored: u32) -> u8 {
    if stored & IS_COMPLETION == 0 { PAGE_VIEW } else { COMPLETION }
}

/// Where the values of one run are in the columns that have one per row or per gap.
pub(super) struct Span {
    /// Index of the run.
    pub run: usize,
    pub rows: Range<usize>,
    pub gaps: Range<usize>,
}

/// Where each run is, from the column `Rows`. Counts that do not add up to the rows of the segment are damage.
pub(super) fn spans(extent: &Extent, row_counts: &[u32]) -> Result<Vec<Span>, Damage> {
    let (mut spans, mut begin) = (Vec::with_capacity(row_counts.len()), 0);
    for (run, count) in row_counts.iter().enumerate() {
        let end = begin + *count as usize;
        if end == begin || end > extent.rows as usize {
            return Err(Damage::Inconsistent);
        }
        spans.push(Span { run, rows: begin..end, gaps: begin - run..end - run - 1 });
        begin = end;
    }
    if begin == extent.rows as usize { Ok(spans) } else { Err(Damage::Inconsistent) }
}

impl Span {
    /// The times of the rows, from the columns `Start` and `Gap`.
    pub(super) fn times(&self, extent: &Extent, starts: &[u32], gaps: &[u32]) -> impl Iterator<Item = i64> {
        let start_ms = extent.first_ms + i64::from(starts.get(self.run).copied().unwrap_or(0));
        let gaps = gaps.get(self.gaps.clone()).unwrap_or_default();
        std::iter::once(0).chain(gaps.iter().copied()).scan(start_ms, |at_ms, gap| {
            *at_ms += i64::from(gap);
            Some(*at_ms)
        })
    }
}
