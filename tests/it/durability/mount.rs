//! File systems of our own, mounted where only we see them: a mount namespace held by a child.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A mount namespace with an empty place in it. Gone when dropped.
pub(super) struct Mounts {
    keeper: Child,
    place: tempfile::TempDir,
    process: String,
}

impl Mounts {
    /// # Errors
    /// Why this machine gives none.
    pub(super) fn new() -> Result<Self, String> {
        let place = tempfile::tempdir().unwrap();
        // It ends with its input, however this process ends.
        let mut keeper = Command::new("unshare")
            .args(["-m", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            let said = keeper.wait_with_output().unwrap();
            return Err(String::from_utf8_lossy(&said.stderr).trim().to_owned());
        }
        let process = keeper.id().to_string();
        Ok(Self { keeper, place, process })
    }

    /// The place as those inside see it.
    pub(super) fn inside(&self) -> &Path {
        self.place.path()
    }

    /// The same place from here; not for SQLite, which follows the link in it by hand.
    pub(super) fn outside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process));
        root.join(self.place.path().strip_prefix("/").unwrap())
    }

    /// What to put before a command that shall run inside.
    pub(super) fn entry(&self) -> [&str; 4] {
        ["nsenter", "-t", &self.process, "-m"]
    }

    /// # Errors
    /// What the command said when it failed.
    pub(super) fn run(&self, words: &[&str]) -> Result<(), String> {
        let [enter, rest @ ..] = self.entry();
        let said = Command::new(enter).args(rest).args(words).output().map_err(|e| e.to_string())?;
        if said.status.success() {
            return Ok(());
        }
        Err(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&said.stderr).trim()))
    }

    /// Puts files into a folder inside.
    pub(super) fn copy_in(&self, from: &Path, name: &str) {
        let to = self.outside().join(name);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
