//! When something must have happened: at any time, within a span before now, or between days.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::limits::Invalid;
use crate::base::clock::{HOUR, Millis};
use crate::domain::period::{LocalDay, Zone, parse_day};

/// Longest relative time: about ten years.
pub(super) const HOURS_MAX: u32 = 24 * 3_660;

/// A moment that is later than any other.
const FAR: i64 = i64::MAX / 2;

/// When something must have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Time {
    #[default]
    Ever,
    /// Within this long before now.
    Last { amount: u32, unit: Unit },
    /// Longer ago than this.
    Earlier { amount: u32, unit: Unit },
    /// Before a local day.
    Before { day: Day },
    /// On a local day or later.
    Since { day: Day },
    /// From one local day to another, both included.
    Between { from: Day, to: Day },
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Unit {
    Hours,
    Days,
    Weeks,
}

impl Unit {
    const fn hours(self) -> u32 {
        match self {
            Self::Hours => 1,
            Self::Days => 24,
            Self::Weeks => 24 * 7,
        }
    }
}

/// A local day, written `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub LocalDay);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let day = parse_day(&text).map(Self);
        day.ok_or_else(|| serde::de::Error::custom(format!("“{text}” is not a day such as 2026-01-31")))
    }
}

impl Time {
    /// The half-open range, milliseconds, seen from `now`.
    #[must_use]
    pub fn range_ms(self, zone: &Zone, now: Millis) -> Range<i64> {
        let span = |amount: u32, unit: Unit| i64::from(amount.saturating_mul(unit.hours())) * HOUR;
        let start = |day: Day| zone.start_of(day.0).0;
        let end = |day: Day| zone.start_of(day.0.plus(1)).0;
        match self {
            Self::Ever => 0..FAR,
            // What a clock that is ahead brought counts as now.
            Self::Last { amount, unit } => now.0.saturating_sub(span(amount, unit))..FAR,
            Self::Earlier { amount, unit } => 0..now.0.saturating_sub(span(amount, unit)),
            Self::Before { day } => 0..start(day),
            Self::Since { day } => start(day)..FAR,
            Self::Between { from, to } => start(from)..end(to),
        }
    }

    /// Whether the range moves with the clock.
    #[must_use]
    pub const fn is_relative(self) -> bool {
        matches!(self, Self::Last { .. } | Self::Earlier { .. })
    }

    pub(super) const fn check(self) -> Result<(), Invalid> {
        match self {
            Self::Last { amount, unit } | Self::Earlier { amount, unit }
                if amount == 0 || amount.saturating_mul(unit.hours()) > HOURS_MAX =>
            {
                Err(Invalid::Amount)
            }
            Self::Between { from, to } if from.0.0 > to.0.0 => Err(Invalid::Days),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    #[test]
    fn relative_times_are_spans_and_days_are_of_the_account() {
        let zone = Zone::named("Europe/Amsterdam");
        let now = Millis(zone.start_of(parse_day("2026-11-30").unwrap()).0 + 12 * HOUR);
        let day = |text| Day(parse_day(text).unwrap());
        let last = Time::Last { amount: 2, unit: Unit::Days }.range_ms(&zone, now);
        assert!(last.start == now.0 - 2 * DAY && last.contains(&(now.0 + HOUR)));
        let earlier = Time::Earlier { amount: 2, unit: Unit::Days }.range_ms(&zone, now);
        assert_eq!(earlier.end, last.start, "each moment is in one of both");
        let between = Time::Between { from: day("2026-10-25"), to: day("2026-10-25") }.range_ms(&zone, now);
        assert_eq!(between.end - between.start, 25 * HOUR, "the clock goes back that day");
        assert_eq!(Time::Before { day: day("2026-10-25") }.range_ms(&zone, now).end, between.start);
        assert_eq!(Time::Since { day: day("2026-10-25") }.range_ms(&zone, now).start, between.start);
    }
}
