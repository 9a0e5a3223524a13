//! What a scan can be asked, and what it answers.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::{Clock, Millis};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::question::{Dimension, Filter};
use crate::store::error::{Error, TIME_LIMIT};
use crate::store::totals::Totals;

/// When a scan must end. It is checked between batches, where SQLite's own time limit does not reach.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    at: Duration,
}

impl Deadline {
    /// Ends when the time limit of readers has passed from now on.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let at = clock.monotonic() + TIME_LIMIT;
        Self { clock, at }
    }

    pub(in crate::store) fn check(&self) -> Result<(), Error> {
        if self.clock.monotonic() > self.at { Err(Error::TimeLimit) } else { Ok(()) }
    }
}

/// Bounds for the memory of a scan. They hold for accounts with up to a million visitors, and grow in proportion for
/// larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes of bitsets.
    pub max_set_bytes: usize,
    /// Bytes of bitsets that are allowed even for few rows.
    pub min_set_bytes: usize,
    /// Most pairs of group and number, about 4 bytes each. Past it the scan makes more passes.
    pub max_pairs: usize,
    /// Most hot rows in memory at once.
    pub batch_rows: usize,
    /// From this many rows in segments on, a second thread helps.
    pub parallel_rows: u64,
}

/// The number of visitors from which on bounds grow, and at which they stop growing.
const VISITORS: Range<u64> = 1_000_000..16_000_000;

impl Bounds {
    /// The bounds for an account with this many visitors. The more there are, the more a second pass would cost.
    pub(super) fn scaled_to(self, visitors: u32) -> Self {
        let visitors = u64::from(visitors).clamp(VISITORS.start, VISITORS.end);
        let scaled = |bound: usize| {
            let bound = u128::try_from(bound).unwrap_or(u128::MAX);
            let scaled = bound.saturating_mul(visitors.into()) / u128::from(VISITORS.start);
            usize::try_from(scaled).unwrap_or(usize::MAX)
        };
        Self { max_set_bytes: scaled(self.max_set_bytes), max_pairs: scaled(self.max_pairs), ..self }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_set_bytes: 40 * 1024 * 1024,
            min_set_bytes: 2 * 1024 * 1024,
            max_pairs: 6_000_000,
            batch_rows: super::hot_rows::BATCH_ROWS,
            parallel_rows: 200_000,
        }
    }
}

pub struct Request<'a> {
    pub account: AccountId,
    /// Half-open, milliseconds.
    pub range_ms: Range<i64>,
    /// A row must pass all of them.
    pub filters: &'a [Filter],
    pub groupings: &'a [Grouping],
    /// Sum up how long pages were visible; otherwise it is 0.
    pub engaged: bool,
    pub counted: Counted,
    pub now: Millis,
    pub deadline: Deadline,
    pub bounds: Bounds,
}

/// Whose distinct numbers a request counts. Those of the others are 0, because counting is a great part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Visitors, with their sessions and how many of those bounced.
    Visitors,
    Contacts,
    Both,
}

impl Counted {
    pub(super) const fn has_visitors(self) -> bool {
        matches!(self, Self::Visitors | Self::Both)
    }

    pub(super) const fn has_contacts(self) -> bool {
        matches!(self, Self::Contacts | Self::Both)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One group of all rows.
    Total,
    /// One group per interval, empty ones too. The ascending edges must cover the period.
    Intervals(Vec<i64>),
    /// The top groups of a key. Events sent by programs are in no group of a key that belongs to sessions
    /// (rules.md 13).
    By(Key, Top),
    /// The same without visitors, sessions and bounces. For keys with as many groups as there are contacts, whose
    /// distinct counts would take more memory than everything else.
    SumsBy(Key, Top),
    /// The sums of each contact that has any, without names: `Table::codes` holds the contacts. For lists, which look at all
    /// contacts of an account.
    EachContact,
    /// Chosen groups, in this order, empty ones too. Each is given by one of its codes, as in `Table::codes`: this is
    /// how the rows of one period are found again in another.
    Chosen(Key, Vec<u32>),
    /// The same groups, each divided into intervals: first all intervals of the first group. Only for keys that belong
    /// to rows, and without visitors, sessions and bounces.
    Grid(Key, Vec<u32>, Vec<i64>),
    /// One group: the sums of the sessions of suspected robots. With a key, rows in its group with the empty label are
    /// left out: a table that does not show that group asks how much of what it shows is of robots.
    Suspected(Option<Key>),
}

/// What the label of a group consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One text; for pages two, host and path.
    Dimension(Dimension),
    /// The source and its first drill-down.
    SourceAndDetail,
    /// `utm_source`, `utm_medium`, `utm_campaign`.
    Campaign,
}

impl Key {
    /// The dimensions that make the name of a group.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        match self {
            Self::Dimension(dimension) => std::slice::from_ref(dimension),
            Self::SourceAndDetail => &[Dimension::Source, Dimension::SourceDetail],
            Self::Campaign => &[Dimension::UtmSource, Dimension::UtmMedium, Dimension::UtmCampaign],
        }
    }
}

/// Which groups of a table are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Greatest first; groups with equal values are ordered by label.
    pub by: Measure,
    /// At least 1.
    pub limit: usize,
    pub after: Option<Cursor>,
    /// Leaves out the group with the empty label.
    pub skip_empty: bool,
}

/// The last row of a page of a table: its value, and the lowest code of its group, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) value: i64,
    pub(super) code: u32,
}

impl Cursor {
    /// Parses what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (value, code) = text.split_once('.')?;
        Some(Self { value: value.parse().ok()?, code: code.parse().ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.value, self.code)
    }
}

/// A figure a table can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Measure {
    Visitors,
    Sessions,
    PageViews,
    Completions,
    Value,
    Engaged,
    Bounces,
    /// How many milliseconds a page view was visible, on average.
    TimeOfView,
    /// How many milliseconds the pages of a session were visible, on average.
    TimeOfSession,
    /// The share of sessions that bounced.
    BounceRate,
    Contacts,
}

impl Measure {
    pub const ALL: [Self; 11] = [
        Self::Visitors,
        Self::Sessions,
        Self::PageViews,
        Self::Completions,
        Self::Value,
        Self::Engaged,
        Self::Bounces,
        Self::TimeOfView,
        Self::TimeOfSession,
        Self::BounceRate,
        Self::Contacts,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

impl Totals {
    /// The value a table is ordered by.
    #[must_use]
    pub fn get(&self, measure: Measure) -> i64 {
        let each = |sum: u64, of: u64| sum.checked_div(of).unwrap_or(0);
        let count = match measure {
            Measure::Visitors => self.visitors,
            Measure::Sessions => self.sessions,
            Measure::PageViews => self.page_views,
            Measure::Completions => self.completions,
            Measure::Value => return self.value_minor,
            Measure::Engaged => self.engaged_ms,
            Measure::Bounces => self.bounces,
            Measure::Contacts => self.contacts,
            Measure::TimeOfView => each(self.engaged_ms, self.page_views),
            Measure::TimeOfSession => each(self.engaged_ms, self.sessions),
            // Of two groups with the same rate, the one with more sessions comes first.
            Measure::BounceRate => {
                let rate = each(self.bounces.saturating_mul(1_000_000), self.sessions);
                (rate << 40) + self.sessions.min((1 << 40) - 1)
            }
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// One group of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// As many texts as the key has. One empty text for the group with the empty label, none for intervals and chosen
    /// groups.
    pub name: Vec<String>,
    pub figures: Totals,
}

/// The groups of one grouping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: Vec<Row>,
    /// A code of each row's group, only for `By`, `SumsBy` and `EachContact`. It identifies the group for ever.
    pub codes: Vec<u32>,
    /// How many groups there are, shown or not.
    pub total: u64,
    pub next: Option<Cursor>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// In the order of the groupings of the request.
    pub tables: Vec<Table>,
    /// How often the rows were read: once, unless the pairs did not fit into memory.
    pub passes: u32,
    /// Days that could not be read and are missing in the tables.
    pub damaged: Vec<LocalDay>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_with_the_visitors_of_an_account_between_two_limits() {
        let one = Bounds { max_set_bytes: 3, max_pairs: 10, ..Bounds::default() };
        let of = |visitors| {
            let bounds = one.scaled_to(visitors);
            (bounds.max_set_bytes, bounds.max_pairs, bounds.batch_rows == one.batch_rows)
        };
        for (visitors, max_set_bytes, pairs) in [
            (0, 3, 10),
            (1_000_000, 3, 10),
            (1_400_000, 4, 14),
            (16_000_000, 48, 160),
            (16_000_001, 48, 160),
            (u32::MAX, 48, 160),
        ] {
            assert_eq!(of(visitors), (max_set_bytes, pairs, true), "{visitors}");
        }
        let most = Bounds { max_set_bytes: usize::MAX, max_pairs: usize::MAX, ..one };
        assert_eq!(most.scaled_to(2_000_000), most);
    }
}
