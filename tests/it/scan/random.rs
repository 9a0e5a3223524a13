//! Random questions to random histories: the scan and the oracle agree.

use std::ops::Range;
use std::sync::Arc;

use guestlog::base::clock::{DAY, HOUR, Millis};
use guestlog::domain::period::{Days, LocalDay, Step, Zone};
use guestlog::domain::question::{Dimension, Filter, Operator};
use guestlog::domain::screen::ScreenClass;
use guestlog::store::scan::{self, Bounds, Counted, Deadline, Grouping, Key, Measure, Request, Top, Totals};
use guestlog::store::{self, Connection};

use super::history::{
    AccountFact, COMPANIES, Dice, EVENTS, LANGUAGES, REFERRERS, World, campaigns, click_ids, devices, pages,
    places, sources,
};
use super::oracle::{self, Count};

/// Histories, and questions to each: 200 in all.
const HISTORIES: u64 = 25;
const QUESTIONS: u64 = 8;

/// rules.md 10, 12, 13, 15
#[test]
fn the_scan_counts_what_a_plain_count_of_the_facts_counts() {
    compare(&World::new);
}

/// rules.md 17, 18
#[test]
fn days_closed_at_any_moment_and_late_rows_change_no_figure() {
    compare(&World::closed);
}

fn compare(make: &dyn Fn(u64) -> World) {
    let (mut matched, mut several_passes) = (0, 0);
    for seed in 0..HISTORIES {
        let world = make(seed);
        let mut dice = Dice::new(seed ^ 0xABCD);
        for question in 0..QUESTIONS {
            let account = dice.pick(&world.accounts);
            let range = period(&mut dice, &account);
            let mut filters: Vec<Filter> = (0..dice.below(5)).map(|_| filter(&mut dice)).collect();
            let mut groupings: Vec<Grouping> =
                (0..1 + dice.below(5)).map(|_| grouping(&mut dice, &account, &range)).collect();
            if dice.one_in(6) {
                // Totals that are read from the rows of segments.
                filters.clear();
                groupings = vec![days(&account, &range, Step::Day)];
            }
            let bounds = Bounds {
                max_set_bytes: dice.pick(&[0, 0, 300, Bounds::default().max_set_bytes]),
                min_set_bytes: 0,
                max_pairs: dice.pick(&[2, 20, Bounds::default().max_pairs]),
                batch_rows: dice.pick(&[1, 7, 60, Bounds::default().batch_rows]),
                parallel_rows: dice.pick(&[0, Bounds::default().parallel_rows]),
            };
            let what = format!(
                "seed {seed}, question {question}: account {}, {range:?}, {}, {groupings:?}, {bounds:?}",
                account.id,
                filters.iter().map(ToString::to_string).collect::<Vec<_>>().join(" & "),
            );
            let answer = ask(&world, &account, &range, &filters, &groupings, bounds);
            let events = oracle::matching(&account, &range, &filters);
            let names = event_names(&world.store, &account);
            matched += u64::from(!events.is_empty());
            several_passes += u64::from(answer.passes > 1);
            for (grouping, table) in groupings.iter().zip(answer.tables) {
                let expected = expect(&account, &events, grouping, counted(&groupings), &names);
                assert_eq!((table.rows, table.total), expected, "{grouping:?} of {what}");
            }
        }
    }
    // The answers were not empty.
    assert!(matched > HISTORIES * QUESTIONS / 3 && several_passes > 10, "{matched}, {several_passes}");
}

pub(super) fn ask(
    world: &World,
    account: &AccountFact,
    range: &Range<i64>,
    filters: &[Filter],
    groupings: &[Grouping],
    bounds: Bounds,
) -> scan::Answer {
    let ask = Request {
        account: account.id,
        range_ms: range.clone(),
        filters,
        groupings,
        engaged: true,
        counted: counted(groupings),
        now: account.now,
        deadline: Deadline::new(Arc::<guestlog::base::clock::ManualClock>::clone(&world.clock)),
        bounds,
    };
    world.store.readers.read(|conn| world.store.scanner.run(conn, &ask)).unwrap()
}

pub(super) fn period(dice: &mut Dice, account: &AccountFact) -> Range<i64> {
    let zone = Zone::named(account.zone_name);
    let last = zone.day_of(account.now);
    match dice.below(3) {
        0 => account.now.0 - 10 * DAY..account.now.0 + DAY,
        1 => {
            let first = LocalDay(last.0 - dice.below(9) as i32);
            Days { first, last: LocalDay(first.0 + dice.below(4) as i32) }.range(&zone)
        }
        _ => {
            let from = account.now.0 - dice.between(0, 8 * DAY);
            from..from + dice.between(0, 4 * DAY)
        }
    }
}

pub(super) fn filter(dice: &mut Dice) -> Filter {
    let dimension = dice.pick(&dimensions_of_rows());
    let values = (0..1 + dice.below(3)).map(|_| {
        let value = value(dice, dimension);
        let chars: Vec<char> = value.chars().collect();
        match dice.below(6) {
            0 => value.to_uppercase(),
            1 => value.to_lowercase(),
            2 => chars.iter().take(dice.below(chars.len() + 1)).collect(),
            3 => chars.iter().skip(dice.below(chars.len() + 1)).collect(),
            _ => value,
        }
    });
    let values = values.map(|v: String| if v == "(none)" { String::new() } else { v }).collect();
    let filter = Filter { dimension, operator: dice.pick(&Operator::ALL), values };
    // as it travels
    Filter::parse(&filter.to_string()).unwrap()
}

/// All but the lists, of which these histories have none.
fn dimensions_of_rows() -> Vec<Dimension> {
    Dimension::ALL.into_iter().filter(|dimension| *dimension != Dimension::List).collect()
}

/// A value that some row may have.
fn value(dice: &mut Dice, dimension: Dimension) -> String {
    use Dimension as D;
    let part = |n: usize, of: Vec<String>| of[n].clone();
    match dimension {
        D::Page | D::EntryPage | D::ExitPage => {
            let [host, path, query] = dice.pick(&pages());
            match dice.below(4) {
                0 => path,
                1 => host + &path,
                2 => format!("{path}?{query}"),
                _ => format!("{host}{path}?{query}"),
            }
        }
        D::Host => part(0, dice.pick(&pages()).to_vec()),
        D::Source => part(0, dice.pick(&sources()).to_vec()),
        D::SourceDetail => part(1, dice.pick(&sources()).to_vec()),
        D::SourceDetail2 => part(2, dice.pick(&sources()).to_vec()),
        D::Referrer => dice.pick(&REFERRERS).to_owned(),
        D::UtmSource => part(0, dice.pick(&campaigns()).to_vec()),
        D::UtmMedium => part(1, dice.pick(&campaigns()).to_vec()),
        D::UtmCampaign => part(2, dice.pick(&campaigns()).to_vec()),
        D::UtmTerm => part(3, dice.pick(&campaigns()).to_vec()),
        D::UtmContent => part(4, dice.pick(&campaigns()).to_vec()),
        D::ClickId => dice.pick(&click_ids()).key().to_owned(),
        D::Country => part(0, dice.pick(&places()).to_vec()),
        D::Region => part(1, dice.pick(&places()).to_vec()),
        D::Device => part(0, dice.pick(&devices()).to_vec()),
        D::Browser => part(1, dice.pick(&devices()).to_vec()),
        D::Os => part(2, dice.pick(&devices()).to_vec()),
        D::Screen => dice.pick(&ScreenClass::ALL).as_str().to_owned(),
        D::Language => dice.pick(&LANGUAGES).to_owned(),
        D::VisitorType => dice.pick(&["new", "returning", ""]).to_owned(),
        D::Suspected => dice.pick(&["yes", "no", ""]).to_owned(),
        D::Event => dice.pick(&EVENTS).to_owned(),
        D::Tag => dice.pick(&["", "tag"]).to_owned(),
        D::Company => dice.pick(&COMPANIES).to_owned(),
        D::Consent => dice.pick(&["granted", "policy", "server"]).to_owned(),
        D::ConsentOrigin => dice.pick(&["beacon", "policy", "server", "banner"]).to_owned(),
        D::List => unreachable!("no row has one"),
        D::Contact => {
            dice.pick(&["person1@example.test", "person2@example.test", "1", "2", "3", ""]).to_owned()
        }
    }
}

pub(super) fn grouping(dice: &mut Dice, account: &AccountFact, range: &Range<i64>) -> Grouping {
    match dice.below(8) {
        0 => Grouping::Total,
        7 => Grouping::EachContact,
        1 => {
            let step = dice.pick(&[Step::Hour, Step::Day, Step::Month]);
            days(account, range, step)
        }
        2 => Grouping::Intervals(vec![range.start, (range.start + range.end) / 2, range.end + HOUR]),
        3 => {
            let Grouping::Intervals(edges) = days(account, range, dice.pick(&[Step::Hour, Step::Day])) else {
                unreachable!()
            };
            Grouping::Grid(Key::Dimension(Dimension::Event), vec![2, 9, 1], edges)
        }
        _ => {
            let key = match dice.below(5) {
                0 => Key::SourceAndDetail,
                1 => Key::Campaign,
                _ => Key::Dimension(dice.pick(&dimensions_of_rows())),
            };
            if dice.one_in(6) {
                return Grouping::Suspected(dice.one_in(2).then_some(key));
            }
            let limit = dice.pick(&[1, 3, 1_000]);
            let top = Top { by: dice.pick(&Measure::ALL), limit, after: None, skip_empty: dice.one_in(3) };
            if dice.one_in(4) { Grouping::SumsBy(key, top) } else { Grouping::By(key, top) }
        }
    }
}

fn days(account: &AccountFact, range: &Range<i64>, step: Step) -> Grouping {
    let zone = Zone::named(account.zone_name);
    let first = zone.day_of(Millis(range.start));
    let days = Days { first, last: LocalDay(first.0.max(zone.day_of(Millis(range.end)).0)) };
    Grouping::Intervals(days.edges(&zone, step))
}

/// Names of events by their numbers.
pub(super) type Names = std::collections::HashMap<u32, String>;

pub(super) fn event_names(store: &store::Store, account: &AccountFact) -> Names {
    let list = |conn: &Connection| store::definition::list_names(conn, account.id);
    store.readers.read(list).unwrap().into_iter().collect()
}

/// Whose distinct numbers a question asks for. It follows from the groupings, so that all three are asked for.
pub(super) fn counted(groupings: &[Grouping]) -> Counted {
    match groupings {
        [Grouping::Intervals(_), _, ..] => Counted::Contacts,
        [_, _, ..] => Counted::Both,
        _ => Counted::Visitors,
    }
}

fn dimensions(key: &Key) -> Vec<Dimension> {
    match key {
        Key::Dimension(dimension) => vec![*dimension],
        Key::SourceAndDetail => vec![Dimension::Source, Dimension::SourceDetail],
        Key::Campaign => vec![Dimension::UtmSource, Dimension::UtmMedium, Dimension::UtmCampaign],
    }
}

/// What a count is in an answer.
fn figures(count: &Count, counted: Counted) -> Totals {
    let visitors = |n: usize| if counted == Counted::Contacts { 0 } else { n as u64 };
    Totals {
        visitors: visitors(count.visitors.len()),
        sessions: visitors(count.sessions.len()),
        page_views: count.page_views,
        completions: count.completions,
        value_minor: count.value_minor,
        engaged_ms: count.engaged_ms,
        bounces: visitors(count.bounces.len()),
        contacts: if counted == Counted::Visitors { 0 } else { count.contacts.len() as u64 },
    }
}

/// What its rows alone sum up to.
fn sums(count: &Count) -> Totals {
    Totals { visitors: 0, sessions: 0, bounces: 0, ..figures(count, Counted::Visitors) }
}

pub(super) fn expect(
    account: &AccountFact,
    events: &[&super::history::EventFact],
    grouping: &Grouping,
    counted: Counted,
    names: &Names,
) -> (Vec<scan::Row>, u64) {
    let unnamed = |count: &Count| scan::Row { name: Vec::new(), figures: figures(count, counted) };
    match grouping {
        Grouping::Total => (vec![unnamed(&oracle::total(account, events))], 1),
        Grouping::Intervals(edges) => {
            let steps = oracle::by_step(account, events, edges);
            (steps.iter().map(unnamed).collect(), steps.len() as u64)
        }
        Grouping::EachContact => {
            let of = |contact: &i64| {
                let is_own = |visitor| account.contact_of.get(&visitor) == Some(contact);
                let own = events.iter().copied().filter(|event| is_own(event.visitor));
                sums(&oracle::total(account, &own.collect::<Vec<_>>()))
            };
            let all = account.contacts.keys().map(of).filter(|sums| sums.page_views + sums.completions > 0);
            let rows: Vec<_> = all.map(|figures| scan::Row { name: Vec::new(), figures }).collect();
            let total = rows.len() as u64;
            (rows, total)
        }
        Grouping::Chosen(..) => unreachable!("no codes are drawn"),
        Grouping::Grid(_, codes, edges) => {
            let mut rows = Vec::new();
            for code in codes {
                let name = names.get(code);
                let own = events.iter().copied().filter(|event| !event.is_view && Some(&event.event) == name);
                let steps = oracle::by_step(account, &own.collect::<Vec<_>>(), edges);
                rows.extend(steps.iter().map(|count| scan::Row { name: Vec::new(), figures: sums(count) }));
            }
            let total = rows.len() as u64;
            (rows, total)
        }
        Grouping::By(key, top) | Grouping::SumsBy(key, top) => {
            let groups = oracle::by_name(account, events, &dimensions(key));
            let is_sums = matches!(grouping, Grouping::SumsBy(..));
            let found = |count: &Count| if is_sums { sums(count) } else { figures(count, counted) };
            let mut rows: Vec<_> = groups
                .iter()
                .filter(|(name, _)| !(top.skip_empty && name.iter().all(String::is_empty)))
                .map(|(name, count)| scan::Row { name: name.clone(), figures: found(count) })
                .collect();
            // stable: equals stay in the order of their names
            rows.sort_by_key(|row| std::cmp::Reverse(row.figures.get(top.by)));
            let total = rows.len() as u64;
            rows.truncate(top.limit);
            (rows, total)
        }
        Grouping::Suspected(key) => {
            let of_robots = events.iter().copied().filter(|event| {
                let is_suspected = |place: usize| account.sessions[place].suspected;
                event.session.is_some_and(is_suspected)
            });
            let of_robots: Vec<_> = of_robots.collect();
            let sum = match key {
                None => sums(&oracle::total(account, &of_robots)),
                Some(key) => {
                    let groups = oracle::by_name(account, &of_robots, &dimensions(key));
                    let shown = groups.iter().filter(|(name, _)| !name.iter().all(String::is_empty));
                    shown.fold(Totals::default(), |sum, (_, count)| Totals {
                        page_views: sum.page_views + count.page_views,
                        completions: sum.completions + count.completions,
                        value_minor: sum.value_minor + count.value_minor,
                        engaged_ms: sum.engaged_ms + count.engaged_ms,
                        ..sum
                    })
                }
            };
            (vec![scan::Row { name: Vec::new(), figures: sum }], 1)
        }
    }
}
