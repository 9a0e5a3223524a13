//! System calls that fail under the running server: the N-th, or every one from then on until the fault ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use guestlog::base::clock::pause;

use super::{audit, is_quick, is_slow};
use crate::harness::load::Load;
use crate::harness::server::{Server, get, prepare, signal, skipped};

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
        // A file system that becomes read-only when its disk fails.
        rules.push((format!("{call}:error=EROFS:when=1+"), matches!(call, "fsync,fdatasync" | "pwrite64")));
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

/// SQLite goes on writing into files that were moved away or removed. What it acknowledged then was gone.
#[test]
fn while_the_directory_is_gone_hits_are_sent_back_and_nobody_loses_what_was_acknowledged() {
    if is_quick() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, away) = (folder.path().join("data"), folder.path().join("away"));
    let account = prepare(&data);
    let mut server = Server::start(&data);
    let load = Load::start("gone", account, 4);
    load.turn_to(server.address);
    for with_another in [false, true] {
        assert!(load.wait_for(50, BACK), "{}", server.log());
        std::fs::rename(&data, &away).unwrap();
        if with_another {
            prepare(&data);
        }
        // What was on its way when the directory went may still be acknowledged, and is on disk.
        pause(Duration::from_millis(50));
        let (before, sent_back) = (load.acknowledged().len(), load.sent_back());
        assert!(eventually(|| load.sent_back() > sent_back + 20), "no client was sent back");
        assert_eq!(load.acknowledged().len(), before, "acknowledged into a file that is gone");
        assert!(server.is_running());
        let (status, text) = get(server.address, "/readyz").unwrap();
        assert!(status == 503 && text.contains("was removed or replaced"), "{status} {text}");
        assert_eq!(server.status("/healthz"), Some(200));
        audit::of_copy(&away).assert_whole(&load.acknowledged(), "in the directory that was moved away");
        if with_another {
            std::fs::remove_dir_all(&data).unwrap();
        }
        std::fs::rename(&away, &data).unwrap();
        assert!(load.wait_for(20, BACK), "not back:\n{}", server.log());
    }
    let all = load.finish();
    server.wait_until_folded();
    assert_eq!(server.stop().0.code(), Some(0));
    audit::of(&data).assert_whole(&all, "at the end");
}

/// A backup and a restore end with a file that is put in its place. When that fails, nothing is half done.
#[test]
fn a_backup_or_restore_whose_last_step_fails_leaves_everything_as_it_was() {
    if is_quick() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    let server = Server::start(&data);
    let load = Load::start("rename", account, 2);
    load.turn_to(server.address);
    assert!(load.wait_for(50, BACK), "{}", server.log());
    let all = load.finish();
    server.wait_until_folded();
    server.stop();
    let backup = folder.path().join("backup.db");
    let run = |before: &[&str], words: &[&str]| {
        let mut command =
            before.iter().copied().chain([env!("CARGO_BIN_EXE_guestlog")]).chain(words.iter().copied());
        let output = Command::new(command.next().unwrap()).args(command).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (directory, file) = (data.to_str().unwrap(), backup.to_str().unwrap());
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    for error in ["EIO", "ENOSPC", "EROFS"] {
        for n in 1..=3 {
            let inject = format!("inject=rename,renameat,renameat2:error={error}:when={n}+");
            let fault =
                ["strace", "-f", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", &inject];
            let _ = std::fs::remove_file(&backup);
            let (code, said) = run(&fault, &["backup", file, "--data-dir", directory]);
            if skipped("failing system calls", said.contains("ptrace").then(|| said.clone())) {
                return;
            }
            assert!(n > 1 || code != Some(0), "{inject}: no fault was felt");
            assert_eq!(code == Some(0), backup.exists(), "{inject}: {said}");
            assert_eq!(names().len(), 1 + usize::from(backup.exists()), "{inject}: {:?}", names());
            let (code, said) = run(&[], &["backup", file, "--force", "--data-dir", directory]);
            assert_eq!(code, Some(0), "{inject}: {said}");
            let (code, said) = run(&fault, &["restore", file, "--data-dir", directory]);
            assert!(n > 1 || code != Some(0), "{inject}: no fault was felt");
            assert!(code == Some(0) || !said.is_empty(), "{inject}: it failed without a word");
            // Whether it was restored or not, the store opens and has everything.
            let server = Server::start(&data);
            assert_eq!(server.status("/readyz"), Some(200), "{inject}: {}", server.log());
            server.stop();
            audit::of(&data).assert_whole(&all, &inject);
        }
    }
}
