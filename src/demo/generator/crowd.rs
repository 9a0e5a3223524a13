//! Who visits when, and what he looks at: plans visits hour by hour. Of each visitor only his last visit is
//! remembered; the hours ahead hold no more than visits that are under way.

use crate::base::clock::{MINUTE, Millis, SECOND};
use crate::demo::generator::arrival::{Arrival, Mood, Ways};
use crate::demo::generator::dice::Dice;
use crate::demo::generator::events::{Events, Place};
use crate::demo::generator::people::People;
use crate::demo::generator::rhythm::Slot;
use crate::demo::generator::site::{PageNumber, Site};
use crate::domain::period::LocalDay;
use crate::domain::visitor::SESSION_IDLE;

/// Views of a visit, on average, when there are views enough.
const VIEWS_MEAN: f64 = 2.9;
/// And at most, on average, when few visitors must make many.
const VIEWS_MEAN_MAX: f64 = 9.0;
/// More leave after the first view than after any other: the chance of a second one is this part of what an even
/// chance would be, and that of each further one makes up for it.
const STAYS: f64 = 0.8;
/// Of those who leave after one view, so many in a thousand do so within seconds.
const HURRIED: u64 = 600;
/// Most views of a visit.
const VIEWS_MAX: u8 = 60;
/// So many views in a thousand are left without a word of how long they were looked at (a phone put away).
const UNTOLD: u64 = 110;
/// Below this chance of a second view (in a billion) nobody signs up for anything.
const SIGN_UPS_FROM: u64 = 200_000_000;
/// Seconds a page is looked at: twentieths of all views, from the shortest; between two points it is even.
const LOOKED_AT: [u64; 21] =
    [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 31, 38, 47, 58, 72, 92, 122, 175, 300, 780];
/// Tries to find somebody who is not here just now.
const TRIES: usize = 24;

/// What a planned step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    View,
    /// Tells how long the view before it was looked at.
    Engagement {
        view_at: i64,
    },
    /// Something is done on the page.
    Completion {
        event: Place,
        value_minor: i64,
    },
    /// A program tells of the visitor, who is a contact.
    Told {
        event: Place,
        value_minor: i64,
    },
}

/// One planned hit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub at: i64,
    pub visitor: u32,
    /// Number of the visit and of the view in it, from 1 up.
    pub visit: u16,
    pub place: u8,
    pub act: Act,
    pub page: PageNumber,
    pub from: From,
    pub signs_up: bool,
}

/// Where a view came from.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Outside(Arrival),
    Page(PageNumber),
}

/// The last visit of a visitor.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// His last view, seconds since the beginning of the history, rounded up.
    last: u32,
    visits: u16,
}

/// How fast a visit goes, in thousandths: the demo's live visits have no hours.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    Natural,
    Brisk,
}

/// Plans visits.
pub(super) struct Crowd {
    pub site: Site,
    pub people: People,
    pub events: Events,
    ways: Ways,
    dice: Dice,
    /// Of their own, so that what is completed changes nothing of the visits.
    completing: Dice,
    start: Millis,
    seen: Vec<Seen>,
    /// A second view after the first, and one more after each further one, so often in a billion.
    stays: u64,
    goes_on: u64,
    queue: Vec<Step>,
    /// Views and newcomers the hours before could not place.
    owed_views: u64,
    owed_newcomers: u64,
    /// Visits planned so far.
    pub visits: u64,
}

impl Crowd {
    /// `start` begins the history; `views` and `visitors` are those of all of it, `days` its length.
    pub(super) fn new(
        seed: u64,
        (site, people, events): (Site, People, Events),
        start: Millis,
        days: u64,
        views: u64,
        visitors: u64,
    ) -> Self {
        let of_visitor = views as f64 / visitors.max(1) as f64;
        // A visitor makes some 1.3 visits at least where there are views for it; where a few must make very
        // many views a day, their visits are longer.
        let mean = (of_visitor / 1.3).clamp(1.0, VIEWS_MEAN);
        let mean = mean.max((of_visitor / days.max(1) as f64).min(VIEWS_MEAN_MAX));
        Self {
            site,
            people,
            events,
            ways: Ways::new(),
            dice: Dice::of(seed, 0xC0_FFEE),
            completing: Dice::of(seed, 0xD0_0E),
            start,
            seen: Vec::new(),
            stays: ((1.0 - 1.0 / mean) * STAYS * 1e9) as u64,
            goes_on: ((1.0 - STAYS / mean) * 1e9) as u64,
            queue: Vec::new(),
            owed_views: 0,
            owed_newcomers: 0,
            visits: 0,
        }
    }

    /// How many visitors there were so far.
    pub(super) fn visitors(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Plans an hour. Nothing is planned at `end` (of the whole history) or later. Afterwards `take` gives what
    /// happens before the hour's end.
    pub(super) fn plan(&mut self, slot: &Slot, end: Millis) {
        let mut views = self.owed_views + slot.views;
        let mut newcomers = self.owed_newcomers + slot.newcomers;
        while newcomers > 0 && views > 0 {
            let at = self.moment(slot);
            self.seen.push(Seen { last: 0, visits: 0 });
            views -= self.visit(self.seen.len() - 1, at, slot.mood, Pace::Natural, views, end);
            newcomers -= 1;
        }
        while views > 0 {
            let Some((visitor, at)) = self.somebody(slot) else { break };
            views -= self.visit(visitor, at, slot.mood, Pace::Natural, views, end);
        }
        (self.owed_views, self.owed_newcomers) = (views, newcomers);
    }

    /// A visit that begins now, on its own clock: for the demo while it runs.
    pub(super) fn live_visit(&mut self, now: Millis) {
        let slot = Slot {
            start: now,
            end: now.plus(1),
            day: LocalDay(0),
            mood: Mood::Usual,
            views: 0,
            newcomers: 0,
            robots: 0,
        };
        let known = if self.dice.chance(450) { self.somebody(&slot) } else { None };
        let (visitor, at) = known.unwrap_or_else(|| {
            self.seen.push(Seen { last: 0, visits: 0 });
            (self.seen.len() - 1, now)
        });
        self.visit(visitor, at, Mood::Usual, Pace::Brisk, u64::from(VIEWS_MAX), Millis(i64::MAX));
    }

    /// The steps before `end`, in the order of their time; those after it stay.
    pub(super) fn take(&mut self, end: Millis, mut give: impl FnMut(&Self, &Step)) {
        self.queue.sort_unstable_by_key(|step| (step.at, step.visitor, step.place, step.act));
        let due = self.queue.partition_point(|step| step.at < end.0);
        let later = self.queue.split_off(due);
        let steps = std::mem::replace(&mut self.queue, later);
        steps.iter().for_each(|step| give(self, step));
    }

    fn moment(&self, slot: &Slot) -> Millis {
        let length = u64::try_from(slot.end.since(slot.start)).unwrap_or(1);
        slot.start.plus(i64::try_from(self.dice.below(length)).unwrap_or(0))
    }

    /// Somebody who was here before and is not here now; those who came lately more often, and some again and
    /// again.
    fn somebody(&self, slot: &Slot) -> Option<(usize, Millis)> {
        for _ in 0..TRIES {
            let at = self.moment(slot);
            let spread = self.dice.unit();
            let part = if self.dice.chance(600) { 1.0 - spread * spread * spread } else { spread * spread };
            let visitor = (part * self.seen.len() as f64) as usize;
            let Some(seen) = self.seen.get(visitor) else { continue };
            let last = self.start.plus(i64::from(seen.last) * SECOND);
            if at.since(last) >= SESSION_IDLE + MINUTE {
                return Some((visitor, at));
            }
        }
        None
    }

    /// Puts one visit in the queue; answers its views, from 1 to `most`.
    fn visit(&mut self, visitor: usize, at: Millis, mood: Mood, pace: Pace, most: u64, end: Millis) -> u64 {
        let Some(seen) = self.seen.get_mut(visitor) else { return 1 };
        seen.visits = seen.visits.saturating_add(1);
        let visit = seen.visits;
        let Ok(visitor) = u32::try_from(visitor) else { return 1 };
        // Signing up takes a second view; where there are hardly any, nobody does.
        let signs_up = self.stays >= SIGN_UPS_FROM && self.people.signs_up(visitor) == Some(visit);
        let (arrival, landing) = self.ways.draw(&self.dice, mood);
        let mut page = self.site.choose(&self.dice, landing);
        let mut from = From::Outside(arrival);
        let (mut at, mut place) = (at.0, 1u8);
        loop {
            let chance = if place == 1 { self.stays } else { self.goes_on };
            let goes_on = self.dice.below(1_000_000_000) < chance || (signs_up && place < 2);
            let hurried = place == 1 && !goes_on && self.dice.chance(HURRIED);
            let (looked, told) = self.look(pace, hurried);
            let next = at + looked + self.hesitation(pace);
            let is_last = !goes_on || place >= VIEWS_MAX || u64::from(place) >= most || next >= end.0;
            let step = Step { at, visitor, visit, place, act: Act::View, page, from, signs_up: false };
            let signs_here = signs_up && is_last && place > 1;
            if signs_here {
                page = self.site.thanks;
            }
            self.queue.push(Step { page, signs_up: signs_here, ..step });
            if let Some((event, value_minor)) = self.events.draw(&self.completing, self.site.page(page)) {
                let done = at + looked / 2;
                if done < end.0 {
                    self.queue.push(Step {
                        at: done,
                        act: Act::Completion { event, value_minor },
                        page,
                        ..step
                    });
                }
            }
            if told && at + looked < end.0 {
                self.queue.push(Step { at: at + looked, act: Act::Engagement { view_at: at }, page, ..step });
            }
            if is_last {
                break;
            }
            from = From::Page(page);
            page = self.site.choose_next(&self.dice, page);
            at = next;
            place += 1;
        }
        self.tell(Step { at, visitor, visit, place, act: Act::View, page, from, signs_up: false });
        let since = at.saturating_sub(self.start.0).max(0) / SECOND + 1;
        if let Some(seen) = self.seen.get_mut(visitor as usize) {
            seen.last = u32::try_from(since).unwrap_or(u32::MAX);
        }
        self.visits += 1;
        u64::from(place)
    }

    /// What a program tells when somebody comes back who said who he is.
    fn tell(&mut self, last: Step) {
        if self.stays < SIGN_UPS_FROM || self.people.signs_up(last.visitor).is_none_or(|on| on >= last.visit)
        {
            return;
        }
        if let Some((event, value_minor)) = self.events.draw_of_contact(&self.completing) {
            self.queue.push(Step { act: Act::Told { event, value_minor }, ..last });
        }
    }

    /// How long a page is looked at, milliseconds, and whether the browser tells.
    fn look(&self, pace: Pace, hurried: bool) -> (i64, bool) {
        let twentieth = usize::try_from(self.dice.below(if hurried { 6 } else { 20 })).unwrap_or(0);
        let of = |place: usize| LOOKED_AT.get(place).copied().unwrap_or(1) * 1_000;
        let (short, long) = (of(twentieth), of(twentieth + 1));
        let looked = i64::try_from(short + self.dice.below(long - short)).unwrap_or(0);
        (slowed(looked, pace), !self.dice.chance(UNTOLD))
    }

    /// From leaving a page to the next one.
    fn hesitation(&self, pace: Pace) -> i64 {
        slowed(300 + i64::try_from(self.dice.below(4_000)).unwrap_or(0), pace)
    }
}

fn slowed(ms: i64, pace: Pace) -> i64 {
    match pace {
        Pace::Natural => ms,
        Pace::Brisk => (ms / 3).clamp(700, MINUTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_never_end_a_visit() {
        let longest = i64::try_from(LOOKED_AT[20]).unwrap() * SECOND + 4_300;
        assert!(longest < SESSION_IDLE, "a view would be in a session of its own");
        assert!(LOOKED_AT.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
