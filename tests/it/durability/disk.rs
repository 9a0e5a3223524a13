//! The disk is full, or nearly so.

use std::path::PathBuf;
use std::time::Duration;

use guestlog::base::clock::pause;

use super::mount::Mounts;
use super::{audit, is_quick};
use crate::harness::load::Load;
use crate::harness::server::{Server, get, prepare, signal, skipped};

/// A test gives up when hits are not taken again by then. It is no measure: other tests share the machine.
const BACK: Duration = Duration::from_secs(60);

/// A store with one account on a small file system in memory.
fn small_disk(size: &str) -> Result<(Mounts, PathBuf, guestlog::domain::account::AccountId), String> {
    let mounts = Mounts::new()?;
    let place = mounts.inside().to_str().unwrap().to_owned();
    mounts.run(&["mount", "-t", "tmpfs", "-o", &format!("size={size}"), "none", &place])?;
    let folder = tempfile::tempdir().unwrap();
    let account = prepare(&folder.path().join("data"));
    mounts.copy_in(&folder.path().join("data"), "data");
    let data = mounts.inside().join("data");
    Ok((mounts, data, account))
}

/// Waits until so many more were sent back.
fn wait_for_refusals(load: &Load, more: u64) {
    let wanted = load.sent_back() + more;
    for _ in 0..3_000 {
        if load.sent_back() >= wanted {
            return;
        }
        pause(Duration::from_millis(10));
    }
    panic!("nothing is sent back");
}

/// Everything but taking hits works while they are sent back.
fn assert_that_the_rest_answers(server: &mut Server) {
    assert!(server.is_running());
    for path in ["/healthz", "/1000001.js", "/metrics"] {
        assert_eq!(server.status(path), Some(200), "{path}\n{}", server.log());
    }
    // A single row may still find a place where the batches of a load do not.
    assert!(matches!(server.status("/readyz"), Some(200 | 503)), "{}", server.log());
}

#[test]
fn on_a_full_disk_hits_are_sent_back_until_there_is_room_and_none_is_lost() {
    if is_quick() {
        return;
    }
    let made = small_disk("6m");
    if skipped("disk full", made.as_ref().err().cloned()) {
        return;
    }
    let (mounts, data, account) = made.unwrap();
    let mut server = Server::start_with(&data, &[], &mounts.entry()).unwrap();
    let load = Load::start("full", account, 4);
    load.turn_to(server.address);
    for (round, size) in ["12m", "24m", "256m"].into_iter().enumerate() {
        wait_for_refusals(&load, 100);
        assert_that_the_rest_answers(&mut server);
        // The files are copied while nobody writes, and after the acknowledgements were counted.
        let acknowledged = load.acknowledged();
        signal(server.id(), "STOP");
        let audit = audit::of_copy(&mounts.outside().join("data"));
        signal(server.id(), "CONT");
        audit.assert_whole(&acknowledged, "full");
        if round == 1 {
            // Ended on a full disk: the next start still comes up, and takes hits when there is room.
            server.kill();
            server = Server::spawn(&data, &[], &mounts.entry()).unwrap();
            load.turn_to(server.address);
        }
        let place = mounts.inside().to_str().unwrap();
        mounts.run(&["mount", "-o", &format!("remount,size={size}"), place]).unwrap();
        assert!(load.wait_for(50, BACK), "round {round}: not back in time\n{}", server.log());
    }
    let all = load.finish();
    server.wait_until_folded();
    assert_eq!(server.status("/readyz"), Some(200));
    assert_eq!(server.stop().0.code(), Some(0));
    let audit = audit::of_copy(&mounts.outside().join("data"));
    audit.assert_whole(&all, "at the end");
    assert_eq!(audit.folded.len() + audit.waiting.len(), all.len());
}

/// Intake stops at the floor, before SQLite fails, and continues as soon as there is room again.
#[test]
fn below_the_floor_nothing_is_taken_in_and_above_it_again_at_once() {
    if is_quick() {
        return;
    }
    let made = small_disk("64m");
    if skipped("floor of the disk", made.as_ref().err().cloned()) {
        return;
    }
    let (mounts, data, account) = made.unwrap();
    let env = [("GUESTLOG_STORE__MIN_FREE", "32MiB")];
    let mut server = Server::start_with(&data, &env, &mounts.entry()).unwrap();
    let load = Load::start("floor", account, 2);
    load.turn_to(server.address);
    let ballast = mounts.outside().join("ballast");
    for round in 0..2 {
        assert!(load.wait_for(50, BACK), "round {round}: not back in time\n{}", server.log());
        std::fs::write(&ballast, vec![1; 40 << 20]).unwrap();
        wait_for_refusals(&load, 50);
        assert_that_the_rest_answers(&mut server);
        let ready = get(server.address, "/readyz").unwrap();
        assert_eq!(ready, (503, "not ready: less disk space is free than [store] min_free\n".to_owned()));
        // What was taken in is folded, floor or no floor.
        server.wait_until_folded();
        std::fs::remove_file(&ballast).unwrap();
    }
    let all = load.finish();
    assert!(!server.log().contains("could not be written"), "SQLite never failed: {}", server.log());
    assert_eq!(server.stop().0.code(), Some(0));
    audit::of_copy(&mounts.outside().join("data")).assert_whole(&all, "at the end");
}

/// The system ends a process whose file grows past its limit, unless it takes the signal.
#[test]
fn a_limit_of_file_sizes_refuses_hits_and_ends_nothing() {
    if is_quick() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    // 2 MB, or 4 MB where the shell counts in kilobytes.
    let before = ["sh", "-c", "ulimit -f 4096 && exec \"$0\" \"$@\""];
    let mut server = Server::start_with(&data, &[], &before).unwrap();
    let load = Load::start("limit", account, 4);
    load.turn_to(server.address);
    wait_for_refusals(&load, 50);
    assert_that_the_rest_answers(&mut server);
    server.kill();
    let server = Server::start(&data);
    load.turn_to(server.address);
    let acknowledged = load.finish();
    server.wait_until_folded();
    server.stop();
    let conn = rusqlite::Connection::open(data.join(guestlog::store::MAIN_FILE)).unwrap();
    let rows: i64 = conn.query_row("select count(*) from event_hot", [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(rows).unwrap(), acknowledged.len());
}

/// The system would end the process before it has said why.
#[test]
fn a_store_that_outgrows_a_limit_of_file_sizes_while_it_is_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // 512 bytes, or 1 KB where the shell counts in kilobytes.
    let before = ["sh", "-c", "ulimit -f 1 && exec \"$0\" \"$@\""];
    let said = Server::spawn(&folder.path().join("data"), &[], &before).err().expect("there is no store");
    assert!(said.contains("the store cannot be opened"), "{said}");
}
