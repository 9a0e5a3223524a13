//! The rows of a closed day as columns, clustered by session and visitor: what each column holds, how rows become
//! columns and columns rows. Nothing here reads or writes a file.

use rustc_hash::FxHashMap;

use super::pack::{pack, unpack};
use crate::store::error::Damage;
use crate::store::event::{COMPLETION, Event, PAGE_VIEW};
use crate::store::session::Session;
use crate::store::totals::Totals;

/// The columns; the numbers are stored. A column whose values are all 0 is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Col {
    // one value per run
    Session = 0,
    Visitor = 1,
    /// Rows of the run.
    Rows = 2,
    /// First row, milliseconds after the segment's first.
    Start = 3,
    Flags = 4,
    Source = 5,
    Referrer = 6,
    Campaign = 7,
    Device = 8,
    Screen = 9,
    Language = 10,
    Place = 11,
    Company = 12,
    /// Places in the list of pages and titles.
    EntryPage = 13,
    ExitPage = 14,
    // one value per row, but for the first of each run
    /// Milliseconds after the row before.
    Gap = 15,
    // one value per row
    /// Place in the list of pages and titles.
    Page = 16,
    /// 1 = completion, 2 = the host is none of the account's domains.
    Kind = 17,
    Event = 18,
    ValueLow = 19,
    ValueHigh = 20,
    Engaged = 21,
    Consent = 22,
    Policy = 23,
    // the list of pages and titles: a page mostly has one title
    ListedPage = 24,
    ListedTitle = 25,
}

impl Col {
    pub const ALL: [Self; 26] = [
        Self::Session,
        Self::Visitor,
        Self::Rows,
        Self::Start,
        Self::Flags,
        Self::Source,
        Self::Referrer,
        Self::Campaign,
        Self::Device,
        Self::Screen,
        Self::Language,
        Self::Place,
        Self::Company,
        Self::EntryPage,
        Self::ExitPage,
        Self::Gap,
        Self::Page,
        Self::Kind,
        Self::Event,
        Self::ValueLow,
        Self::ValueHigh,
        Self::Engaged,
        Self::Consent,
        Self::Policy,
        Self::ListedPage,
        Self::ListedTitle,
    ];
    pub(super) const COUNT: usize = Self::ALL.len();

    /// What it has a value of.
    pub(super) const fn each(self) -> Each {
        match self {
            Self::ListedPage | Self::ListedTitle => Each::Listed,
            Self::Gap => Each::Gap,
            Self::Page
            | Self::Kind
            | Self::Event
            | Self::ValueLow
            | Self::ValueHigh
            | Self::Engaged
            | Self::Consent
            | Self::Policy => Each::Row,
            _ => Each::Run,
        }
    }
}

/// What a column has one value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Run,
    Row,
    /// Rows but for the first of each run.
    Gap,
    Listed,
}

/// Bits of `Col::Flags`.
pub const SPANS: u32 = 1;
pub const BOUNCED: u32 = 2;
pub const IS_NEW: u32 = 4;
pub const SWITCHED: u32 = 8;
/// Bits of `Col::Kind`.
pub const IS_COMPLETION: u32 = 1;
pub const IS_FOREIGN: u32 = 2;

/// What one session of one visitor has in a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// 0 = told by a program, no session.
    pub session: u32,
    pub visitor: u32,
    /// The session has rows elsewhere.
    pub spans: bool,
    /// rules.md 15, of the session as a whole.
    pub bounced: bool,
    pub is_new: bool,
    pub switched: bool,
    pub source: u32,
    pub referrer: u32,
    pub campaign: u32,
    pub device: u32,
    pub screen: u32,
    pub language: u32,
    pub place: u32,
    pub company: u32,
    pub entry_page: u32,
    pub exit_page: u32,
    /// In the order of time, never empty. Their inbox ids are not kept.
    pub rows: Vec<Event>,
}

impl Run {
    /// Takes over what the session's row says now.
    pub fn tell(&mut self, session: &Session) {
        self.bounced = session.is_bounce();
        self.is_new = session.is_new;
        self.switched = session.switched;
        self.source = session.source;
        self.referrer = session.referrer;
        self.campaign = session.campaign;
        self.device = session.device;
        self.screen = session.screen.into();
        self.language = session.language;
        self.place = session.place;
        self.company = session.company;
        self.entry_page = session.entry_page;
        self.exit_page = session.exit_page;
        self.spans = self.rows.len() as u64 != u64::from(session.page_views) + u64::from(session.completions);
    }

    fn start(&self) -> i64 {
        self.rows.first().map_or(0, |row| row.at_ms)
    }
}

/// The columns that are stored.
pub type Packed = Vec<(Col, Vec<u8>)>;

/// How many values a segment's columns have, and what it sums up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    pub runs: u32,
    pub rows: u32,
    /// Entries of the list of pages and titles.
    pub listed: u32,
    /// Times of the first and last row.
    pub first_ms: i64,
    pub last_ms: i64,
    /// Columns that are stored, by their bits; the others hold only 0.
    pub stored: u32,
}

impl Extent {
    pub(in crate::store) const fn is_stored(&self, col: Col) -> bool {
        self.stored >> (col as u32) & 1 == 1
    }

    /// Values of a column.
    #[must_use]
    pub const fn values(&self, col: Col) -> usize {
        (match col.each() {
            Each::Listed => self.listed,
            Each::Gap => self.rows.saturating_sub(self.runs),
            Each::Row => self.rows,
            Each::Run => self.runs,
        }) as usize
    }
}

/// Packs runs; `None` when there are none. They are put in the order of their first row.
#[must_use]
pub fn encode(mut runs: Vec<Run>) -> Option<(Extent, Totals, Packed)> {
    runs.retain(|run| !run.rows.is_empty());
    runs.sort_by_key(|run| (run.start(), run.session, run.visitor));
    let first_ms = runs.first()?.start();
    let last_ms = runs.iter().filter_map(|run| run.rows.last()).map(|row| row.at_ms).max()?;
    let mut columns: [Vec<u32>; Col::COUNT] = Default::default();
    let mut put = |col: Col, value: u32| {
        if let Some(column) = columns.get_mut(col as usize) {
            column.push(value);
        }
    };
    let list = list_pages(&runs);
    let mut place_of: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut first_of: FxHashMap<u32, u32> = FxHashMap::default();
    for (pair, place) in list.iter().zip(0..) {
        place_of.insert(*pair, place);
        first_of.entry(pair.0).or_insert(place);
        put(Col::ListedPage, pair.0);
        put(Col::ListedTitle, pair.1);
    }
    let first_of = |page: u32| first_of.get(&page).copied().unwrap_or(0);
    for run in &runs {
        put_run(run, first_ms, &first_of, &mut put);
        let mut before = run.start();
        for (row, at) in run.rows.iter().zip(0..) {
            if at > 0 {
                put(Col::Gap, offset(row.at_ms, before));
            }
            before = row.at_ms;
            put(Col::Page, place_of.get(&(row.page, row.title)).copied().unwrap_or(0));
            put_row(row, &mut put);
        }
    }
    let mut extent = Extent {
        runs: u32::try_from(runs.len()).ok()?,
        rows: u32::try_from(runs.iter().map(|run| run.rows.len()).sum::<usize>()).ok()?,
        listed: u32::try_from(list.len()).ok()?,
        first_ms,
        last_ms,
        stored: 0,
    };
    let packed = Col::ALL.into_iter().zip(&columns).filter(|(_, values)| values.iter().any(|v| *v != 0));
    let packed: Vec<_> = packed.map(|(col, values)| (col, pack(values))).collect();
    extent.stored = packed.iter().fold(0, |stored, (col, _)| stored | 1 << (*col as u32));
    Some((extent, figures_of(&runs), packed))
}

/// What the rows come to, as the scan would count them.
pub(in crate::store) fn figures_of(runs: &[Run]) -> Totals {
    let distinct = |mut numbers: Vec<u32>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len() as u64
    };
    let of_sessions = || runs.iter().filter(|run| run.session != 0);
    let mut figures = Totals {
        visitors: distinct(of_sessions().map(|run| run.visitor).collect()),
        sessions: distinct(of_sessions().map(|run| run.session).collect()),
        bounces: of_sessions().filter(|run| run.bounced).count() as u64,
        ..Totals::default()
    };
    for (run, row) in runs.iter().flat_map(|run| run.rows.iter().map(move |row| (run, row))) {
        if row.kind == COMPLETION {
            figures.completions += 1;
            figures.value_minor = figures.value_minor.saturating_add(row.value_minor);
        } else if run.session != 0 {
            figures.page_views += 1;
            figures.engaged_ms += u64::from(row.engaged_ms);
        }
    }
    figures
}

/// Every page with its titles, each once; a page stands with no title too where only a session names it.
fn list_pages(runs: &[Run]) -> Vec<(u32, u32)> {
    let mut list: Vec<(u32, u32)> =
        runs.iter().flat_map(|run| run.rows.iter().map(|row| (row.page, row.title))).collect();
    list.sort_unstable();
    list.dedup();
    let mut named: Vec<(u32, u32)> = runs
        .iter()
        .flat_map(|run| [run.entry_page, run.exit_page])
        .filter(|page| list.get(list.partition_point(|pair| pair.0 < *page)).is_none_or(|p| p.0 != *page))
        .map(|page| (page, 0))
        .collect();
    list.append(&mut named);
    list.sort_unstable();
    list.dedup();
    list
}

fn put_run(run: &Run, first_ms: i64, place_of: &dyn Fn(u32) -> u32, put: &mut dyn FnMut(Col, u32)) {
    put(Col::Session, run.session);
    put(Col::Visitor, run.visitor);
    put(Col::Rows, u32::try_from(run.rows.len()).unwrap_or(u32::MAX));
    put(Col::Start, offset(run.start(), first_ms));
    let flag = |is: bool, bit: u32| if is { bit } else { 0 };
    let flags = flag(run.spans, SPANS)
        | flag(run.bounced, BOUNCED)
        | flag(run.is_new, IS_NEW)
        | flag(run.switched, SWITCHED);
    put(Col::Flags, flags);
    for (col, value) in [
        (Col::Source, run.source),
        (Col::Referrer, run.referrer),
        (Col::Campaign, run.campaign),
        (Col::Device, run.device),
        (Col::Screen, run.screen),
        (Col::Language, run.language),
        (Col::Place, run.place),
        (Col::Company, run.company),
        (Col::EntryPage, place_of(run.entry_page)),
        (Col::ExitPage, place_of(run.exit_page)),
    ] {
        put(col, value);
    }
}

fn put_row(row: &Event, put: &mut dyn FnMut(Col, u32)) {
    let kind = if row.kind == COMPLETION { IS_COMPLETION } else { 0 };
    put(Col::Kind, kind | if row.foreign_host { IS_FOREIGN } else { 0 });
    put(Col::Event, row.event);
    // Small amounts, also negative ones, have nothing in the upper half.
    let value = ((row.value_minor << 1) ^ (row.value_minor >> 63)).cast_unsigned();
    put(Col::ValueLow, value as u32);
    put(Col::ValueHigh, (value >> 32) as u32);
    put(Col::Engaged, row.engaged_ms);
    put(Col::Consent, row.consent.into());
    put(Col::Policy, row.policy);
}

/// A value of two halves.
pub(in crate::store) fn value_minor(low: u32, high: u32) -> i64 {
    let value = u64::from(high) << 32 | u64::from(low);
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn offset(at_ms: i64, from_ms: i64) -> u32 {
    u32::try_from(at_ms.saturating_sub(from_ms)).unwrap_or(u32::MAX)
}

/// Unpacks whole columns back to runs; `load` gives the bytes of a stored column.
///
/// # Errors
/// `load`'s, or what is damaged.
pub fn decode<E: From<Damage>>(
    extent: &Extent,
    mut load: impl FnMut(Col) -> Result<Vec<u8>, E>,
) -> Result<Vec<Run>, E> {
    let mut columns: [Vec<u32>; Col::COUNT] = Default::default();
    for (col, values) in Col::ALL.into_iter().zip(&mut columns) {
        read(extent, col, values, &mut load)?;
    }
    let at = |col: Col, place: usize| {
        columns.get(col as usize).and_then(|values| values.get(place)).copied().unwrap_or(0)
    };
    let list_len = extent.listed as usize;
    let listed = |place: u32| match (place as usize) < list_len {
        true => Ok((at(Col::ListedPage, place as usize), at(Col::ListedTitle, place as usize))),
        false => Err(Damage::Inconsistent),
    };
    let (mut runs, mut row, mut gap) = (Vec::with_capacity(extent.runs as usize), 0, 0);
    for place in 0..extent.runs as usize {
        let of = |col| at(col, place);
        let mut run = Run {
            session: of(Col::Session),
            visitor: of(Col::Visitor),
            spans: of(Col::Flags) & SPANS != 0,
            bounced: of(Col::Flags) & BOUNCED != 0,
            is_new: of(Col::Flags) & IS_NEW != 0,
            switched: of(Col::Flags) & SWITCHED != 0,
            source: of(Col::Source),
            referrer: of(Col::Referrer),
            campaign: of(Col::Campaign),
            device: of(Col::Device),
            screen: of(Col::Screen),
            language: of(Col::Language),
            place: of(Col::Place),
            company: of(Col::Company),
            entry_page: listed(of(Col::EntryPage))?.0,
            exit_page: listed(of(Col::ExitPage))?.0,
            rows: Vec::new(),
        };
        let end = row + of(Col::Rows) as usize;
        if end > extent.rows as usize || end == row {
            return Err(Damage::Inconsistent.into());
        }
        let mut at_ms = extent.first_ms + i64::from(of(Col::Start));
        while row < end {
            if !run.rows.is_empty() {
                at_ms += i64::from(at(Col::Gap, gap));
                gap += 1;
            }
            let (page, title) = listed(at(Col::Page, row))?;
            let kind = at(Col::Kind, row);
            run.rows.push(Event {
                at_ms,
                inbox_id: 0,
                kind: if kind & IS_COMPLETION == 0 { PAGE_VIEW } else { COMPLETION },
                visitor: run.visitor,
                session_id: run.session,
                page,
                title,
                event: at(Col::Event, row),
                value_minor: value_minor(at(Col::ValueLow, row), at(Col::ValueHigh, row)),
                consent: at(Col::Consent, row) as u8,
                policy: at(Col::Policy, row),
                engaged_ms: at(Col::Engaged, row),
                foreign_host: kind & IS_FOREIGN != 0,
            });
            row += 1;
        }
        runs.push(run);
    }
    if row == extent.rows as usize { Ok(runs) } else { Err(Damage::Inconsistent.into()) }
}

/// Appends one column's values to `out`.
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
