//! The scan at its bounds and one past them, and tables walked page by page.

use std::sync::Arc;

use guestlog::base::clock::{DAY, ManualClock};
use guestlog::domain::question::Dimension;
use guestlog::store::Error;
use guestlog::store::error::TIME_LIMIT;
use guestlog::store::scan::{self, Bounds, Counted, Deadline, Grouping, Key, Measure, Request, Row, Top};

use super::history::{AccountFact, World};
use super::random::ask;

/// A world whose first account has more than a few rows.
fn busy_world() -> World {
    (100..).map(World::new).find(|world| world.accounts[0].events.len() > 150).unwrap()
}

fn everything(account: &AccountFact) -> std::ops::Range<i64> {
    account.now.0 - 30 * DAY..account.now.0 + DAY
}

#[test]
fn a_table_walked_page_by_page_shows_every_row_once_in_the_order_of_the_whole() {
    let world = busy_world();
    let account = &world.accounts[0];
    let keys = [
        Key::Dimension(Dimension::Page),
        Key::Dimension(Dimension::Browser),
        Key::Dimension(Dimension::Contact),
        Key::SourceAndDetail,
        Key::Campaign,
    ];
    for key in keys {
        for by in Measure::ALL {
            for skip_empty in [false, true] {
                let page = |limit, after| {
                    let groupings = [Grouping::By(key, Top { by, limit, after, skip_empty })];
                    let range = everything(account);
                    let answer = ask(&world, account, &range, &[], &groupings, Bounds::default());
                    answer.tables.into_iter().next().unwrap()
                };
                let whole = page(1_000, None);
                assert_eq!((whole.rows.len() as u64, whole.next), (whole.total, None), "{key:?} {by:?}");
                for limit in [1, 2, whole.rows.len()] {
                    let mut walked: Vec<Row> = Vec::new();
                    let mut after = None;
                    loop {
                        let table = page(limit, after);
                        assert_eq!(table.total, whole.total);
                        walked.extend(table.rows);
                        // as it travels
                        after = table.next.map(|cursor| scan::Cursor::parse(&cursor.to_string()).unwrap());
                        if after.is_none() {
                            break;
                        }
                        assert!(walked.len() < whole.rows.len(), "{key:?} {by:?} {limit}");
                    }
                    assert_eq!(walked, whole.rows, "{key:?} {by:?} {limit}");
                }
            }
        }
    }
}

#[test]
fn pairs_up_to_the_bound_need_one_pass_and_distinct_ones_past_it_more() {
    let world = busy_world();
    let account = &world.accounts[0];
    let mut runs: Vec<_> = account.events.iter().filter_map(|e| e.session.map(|s| (s, e.visitor))).collect();
    runs.sort_unstable();
    runs.dedup();
    let mut visitors: Vec<_> = runs.iter().map(|(_, visitor)| *visitor).collect();
    visitors.sort_unstable();
    visitors.dedup();
    // one pair for each session of each visitor, and one more where a session has several
    let shared: Vec<_> = runs.chunk_by(|a, b| a.0 == b.0).filter(|runs| runs.len() > 1).collect();
    let pairs = runs.len() + shared.iter().map(|runs| runs.len()).sum::<usize>();
    let distinct = visitors.len() + shared.len();
    let total = |pairs: usize| {
        let bounds = Bounds { max_set_bytes: 0, max_pairs: pairs, ..Bounds::default() };
        ask(&world, account, &everything(account), &[], &[Grouping::Total], bounds)
    };
    let figures = |answer: &scan::Answer| answer.tables[0].rows[0].figures;
    let at = total(pairs);
    assert_eq!((at.passes, figures(&at).visitors), (1, visitors.len() as u64));
    // double pairs are dropped first; when more than half the bound stays, a second pass follows
    let past = total(pairs - 1);
    assert_eq!(past.passes, if distinct > (pairs - 1) / 2 { 2 } else { 1 });
    assert_eq!(figures(&past), figures(&at));
    let distinct_do_not_fit = total(distinct - 1);
    assert!(distinct_do_not_fit.passes > 1);
    assert_eq!(figures(&distinct_do_not_fit), figures(&at));
}

#[test]
fn batches_that_end_with_the_last_row_or_one_before_it_count_the_same() {
    let world = busy_world();
    let account = &world.accounts[0];
    let rows = account.events.len();
    let groupings = [
        Grouping::Total,
        Grouping::By(
            Key::Dimension(Dimension::Page),
            Top { by: Measure::Sessions, limit: 9, after: None, skip_empty: true },
        ),
    ];
    let answer = |batch_rows: usize| {
        let bounds = Bounds { batch_rows, ..Bounds::default() };
        ask(&world, account, &everything(account), &[], &groupings, bounds)
    };
    let whole = answer(rows + 1);
    assert_eq!(answer(rows), whole);
    assert_eq!(answer(rows - 1), whole);
}

#[test]
fn a_scan_ends_at_its_deadline() {
    let world = busy_world();
    let account = &world.accounts[0];
    let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
    let run = || {
        let ask = Request {
            account: account.id,
            range_ms: everything(account),
            filters: &[],
            groupings: &[Grouping::Total],
            engaged: true,
            counted: Counted::Visitors,
            now: account.now,
            deadline: deadline.clone(),
            bounds: Bounds::default(),
        };
        world.store.readers.read(|conn| world.store.scanner.run(conn, &ask))
    };
    world.clock.advance(TIME_LIMIT.as_millis() as i64);
    assert!(run().is_ok());
    world.clock.advance(1);
    assert!(matches!(run(), Err(Error::TimeLimit)));
}

#[test]
fn without_engaged_time_the_other_figures_are_the_same() {
    let world = World::closed(7);
    let account = &world.accounts[0];
    let groupings = [Grouping::Total];
    let answer = |engaged: bool| {
        let ask = Request {
            account: account.id,
            range_ms: everything(account),
            filters: &[],
            groupings: &groupings,
            engaged,
            counted: Counted::Visitors,
            now: account.now,
            deadline: Deadline::new(Arc::<ManualClock>::clone(&world.clock)),
            bounds: Bounds::default(),
        };
        let answer = world.store.readers.read(|conn| world.store.scanner.run(conn, &ask)).unwrap();
        answer.tables[0].rows[0].figures
    };
    let (with, without) = (answer(true), answer(false));
    assert!(with.engaged_ms > 0 && with.page_views > 0);
    assert_eq!(without, scan::Totals { engaged_ms: 0, ..with });
}
