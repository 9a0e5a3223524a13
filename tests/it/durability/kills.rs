//! The process is killed or stopped while clients send.

use std::collections::HashSet;
use std::time::Duration;

use guestlog::base::clock::pause;
use guestlog::base::random::SeededRandom;

use super::{audit, is_quick, is_slow};
use crate::harness::load::Load;
use crate::harness::server::{Server, prepare};

const CLIENTS: usize = 6;

/// One store through so many ends of its server; answers how many hits were acknowledged and how long each
/// start took.
fn round(name: &str, kills: usize, stops: usize, acknowledged_each: usize) -> (usize, Vec<Duration>) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    let load = Load::start(name, account, CLIENTS);
    let random = SeededRandom::new(name.len() as u64);
    let mut starts = Vec::new();
    for cycle in 0..kills + stops {
        let server = Server::start(&data);
        starts.push(server.ready_after);
        load.turn_to(server.address);
        // Stops lie between the kills.
        let stop =
            stops > 0 && cycle % ((kills + stops) / stops) == 1 && cycle / ((kills + stops) / stops) < stops;
        if stop || cycle % 2 == 0 {
            assert!(load.wait_for(acknowledged_each, Duration::from_secs(60)), "{}", server.log());
        } else {
            // Some end while they still take up what an earlier one left.
            pause(Duration::from_millis(random.next_u64() % 450));
        }
        let when = format!("{name}, cycle {cycle}");
        if stop {
            let (status, took) = server.stop();
            assert_eq!(status.code(), Some(0), "{when}");
            assert!(took <= Duration::from_secs(10), "{when}: {took:?}");
        } else {
            server.kill();
        }
        // A hit acknowledged while the files are read would be missed: the server is gone, none can be.
        audit::of_copy(&data).assert_whole(&load.acknowledged(), &when);
    }
    let server = Server::start(&data);
    load.turn_to(server.address);
    let all: HashSet<String> = load.finish();
    server.wait_until_folded();
    assert_eq!(server.stop().0.code(), Some(0));
    let audit = audit::of(&data);
    audit.assert_whole(&all, name);
    assert_eq!(audit.folded.len() + audit.waiting.len(), all.len(), "nothing was made up");
    (all.len(), starts)
}

fn assert_quick_starts(mut starts: Vec<Duration>) {
    starts.sort();
    // Another test may have the machine to itself for a moment; half of the starts may not.
    let middle = starts[starts.len() / 2];
    assert!(middle <= Duration::from_secs(2), "{starts:?}");
}

#[test]
fn kills_and_stops_under_load_lose_and_double_nothing() {
    if is_quick() {
        return;
    }
    let (rounds, kills, stops, each) = if is_slow() { (50, 20, 10, 1_500) } else { (1, 20, 10, 300) };
    let mut acknowledged = 0;
    let mut starts = Vec::new();
    for number in 0..rounds {
        let (all, took) = round(&format!("r{number}"), kills, stops, each);
        acknowledged += all;
        starts.extend(took);
    }
    println!("{} kills, {} stops: {acknowledged} acknowledged, none lost", rounds * kills, rounds * stops);
    assert!(!is_slow() || acknowledged >= 1_000_000, "{acknowledged}");
    assert_quick_starts(starts);
}
