//! Plans visits: who comes, from where, which pages they open and for how long, as the requests that browsers would send.
//! Of each visitor only the last visit is remembered, and the queue holds no more than the visits that are under way, so
//! memory does not grow with the length of the history.

use std::sync::Arc;

use crate::app::ingest::accept::beacon::Beacon;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{MINUTE, Millis, SECOND};
use crate::demo::generator::completions::Events;
use crate::demo::generator::forms;
use crate::demo::generator::seeded_random::RandomStream;
use crate::demo::generator::site::{PageIndex, Site};
use crate::demo::generator::sources::Sources;
use crate::demo::generator::traffic_curve::{Interval, SpecialDay};
use crate::demo::generator::visitors::Visitors;
use crate::domain::contact::{Email, Identity};
use crate::domain::event::EventRef;
use crate::domain::hit::{Act, Hit, Value};
use crate::domain::money;
use crate::domain::visitor::SESSION_IDLE;

/// Page views of a visit on average, where there are enough page views for it.
const VIEWS_MEAN: f64 = 2.9;
/// The highest average, where few visitors must make many page views.
const VIEWS_MEAN_MAX: f64 = 9.0;
/// Visits of a visitor on average, where there are few page views for each.
const VISITS_MEAN: f64 = 1.3;
/// More visitors leave after the first page view than after any other. The chance of a second page view is this part of
/// what an even chance would be, and the chance of each further one makes up for it.
const STAYS: f64 = 0.8;
/// Of the visitors who leave after one page view, this many in a thousand do so within seconds.
const HURRIED: u64 = 600;
const VIEWS_MAX: u8 = 60;
const RESERVE: u64 = 5;
/// For this many page views in a thousand the browser never reports the time spent (a phone is put away).
const UNREPORTED: u64 = 110;
/// Below this chance of a second page view nobody signs up for anything.
const SIGN_UPS_FROM: f64 = 0.2;
/// Seconds spent on a page: the ends of the twentieths of all page views, the shortest first. Within a twentieth the
/// time is spread evenly.
const SECONDS_ON_PAGE: [u64; 21] =
    [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 31, 38, 47, 58, 72, 92, 122, 175, 300, 780];
/// Visits of the running demo are this much faster, so that something happens while somebody watches.
const LIVE_SPEED: i64 = 5;
/// Of the visits of the running demo, this many in a thousand are by visitors who were there before.
const LIVE_RETURNING: u64 = 450;
/// Of the visitors who are known, one in so many asks something on a later visit.
const ASKS_EACH: u32 = 6;
/// Attempts to find a visitor who is not on the site already.
const ATTEMPTS: usize = 24;

/// A request of a browser that does not exist.
#[derive(Clone, Debug)]
pub struct BrowserRequest {
    /// When it is sent.
    pub at: Millis,
    pub user_agent: &'static str,
    pub country: &'static str,
    pub beacon: Beacon<'static>,
}

/// What will reach the server.
pub(super) enum Planned {
    Request(BrowserRequest),
    /// A program reports a completion of a contact.
    Report(Hit),
}

impl Planned {
    const fn at(&self) -> Millis {
        match self {
            Self::Request(request) => request.at,
            Self::Report(hit) => hit.at,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct LastVisit {
    /// The last page view, in seconds since the beginning of the history, rounded up.
    seconds: u32,
    visits: u16,
}

/// A visit that is being planned, at one of its page views.
struct Visit {
    /// What all its requests have in common, and address, title and referrer of the page view.
    request: BrowserRequest,
    /// Begins the ids of its events; no other visit in the account has the same.
    id: String,
    page: PageIndex,
    /// Number of the page view, from 1 up.
    view: u8,
    /// What the visitor enters, on a visit that ends with signing up.
    sign_up: Option<[(&'static str, String); 3]>,
}

/// The size of a history.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub page_views: u64,
    pub visitors: u64,
    pub days: u32,
}

/// Plans visits.
pub(super) struct VisitPlanner {
    account: Arc<Account>,
    /// Scheme and host of the site.
    origin: String,
    /// Added to the numbers of visitors in event ids, so that a second history in the same account has others.
    number_offset: u32,
    site: Site,
    sources: Sources,
    visitors: Visitors,
    events: Events,
    random: RandomStream,
    start: Millis,
    /// Nothing is planned at this time or later.
    end: Millis,
    /// Every pause is divided by this.
    speed: i64,
    last_visits: Vec<LastVisit>,
    visitor_max: u64,
    /// Chance of a second page view after the first, and of one more after each further one.
    second_view: f64,
    further_view: f64,
    queue: Vec<Planned>,
    /// Page views and new visitors that did not fit into the intervals before.
    waiting_views: u64,
    waiting_visitors: u64,
    /// Visits planned so far.
    pub visits: u64,
}

impl VisitPlanner {
    pub(super) fn new(
        (account, origin, number_offset): (Arc<Account>, String, u32),
        seed: u64,
        (visitors, events): (Visitors, Events),
        (start, end): (Millis, Millis),
        size: Size,
    ) -> Self {
        let of_visitor = size.page_views as f64 / size.visitors.max(1) as f64;
        let mean = (of_visitor / VISITS_MEAN).clamp(1.0, VIEWS_MEAN);
        let mean = mean.max((of_visitor / f64::from(size.days.max(1))).min(VIEWS_MEAN_MAX));
        Self {
            account,
            origin,
            number_offset,
            site: Site::new(),
            sources: Sources::new(),
            visitors,
            events,
            random: RandomStream::new(seed, 0xC0_FFEE),
            start,
            end,
            speed: 1,
            last_visits: Vec::new(),
            visitor_max: size.visitors,
            second_view: (1.0 - 1.0 / mean) * STAYS,
            further_view: 1.0 - STAYS / mean,
            queue: Vec::new(),
            waiting_views: 0,
            waiting_visitors: 0,
            visits: 0,
        }
    }

    /// How many visitors there have been so far.
    pub(super) fn visitor_count(&self) -> u64 {
        self.last_visits.len() as u64
    }

    /// Plans the visits that begin in an interval. Returns everything that happens in it, in order of time; what
    /// visits do after its end waits for the next call.
    pub(super) fn plan(&mut self, interval: &Interval) -> Vec<Planned> {
        let mut views = self.waiting_views + interval.page_views;
        let mut new_visitors = self.waiting_visitors + interval.new_visitors;
        while new_visitors > 0 && views > 0 {
            let at = self.moment(interval.start, interval.end);
            views -= self.plan_visit(None, at, interval.special, views);
            new_visitors -= 1;
        }
        while views > self.reserve() {
            let Some((visitor, at)) = self.find_returning(interval.start, interval.end) else { break };
            let most = views - self.reserve();
            views -= self.plan_visit(Some(visitor), at, interval.special, most);
        }
        (self.waiting_views, self.waiting_visitors) = (views, new_visitors);
        self.take_before(interval.end)
    }

    /// Plans one visit of the running demo, which begins now and has no end. Returns all of it.
    pub(super) fn plan_live_visit(&mut self, now: Millis) -> Vec<Planned> {
        (self.end, self.speed) = (Millis(i64::MAX), LIVE_SPEED);
        let is_returning = self.random.chance(LIVE_RETURNING);
        let returning = if is_returning { self.find_returning(now, now.plus(1)) } else { None };
        let visitor = returning.map(|(visitor, _)| visitor);
        self.plan_visit(visitor, now, SpecialDay::USUAL, u64::from(VIEWS_MAX));
        self.take_before(self.end)
    }

    /// Page views that returning visitors leave to new ones. Without them the last interval might have a new visitor and
    /// no page view.
    fn reserve(&self) -> u64 {
        self.visitor_max.saturating_sub(self.visitor_count()).min(RESERVE)
    }

    fn take_before(&mut self, end: Millis) -> Vec<Planned> {
        self.queue.sort_by_key(Planned::at);
        let due = self.queue.partition_point(|planned| planned.at() < end);
        let later = self.queue.split_off(due);
        std::mem::replace(&mut self.queue, later)
    }

    fn moment(&self, start: Millis, end: Millis) -> Millis {
        let length_ms = u64::try_from(end.since(start)).unwrap_or(1);
        start.plus(i64::try_from(self.random.below(length_ms)).unwrap_or(0))
    }

    /// A visitor who was on the site before and is not there at that time, and a time to return. Recent visitors
    /// return more often, and a few return again and again.
    fn find_returning(&self, start: Millis, end: Millis) -> Option<(usize, Millis)> {
        (0..ATTEMPTS).find_map(|_| {
            let at = self.moment(start, end);
            let spread = self.random.fraction();
            let is_recent = self.random.chance(600);
            let part = if is_recent { 1.0 - spread * spread * spread } else { spread * spread };
            let visitor = (part * self.last_visits.len() as f64) as usize;
            let last = self.start.plus(i64::from(self.last_visits.get(visitor)?.seconds) * SECOND);
            (at.since(last) >= SESSION_IDLE + MINUTE).then_some((visitor, at))
        })
    }

    /// Puts one visit into the queue, by a new visitor if none is given. Returns its page views, from 1 to `most`.
    fn plan_visit(&mut self, visitor: Option<usize>, at: Millis, special: SpecialDay, most: u64) -> u64 {
        let index = visitor.unwrap_or(self.last_visits.len());
        if visitor.is_none() {
            self.last_visits.push(LastVisit::default());
        }
        let number = self.last_visits.get(index).map_or(0, |last| last.visits).saturating_add(1);
        let visitor = u32::try_from(index).unwrap_or(u32::MAX);
        let signs_up =
            if self.second_view < SIGN_UPS_FROM { None } else { self.visitors.sign_up_visit(visitor) };
        let mut visit = self.begin_visit(visitor, number, at, special);
        visit.sign_up = (signs_up == Some(number)).then(|| self.visitors.identity(visitor));
        while let Some(next_at) = self.plan_view(&mut visit, most) {
            let here = format!("{}{}", self.origin, self.site.page(visit.page).path);
            visit.request.beacon.referrer = here.into();
            visit.request.at = next_at;
            visit.page = self.site.choose_next(&self.random, visit.page);
            self.open_page(&mut visit, "");
            visit.view += 1;
        }
        if signs_up.is_some_and(|signed_up| signed_up < number) {
            self.report_completion(visitor, visit.request.at);
            self.submit_question(visitor, &visit);
        }
        let last_at = visit.request.at.since(self.start);
        if let Some(last) = self.last_visits.get_mut(index) {
            let seconds = u32::try_from(last_at / SECOND + 1).unwrap_or(u32::MAX);
            *last = LastVisit { seconds, visits: number };
        }
        self.visits += 1;
        u64::from(visit.view)
    }

    fn begin_visit(&self, visitor: u32, number: u16, at: Millis, special: SpecialDay) -> Visit {
        let profile = self.visitors.find(visitor);
        let month = self.account.zone.civil(at).strftime("%Y-%m").to_string();
        let (section, query, referrer) = self.sources.draw(&self.random, special, &month);
        let beacon = Beacon {
            account: self.account.id().to_string().into(),
            hstc: format!("1.{}.0.0.0.{number}", profile.token).into(),
            token: profile.token.into(),
            referrer: referrer.into(),
            screen: profile.screen.into(),
            language: profile.language.into(),
            consent: profile.consent.into(),
            ..Beacon::default()
        };
        let (user_agent, country) = (profile.user_agent, profile.country);
        let mut visit = Visit {
            request: BrowserRequest { at, user_agent, country, beacon },
            id: format!("{:x}-{number:x}", u64::from(self.number_offset) + u64::from(visitor)),
            page: self.site.choose(&self.random, section),
            view: 1,
            sign_up: None,
        };
        self.open_page(&mut visit, &query);
        visit
    }

    fn open_page(&self, visit: &mut Visit, query: &str) {
        let page = self.site.page(visit.page);
        visit.request.beacon.page_url = format!("{}{}{query}", self.origin, page.path).into();
        visit.request.beacon.title = page.title.clone().into();
    }

    /// Puts one page view into the queue, with what belongs to it. Returns the time of the next one, or `None` when
    /// this is the last of the visit.
    fn plan_view(&mut self, visit: &mut Visit, most: u64) -> Option<Millis> {
        let (at, view) = (visit.request.at, visit.view);
        let chance = if view == 1 { self.second_view } else { self.further_view };
        let goes_on = self.random.fraction() < chance || (visit.sign_up.is_some() && view == 1);
        let is_hurried = view == 1 && !goes_on && self.random.chance(HURRIED);
        let left_at = at.plus(self.time_on_page(is_hurried) / self.speed);
        let pause = 300 + i64::try_from(self.random.below(4_000)).unwrap_or(0);
        let next_at = left_at.plus(pause / self.speed);
        let is_last = !goes_on || view >= VIEWS_MAX || u64::from(view) >= most || next_at >= self.end;
        let sign_up = if is_last && view > 1 { visit.sign_up.take() } else { None };
        if sign_up.is_some() {
            visit.page = self.site.sign_up;
            self.open_page(visit, "");
        }
        // The ids of later events are greater, as those of the script are.
        let id_at = |at: Millis| format!("{:x}-{}-{view:x}", at.0, visit.id);
        let beacon = &visit.request.beacon;
        let mut send = |at: Millis, beacon: Beacon<'static>| {
            if at < self.end {
                self.queue.push(Planned::Request(BrowserRequest { at, beacon, ..visit.request.clone() }));
            }
        };
        let form = sign_up.as_ref().and_then(|person| {
            // The thanks come after it.
            let submitted_at = at.plus(-SECOND);
            let (account, token) = (self.account.id(), &beacon.token);
            forms::submission(account, submitted_at, &forms::NEWSLETTER, &self.origin, token, person)
        });
        let identity =
            sign_up.into_iter().flatten().map(|(name, value)| (name.into(), value.into())).collect();
        send(at, Beacon { kind: "1".into(), event_id: id_at(at).into(), identity, ..beacon.clone() });
        if let Some((event, value_minor)) = self.events.draw(&self.random, self.site.page(visit.page)) {
            let at = Millis(i64::midpoint(at.0, left_at.0));
            let digits = money::digits(&self.account.settings().currency);
            let value = if value_minor == 0 { String::new() } else { money::decimal(value_minor, digits) };
            let (event, value, event_id) = (event.to_string().into(), value.into(), id_at(at).into());
            send(at, Beacon { kind: "3".into(), event_id, event, value, ..beacon.clone() });
        }
        if !self.random.chance(UNREPORTED) {
            let (page_view, engaged_ms) = (id_at(at).into(), left_at.since(at).to_string().into());
            send(left_at, Beacon { kind: "engagement".into(), page_view, engaged_ms, ..beacon.clone() });
        }
        if let Some(form) = form.filter(|form| form.at < self.end) {
            self.queue.push(Planned::Report(form));
        }
        (!is_last).then_some(next_at)
    }

    /// A program may report a completion of a contact who returned.
    fn report_completion(&mut self, visitor: u32, at: Millis) {
        let Some((event, value_minor)) = self.events.draw_by_program(&self.random) else { return };
        let [(_, email), ..] = self.visitors.identity(visitor);
        let identity = Identity { email: Email::parse(&email), ..Identity::default() };
        let value = if value_minor == 0 { Value::Usual } else { Value::Minor(value_minor) };
        let act = Act::Completion { event: EventRef::Id(event), value, properties: Vec::new() };
        let hit = Hit::from_program(self.account.id(), at, act, identity);
        self.queue.push(Planned::Report(hit));
    }

    /// Some of those who are known ask something when they come back.
    fn submit_question(&mut self, visitor: u32, visit: &Visit) {
        if !visitor.is_multiple_of(ASKS_EACH) {
            return;
        }
        let (at, token) = (visit.request.at.plus(SECOND), &visit.request.beacon.token);
        let person = self.visitors.identity(visitor);
        let form = forms::submission(self.account.id(), at, &forms::CONTACT, &self.origin, token, &person);
        if let Some(form) = form.filter(|form| form.at < self.end) {
            self.queue.push(Planned::Report(form));
        }
    }

    /// Milliseconds.
    fn time_on_page(&self, is_hurried: bool) -> i64 {
        let twentieth = usize::try_from(self.random.below(if is_hurried { 6 } else { 20 })).unwrap_or(0);
        let end = |index: usize| SECONDS_ON_PAGE.get(index).copied().unwrap_or(1) * 1_000;
        let (shortest, longest) = (end(twentieth), end(twentieth + 1));
        i64::try_from(shortest + self.random.below(longest - shortest)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_never_end_a_visit() {
        let longest = i64::try_from(SECONDS_ON_PAGE[20]).unwrap() * SECOND + 4_300;
        assert!(longest < SESSION_IDLE, "a page view would be in a session of its own");
        assert!(SECONDS_ON_PAGE.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
