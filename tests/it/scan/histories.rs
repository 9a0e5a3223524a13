//! Random histories, sent hit by hit: whatever happens to clock, zone and process, every report shows what a plain count
//! of the hits gives. A history that fails is reported in its shortest form.

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
use super::hit_history::{HitHistory, Replay, hit_history};
use super::oracle;
use super::random::{counted, event_names, expect, filter, grouping, period};

/// Steps of a history, at most.
const STEPS: usize = 120;
const QUESTIONS: usize = 4;

/// One history: the reports as they are, and once more with everything closed that can be.
fn replay_and_compare(history: &HitHistory, questions: u64) -> Result<Replay, TestCaseError> {
    let mut replay = Replay::begin(history.start);
    for op in &history.ops {
        replay.apply(op);
    }
    // A session that was reopened by setting the clock back is finished when the clock has reached that time again.
    replay.clock.set(Millis(replay.latest));
    compare(&replay, questions)?;
    replay.close_days();
    compare(&replay, questions)?;
    replay.clock.advance(5 * DAY);
    replay.facts.now = Millis(replay.latest + 5 * DAY);
    replay.close_days();
    compare(&replay, questions)?;
    let zone = Zone::named(replay.facts.zone_name);
    let closed = replay.app().store.readers.read(|conn| segment::list(conn, replay.facts.id, 0, i64::MAX));
    for segment in closed.unwrap() {
        let day = Days { first: segment.day, last: segment.day }.range(&zone);
        prop_assert!(day.contains(&segment.extent.first_ms) && day.contains(&segment.extent.last_ms));
    }
    let report = check::check(replay.dir()).unwrap().unwrap();
    prop_assert_eq!(report.findings, Vec::<String>::new());
    prop_assert_eq!(report.events, replay.facts.events.len() as i64);
    Ok(replay)
}

/// Compares the days of the account, then the answers to random requests.
pub(super) fn compare(replay: &Replay, seed: u64) -> Result<(), TestCaseError> {
    let facts = &replay.facts;
    let zone = Zone::named(facts.zone_name);
    let days = Days {
        first: zone.day_of(facts.events.iter().map(|event| Millis(event.at_ms)).min().unwrap_or(facts.now)),
        last: zone.day_of(facts.now),
    };
    let steps = Grouping::Intervals(days.edges(&zone, Step::Day));
    ask(replay, &days.range(&zone), &[], &[Grouping::Total, steps], Bounds::default())?;
    let mut dice = Dice::new(seed);
    for _ in 0..QUESTIONS {
        let range = period(&mut dice, facts);
        let filters: Vec<Filter> = (0..dice.below(3)).map(|_| filter(&mut dice)).collect();
        let groupings: Vec<Grouping> =
            (0..1 + dice.below(3)).map(|_| grouping(&mut dice, facts, &range)).collect();
        let bounds = Bounds { max_pairs: dice.pick(&[6, Bounds::default().max_pairs]), ..Bounds::default() };
        ask(replay, &range, &filters, &groupings, bounds)?;
    }
    Ok(())
}

fn ask(
    replay: &Replay,
    range: &std::ops::Range<i64>,
    filters: &[Filter],
    groupings: &[Grouping],
    bounds: Bounds,
) -> Result<(), TestCaseError> {
    let facts = &replay.facts;
    let ask = Request {
        account: facts.id,
        range_ms: range.clone(),
        filters,
        groupings,
        engaged: true,
        counted: counted(groupings),
        now: facts.now,
        deadline: Deadline::new(Arc::<ManualClock>::clone(&replay.clock)),
        bounds,
    };
    let store = &replay.app().store;
    let answer = store.readers.read(|conn| store.scanner.run(conn, &ask)).unwrap();
    let names = event_names(store, facts);
    prop_assert!(answer.damaged.is_empty());
    let events = oracle::matching(facts, range, filters);
    for (grouping, table) in groupings.iter().zip(answer.tables) {
        let filters: Vec<_> = filters.iter().map(ToString::to_string).collect();
        prop_assert_eq!(
            (table.rows, table.total),
            expect(facts, &events, grouping, counted(groupings), &names),
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
fn whatever_happens_reports_count_what_was_sent() {
    let config = Config {
        cases: histories(),
        max_shrink_iters: 3_000,
        failure_persistence: None,
        ..Config::default()
    };
    let (views, rows, segments) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let run = TestRunner::new_with_rng(config, random).run(
        &(hit_history(STEPS), any::<u64>()),
        |(history, questions)| {
            let replay = replay_and_compare(&history, questions)?;
            let closed = replay
                .app()
                .store
                .readers
                .read(|conn| segment::list(conn, replay.facts.id, 0, i64::MAX))
                .unwrap();
            views.fetch_add(replay.facts.events.len(), Relaxed);
            rows.fetch_add(closed.iter().map(|segment| segment.extent.rows as usize).sum(), Relaxed);
            segments.fetch_add(closed.len(), Relaxed);
            Ok(())
        },
    );
    run.unwrap_or_else(|error| panic!("{error}"));
    let (views, rows, segments) = (views.into_inner(), rows.into_inner(), segments.into_inner());
    println!("{} histories: {views} views, all in {segments} segments", histories());
    // The histories were not empty, and everything is closed in the end.
    assert!(views == rows && segments > histories() as usize, "{views}, {rows}, {segments}");
}
