//! Erases single visitors of random histories. The store must then show what the facts of all others say.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guestlog::base::clock::{DAY, ManualClock, Millis};
use guestlog::domain::question::Dimension;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::erase_visitor;
use guestlog::store::scan::{Bounds, Counted, Deadline, Grouping, Key, Measure, Top};
use guestlog::store::{self, Connection, segment, unpacked};

use super::history::{AccountFact, Dice, World};
use super::hit_history::{close_all, copy};
use super::{oracle, random};

const HISTORIES: u64 = 25;
const RANGE: Range<i64> = 0..i64::MAX / 2;

type Job = Box<dyn FnOnce(&Connection) -> Result<(), store::Error> + Send>;

/// The steps of an erasure; the first `steps` of them are run.
fn erase(world: &World, account: &AccountFact, visitor: u32, steps: usize) {
    let (id, number, now) = (account.id, VisitorNumber(visitor), account.now);
    let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
    let write = |step: usize, job: Job| {
        if step < steps {
            world.store.writer.write_blocking(job).unwrap();
        }
    };
    write(0, Box::new(move |conn| erase_visitor::delete_identity(conn, id, number, &[])));
    write(1, Box::new(move |conn| erase_visitor::delete_rows(conn, id, number, &RANGE, now)));
    let list = |conn: &Connection| erase_visitor::list_segments(conn, id, number, &RANGE, &deadline);
    let held = world.store.readers.read(list).unwrap();
    assert!(held.damaged.is_empty());
    for (step, segment) in (2..).zip(held.segments) {
        let mut one = VecDeque::from([segment]);
        write(
            step,
            Box::new(move |conn| {
                erase_visitor::apply_removals(
                    conn,
                    id,
                    erase_visitor::prepare_removals(conn, number, &mut one)?,
                )
            }),
        );
    }
    if steps == usize::MAX {
        write(2, Box::new(move |conn| store::visitor::delete(conn, id, number)));
    }
}

fn is_in_a_segment(world: &World, account: &AccountFact, visitor: u32) -> bool {
    let read = |conn: &Connection| {
        let segments = segment::list(conn, account.id, i64::MIN, i64::MAX)?;
        let runs = segments.iter().map(|segment| segment::list_runs(conn, segment));
        let runs: Vec<_> = runs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok::<_, store::Error>(runs.iter().any(|run| {
            run.visitor == visitor || run.rows.is_empty() || run.rows.iter().any(|row| row.visitor == visitor)
        }))
    };
    world.store.readers.read(read).unwrap()
}

fn rows_of(world: &World, account: &AccountFact, visitor: u32, table: &str) -> i64 {
    let column = if table == "visitor" { "number" } else { "visitor" };
    let sql = format!("select count(*) from {table} where account_id = ?1 and {column} = ?2");
    let conn = Connection::open(world.dir.path().join(store::MAIN_FILE)).unwrap();
    unpacked::create_views(&conn).unwrap();
    conn.query_row(&sql, (account.id.0, visitor), |row| row.get(0)).unwrap()
}

fn groupings() -> Vec<Grouping> {
    let by =
        |key| Grouping::By(key, Top { by: Measure::PageViews, limit: 1_000, after: None, skip_empty: false });
    let mut all = vec![Grouping::Total, by(Key::SourceAndDetail)];
    let dimensions = [Dimension::Page, Dimension::Country, Dimension::EntryPage, Dimension::Event];
    all.extend(dimensions.map(|dimension| by(Key::Dimension(dimension))));
    all
}

/// Every answer must agree with the facts. Bounces are compared too, unless a session lost a part of its rows.
fn assert_counts(world: &World, account: &AccountFact, bounces: bool, at: &str) {
    let range = account.now.0 - 20 * DAY..account.now.0 + DAY;
    let groupings = groupings();
    let answer = random::ask(world, account, &range, &[], &groupings, Bounds::default());
    let events = oracle::matching(account, &range, &[]);
    let names = random::event_names(&world.store, account);
    for (grouping, table) in groupings.iter().zip(answer.tables) {
        let wanted = random::expect(account, &events, grouping, Counted::Both, &names).0;
        let (mut found, mut wanted) = (table.rows, wanted);
        for row in found.iter_mut().chain(&mut wanted).filter(|_| !bounces) {
            row.figures.bounces = 0;
        }
        assert_eq!(found, wanted, "{grouping:?} of {at}");
    }
}

/// The facts without one visitor. Nothing else changes.
fn without(account: &AccountFact, visitor: u32) -> (AccountFact, bool) {
    let mut left = account.clone();
    left.events.retain(|event| event.visitor != visitor);
    let his: Vec<_> = account.events.iter().filter(|event| event.visitor == visitor).collect();
    let shares = |session| left.events.iter().any(|event| event.session == session);
    let shared = his.iter().any(|event| event.session.is_some() && shares(event.session));
    (left, shared)
}

/// rules.md 12, 25
#[test]
fn after_an_erasure_the_counts_are_those_of_the_others() {
    let (mut erased, mut shared_sessions) = (0, 0);
    for (make, form) in [(World::new as fn(u64) -> World, "open"), (World::closed, "closed")] {
        for seed in 0..HISTORIES {
            let world = make(seed);
            let mut dice = Dice::new(seed ^ 0xE7A5);
            let account = &world.accounts[0];
            let visitor = 1 + dice.below(account.visitors as usize) as u32;
            let at = format!("{form} seed {seed}, visitor {visitor}");
            let (left, shared) = without(account, visitor);
            assert_counts(&world, account, true, &at);
            erase(&world, account, visitor, usize::MAX);
            assert!(!is_in_a_segment(&world, account, visitor), "{at}");
            for table in ["event_unpacked", "session_unpacked", "visitor", "identification"] {
                assert_eq!(rows_of(&world, account, visitor, table), 0, "{table}, {at}");
            }
            assert_counts(&world, &left, !shared, &at);
            // Others' accounts are not touched, and later days close as ever.
            assert_counts(&world, &world.accounts[1], true, &at);
            let (id, later) = (account.id, Millis(account.now.0 + 3 * DAY));
            let zone = guestlog::domain::period::Zone::named(account.zone_name);
            let close = move |conn: &Connection| close_all(conn, id, &zone, later);
            world.store.writer.write_blocking(close).unwrap();
            assert!(!is_in_a_segment(&world, account, visitor), "{at}");
            // Exit pages are known once a session is over.
            let left = AccountFact { now: later, ..left };
            assert_counts(&world, &left, !shared, &at);
            erased += usize::from(left.events.len() < account.events.len());
            shared_sessions += usize::from(shared);
        }
    }
    assert!(erased > 30 && shared_sessions > 3, "{erased}, {shared_sessions}");
}

/// rules.md 25
#[test]
fn an_erasure_cut_off_anywhere_finishes_when_it_is_run_again() {
    for seed in 0..HISTORIES {
        let world = World::closed(seed);
        let mut dice = Dice::new(seed ^ 0xC07);
        let account = &world.accounts[0];
        let visitor = 1 + dice.below(account.visitors as usize) as u32;
        let (left, shared) = without(account, visitor);
        let steps = dice.below(5);
        erase(&world, account, visitor, steps);
        assert_eq!(rows_of(&world, account, visitor, "visitor"), 1, "it can be asked for again");
        erase(&world, account, visitor, usize::MAX);
        let at = format!("seed {seed}, visitor {visitor}, cut off after {steps}");
        assert!(!is_in_a_segment(&world, account, visitor), "{at}");
        assert_counts(&world, &left, !shared, &at);
    }
}

/// Leaves the files of a process that was killed while it rewrote days, when some of their pages were written already.
/// rules.md 25
#[test]
fn an_erasure_killed_inside_a_transaction_finishes_in_the_next_process() {
    let written = Arc::new(AtomicUsize::new(0));
    for seed in 0..HISTORIES {
        let world = World::closed(seed);
        let mut dice = Dice::new(seed ^ 0xD1E);
        let account = &world.accounts[0];
        let (id, number) = (account.id, VisitorNumber(1 + dice.below(account.visitors as usize) as u32));
        let (left, shared) = without(account, number.0);
        erase(&world, account, number.0, 1 + dice.below(3));
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (world.dir.path().to_owned(), dir.path().to_owned());
        let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
        let count = Arc::clone(&written);
        let killed = move |conn: &Connection| {
            conn.execute_batch("pragma cache_size = 1")?;
            let mut held = erase_visitor::list_segments(conn, id, number, &RANGE, &deadline)?.segments.into();
            let cuts = erase_visitor::prepare_removals(conn, number, &mut held)?;
            count.fetch_add(cuts.len(), Ordering::Relaxed);
            erase_visitor::apply_removals(conn, id, cuts)?;
            copy(&from, &to);
            // The transaction is rolled back.
            Err::<(), _>(store::Error::RolledBack)
        };
        world.store.writer.write_blocking(killed).unwrap_err();
        let options = store::Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 2 };
        let store = store::Store::open(&options, Arc::<ManualClock>::clone(&world.clock)).unwrap();
        let next = World { store, clock: world.clock.clone(), accounts: world.accounts.clone(), dir };
        let at = format!("seed {seed}, visitor {}", number.0);
        assert_eq!(rows_of(&next, account, number.0, "visitor"), 1, "it can be asked for again, {at}");
        erase(&next, account, number.0, usize::MAX);
        assert!(!is_in_a_segment(&next, account, number.0), "{at}");
        assert_counts(&next, &left, !shared, &at);
    }
    assert!(written.load(Ordering::Relaxed) > 10, "{written:?}");
}
