//! How much happens when. Traffic follows the hours of the account's local days, the days of the week, slow
//! growth, and special days: a newsletter every fourth week, now and then an article about the company that is discussed
//! elsewhere, sales and holidays. The totals that were asked for are divided among intervals by these weights, so that
//! the shares of all intervals add up to the totals exactly.

use crate::base::clock::{HOUR, MINUTE, Millis};
use crate::demo::generator::seeded_random::{RandomStream, number, rows};
use crate::domain::period::{Days, LocalDay, Zone, weekday};

/// Page views by hour of the local day.
const HOURS: [u64; 24] =
    [14, 8, 5, 4, 4, 7, 17, 34, 55, 72, 80, 79, 70, 68, 72, 74, 72, 68, 66, 72, 78, 68, 46, 26];
/// Page views by day of the week, from Monday.
const WEEK: [u64; 7] = [104, 110, 108, 106, 97, 78, 86];
/// After a year, traffic has grown by this much, per mille.
const GROWTH: u64 = 300;
/// Length of the cycle in which newsletters and discussed articles return, days.
const CYCLE: i32 = 84;
/// On days of a sale, this many visits in a thousand come from the sources of the sale.
const SALE_SHARE: u64 = 240;
/// Page views of an average hour above which intervals are a minute long.
const DENSE: u64 = 20_000;
const ROBOTS_PER_100_VIEWS: u64 = 7;

/// What is special about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpecialDay {
    /// Page views for 100 of a usual day.
    percent: u64,
    /// The sources that are added on this day, and how many visits in a thousand come from them.
    pub sources: &'static str,
    pub share: u64,
}

impl SpecialDay {
    pub(super) const USUAL: Self = Self { percent: 100, sources: "", share: 0 };

    /// Only the day itself decides, so histories that overlap agree about it. An article is discussed from the
    /// Wednesday eight days after a newsletter, so that the two peaks can be distinguished.
    fn of(day: LocalDay) -> Self {
        let (percent, sources, share) = match day.0.rem_euclid(CYCLE) {
            5 | 33 | 61 => (135, "letter", 330),
            6 | 34 | 62 => (110, "letter", 110),
            13 => (190, "talk", 440),
            14 => (150, "talk", 440),
            15 => (120, "talk", 440),
            16 => (108, "talk", 440),
            _ => (100, "", 0),
        };
        let date = day.date().strftime("%m-%d").to_string();
        let of_year = rows(include_str!("data/days.txt")).find_map(|row| match *row.as_slice() {
            [first, last, percent, sources] if first <= &*date && &*date <= last => {
                Some((number(percent), sources))
            }
            _ => None,
        });
        let (percent_of_year, sale) = of_year.unwrap_or((100, ""));
        let percent = percent * percent_of_year / 100;
        if sources.is_empty() && !sale.is_empty() {
            return Self { percent, sources: sale, share: SALE_SHARE };
        }
        Self { percent, sources, share }
    }
}

/// A part of the history and how much happens in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub start: Millis,
    /// Nothing happens at this time or later.
    pub end: Millis,
    pub day: LocalDay,
    pub special: SpecialDay,
    pub page_views: u64,
    /// Visitors who come for the first time.
    pub new_visitors: u64,
    pub robots: u64,
}

/// The time of `days` up to `end` in intervals of an hour; of a minute where hours hold very many page views, because
/// all requests of an interval are in memory at once.
pub(super) fn intervals(
    seed: u64,
    zone: &Zone,
    days: Days,
    end: Millis,
    page_views: u64,
    visitors: u64,
) -> Vec<Interval> {
    let hours = u64::try_from(days.count()).unwrap_or(1) * 24;
    let length = if page_views / hours > DENSE { MINUTE } else { HOUR };
    let mut intervals = Vec::new();
    let mut weights = Vec::new();
    for day in (0..days.count()).map(|index| days.first.plus(index)) {
        let special = SpecialDay::of(day);
        let weight = weight_of_day(seed, day, days) * special.percent / 100;
        let (mut start, next_day) = (zone.start_of(day), zone.start_of(day.plus(1)));
        while start < next_day && start < end {
            let of_hour = usize::try_from(zone.hour_of(start)).ok().and_then(|hour| HOURS.get(hour));
            let next = next_day.min(start.plus(length));
            // The last interval may be cut short. It then gets a part of its weight.
            let interval_end = next.min(end);
            let length_ms = u64::try_from(interval_end.since(start)).unwrap_or(0);
            weights.push(weight * of_hour.copied().unwrap_or(1) * length_ms / 1_000);
            let (page_views, new_visitors, robots) = (0, 0, 0);
            intervals.push(Interval {
                start,
                end: interval_end,
                day,
                special,
                page_views,
                new_visitors,
                robots,
            });
            start = next;
        }
    }
    divide(&mut intervals, &weights, page_views, visitors);
    intervals
}

fn weight_of_day(seed: u64, day: LocalDay, days: Days) -> u64 {
    let of_week = usize::try_from(weekday(day)).ok().and_then(|day| WEEK.get(day)).copied().unwrap_or(100);
    let passed = u64::try_from(day.0 - days.first.0).unwrap_or(0);
    let length = u64::try_from(days.count()).unwrap_or(1).max(365);
    let growth = 1_000 + GROWTH * passed / length;
    let noise = 900 + RandomStream::new(seed, 0x5EA5_0000 | u64::from(day.0.unsigned_abs())).below(200);
    of_week * growth * noise / 10_000
}

fn divide(intervals: &mut [Interval], weights: &[u64], page_views: u64, visitors: u64) {
    let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum::<u128>().max(1);
    let share =
        |all: u64, part: u128, whole: u128| u64::try_from(u128::from(all) * part / whole).unwrap_or(all);
    let mut passed: u128 = 0;
    let mut given = (0, 0, 0);
    for (interval, weight) in intervals.iter_mut().zip(weights) {
        passed += u128::from(*weight);
        let views_so_far = share(page_views, passed, total);
        // At first every visitor is new, later more and more return. When the part c of the page views has passed,
        // the part c (5 - c) / 4 of the new visitors has come.
        let visitors_so_far = share(visitors, passed * (5 * total - passed) / total, 4 * total);
        let robots_so_far = share(page_views * ROBOTS_PER_100_VIEWS / 100, passed, total);
        interval.page_views = views_so_far - given.0;
        interval.new_visitors = visitors_so_far - given.1;
        interval.robots = robots_so_far - given.2;
        given = (views_so_far, visitors_so_far, robots_so_far);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::parse_day;

    fn days(first: &str, last: &str) -> Days {
        Days { first: parse_day(first).unwrap(), last: parse_day(last).unwrap() }
    }

    #[test]
    fn quotas_sum_up_to_what_was_asked_and_nothing_ends_late() {
        let zone = Zone::named("Europe/Amsterdam");
        let days = days("2026-03-01", "2026-03-31");
        let end = zone.start_of(days.last).plus(10 * HOUR + 1_234);
        for (views, visitors) in [(1, 1), (1_000, 1_000), (123_457, 4_321), (10_000_000, 1_000_000)] {
            let intervals = intervals(3, &zone, days, end, views, visitors);
            assert_eq!(intervals.iter().map(|interval| interval.page_views).sum::<u64>(), views);
            assert_eq!(intervals.iter().map(|interval| interval.new_visitors).sum::<u64>(), visitors);
            assert_eq!(intervals.first().map(|interval| interval.start), Some(zone.start_of(days.first)));
            assert_eq!(intervals.last().map(|interval| interval.end), Some(end));
            assert!(
                intervals.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].start < pair[0].end)
            );
            assert!(intervals.iter().all(|interval| zone.day_of(interval.start) == interval.day));
        }
    }

    #[test]
    fn days_have_their_rhythm() {
        let zone = Zone::named("America/New_York");
        let days = days("2025-09-01", "2026-08-31");
        let intervals = intervals(1, &zone, days, zone.start_of(days.last.plus(1)), 10_000_000, 1_000_000);
        let sum = |what: &dyn Fn(&Interval) -> bool| {
            intervals.iter().filter(|s| what(s)).map(|s| s.page_views).sum::<u64>()
        };
        let at = |hour: i8| sum(&|of: &Interval| zone.hour_of(of.start) == hour);
        assert!(at(10) > 10 * at(3));
        assert!(sum(&|s| weekday(s.day) == 1) > sum(&|s| weekday(s.day) == 5) * 5 / 4);
        for sources in ["letter", "talk", "sale"] {
            assert!(intervals.iter().any(|interval| interval.special.sources == sources), "{sources}");
        }
    }

    fn by_day(days: Days) -> std::collections::BTreeMap<LocalDay, u64> {
        let zone = Zone::named("Europe/Amsterdam");
        let mut found = std::collections::BTreeMap::new();
        for interval in intervals(1, &zone, days, zone.start_of(days.last.plus(1)), 10_000_000, 1_000_000) {
            *found.entry(interval.day).or_default() += interval.page_views;
        }
        found
    }

    #[test]
    fn a_year_grows_slightly_and_no_week_is_far_from_the_one_before() {
        let views = by_day(days("2025-05-01", "2026-05-31"));
        let sum = |first: &str, last: &str| {
            let days = days(first, last);
            views.range(days.first..=days.last).map(|(_, views)| *views).sum::<u64>()
        };
        let (before, after) = (sum("2025-05-01", "2025-05-31"), sum("2026-05-01", "2026-05-31"));
        assert!(after * 100 > before * 118 && after * 100 < before * 140, "{before} {after}");
        let monday = days("2025-05-05", "2025-05-05").first;
        let week = |n: i32| (0..7).map(|day| views[&monday.plus(n * 7 + day)]).sum::<u64>();
        for n in 1..55 {
            let (before, this) = (week(n - 1), week(n));
            assert!(this * 100 < before * 155 && before * 100 < this * 170, "week {n}: {before} {this}");
        }
        let (christmas, usual) = (sum("2025-12-25", "2025-12-25"), sum("2025-12-11", "2025-12-11"));
        assert!(christmas * 100 < usual * 60, "{christmas} {usual}");
    }

    #[test]
    fn newsletters_and_discussed_articles_keep_their_distance_and_come_in_every_quarter() {
        let first = days("2026-01-01", "2026-01-01").first;
        let sources: Vec<&str> = (0..400).map(|n| SpecialDay::of(first.plus(n)).sources).collect();
        let of = |wanted: &'static str| {
            sources.iter().enumerate().filter(move |(_, sources)| **sources == wanted).map(|(day, _)| day)
        };
        for talk in of("talk") {
            assert!(of("letter").all(|letter| letter.abs_diff(talk) > 5), "{talk}");
        }
        for quarter in sources.windows(90) {
            assert!(quarter.contains(&"talk") && quarter.contains(&"letter"));
        }
        for day in (0..400).map(|n| first.plus(n)) {
            match day.0.rem_euclid(CYCLE) {
                5 | 33 | 61 => assert_eq!(weekday(day), 1, "a newsletter is sent on a Tuesday"),
                13 => assert_eq!(weekday(day), 2, "a discussion begins on a Wednesday"),
                _ => {}
            }
        }
    }
}
