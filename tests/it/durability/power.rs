//! The power goes: what was not flushed to the disk is gone. An ext4 in a file is shut down without flushing
//! its journal (`FS_IOC_SHUTDOWN`), the server killed, the file system mounted again.

use std::time::Duration;

use guestlog::base::clock::pause;
use guestlog::base::random::SeededRandom;

use super::mount::Mounts;
use super::{audit, is_slow};
use crate::harness::load::Load;
use crate::harness::server::{Server, prepare, skipped};

const CUTS: usize = 30;
/// The flag says: not even the journal.
const CUT: &str = "open(my $f, '<', $ARGV[0]) or die $!; my $b = pack('L', 2);
    ioctl($f, 0x8004587d, $b) or die $!";

/// An empty ext4 in a file beside the place where it is mounted.
fn disk(mounts: &Mounts, file: &std::path::Path) -> Result<(), String> {
    let image = std::fs::File::create(file).map_err(|error| error.to_string())?;
    image.set_len(256 << 20).map_err(|error| error.to_string())?;
    let file = file.to_str().unwrap();
    mounts.run(&["perl", "-e", "1"])?;
    mounts.run(&["mkfs.ext4", "-q", "-F", file])?;
    mount(mounts, file)
}

fn mount(mounts: &Mounts, file: &str) -> Result<(), String> {
    mounts.run(&["mount", "-t", "ext4", "-o", "loop", file, mounts.inside().to_str().unwrap()])
}

#[test]
fn power_cuts_lose_nothing_that_was_acknowledged() {
    if !is_slow() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disk");
    let made = Mounts::new().and_then(|mounts| disk(&mounts, &file).map(|()| mounts));
    if skipped("power cuts", made.as_ref().err().cloned()) {
        return;
    }
    let mounts = made.unwrap();
    let account = prepare(&folder.path().join("data"));
    mounts.copy_in(&folder.path().join("data"), "data");
    mounts.run(&["sync"]).unwrap();
    let (place, data) = (mounts.inside().to_str().unwrap(), mounts.inside().join("data"));
    let load = Load::start("power", account, 6);
    let random = SeededRandom::new(3);
    for cycle in 0..CUTS {
        let server = Server::start_with(&data, &[], &mounts.entry()).unwrap();
        load.turn_to(server.address);
        if cycle % 4 == 3 {
            // Cut again while it takes up what the last cut left.
            pause(Duration::from_millis(50 + random.next_u64() % 450));
        } else {
            assert!(load.wait_for(500, Duration::from_secs(60)), "{}", server.log());
        }
        mounts.run(&["perl", "-e", CUT, place]).unwrap();
        server.kill();
        mounts.run(&["umount", place]).unwrap();
        mount(&mounts, file.to_str().unwrap()).unwrap();
        let when = format!("cut {cycle}");
        let audit = audit::of_copy(&mounts.outside().join("data"));
        audit.assert_whole(&load.acknowledged(), &when);
    }
    let server = Server::start_with(&data, &[], &mounts.entry()).unwrap();
    load.turn_to(server.address);
    let all = load.finish();
    server.wait_until_folded();
    assert_eq!(server.stop().0.code(), Some(0));
    let audit = audit::of_copy(&mounts.outside().join("data"));
    audit.assert_whole(&all, "at the end");
    println!("{CUTS} power cuts: {} acknowledged, none lost", all.len());
    mounts.run(&["umount", place]).unwrap();
}
