//! When visits happen: hours of the account's local days, weeks, growth over the whole time, and a few days that
//! are unlike the others. Cuts the numbers asked for into quotas of hours that sum up to them exactly.

use crate::base::clock::{HOUR, Millis};
use crate::demo::generator::arrival::Mood;
use crate::demo::generator::dice::Dice;
use crate::domain::period::{Days, LocalDay, Zone, weekday};

/// Views by hour of the local day.
const HOURS: [u64; 24] =
    [14, 8, 5, 4, 4, 7, 17, 34, 55, 72, 80, 79, 70, 68, 72, 74, 72, 68, 66, 72, 78, 68, 46, 26];
/// Views by day of the week, from Monday.
const WEEK: [u64; 7] = [104, 110, 108, 106, 97, 78, 86];
/// So many visits in a thousand more after a year.
const GROWTH: u64 = 300;
/// The newsletter goes out on the Tuesday of every fourth week.
const LETTER_WEEKDAY: i8 = 1;
const LETTER_WEEKS: i32 = 4;
/// Views in a hundred of those of a usual day: on the day of the newsletter and the day after it; on the days
/// somebody talks about the company, from the first one; on the days of a sale, the first, the others, the last.
const LETTER: [u64; 2] = [135, 110];
const TALK: [u64; 4] = [190, 150, 120, 108];
const SALE: [u64; 3] = [135, 118, 128];
/// Weeks (from Thursday) after that of a newsletter; people begin to talk on the eve of it.
const TALK_WEEK: i32 = 2;
/// Month and day of every year.
type MonthDay = (i8, i8);

/// Sales, first and last day.
const SALES: [[MonthDay; 2]; 3] = [[(4, 8), (4, 16)], [(9, 9), (9, 15)], [(11, 25), (11, 30)]];
/// Days that are not like others, first and last, and views in a hundred of those of a usual day.
const HOLIDAYS: [(MonthDay, MonthDay, u64); 8] = [
    ((1, 1), (1, 1), 55),
    ((1, 2), (1, 5), 84),
    ((5, 1), (5, 1), 78),
    ((7, 13), (8, 23), 88),
    ((12, 22), (12, 23), 80),
    ((12, 24), (12, 26), 46),
    ((12, 27), (12, 30), 72),
    ((12, 31), (12, 31), 52),
];
/// Robots for a hundred views.
const ROBOTS: u64 = 7;

/// An hour of the history and what happens in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub start: Millis,
    /// Nothing happens at it or later.
    pub end: Millis,
    pub day: LocalDay,
    pub mood: Mood,
    pub views: u64,
    /// Visitors who were never here before.
    pub newcomers: u64,
    pub robots: u64,
}

/// What is special about a local day, and its views in a hundred of those of a usual one.
pub(super) fn mood_of(day: LocalDay, days: Days) -> (Mood, u64) {
    // The day itself decides, so that a history of any length agrees: weeks since the epoch's Thursday.
    let week = |day: LocalDay| day.0.div_euclid(7);
    let is_letter = |day: LocalDay| weekday(day) == LETTER_WEEKDAY && week(day) % LETTER_WEEKS == 0;
    if let Some(percent) = talked(day, days) {
        return (Mood::Talk, percent);
    }
    if let Some(percent) = on_sale(day) {
        return (Mood::Sale, percent);
    }
    let [letter, past] = LETTER;
    match () {
        () if is_letter(day) => (Mood::Letter, letter),
        () if is_letter(day.plus(-1)) => (Mood::LetterPast, past),
        () => (Mood::Usual, 100),
    }
}

/// Two thirds into a long history somebody writes about the company: on a Wednesday, eight days after a newsletter,
/// so that the two are told apart.
fn talked(day: LocalDay, days: Days) -> Option<u64> {
    if days.count() < 14 {
        return None;
    }
    let third = days.first.plus(days.count() * 2 / 3);
    let weeks = (TALK_WEEK - third.0.div_euclid(7)).rem_euclid(LETTER_WEEKS);
    // The Wednesday that ends the week before. Where it lies past the end of the history nobody talked.
    let first = LocalDay((third.0.div_euclid(7) + weeks) * 7 - 1);
    TALK.get(usize::try_from(day.0 - first.0).ok()?).copied()
}

fn on_sale(day: LocalDay) -> Option<u64> {
    let date = month_and_day(day);
    let [first, last] = *SALES.iter().find(|[first, last]| (*first..=*last).contains(&date))?;
    let [begins, goes_on, ends] = SALE;
    Some(if date == first {
        begins
    } else if date == last {
        ends
    } else {
        goes_on
    })
}

fn month_and_day(day: LocalDay) -> MonthDay {
    (day.date().month(), day.date().day())
}

/// The hours of `days` up to `end`, in their order.
pub(super) fn slots(seed: u64, zone: &Zone, days: Days, end: Millis, views: u64, visitors: u64) -> Vec<Slot> {
    let mut found = Vec::new();
    let mut weights = Vec::new();
    for number in 0..days.count() {
        let day = days.first.plus(number);
        let day_weight = weight_of_day(seed, day, days);
        let (mut start, next) = (zone.start_of(day), zone.start_of(day.plus(1)));
        while start < next && start < end {
            let hour = usize::try_from(zone.hour_of(start)).ok().and_then(|hour| HOURS.get(hour));
            let whole = next.min(start.plus(HOUR));
            let slot_end = whole.min(end);
            // Of an hour that is cut short, its part.
            let part = u64::try_from(slot_end.since(start)).unwrap_or(0);
            weights.push(day_weight * hour.copied().unwrap_or(1) * part / 1_000);
            let (mood, _) = mood_of(day, days);
            found.push(Slot { start, end: slot_end, day, mood, views: 0, newcomers: 0, robots: 0 });
            start = whole;
        }
    }
    give_quotas(&mut found, &weights, views, visitors);
    found
}

/// In units that leave room for hours and growth.
fn weight_of_day(seed: u64, day: LocalDay, days: Days) -> u64 {
    let of_week = usize::try_from(weekday(day)).ok().and_then(|day| WEEK.get(day)).copied().unwrap_or(100);
    let (passed, all) =
        (u64::try_from(day.0 - days.first.0).unwrap_or(0), u64::try_from(days.count()).unwrap_or(1));
    // Of a year; less for shorter histories.
    let growth = 1_000 + GROWTH * passed / all.max(365);
    let weather = 900 + Dice::of(seed, 0x5EA5_0000 | u64::from(day.0.unsigned_abs())).below(200);
    let (_, special) = mood_of(day, days);
    let date = month_and_day(day);
    let holiday = HOLIDAYS.iter().find(|(first, last, _)| (*first..=*last).contains(&date));
    let holiday = holiday.map_or(100, |(.., percent)| *percent);
    of_week * growth * weather / 1_000 * special * holiday / 1_000_000
}

fn give_quotas(slots: &mut [Slot], weights: &[u64], views: u64, visitors: u64) {
    let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum::<u128>().max(1);
    let mut passed: u128 = 0;
    let mut given = (0u64, 0u64, 0u64);
    for (slot, weight) in slots.iter_mut().zip(weights) {
        passed += u128::from(*weight);
        let of = |all: u64, passed: u128, total: u128| {
            u64::try_from(u128::from(all) * passed / total).unwrap_or(all)
        };
        let views_so_far = of(views, passed, total);
        // Among the first visitors all are new, later more and more have been here before: with c the part of
        // the views so far, c (5 - c) / 4 of the newcomers have come.
        let newcomers_so_far = of(visitors, passed * (5 * total - passed) / total, 4 * total);
        let robots_so_far = of(views * ROBOTS / 100, passed, total);
        slot.views = views_so_far - given.0;
        slot.newcomers = newcomers_so_far - given.1;
        slot.robots = robots_so_far - given.2;
        given = (views_so_far, newcomers_so_far, robots_so_far);
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
            let slots = slots(3, &zone, days, end, views, visitors);
            assert_eq!(slots.iter().map(|slot| slot.views).sum::<u64>(), views);
            assert_eq!(slots.iter().map(|slot| slot.newcomers).sum::<u64>(), visitors);
            assert_eq!(slots.first().map(|slot| slot.start), Some(zone.start_of(days.first)));
            assert_eq!(slots.last().map(|slot| slot.end), Some(end));
            assert!(slots.windows(2).all(|pair| pair[0].end == pair[1].start && pair[0].start < pair[0].end));
            assert!(slots.iter().all(|slot| zone.day_of(slot.start) == slot.day));
        }
    }

    #[test]
    fn days_have_their_rhythm() {
        let zone = Zone::named("America/New_York");
        let days = days("2025-09-01", "2026-08-31");
        let slots = slots(1, &zone, days, zone.start_of(days.last.plus(1)), 10_000_000, 1_000_000);
        let sum =
            |what: &dyn Fn(&Slot) -> bool| slots.iter().filter(|s| what(s)).map(|s| s.views).sum::<u64>();
        let hour = |hour: i8| sum(&|slot: &Slot| zone.hour_of(slot.start) == hour);
        assert!(hour(10) > 10 * hour(3));
        assert!(sum(&|s| weekday(s.day) == 1) > sum(&|s| weekday(s.day) == 5) * 5 / 4);
        for mood in [Mood::Letter, Mood::LetterPast, Mood::Sale, Mood::Talk] {
            assert!(slots.iter().any(|slot| slot.mood == mood), "{mood:?}");
        }
    }

    fn by_day(days: Days) -> std::collections::BTreeMap<LocalDay, u64> {
        let zone = Zone::named("Europe/Amsterdam");
        let mut found = std::collections::BTreeMap::new();
        for slot in slots(1, &zone, days, zone.start_of(days.last.plus(1)), 10_000_000, 1_000_000) {
            *found.entry(slot.day).or_default() += slot.views;
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
    fn a_newsletter_and_a_talk_are_never_in_one_week() {
        for length in 14..400 {
            let first = days("2026-01-01", "2026-01-01").first.plus(-length / 3);
            let days = Days { first, last: first.plus(length - 1) };
            let moods: Vec<Mood> = (0..days.count()).map(|n| mood_of(first.plus(n), days).0).collect();
            let of = |wanted: Mood| {
                moods.iter().enumerate().filter(move |(_, mood)| **mood == wanted).map(|(day, _)| day)
            };
            for talk in of(Mood::Talk) {
                assert!(of(Mood::Letter).all(|letter| letter.abs_diff(talk) > 5), "{length} {talk}");
            }
            assert!(of(Mood::Talk).count() <= TALK.len());
            assert!(length < 100 || of(Mood::Talk).next().is_some(), "{length}");
        }
    }
}
