//! Timelines of single visitors in random histories, against the plain facts; and what a damaged day costs them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use guestlog::base::clock::{DAY, ManualClock, Millis};
use guestlog::domain::period::{LocalDay, Zone};
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::definition;
use guestlog::store::dictionary::{self, Kind};
use guestlog::store::event::{Event, PAGE_VIEW};
use guestlog::store::scan::Deadline;
use guestlog::store::segment::columns::Run;
use guestlog::store::timeline::{self, Place, ROWS_MAX, Timeline, Visit};
use guestlog::store::{self, Connection, segment};

use super::history::{AccountFact, Dice, EventFact, World};
use super::hit_history::close_all;

const HISTORIES: u64 = 25;

/// A row in texts.
type Line = (i64, bool, String, String, i64, u8, u32);

pub(super) fn ask(
    world: &World,
    account: &AccountFact,
    visitor: u32,
    range_ms: &Range<i64>,
    after: Option<Place>,
    limit: usize,
) -> Timeline {
    ask_together(world, account, &[(VisitorNumber(visitor), range_ms.clone())], after, limit)
}

fn ask_together(
    world: &World,
    account: &AccountFact,
    visitors: &[(VisitorNumber, Range<i64>)],
    after: Option<Place>,
    limit: usize,
) -> Timeline {
    let zone = Zone::named(account.zone_name);
    let ask = timeline::Request {
        account: account.id,
        visitors,
        zone: &zone,
        after,
        limit,
        rows: timeline::ROWS_MAX,
        deadline: &Deadline::new(Arc::<ManualClock>::clone(&world.clock)),
    };
    world.store.readers.read(|conn| timeline::list(conn, &ask)).unwrap()
}

fn text(world: &World, account: &AccountFact, kind: Kind, id: u32) -> String {
    let found = |conn: &Connection| dictionary::find_value(conn, account.id, kind, id);
    world.store.readers.read(found).unwrap()
}

fn joined(parts: &[String]) -> String {
    if parts.iter().all(String::is_empty) { String::new() } else { parts.join("\u{1f}") }
}

fn lines_of(world: &World, account: &AccountFact, rows: &[Event]) -> Vec<Line> {
    let of = |kind, id| text(world, account, kind, id);
    let events = world.store.readers.read(|conn| definition::list_names(conn, account.id)).unwrap();
    let line = |row: &Event| {
        let (page, event) = (of(Kind::Page, row.page), events.get(&row.event).cloned().unwrap_or_default());
        (row.at_ms, row.kind == PAGE_VIEW, page, event, row.value_minor, row.consent, row.engaged_ms)
    };
    let mut lines: Vec<Line> = rows.iter().map(line).collect();
    assert!(lines.is_sorted_by_key(|line| line.0), "in the order of time");
    lines.sort();
    lines
}

/// The entries of a visitor by the facts, newest first: start, session (0 = none), its rows.
fn expected(account: &AccountFact, visitor: u32, range: &Range<i64>) -> Vec<(i64, usize, Vec<Line>)> {
    let zone = Zone::named(account.zone_name);
    let mut groups: BTreeMap<(usize, LocalDay), Vec<&EventFact>> = BTreeMap::new();
    for event in account.events.iter().filter(|e| e.visitor == visitor && range.contains(&e.at_ms)) {
        let key = match event.session {
            Some(place) => (place + 1, LocalDay(0)),
            None => (0, zone.day_of(Millis(event.at_ms))),
        };
        groups.entry(key).or_default().push(event);
    }
    let line = |e: &&EventFact| {
        let (page, consent) = (joined(&e.page), e.consent.0);
        (e.at_ms, e.is_view, page, e.event.clone(), e.value_minor, consent, e.engaged_ms)
    };
    let mut entries: Vec<_> = groups
        .into_iter()
        .map(|((session, _), events)| {
            let mut lines: Vec<Line> = events.iter().map(line).collect();
            lines.sort();
            (lines[0].0, session, lines)
        })
        .collect();
    entries.sort_by_key(|(start, session, _)| std::cmp::Reverse((*start, *session)));
    entries
}

fn assert_is(world: &World, account: &AccountFact, visit: &Visit, entry: &(i64, usize, Vec<Line>), at: &str) {
    let (start, session, lines) = entry;
    assert_eq!((visit.start_ms, visit.run.session as usize), (*start, *session), "{at}");
    assert_eq!(&lines_of(world, account, &visit.run.rows), lines, "{at}");
    assert_eq!(visit.last_ms, lines.iter().map(|line| line.0).max().unwrap(), "{at}");
    let count = |is: bool| lines.iter().filter(|line| line.1 == is).count() as u64;
    assert_eq!((visit.sums.page_views, visit.sums.completions), (count(true), count(false)), "{at}");
    assert_eq!(visit.sums.engaged_ms, lines.iter().map(|line| u64::from(line.6)).sum::<u64>(), "{at}");
    let Some(place) = session.checked_sub(1) else { return };
    let fact = &account.sessions[place];
    let of = |kind, id| text(world, account, kind, id);
    let run: &Run = &visit.run;
    assert_eq!(of(Kind::Source, run.source), joined(&fact.source), "{at}");
    assert_eq!(of(Kind::Referrer, run.referrer), fact.referrer, "{at}");
    assert_eq!(of(Kind::Campaign, run.campaign), joined(&fact.campaign), "{at}");
    assert_eq!(of(Kind::Device, run.device), joined(&fact.device), "{at}");
    assert_eq!(run.screen, fact.screen as u32, "{at}");
    assert_eq!(run.click_id, u32::from(fact.click_id.0), "{at}");
    assert_eq!(of(Kind::Language, run.language), fact.language, "{at}");
    assert_eq!(of(Kind::Place, run.place), joined(&fact.place), "{at}");
    assert_eq!(of(Kind::Page, run.entry_page), joined(&fact.entry), "{at}");
    assert_eq!(of(Kind::Page, run.exit_page), joined(&fact.last_page), "{at}");
    let bounced = fact.page_views == 1 && fact.completions == 0 && fact.engaged_ms < 10_000;
    assert_eq!((run.is_new, run.bounced, run.suspected), (fact.is_new, bounced, fact.suspected), "{at}");
}

/// rules.md 10, 12, 13, 18
#[test]
fn timelines_are_the_facts_whatever_form_their_rows_are_in() {
    let (mut several, mut programs) = (0, 0);
    for (make, form) in [(World::new as fn(u64) -> World, "open"), (World::closed, "closed")] {
        for seed in 0..HISTORIES {
            let world = make(seed);
            let mut dice = Dice::new(seed ^ 0x7171);
            for account in &world.accounts {
                for visitor in 1..=account.visitors {
                    let middle = account.now.0 - dice.between(0, 8 * DAY);
                    let range = dice.pick(&[i64::MIN..i64::MAX, middle..account.now.0, 0..middle]);
                    let at = format!("{form} seed {seed}, account {}, visitor {visitor}", account.id);
                    let entries = expected(account, visitor, &range);
                    let limit = 1 + dice.below(4);
                    let (mut after, mut shown) = (None, 0);
                    loop {
                        let part = ask(&world, account, visitor, &range, after, limit);
                        assert_eq!(part.total, entries.len() as u64, "{at}");
                        assert_eq!(part.sessions, entries.iter().filter(|e| e.1 != 0).count() as u64, "{at}");
                        assert!(part.damaged.is_empty(), "{at}");
                        assert_eq!(part.visits.len(), limit.min(entries.len() - shown), "{at}");
                        for visit in &part.visits {
                            assert_is(&world, account, visit, &entries[shown], &at);
                            shown += 1;
                        }
                        after = part.next;
                        if after.is_none() {
                            break;
                        }
                    }
                    assert_eq!(shown, entries.len(), "{at}");
                    several += usize::from(entries.len() > limit);
                    programs += entries.iter().filter(|e| e.1 == 0).count();
                }
            }
        }
    }
    assert!(several > 100 && programs > 50, "{several}, {programs}");
}

/// The timeline of several visitors, each with times of its own, is that of each of them, in one order.
#[test]
fn the_timeline_of_several_visitors_has_what_each_of_theirs_has() {
    let mut mixed = 0;
    for (make, form) in [(World::new as fn(u64) -> World, "open"), (World::closed, "closed")] {
        for seed in 0..HISTORIES {
            let world = make(seed);
            let mut dice = Dice::new(seed ^ 0x5E7);
            for account in &world.accounts {
                let at = format!("{form} seed {seed}, account {}", account.id);
                let mut visitors = Vec::new();
                for visitor in 1..=account.visitors {
                    if dice.one_in(3) {
                        continue;
                    }
                    let middle = account.now.0 - dice.between(0, 8 * DAY);
                    let range = dice.pick(&[i64::MIN..i64::MAX, middle..account.now.0, 0..middle]);
                    visitors.push((VisitorNumber(visitor), range));
                }
                let mut entries: Vec<_> = visitors
                    .iter()
                    .flat_map(|(visitor, range)| {
                        expected(account, visitor.0, range).into_iter().map(move |entry| (visitor.0, entry))
                    })
                    .collect();
                entries.sort_by_key(|(_, (start, session, _))| std::cmp::Reverse((*start, *session)));
                let (limit, mut after, mut shown) = (1 + dice.below(4), None, 0);
                loop {
                    let part = ask_together(&world, account, &visitors, after, limit);
                    assert_eq!(part.total, entries.len() as u64, "{at}");
                    let sum = entries.iter().map(|(_, entry)| entry.2.len() as u64).sum::<u64>();
                    assert_eq!(part.sums.page_views + part.sums.completions, sum, "{at}");
                    for visit in &part.visits {
                        assert_eq!(visit.run.visitor, entries[shown].0, "{at}");
                        assert_is(&world, account, visit, &entries[shown].1, &at);
                        shown += 1;
                    }
                    after = part.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(shown, entries.len(), "{at}");
                mixed += usize::from(entries.windows(2).any(|pair| pair[0].0 != pair[1].0));
            }
        }
    }
    assert!(mixed > 40, "{mixed}");
}

/// A damaged day is named, and everything of the others is shown.
#[test]
fn a_damaged_day_is_named_and_the_rest_of_a_timeline_is_shown() {
    let (mut hurt, mut untouched) = (0, 0);
    for seed in 0..HISTORIES {
        let world = World::closed(seed);
        let mut dice = Dice::new(seed ^ 0xDA6E);
        let account = &world.accounts[0];
        let list = |conn: &Connection| segment::list(conn, account.id, i64::MIN, i64::MAX);
        let segments = world.store.readers.read(list).unwrap();
        if segments.is_empty() {
            continue;
        }
        let broken = dice.pick(&segments);
        let whole: Vec<Timeline> = (1..=account.visitors)
            .map(|visitor| ask(&world, account, visitor, &(0..i64::MAX), None, 1_000))
            .collect();
        let every = dice.one_in(2);
        let spoil = move |conn: &Connection| {
            // all of its columns, or one that only what is shown in full reads
            let ids = if every {
                broken.id * 32..broken.id * 32 + 32
            } else {
                broken.id * 32 + 5..broken.id * 32 + 6
            };
            let sql = "update segment_column set data = cast(x'00' || substr(data, 2) as blob)
                       where id >= ?1 and id < ?2";
            Ok::<_, store::Error>(conn.execute(sql, (ids.start, ids.end))?)
        };
        world.store.writer.write_blocking(spoil).unwrap();
        let held = |conn: &Connection| segment::list(conn, account.id, i64::MIN, i64::MAX);
        assert_eq!(world.store.readers.read(held).unwrap(), segments, "nothing is thrown away");
        for (visitor, before) in (1..=account.visitors).zip(&whole) {
            let after = ask(&world, account, visitor, &(0..i64::MAX), None, 1_000);
            if after.damaged.is_empty() {
                assert_eq!(&after, before, "seed {seed}, visitor {visitor}");
                untouched += 1;
                continue;
            }
            hurt += 1;
            assert_eq!(after.damaged, [broken.day], "seed {seed}, visitor {visitor}");
            let inside = broken.extent.first_ms..=broken.extent.last_ms;
            let rows_of = |of: &Timeline| -> Vec<Event> {
                let rows = of.visits.iter().flat_map(|visit| visit.run.rows.clone());
                rows.filter(|row| !inside.contains(&row.at_ms)).collect()
            };
            let (mut found, mut wanted) = (rows_of(&after), rows_of(before));
            let order =
                |row: &Event| (row.at_ms, row.session_id, row.kind, row.page, row.event, row.value_minor);
            found.sort_by_key(order);
            wanted.sort_by_key(order);
            assert_eq!(found, wanted, "seed {seed}, visitor {visitor}");
        }
    }
    assert!(hurt > 10 && untouched > 10, "{hurt}, {untouched}");
}

/// A session of more rows than are shown of one is counted whole.
#[test]
fn a_session_shows_its_first_rows_and_counts_all() {
    let views = |count: usize| {
        let mut account = AccountFact {
            sessions: Vec::new(),
            events: Vec::new(),
            ..super::history::invent(
                &mut Dice::new(1),
                guestlog::domain::account::AccountId::FIRST,
                "UTC",
                "2026-06-01",
            )
        };
        let session = fact().unwrap();
        account.visitors = 1;
        account.contact_of = BTreeMap::new();
        account.contacts = BTreeMap::new();
        let start = account.now.0 - 2 * DAY;
        account.sessions.push(super::history::SessionFact { page_views: count as u32, ..session.0 });
        account.events = (0..count)
            .map(|n| EventFact {
                at_ms: start + n as i64 * 1_000,
                session: Some(0),
                visitor: 1,
                ..session.1.clone()
            })
            .collect();
        account
    };
    for close in [false, true] {
        for count in [ROWS_MAX, ROWS_MAX + 1] {
            let world = World::of(vec![views(count)]);
            let account = &world.accounts[0];
            if close {
                let (id, now) = (account.id, account.now);
                let close = move |conn: &Connection| {
                    close_all(conn, id, &Zone::named("UTC"), now)?;
                    store::event::find_first(conn, id, i64::MIN, i64::MAX)
                };
                assert_eq!(world.store.writer.write_blocking(close).unwrap(), None);
            }
            let found = ask(&world, account, 1, &(0..i64::MAX), None, 10);
            let visit = &found.visits[0];
            assert_eq!((visit.sums.page_views, found.sums.page_views), (count as u64, count as u64));
            assert_eq!(visit.run.rows.len(), ROWS_MAX);
            assert_eq!(visit.run.rows[0].at_ms, visit.start_ms);
            assert_eq!(visit.last_ms, visit.start_ms + (count as i64 - 1) * 1_000);
        }
    }
}

/// A session and a page view of it from some history.
fn fact() -> Option<(super::history::SessionFact, EventFact)> {
    let account = super::history::invent(
        &mut Dice::new(3),
        guestlog::domain::account::AccountId::FIRST,
        "UTC",
        "2026-06-01",
    );
    let event = account.events.iter().find(|event| event.is_view && event.session.is_some())?;
    let session = account.sessions[event.session?].clone();
    let (first_ms, last_ms) = (account.now.0 - 2 * DAY, account.now.0 - 2 * DAY + 1_000_000);
    Some((super::history::SessionFact { first_ms, last_ms, completions: 0, ..session }, event.clone()))
}
