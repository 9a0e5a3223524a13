//! Erases one to three visitors of random histories at once. The store must then show what the facts of all others say.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use guestlog::base::clock::{DAY, ManualClock, Millis};
use guestlog::domain::question::Dimension;
use guestlog::store::erase_visitors;
use guestlog::store::scan::{Bounds, Counted, Deadline, Grouping, Key, Measure, Top};
use guestlog::store::{self, Connection, segment, unpacked};
use rustc_hash::FxHashSet;

use super::history::{AccountFact, Dice, World};
use super::hit_history::{close_all, copy};
use super::{oracle, random};

const HISTORIES: u64 = 25;
const RANGE: Range<i64> = 0..i64::MAX / 2;

type Visitors = FxHashSet<u32>;

/// One to three of the account's visitors.
pub(super) fn some_visitors(account: &AccountFact, dice: &mut Dice) -> Visitors {
    (0..=dice.below(3)).map(|_| 1 + dice.below(account.visitors as usize) as u32).collect()
}

type Job = Box<dyn FnOnce(&Connection) -> Result<(), store::Error> + Send>;

/// The steps of an erasure; the first `steps` of them are run.
pub(super) fn erase(world: &World, account: &AccountFact, visitors: &Visitors, steps: usize) {
    let (id, now) = (account.id, account.now);
    let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
    let write = |step: usize, job: Job| {
        if step < steps {
            world.store.writer.write_blocking(job).unwrap();
        }
    };
    let of = visitors.clone();
    write(0, Box::new(move |conn| erase_visitors::delete_identity(conn, id, &of, &[], &[])));
    let of = visitors.clone();
    write(1, Box::new(move |conn| erase_visitors::delete_rows(conn, id, &of, &RANGE, now)));
    let list = |conn: &Connection| erase_visitors::list_segments(conn, id, visitors, &RANGE, &deadline);
    let held = world.store.readers.read(list).unwrap();
    assert!(held.damaged.is_empty());
    for (step, segment) in (2..).zip(held.segments) {
        let (mut one, of) = (VecDeque::from([segment]), visitors.clone());
        write(
            step,
            Box::new(move |conn| {
                erase_visitors::apply_removals(
                    conn,
                    id,
                    erase_visitors::prepare_removals(conn, &of, &mut one)?,
                )
            }),
        );
    }
    if steps == usize::MAX {
        let of = visitors.clone();
        write(2, Box::new(move |conn| store::visitor::delete_all(conn, id, &of)));
    }
}

fn is_in_a_segment(world: &World, account: &AccountFact, visitors: &Visitors) -> bool {
    let read = |conn: &Connection| {
        let segments = segment::list(conn, account.id, i64::MIN, i64::MAX)?;
        let runs = segments.iter().map(|segment| segment::list_runs(conn, segment));
        let runs: Vec<_> = runs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok::<_, store::Error>(runs.iter().any(|run| {
            visitors.contains(&run.visitor)
                || run.rows.is_empty()
                || run.rows.iter().any(|row| visitors.contains(&row.visitor))
        }))
    };
    world.store.readers.read(read).unwrap()
}

fn rows_of(world: &World, account: &AccountFact, visitors: &Visitors, table: &str) -> i64 {
    let column = if table == "visitor" { "number" } else { "visitor" };
    let sql = format!("select count(*) from {table} where account_id = ?1 and {column} = ?2");
    let conn = Connection::open(world.dir.path().join(store::MAIN_FILE)).unwrap();
    unpacked::create_views(&conn).unwrap();
    let rows = |visitor| conn.query_row(&sql, (account.id.0, visitor), |row| row.get::<_, i64>(0)).unwrap();
    visitors.iter().map(rows).sum()
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

/// The facts without the visitors, and whether they shared a session with others. Nothing else changes.
fn without(account: &AccountFact, visitors: &Visitors) -> (AccountFact, bool) {
    let mut left = account.clone();
    left.events.retain(|event| !visitors.contains(&event.visitor));
    let theirs: Vec<_> = account.events.iter().filter(|event| visitors.contains(&event.visitor)).collect();
    let shares = |session| left.events.iter().any(|event| event.session == session);
    let shared = theirs.iter().any(|event| event.session.is_some() && shares(event.session));
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
            let visitors = some_visitors(account, &mut dice);
            let at = format!("{form} seed {seed}, visitors {visitors:?}");
            let (left, shared) = without(account, &visitors);
            assert_counts(&world, account, true, &at);
            erase(&world, account, &visitors, usize::MAX);
            assert!(!is_in_a_segment(&world, account, &visitors), "{at}");
            for table in ["event_unpacked", "session_unpacked", "visitor", "identification"] {
                assert_eq!(rows_of(&world, account, &visitors, table), 0, "{table}, {at}");
            }
            assert_counts(&world, &left, !shared, &at);
            // Others' accounts are not touched, and later days close as ever.
            assert_counts(&world, &world.accounts[1], true, &at);
            let (id, later) = (account.id, Millis(account.now.0 + 3 * DAY));
            let zone = guestlog::domain::period::Zone::named(account.zone_name);
            let close = move |conn: &Connection| close_all(conn, id, &zone, later);
            world.store.writer.write_blocking(close).unwrap();
            assert!(!is_in_a_segment(&world, account, &visitors), "{at}");
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
        let visitors = some_visitors(account, &mut dice);
        let (left, shared) = without(account, &visitors);
        let steps = dice.below(5);
        erase(&world, account, &visitors, steps);
        assert_eq!(
            rows_of(&world, account, &visitors, "visitor"),
            visitors.len() as i64,
            "it can be asked for again"
        );
        erase(&world, account, &visitors, usize::MAX);
        let at = format!("seed {seed}, visitors {visitors:?}, cut off after {steps}");
        assert!(!is_in_a_segment(&world, account, &visitors), "{at}");
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
        let (id, visitors) = (account.id, some_visitors(account, &mut dice));
        let (left, shared) = without(account, &visitors);
        erase(&world, account, &visitors, 1 + dice.below(3));
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (world.dir.path().to_owned(), dir.path().to_owned());
        let deadline = Deadline::new(Arc::<ManualClock>::clone(&world.clock));
        let (count, of) = (Arc::clone(&written), visitors.clone());
        let killed = move |conn: &Connection| {
            conn.execute_batch("pragma cache_size = 1")?;
            let mut held = erase_visitors::list_segments(conn, id, &of, &RANGE, &deadline)?.segments.into();
            let cuts = erase_visitors::prepare_removals(conn, &of, &mut held)?;
            count.fetch_add(cuts.len(), Ordering::Relaxed);
            erase_visitors::apply_removals(conn, id, cuts)?;
            copy(&from, &to);
            // The transaction is rolled back.
            Err::<(), _>(store::Error::RolledBack)
        };
        world.store.writer.write_blocking(killed).unwrap_err();
        let options = store::Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 2 };
        let store = store::Store::open(&options, Arc::<ManualClock>::clone(&world.clock)).unwrap();
        let next = World { store, clock: world.clock.clone(), accounts: world.accounts.clone(), dir };
        let at = format!("seed {seed}, visitors {visitors:?}");
        assert_eq!(
            rows_of(&next, account, &visitors, "visitor"),
            visitors.len() as i64,
            "it can be asked for again, {at}"
        );
        erase(&next, account, &visitors, usize::MAX);
        assert!(!is_in_a_segment(&next, account, &visitors), "{at}");
        assert_counts(&next, &left, !shared, &at);
    }
    assert!(written.load(Ordering::Relaxed) > 10, "{written:?}");
}
