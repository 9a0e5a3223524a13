//! When visits happen: hours of the account's local days, weeks, growth over the whole time, and a few days that
//! are unlike the others. Cuts the numbers asked for into quotas of hours that sum up to them exactly.

use crate::app::generate::arrival::Mood;
use crate::app::generate::dice::Dice;
use crate::base::clock::{HOUR, Millis};
use crate::domain::period::{Days, LocalDay, Zone, weekday};

/// Views by hour of the local day.
const HOURS: [u64; 24] =
    [14, 8, 5, 4, 4, 7, 17, 34, 55, 72, 80, 79, 70, 68, 72, 74, 72, 68, 66, 72, 78, 68, 46, 26];
/// Views by day of the week, from Monday.
const WEEK: [u64; 7] = [104, 110, 108, 106, 97, 78, 86];
/// The newsletter goes out on the Tuesday of every fourth week, at this hour.
const LETTER_WEEKDAY: i8 = 1;
const LETTER_WEEKS: i32 = 4;
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

/// What is special about a local day.
pub(super) fn mood_of(day: LocalDay, days: Days) -> Mood {
    // Weeks since the epoch's Thursday; the day itself decides, so that a history of any length agrees.
    let is_letter =
        |day: LocalDay| weekday(day) == LETTER_WEEKDAY && (day.0.div_euclid(7)) % LETTER_WEEKS == 0;
    // Two thirds into a long history somebody writes about the company.
    let talk = days.first.plus(days.count() * 2 / 3);
    if days.count() >= 14 && (day == talk || day == talk.plus(1)) {
        Mood::Talk
    } else if is_letter(day) {
        Mood::Letter
    } else if is_letter(day.plus(-1)) {
        Mood::LetterPast
    } else {
        Mood::Usual
    }
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
            let mood = mood_of(day, days);
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
    // Twice as many visits at the end of a year as at its beginning; less for shorter histories.
    let growth = 1_000 + 1_000 * passed / all.max(365);
    let weather = 880 + Dice::of(seed, 0x5EA5_0000 | u64::from(day.0.unsigned_abs())).below(240);
    let special = match mood_of(day, days) {
        Mood::Usual => 100,
        Mood::LetterPast => 110,
        Mood::Letter => 145,
        Mood::Talk => 210,
    };
    of_week * growth * weather / 10_000 * special / 1_000
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
    fn days_have_their_rhythm_and_the_history_grows() {
        let zone = Zone::named("America/New_York");
        let days = days("2025-09-01", "2026-08-31");
        let slots = slots(1, &zone, days, zone.start_of(days.last.plus(1)), 10_000_000, 1_000_000);
        let sum =
            |what: &dyn Fn(&Slot) -> bool| slots.iter().filter(|s| what(s)).map(|s| s.views).sum::<u64>();
        let hour = |hour: i8| sum(&|slot: &Slot| zone.hour_of(slot.start) == hour);
        assert!(hour(10) > 10 * hour(3));
        assert!(sum(&|s| weekday(s.day) == 1) > sum(&|s| weekday(s.day) == 5) * 5 / 4);
        let (early, late) = (days.first.plus(60), days.last.plus(-60));
        assert!(sum(&|s| s.day > late) > sum(&|s| s.day < early) * 3 / 2);
        for mood in [Mood::Letter, Mood::LetterPast, Mood::Talk] {
            assert!(slots.iter().any(|slot| slot.mood == mood), "{mood:?}");
        }
    }
}
