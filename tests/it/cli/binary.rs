//! Running the binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program with nothing of this machine's environment that could configure it.
pub(crate) fn guestlog(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guestlog"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GUESTLOG") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to its end in a data directory.
pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    guestlog(arguments).arg("--data-dir").arg(dir).current_dir(dir).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
