//! Random histories, told hit by hit: whatever happens to clock, zone and process, every report is what a plain count of
//! the hits counts. A history that fails is told in its shortest form.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use guestlog::base::clock::{DAY, ManualClock, Millis};
use guestlog::domain::period::{Days, Step, Zone};
use guestlog::domain::question::Filter;
use guestlog::store::scan::{Bounds, Deadline, Grouping, Request};
use guestlog::store::{check, segment};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::history::Dice;
use super::oracle;
use super::random::{counts_contacts, event_names, expect, filter, grouping, period};
use super::told::{Telling, Told, told};

/// Steps of a history, at most.
const STEPS: usize = 120;
const QUESTIONS: usize = 4;

/// One history: the reports as they are, and once more with everything closed that can be.
fn tell(history: &Told, questions: u64) -> Result<Telling, TestCaseError> {
    let mut telling = Telling::begin(history.start);
    for op in &history.ops {
        telling.apply(op);
    }
    // A session that a clock set back opens again is over when the clock has come that far once more.
    telling.clock.set(Millis(telling.latest));
    compare(&telling, questions)?;
    telling.close_days();
    compare(&telling, questions)?;
    telling.clock.advance(5 * DAY);
    telling.facts.now = Millis(telling.latest + 5 * DAY);
    telling.close_days();
    compare(&telling, questions)?;
    let zone = Zone::named(telling.facts.zone_name);
    let closed = telling.app().store.readers.read(|conn| segment::list(conn, telling.facts.id, 0, i64::MAX));
    for segment in closed.unwrap() {
        let day = Days { first: segment.day, last: segment.day }.range(&zone);
        prop_assert!(day.contains(&segment.extent.first_ms) && day.contains(&segment.extent.last_ms));
    }
    let report = check::check(telling.dir()).unwrap().unwrap();
    prop_assert_eq!(report.findings, Vec::<String>::new());
    prop_assert_eq!(report.events, telling.facts.events.len() as i64);
    Ok(telling)
}

/// The days of the account, then questions by chance.
pub(super) fn compare(telling: &Telling, seed: u64) -> Result<(), TestCaseError> {
    let facts = &telling.facts;
    let zone = Zone::named(facts.zone_name);
    let days = Days {
        first: zone.day_of(facts.events.iter().map(|event| Millis(event.at_ms)).min().unwrap_or(facts.now)),
        last: zone.day_of(facts.now),
    };
    let steps = Grouping::Intervals(days.edges(&zone, Step::Day));
    ask(telling, &days.range(&zone), &[], &[Grouping::Total, steps], Bounds::default())?;
    let mut dice = Dice::new(seed);
    for _ in 0..QUESTIONS {
        let range = period(&mut dice, facts);
        let filters: Vec<Filter> = (0..dice.below(3)).map(|_| filter(&mut dice)).collect();
        let groupings: Vec<Grouping> =
            (0..1 + dice.below(3)).map(|_| grouping(&mut dice, facts, &range)).collect();
        let bounds = Bounds { max_pairs: dice.pick(&[6, Bounds::default().max_pairs]), ..Bounds::default() };
        ask(telling, &range, &filters, &groupings, bounds)?;
    }
    Ok(())
}

fn ask(
    telling: &Telling,
    range: &std::ops::Range<i64>,
    filters: &[Filter],
    groupings: &[Grouping],
    bounds: Bounds,
) -> Result<(), TestCaseError> {
    let facts = &telling.facts;
    let ask = Request {
        account: facts.id,
        range_ms: range.clone(),
        filters,
        groupings,
        engaged: true,
        contacts: counts_contacts(groupings),
        now: facts.now,
        deadline: Deadline::new(Arc::<ManualClock>::clone(&telling.clock)),
        bounds,
    };
    let store = &telling.app().store;
    let answer = store.readers.read(|conn| store.scanner.run(conn, &ask)).unwrap();
    let names = event_names(store, facts);
    prop_assert!(answer.damaged.is_empty());
    let events = oracle::matching(facts, range, filters);
    for (grouping, table) in groupings.iter().zip(answer.tables) {
        let filters: Vec<_> = filters.iter().map(ToString::to_string).collect();
        prop_assert_eq!(
            (table.rows, table.total),
            expect(facts, &events, grouping, counts_contacts(groupings), &names),
            "{:?}, {:?}, {:?}",
            grouping,
            range,
            filters
        );
    }
    Ok(())
}

fn histories() -> u32 {
    let is_slow = std::env::var_os("RUN_SLOW").is_some_and(|set| !set.is_empty());
    if is_slow { 1_000 } else { 40 }
}

/// rules.md 5, 10, 15, 17, 18
#[test]
fn whatever_happens_reports_count_what_was_told() {
    let config = Config {
        cases: histories(),
        max_shrink_iters: 3_000,
        failure_persistence: None,
        ..Config::default()
    };
    let (views, rows, segments) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let run =
        TestRunner::new_with_rng(config, random).run(&(told(STEPS), any::<u64>()), |(history, questions)| {
            let telling = tell(&history, questions)?;
            let closed = telling
                .app()
                .store
                .readers
                .read(|conn| segment::list(conn, telling.facts.id, 0, i64::MAX))
                .unwrap();
            views.fetch_add(telling.facts.events.len(), Relaxed);
            rows.fetch_add(closed.iter().map(|segment| segment.extent.rows as usize).sum(), Relaxed);
            segments.fetch_add(closed.len(), Relaxed);
            Ok(())
        });
    run.unwrap_or_else(|error| panic!("{error}"));
    let (views, rows, segments) = (views.into_inner(), rows.into_inner(), segments.into_inner());
    println!("{} histories: {views} views, all in {segments} segments", histories());
    // they were no empty ones, and all is closed in the end
    assert!(views == rows && segments > histories() as usize, "{views}, {rows}, {segments}");
}
