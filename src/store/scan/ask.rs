//! What can be asked of a scan and what it answers.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::{Clock, Millis};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::question::{Dimension, Filter};
use crate::store::error::{Error, TIME_LIMIT};
use crate::store::totals::Totals;

/// When a scan must end; asked between batches, where SQLite does not ask.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    at: Duration,
}

impl Deadline {
    /// The readers' time limit from now on.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let at = clock.monotonic() + TIME_LIMIT;
        Self { clock, at }
    }

    pub(in crate::store) fn check(&self) -> Result<(), Error> {
        if self.clock.monotonic() > self.at { Err(Error::TimeLimit) } else { Ok(()) }
    }
}

/// Bounds of the memory of a scan: of accounts of a million visitors; of more, in proportion to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of bitsets: at most, and even for few rows.
    pub set_bytes: usize,
    pub set_bytes_least: usize,
    /// Pairs of group and number, some 4 bytes each; past it the scan makes more passes.
    pub pairs: usize,
    /// Hot rows held at once.
    pub batch_rows: usize,
    /// Rows of segments from which on a second thread helps.
    pub shared_rows: u64,
}

/// Visitors of an account up to which the bounds are as they stand, and from which on they grow no more.
const VISITORS: Range<u64> = 1_000_000..16_000_000;

impl Bounds {
    /// What they are of an account of so many visitors: there are more numbers to tell apart, and reading everything
    /// twice for want of room costs more the more there is.
    pub(super) fn of(self, visitors: u32) -> Self {
        let visitors = u64::from(visitors).clamp(VISITORS.start, VISITORS.end);
        let grown = |bound: usize| {
            let bound = u128::try_from(bound).unwrap_or(u128::MAX);
            let grown = bound.saturating_mul(visitors.into()) / u128::from(VISITORS.start);
            usize::try_from(grown).unwrap_or(usize::MAX)
        };
        Self { set_bytes: grown(self.set_bytes), pairs: grown(self.pairs), ..self }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            set_bytes: 40 * 1024 * 1024,
            set_bytes_least: 2 * 1024 * 1024,
            pairs: 6_000_000,
            batch_rows: super::hot_rows::BATCH_ROWS,
            shared_rows: 200_000,
        }
    }
}

/// A question.
pub struct Ask<'a> {
    pub account: AccountId,
    /// Half-open, milliseconds.
    pub range_ms: Range<i64>,
    /// All must hold.
    pub filters: &'a [Filter],
    pub groupings: &'a [Grouping],
    /// How long pages were visible is wanted too; else it is 0.
    pub engaged: bool,
    /// How many contacts the rows are of is wanted too; else it is 0.
    pub contacts: bool,
    pub now: Millis,
    pub deadline: Deadline,
    pub bounds: Bounds,
}

/// What rows are put together by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One row.
    Total,
    /// A row per interval, empty ones too: ascending bounds that cover the period.
    Steps(Vec<i64>),
    /// The top rows by name. What programs tell is in no group of a session's dimension (rules.md 13).
    By(Key, Top),
    /// The same, and only what their rows sum up to: no visitors, sessions or bounces. For groups as many as contacts,
    /// whose lists of people would take more than everything else.
    Sums(Key, Top),
    /// The rows of these groups, named by a code of theirs as `Table::codes` gives it, in this order, empty ones
    /// too: how rows of one period are found again in another.
    These(Key, Vec<u32>),
    /// The same groups, each with a row per interval: all intervals of the first one, then of the next. Only of what
    /// is a row's, and only what its rows sum up to: no visitors, sessions or bounces.
    Grid(Key, Vec<u32>, Vec<i64>),
}

/// What names a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One text; of pages two, host and path.
    Dimension(Dimension),
    /// Source and its first drill-down.
    SourceAndDetail,
    /// `utm_source`, `utm_medium`, `utm_campaign`.
    Campaign,
}

/// Which groups are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// Greatest first; equals by name.
    pub by: Measure,
    /// At least 1.
    pub limit: usize,
    pub after: Option<Cursor>,
    /// Leave out the group without name.
    pub skip_empty: bool,
}

/// The last row shown: its figure and the lowest code of its group, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) value: i64,
    pub(super) code: u32,
}

impl Cursor {
    /// Reads what `Display` wrote.
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
    /// Milliseconds visible of a page view, on average.
    TimeOfView,
    /// Milliseconds visible of a session, on average.
    TimeOfSession,
    /// Part of the sessions that bounced.
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
    /// What a table is ordered by.
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
            // of equal rates the one of more sessions first
            Measure::BounceRate => {
                let rate = each(self.bounces.saturating_mul(1_000_000), self.sessions);
                (rate << 40) + self.sessions.min((1 << 40) - 1)
            }
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// As many texts as the key has; one empty text for the group without name; none for what was not asked by
    /// name.
    pub name: Vec<String>,
    pub figures: Totals,
}

/// The groups of one grouping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: Vec<Row>,
    /// A code of each row's group, of `By` only; stays the group's whatever is stored later.
    pub codes: Vec<u32>,
    /// Of all groups, shown or not.
    pub total: u64,
    pub next: Option<Cursor>,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// In the order of the groupings asked for.
    pub tables: Vec<Table>,
    /// How often the rows were read: once, unless the pairs did not fit.
    pub passes: u32,
    /// Days that could not be read, and are missing in the tables.
    pub damaged: Vec<LocalDay>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_with_the_visitors_of_an_account_between_two_limits() {
        let one = Bounds { set_bytes: 3, pairs: 10, ..Bounds::default() };
        let of = |visitors| {
            let bounds = one.of(visitors);
            (bounds.set_bytes, bounds.pairs, bounds.batch_rows == one.batch_rows)
        };
        for (visitors, set_bytes, pairs) in [
            (0, 3, 10),
            (1_000_000, 3, 10),
            (1_400_000, 4, 14),
            (16_000_000, 48, 160),
            (16_000_001, 48, 160),
            (u32::MAX, 48, 160),
        ] {
            assert_eq!(of(visitors), (set_bytes, pairs, true), "{visitors}");
        }
        let most = Bounds { set_bytes: usize::MAX, pairs: usize::MAX, ..one };
        assert_eq!(most.of(2_000_000), most);
    }
}
