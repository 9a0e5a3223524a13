//! System calls that fail under the running server: the N-th, or every one from then on until the fault ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use guestlog::base::clock::pause;

use super::{audit, is_quick, is_slow};
use crate::harness::load::Load;
use crate::harness::server::{Server, prepare, signal, skipped};

/// A test gives up when hits are not taken again by then. It is no measure: other tests share the machine.
const BACK: Duration = Duration::from_secs(60);
/// How long a fault lasts.
const LASTS: Duration = Duration::from_millis(400);

/// A fault that lasts as long as this value.
struct Fault(Child);

impl Fault {
    /// `rule` as in `strace -e inject=`.
    ///
    /// # Errors
    /// Why this machine does not let us.
    fn begin(process: u32, rule: &str) -> Result<Self, String> {
        let calls = rule.split(':').next().unwrap();
        let mut child = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-p", &process.to_string()])
            .args(["-e", &format!("trace={calls}"), "-e", &format!("inject={rule}")])
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("strace: {error}"))?;
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        if said.contains("attached") {
            return Ok(Self(child));
        }
        child.wait().unwrap();
        Err(said.trim().to_owned())
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            signal(self.0.id(), "TERM");
        }
        self.0.wait().unwrap();
    }
}

/// The rules of a sweep, and whether each must be felt by those who send.
fn rules() -> Vec<(String, bool)> {
    let mut rules = Vec::new();
    let last = if is_slow() { 25 } else { 1 };
    for call in ["fsync,fdatasync", "pwrite64", "ftruncate", "openat"] {
        for error in ["EIO", "ENOSPC"] {
            for n in 1..=last {
                let felt = matches!(call, "fsync,fdatasync" | "pwrite64");
                // Counted for each thread; the writers are what calls these.
                rules.push((format!("{call}:error={error}:when={n}"), felt && n == 1));
                rules.push((format!("{call}:error={error}:when={n}+"), felt && n == 1));
            }
        }
    }
    rules
}

/// Waits until `reached` is true; false when it is not within `BACK`.
fn eventually(reached: impl Fn() -> bool) -> bool {
    for _ in 0..BACK.as_millis() / 20 {
        if reached() {
            return true;
        }
        pause(Duration::from_millis(20));
    }
    reached()
}

#[test]
fn calls_that_fail_cost_answers_and_nothing_that_was_acknowledged() {
    if is_quick() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    let mut server = Server::start(&data);
    if skipped("failing system calls", Fault::begin(server.id(), "fsync:error=EIO:when=1").err()) {
        return;
    }
    let load = Load::start("sweep", account, 4);
    load.turn_to(server.address);
    for (number, (rule, felt)) in rules().into_iter().enumerate() {
        assert!(load.wait_for(20, BACK), "before {rule}:\n{}", server.log());
        let before = load.sent_back();
        let fault = Fault::begin(server.id(), &rule).unwrap();
        pause(LASTS);
        if felt {
            let reached = || load.sent_back() > before;
            assert!(eventually(reached), "{rule}: no client was sent back");
        }
        assert!(server.is_running(), "{rule}:\n{}", server.log());
        assert_eq!(server.status("/healthz"), Some(200), "{rule}");
        if number % 3 == 2 {
            // Killed in the middle of it.
            server.kill();
            drop(fault);
            audit::of_copy(&data).assert_whole(&load.acknowledged(), &rule);
            server = Server::start(&data);
            load.turn_to(server.address);
        } else {
            drop(fault);
        }
        assert!(load.wait_for(20, BACK), "not back after {rule}:\n{}", server.log());
        assert_eq!(server.status("/readyz"), Some(200), "{rule}");
    }
    let all = load.finish();
    server.wait_until_folded();
    assert_eq!(server.stop().0.code(), Some(0));
    let audit = audit::of(&data);
    audit.assert_whole(&all, "at the end");
    assert_eq!(audit.folded.len() + audit.waiting.len(), all.len());
}
