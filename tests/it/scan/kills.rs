//! The process is killed at every step of closing days and merging what came late: nothing is lost, nothing doubled, and
//! the next process goes on. RUN_SLOW takes more of the steps.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use guestlog::base::clock::{DAY, HOUR, MINUTE, ManualClock, Millis};
use guestlog::domain::account::AccountId;
use guestlog::domain::period::Zone;
use guestlog::store::check::check;
use guestlog::store::{self, MAIN_FILE};
use rusqlite::Connection;
use rustix::process::{Signal, getpid, kill_process};

use super::histories::compare;
use super::history::Dice;
use super::hit_history::{Op, Replay, close_all, close_days, copy, product};
use crate::harness::server::skipped;

/// The arguments of the process that is killed: directory, time zone, time, and after which step.
const ORDER: &str = "GUESTLOG_TEST_DIES";

fn is_slow() -> bool {
    std::env::var_os("RUN_SLOW").is_some_and(|set| !set.is_empty())
}

/// A history with days to close, days to merge with late hits, and sessions that changed since.
fn history() -> Replay {
    let mut replay = Replay::begin(1);
    let mut dice = Dice::new(3);
    for n in 0..180 {
        let op = match dice.below(10) {
            0..=4 => Op::View {
                visitor: dice.below(5) as u8,
                page: dice.below(21) as u8,
                traits: dice.below(200) as u8,
                age: dice.pick(&[0, 0, 0, 10 * MINUTE, 20 * HOUR]),
            },
            5 => Op::Engage { back: dice.below(8) as u8, ms: dice.between(1, 60_000) as u32 },
            _ => Op::Clock { by: dice.pick(&[5 * MINUTE, 20 * MINUTE, HOUR, 4 * HOUR]) },
        };
        replay.apply(&op);
        if n == 90 || n == 120 {
            replay.apply(&Op::Close);
            // Also of days that are closed already.
            for back in 0..40 {
                replay.apply(&Op::Engage { back, ms: 20_000 + u32::from(back) });
            }
        }
    }
    replay.apply(&Op::Clock { by: DAY });
    // The closed days must also be divided by another time zone.
    replay.apply(&Op::Zone { to: 4 });
    replay
}

/// Steps of SQLite that closing everything takes.
fn steps(replay: &Replay) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    copy(replay.dir(), dir.path());
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    close_counting(dir.path(), replay.facts.zone_name, Millis(replay.latest), move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    count.load(Ordering::Relaxed)
}

fn close_counting(dir: &Path, zone: &str, now: Millis, step: impl Fn() + Send + 'static) {
    let mut conn = Connection::open(dir.join(MAIN_FILE)).unwrap();
    conn.execute_batch("pragma synchronous = full; pragma secure_delete = on").unwrap();
    let each = move || {
        step();
        false
    };
    conn.progress_handler(1, Some(each)).unwrap();
    close_all(&conn, AccountId::FIRST, &Zone::named(zone), now).unwrap();
}

/// Another process of this program that closes the days of `dir`. With 0 steps it is the whole product that does so.
fn child(under: &[&str], dir: &Path, replay: &Replay, after: u64) -> std::io::Result<ExitStatus> {
    let this = std::env::current_exe().unwrap();
    let mut words = under.iter().map(std::ffi::OsStr::new).chain([this.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--exact", "scan::kills::the_process_that_is_killed_closes_days"]);
    let order =
        [dir.to_str().unwrap(), replay.facts.zone_name, &replay.latest.to_string(), &after.to_string()];
    command.env(ORDER, order.join("|")).stdout(Stdio::null()).stderr(Stdio::null());
    command.status()
}

/// strace ends as its child did, or says so by its code.
fn is_killed(ended: ExitStatus) -> bool {
    ended.signal() == Some(Signal::KILL.as_raw()) || ended.code() == Some(128 + Signal::KILL.as_raw())
}

/// Nothing by itself.
#[test]
fn the_process_that_is_killed_closes_days() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let [dir, zone, now, after] = order.split('|').collect::<Vec<_>>().try_into().unwrap();
    let (now, after) = (Millis(now.parse().unwrap()), after.parse::<u64>().unwrap());
    if after == 0 {
        let app = product(Path::new(dir), ManualClock::at(now));
        close_days(&app);
        app.store.close();
        return;
    }
    let count = AtomicU64::new(0);
    close_counting(Path::new(dir), zone, now, move || {
        if count.fetch_add(1, Ordering::Relaxed) + 1 == after {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    });
}

/// What the dead process left is whole, and the next one goes on from there.
fn assert_whole(replay: &mut Replay, dir: tempfile::TempDir, when: &str) {
    let clean = |dir: &Path| {
        let report = check(dir).unwrap().unwrap();
        assert_eq!(report.findings, Vec::<String>::new(), "{when}");
        assert_eq!(report.events, replay.facts.events.len() as i64, "{when}");
    };
    clean(dir.path());
    let path = dir.path().to_owned();
    replay.go_on_in(dir);
    let same = |replay: &Replay| compare(replay, 5).unwrap_or_else(|error| panic!("{when}: {error}"));
    same(replay);
    replay.close_days();
    same(replay);
    replay.end();
    let report = check(&path).unwrap().unwrap();
    assert_eq!(report.findings, Vec::<String>::new(), "{when}");
    let conn = Connection::open(path.join(MAIN_FILE)).unwrap();
    let hot: i64 = conn.query_row("select count(*) from event_hot", [], |row| row.get(0)).unwrap();
    assert_eq!((report.events, hot), (replay.facts.events.len() as i64, 0), "{when}");
}

#[test]
fn a_kill_at_any_step_of_sqlite_loses_and_doubles_nothing() {
    let mut replay = history();
    replay.end();
    let base = tempfile::tempdir().unwrap();
    copy(replay.dir(), base.path());
    let all = steps(&replay);
    let kills = if is_slow() { 600 } else { 25 };
    for n in 1..=kills {
        let after = all * n / kills;
        let dir = tempfile::tempdir().unwrap();
        copy(base.path(), dir.path());
        let ended = child(&[], dir.path(), &replay, after).unwrap();
        assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()), "{after} of {all}");
        assert_whole(&mut replay, dir, &format!("killed after {after} of {all} steps"));
    }
    println!("{kills} kills, the last after {all} steps of SQLite: nothing lost, nothing doubled");
}

#[test]
fn a_kill_at_any_write_to_the_disk_loses_and_doubles_nothing() {
    let mut replay = history();
    replay.end();
    let base = tempfile::tempdir().unwrap();
    copy(replay.dir(), base.path());
    let calls = "pwrite64,fsync,fdatasync,ftruncate";
    let (mut kills, mut n) = (0, 1);
    loop {
        let dir = tempfile::tempdir().unwrap();
        copy(base.path(), dir.path());
        let (trace, rule) = (format!("trace={calls}"), format!("inject={calls}:signal=KILL:when={n}"));
        let words = ["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &rule];
        let ended = match child(&words, dir.path(), &replay, 0) {
            Ok(ended) if n > 1 || is_killed(ended) => ended,
            other => {
                skipped("kills at writes", Some(format!("strace cannot kill here: {other:?}")));
                return;
            }
        };
        let is_whole = ended.success();
        assert!(is_whole || is_killed(ended), "{ended:?}");
        assert_whole(&mut replay, dir, &format!("killed at write {n}: {ended:?}"));
        if is_whole {
            break;
        }
        kills += 1;
        n += if is_slow() { 1 } else { 4 };
    }
    println!("{kills} kills, the last at write {n}: nothing lost, nothing doubled");
    assert!(kills > 5, "{kills}");
}

/// The days were not closed before, and something waits to be merged.
#[test]
fn the_history_that_is_cut_short_has_all_kinds_of_work() {
    let mut replay = history();
    replay.end();
    let conn: store::Connection = Connection::open(replay.dir().join(MAIN_FILE)).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(number("select count(*) from segment") >= 3);
    assert!(number("select count(*) from session where in_segment = 2") >= 2);
    assert!(number("select count(*) from late_engagement") >= 1);
    assert!(number("select count(distinct at_ms / 86400000) from event_hot") >= 3);
}
