//! The local days of an account, and the periods of reports (rules.md 17).

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::base::clock::Millis;

/// Longest custom period, days.
pub const DAYS_MAX: i32 = 366 * 10;

/// A local day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDay(pub i32);

impl LocalDay {
    #[must_use]
    pub fn of_date(date: Date) -> Self {
        let days = date.since((jiff::Unit::Day, Date::constant(1970, 1, 1))).map_or(0, |s| s.get_days());
        Self(days)
    }

    #[must_use]
    pub fn date(self) -> Date {
        Date::constant(1970, 1, 1).checked_add(self.0.days()).unwrap_or(Date::constant(1970, 1, 1))
    }

    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl std::fmt::Display for LocalDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.date().fmt(f)
    }
}

/// A time zone, found by its IANA name.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Returns UTC for an unknown name. Names are checked when they are set.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap_or(TimeZone::UTC))
    }

    /// The name of the zone. It is `UTC` if the given name was unknown.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    #[must_use]
    pub fn day_of(&self, at: Millis) -> LocalDay {
        LocalDay::of_date(self.civil(at).date())
    }

    /// The hour of the local day, 0 to 23.
    #[must_use]
    pub fn hour_of(&self, at: Millis) -> i8 {
        self.civil(at).hour()
    }

    #[must_use]
    pub fn civil(&self, at: Millis) -> jiff::civil::DateTime {
        let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        self.0.to_datetime(stamp)
    }

    /// Formats a time of the zone with its difference to UTC, such as `2026-11-22T20:50:00.000+01:00`.
    #[must_use]
    pub fn iso(&self, at: Millis) -> String {
        let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = self.0.to_offset(stamp);
        let minutes = offset.seconds().abs() / 60;
        let sign = if offset.seconds() < 0 { '-' } else { '+' };
        format!("{:.3}{sign}{:02}:{:02}", offset.to_datetime(stamp), minutes / 60, minutes % 60)
    }

    /// The first millisecond of a local day. Days with 23 or 25 hours are handled.
    #[must_use]
    pub fn start_of(&self, day: LocalDay) -> Millis {
        let start = day.date().to_zoned(self.0.clone()).map(|z| z.timestamp().as_millisecond());
        Millis(start.unwrap_or(i64::from(day.0) * crate::base::clock::DAY))
    }

    /// The moment on `day` at which the local clock shows the same time as it does at `at` on another day. If the
    /// clock skips that time, the result is as long after the gap; if the clock shows it twice, the first one is
    /// meant. The result is always within the day.
    fn same_time(&self, day: LocalDay, at: Millis) -> Millis {
        let shown = day.date().to_datetime(self.civil(at).time());
        let found = shown.to_zoned(self.0.clone()).map(|zoned| Millis(zoned.timestamp().as_millisecond()));
        let (start, end) = (self.start_of(day), self.start_of(day.plus(1)));
        found.unwrap_or(start).clamp(start, end.plus(-1))
    }

    /// The next full hour of the local clock. Where the clock is put forward or back by half an hour, the piece up to
    /// the next full hour is a point of its own.
    fn next_hour(&self, at: Millis) -> Millis {
        let next = at.plus(crate::base::clock::HOUR);
        let past = self.civil(next);
        let minutes = i64::from(past.minute()) * 60 + i64::from(past.second());
        let full = next.plus(-minutes * crate::base::clock::SECOND);
        let is_full = self.civil(full).minute() == 0 && self.civil(full).second() == 0;
        if is_full && full > at { full } else { next }
    }
}

/// The most points of a chart with a point per hour.
const HOURS_MAX: usize = 2_000;

/// The width of one point of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Step {
    Hour,
    Day,
    Month,
}

impl Step {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// The local days from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: LocalDay,
    pub last: LocalDay,
}

impl Days {
    #[must_use]
    pub const fn count(self) -> i32 {
        self.last.0 - self.first.0 + 1
    }

    /// The time of the days as a half-open range, milliseconds.
    #[must_use]
    pub fn range(self, zone: &Zone) -> std::ops::Range<i64> {
        zone.start_of(self.first).0..zone.start_of(self.last.plus(1)).0
    }

    /// The bounds of the points of a chart: the first millisecond of each point, then the end of the last day.
    #[must_use]
    pub fn edges(self, zone: &Zone, step: Step) -> Vec<i64> {
        let range = self.range(zone);
        let mut edges = vec![range.start];
        match step {
            Step::Hour => {
                let mut at = Millis(range.start);
                while edges.len() < HOURS_MAX {
                    at = zone.next_hour(at);
                    if at.0 >= range.end {
                        break;
                    }
                    edges.push(at.0);
                }
            }
            Step::Day => edges.extend((self.first.0 + 1..=self.last.0).map(|d| zone.start_of(LocalDay(d)).0)),
            Step::Month => {
                let month_starts =
                    (self.first.0 + 1..=self.last.0).map(LocalDay).filter(|d| d.date().day() == 1);
                edges.extend(month_starts.map(|d| zone.start_of(d).0));
            }
        }
        edges.push(range.end);
        edges
    }

    /// The same number of days, directly before.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self { first: self.first.plus(-self.count()), last: self.first.plus(-1) }
    }

    /// The same days one year earlier.
    #[must_use]
    pub fn year_before(self) -> Self {
        let back = |day: LocalDay| {
            LocalDay::of_date(day.date().checked_sub(1.year()).unwrap_or(Date::constant(1970, 1, 1)))
        };
        let first = back(self.first);
        Self { first, last: first.plus(self.count() - 1) }
    }

    /// The same days of the month before, as far as it has them. This is for days of one month.
    #[must_use]
    pub fn month_before(self) -> Self {
        let first = self.first.date();
        let back = first.checked_sub(1.month()).unwrap_or(Date::constant(1970, 1, 1));
        let end = LocalDay::of_date(back.last_of_month());
        let first = LocalDay::of_date(back);
        Self { first, last: first.plus(self.count() - 1).min(end) }
    }

    /// Compares these days with `other` days that are not over at `now`. The comparison is fair only up to the same
    /// time of the same day, and this returns that moment. It returns `None` when all of these days can be compared.
    #[must_use]
    pub fn part_until(self, other: Self, zone: &Zone, now: Millis) -> Option<Millis> {
        let range = self.range(zone);
        if now.0 >= other.range(zone).end {
            return None;
        }
        let passed = zone.day_of(now).0 - other.first.0;
        if passed < 0 {
            return Some(Millis(range.start));
        }
        let day = self.first.plus(passed);
        // The current millisecond is still counted.
        (day <= self.last).then(|| zone.same_time(day, now).plus(1)).filter(|until| until.0 < range.end)
    }

    /// The points of a chart: hours for one or two days, months for more than 120 days, otherwise days.
    #[must_use]
    pub const fn step(self) -> Step {
        match self.count() {
            ..=2 => Step::Hour,
            3..=120 => Step::Day,
            _ => Step::Month,
        }
    }
}

/// A period, named as in the address of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Preset {
    Today,
    Yesterday,
    #[strum(serialize = "7d")]
    Days7,
    #[strum(serialize = "28d")]
    Days28,
    #[strum(serialize = "90d")]
    Days90,
    Month,
    LastMonth,
    #[strum(serialize = "12mo")]
    Months12,
    Custom,
}

impl Preset {
    pub const ALL: [Self; 9] = [
        Self::Today,
        Self::Yesterday,
        Self::Days7,
        Self::Days28,
        Self::Days90,
        Self::Month,
        Self::LastMonth,
        Self::Months12,
        Self::Custom,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text)
    }

    /// The days of the period on `today`. Only `custom` uses the given dates. `7d` ends today.
    #[must_use]
    pub fn days(self, today: LocalDay, custom: Option<Days>) -> Option<Days> {
        let date = today.date();
        let last = |count: i32| Days { first: today.plus(1 - count), last: today };
        Some(match self {
            Self::Today => last(1),
            Self::Yesterday => Days { first: today.plus(-1), last: today.plus(-1) },
            Self::Days7 => last(7),
            Self::Days28 => last(28),
            Self::Days90 => last(90),
            Self::Month => Days { first: LocalDay::of_date(date.first_of_month()), last: today },
            Self::LastMonth => {
                let end = LocalDay::of_date(date.first_of_month()).plus(-1);
                Days { first: LocalDay::of_date(end.date().first_of_month()), last: end }
            }
            Self::Months12 => {
                let start = date.checked_sub(1.year()).ok()?;
                Days { first: LocalDay::of_date(start).plus(1), last: today }
            }
            Self::Custom => custom.filter(|d| d.first <= d.last && d.count() <= DAYS_MAX)?,
        })
    }
}

/// Reads a day, such as `2026-11-22`.
#[must_use]
pub fn parse_day(text: &str) -> Option<LocalDay> {
    let date: Date = text.parse().ok()?;
    (text.len() == 10 && (1970..=9000).contains(&date.year())).then(|| LocalDay::of_date(date))
}

/// The number of the weekday, from 0 for Monday to 6.
#[must_use]
pub fn weekday(day: LocalDay) -> i8 {
    day.date().weekday().since(Weekday::Monday)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LocalDay {
        parse_day(text).unwrap()
    }

    #[test]
    fn local_days_follow_daylight_saving() {
        let zone = Zone::named("Europe/Amsterdam");
        let hours = |d: &str| {
            let start = zone.start_of(day(d));
            (zone.start_of(day(d).plus(1)).0 - start.0) / crate::base::clock::HOUR
        };
        assert_eq!((hours("2026-03-29"), hours("2026-10-25"), hours("2026-11-22")), (23, 25, 24));
        let start = zone.start_of(day("2026-10-25"));
        assert_eq!(zone.day_of(start), day("2026-10-25"));
        assert_eq!(zone.day_of(start.plus(-1)), day("2026-10-24"));
    }

    #[test]
    fn charts_have_a_point_per_local_hour_day_or_month() {
        let one = |text: &str| Days { first: day(text), last: day(text) };
        let hours = |zone: &str, text: &str| {
            let zone = Zone::named(zone);
            let edges = one(text).edges(&zone, Step::Hour);
            assert!(edges.is_sorted_by(|a, b| a < b));
            let range = one(text).range(&zone);
            assert_eq!((edges[0], edges[edges.len() - 1]), (range.start, range.end));
            edges.len() - 1
        };
        assert_eq!(hours("Europe/Amsterdam", "2026-03-29"), 23);
        assert_eq!(hours("Europe/Amsterdam", "2026-10-25"), 25);
        assert_eq!(hours("Asia/Kolkata", "2026-10-25"), 24);
        // The clock goes half an hour back or forward, which gives one short point more.
        assert_eq!(hours("Australia/Lord_Howe", "2026-04-05"), 25);
        assert_eq!(hours("Australia/Lord_Howe", "2026-10-04"), 24);
        let zone = Zone::named("Europe/Amsterdam");
        let days = Days { first: day("2026-03-28"), last: day("2026-04-02") };
        let starts: Vec<_> =
            days.edges(&zone, Step::Day).into_iter().map(|e| zone.day_of(Millis(e))).collect();
        assert_eq!(starts, (0..7).map(|n| days.first.plus(n)).collect::<Vec<_>>());
        let months: Vec<_> =
            days.edges(&zone, Step::Month).into_iter().map(|e| zone.day_of(Millis(e)).to_string()).collect();
        assert_eq!(months, ["2026-03-28", "2026-04-01", "2026-04-03"]);
    }

    #[test]
    fn presets_name_their_days() {
        let today = day("2024-03-31");
        let text = |p: Preset| p.days(today, None).map(|d| (d.first.to_string(), d.last.to_string()));
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(text(Preset::Today), pair("2024-03-31", "2024-03-31"));
        assert_eq!(text(Preset::Days7), pair("2024-03-25", "2024-03-31"));
        assert_eq!(text(Preset::Month), pair("2024-03-01", "2024-03-31"));
        assert_eq!(text(Preset::LastMonth), pair("2024-02-01", "2024-02-29"));
        assert_eq!(text(Preset::Months12), pair("2023-04-01", "2024-03-31"));
        assert_eq!(text(Preset::Custom), None);
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.as_str()), Some(preset));
        }
    }

    #[test]
    fn custom_periods_are_bounded() {
        let first = day("2020-01-01");
        let at = |n: i32| Days { first, last: first.plus(n - 1) };
        assert!(Preset::Custom.days(first, Some(at(DAYS_MAX))).is_some());
        assert!(Preset::Custom.days(first, Some(at(DAYS_MAX + 1))).is_none());
        assert!(Preset::Custom.days(first, Some(at(0))).is_none());
        assert_eq!(parse_day("2026-2-3"), None);
        assert_eq!(parse_day("x"), None);
    }

    #[test]
    fn a_month_before_has_the_same_days_as_far_as_it_goes() {
        let month = |first: &str, last: &str| {
            let before = Days { first: day(first), last: day(last) }.month_before();
            (before.first.to_string(), before.last.to_string())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(month("2026-11-01", "2026-11-23"), pair("2026-10-01", "2026-10-23"));
        assert_eq!(month("2026-01-01", "2026-01-01"), pair("2025-12-01", "2025-12-01"));
        assert_eq!(month("2026-03-01", "2026-03-31"), pair("2026-02-01", "2026-02-28"));
        assert_eq!(month("2024-03-01", "2024-03-30"), pair("2024-02-01", "2024-02-29"));
    }

    /// A moment given by a local clock.
    fn at(zone: &Zone, date_time: &str) -> Millis {
        let shown: jiff::civil::DateTime = date_time.parse().unwrap();
        Millis(shown.to_zoned(zone.0.clone()).unwrap().timestamp().as_millisecond())
    }

    fn until(zone_name: &str, other: (&str, &str), with: (&str, &str), now: &str) -> Option<String> {
        let zone = Zone::named(zone_name);
        let days = |(first, last): (&str, &str)| Days { first: day(first), last: day(last) };
        let found = days(with).part_until(days(other), &zone, at(&zone, now))?;
        // The fair part ends at the next millisecond.
        Some(zone.civil(found.plus(-1)).to_string())
    }

    #[test]
    fn a_period_that_is_not_over_is_compared_with_as_much_of_the_other() {
        let zone = "Europe/Amsterdam";
        let one = |of: (&str, &str), with: (&str, &str), now: &str| until(zone, of, with, now);
        let today = ("2026-11-23", "2026-11-23");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(one(today, ("2026-11-22", "2026-11-22"), "2026-11-23T14:05"), some("2026-11-22T14:05:00"));
        assert_eq!(one(today, ("2025-11-23", "2025-11-23"), "2026-11-23T14:05"), some("2025-11-23T14:05:00"));
        // Days that are over: yesterday, and today in the moment it ends.
        assert_eq!(one(today, ("2026-11-22", "2026-11-22"), "2026-11-24T00:00"), None);
        assert_eq!(
            one(today, ("2026-11-22", "2026-11-22"), "2026-11-23T23:59:59.998"),
            some("2026-11-22T23:59:59.998")
        );
        let week = ("2026-11-17", "2026-11-23");
        assert_eq!(one(week, ("2026-11-10", "2026-11-16"), "2026-11-23T00:00"), some("2026-11-16T00:00:00"));
        // Days that are still to come.
        let ahead = ("2026-11-22", "2026-11-30");
        assert_eq!(one(ahead, ("2026-11-13", "2026-11-21"), "2026-11-23T09:30"), some("2026-11-14T09:30:00"));
        let begins = Zone::named(zone).start_of(day("2026-11-13"));
        let days = |(first, last): (&str, &str)| Days { first: day(first), last: day(last) };
        let before = days(("2026-11-13", "2026-11-21"));
        let earlier = at(&Zone::named(zone), "2026-11-21T09:30");
        assert_eq!(before.part_until(days(ahead), &Zone::named(zone), earlier), Some(begins), "nothing yet");
        // A shorter month is compared as a whole once its last day has passed.
        let (march, february) = (("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28"));
        assert_eq!(one(march, february, "2026-03-30T10:00"), None);
        assert_eq!(
            one(("2026-03-01", "2026-03-28"), february, "2026-03-28T10:00"),
            some("2026-02-28T10:00:00")
        );
    }

    #[test]
    fn a_comparison_follows_the_local_clock_over_its_changes() {
        let zone = "Europe/Amsterdam";
        let one = |today: &str, before: &str, now: &str| until(zone, (today, today), (before, before), now);
        let some = |text: &str| Some(text.to_owned());
        // Yesterday skipped 02:00 to 03:00, so the result is as long after the gap.
        assert_eq!(one("2026-03-30", "2026-03-29", "2026-03-30T02:30"), some("2026-03-29T03:30:00"));
        assert_eq!(one("2026-03-30", "2026-03-29", "2026-03-30T09:00"), some("2026-03-29T09:00:00"));
        // Today skips it.
        assert_eq!(one("2026-03-29", "2026-03-28", "2026-03-29T03:30"), some("2026-03-28T03:30:00"));
        // Yesterday had 02:30 twice, and the first one is meant.
        let zone = Zone::named(zone);
        let days = |text: &str| Days { first: day(text), last: day(text) };
        let now = at(&zone, "2026-10-26T02:30");
        let found = days("2026-10-25").part_until(days("2026-10-26"), &zone, now).unwrap();
        assert_eq!(found.0 - zone.start_of(day("2026-10-25")).0, 150 * crate::base::clock::MINUTE + 1);
        // A day that begins at one o'clock has no earlier moment.
        let santiago = Zone::named("America/Santiago");
        let now = at(&santiago, "2026-09-07T00:20");
        let found = days("2026-09-06").part_until(days("2026-09-07"), &santiago, now).unwrap();
        assert!(found > santiago.start_of(day("2026-09-06")) && found < santiago.start_of(day("2026-09-07")));
    }

    #[test]
    fn a_year_before_has_as_many_days() {
        let days = Days { first: day("2024-02-29"), last: day("2024-03-06") };
        assert_eq!(days.year_before().count(), days.count());
        assert_eq!(days.previous().last, day("2024-02-28"));
    }
}
