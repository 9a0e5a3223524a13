//! The output of a command: its answer on stdout, as text or JSON, or the reason of a failure on stderr with the exit
//! code; and a file that a command writes. Nothing else in `cli` prints.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::app::commands::{self, Kind};
use crate::config::ConfigError;
use crate::server::control::Error as ControlError;
use crate::store;

/// The command could not be done.
pub(super) const FAILED: u8 = 1;
/// The arguments make no sense together.
pub(super) const USAGE: u8 = 2;
/// The configuration is wrong, or names something that cannot be used (`EX_CONFIG`).
pub(super) const BAD_CONFIGURATION: u8 = 78;

/// What a command found or did.
pub(super) struct Answer {
    pub json: Value,
    /// The same as text, without a line end.
    pub text: String,
    /// The command was done, and what it found is bad (`check`). The exit code is 1.
    pub bad: bool,
}

impl Answer {
    pub(super) fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), bad: false }
    }

    pub(super) fn print(&self, as_json: bool) -> ExitCode {
        let text = if as_json { self.json.to_string() } else { self.text.clone() };
        // A reader that is gone needs no output.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
        if self.bad { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
    }
}

#[derive(Debug)]
pub(super) struct Failure {
    pub code: u8,
    pub message: String,
}

pub(super) type Outcome = Result<Answer, Failure>;

impl Failure {
    pub(super) fn failed(message: impl std::fmt::Display) -> Self {
        Self { code: FAILED, message: message.to_string() }
    }

    pub(super) fn usage(message: impl std::fmt::Display) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    pub(super) fn print(&self) -> ExitCode {
        let _ = writeln!(std::io::stderr().lock(), "guestlog: {}", self.message);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: BAD_CONFIGURATION, message: error.to_string() }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let code = if matches!(error, store::Error::DataDir { .. }) { BAD_CONFIGURATION } else { FAILED };
        Self { code, message: error.to_string() }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Store(error) => error.into(),
            ControlError::Refused(commands::Error { kind: Kind::Invalid, message }) => Self::usage(message),
            error => Self::failed(error),
        }
    }
}

/// Says something beside the answer, on stderr.
pub(super) fn note(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "guestlog: {message}");
}

/// Says how far a long command has come, on stderr: in place on a terminal, in a line of its own every few seconds
/// elsewhere.
pub(super) struct Progress {
    is_terminal: bool,
    /// By the monotonic clock.
    shown: Duration,
    has_line: bool,
}

/// How often it is said on a terminal, and elsewhere.
const PROGRESS_ON_TERMINAL: Duration = Duration::from_millis(200);
const PROGRESS_ELSEWHERE: Duration = Duration::from_secs(5);

impl Progress {
    pub(super) fn start(now: Duration) -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), shown: now, has_line: false }
    }

    pub(super) fn show(&mut self, now: Duration, text: impl FnOnce() -> String) {
        let pause = if self.is_terminal { PROGRESS_ON_TERMINAL } else { PROGRESS_ELSEWHERE };
        if now.saturating_sub(self.shown) < pause {
            return;
        }
        self.shown = now;
        self.has_line = self.is_terminal;
        let mut stderr = std::io::stderr().lock();
        let _ = match self.is_terminal {
            // Back to the beginning of the line, and clears what is left of the text before.
            true => write!(stderr, "\r{}\u{1b}[K", text()),
            false => writeln!(stderr, "guestlog: {}", text()),
        };
        let _ = stderr.flush();
    }

    /// Takes the line away, so that the answer does not stand behind it.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.has_line) {
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Formats columns below their names, as wide as they need to be. The last column is not padded.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let head = heads.get(column).map_or(0, |head| head.chars().count());
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut heads.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// Why a file could not be written to its end.
pub(super) enum Stopped {
    Store(store::Error),
    Output(std::io::Error),
}

/// Writes a file. It appears under its name when it is complete, and only its owner can read it. A file that is there is only
/// replaced when that was asked for.
pub(super) fn write_file<T>(
    file: &Path,
    replace: bool,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Stopped>,
) -> Result<T, Failure> {
    match file.symlink_metadata() {
        // Only a regular file is replaced, not a device or a link.
        Ok(about) if !replace || !about.is_file() => return Err(store::Error::Exists(file.to_owned()).into()),
        _ => {}
    }
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(format!(".{}.unfinished", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let written = (|| {
        let open = File::options().create_new(true).write(true).mode(0o600).open(&unfinished);
        let mut output = BufWriter::new(open.map_err(Stopped::Output)?);
        let done = write(&mut output)?;
        output.flush().map_err(Stopped::Output)?;
        output.get_ref().sync_all().map_err(Stopped::Output)?;
        std::fs::rename(&unfinished, file).map_err(Stopped::Output)?;
        Ok(done)
    })();
    written.map_err(|stopped| {
        // The file may not even exist, so an error here means nothing.
        let _ = std::fs::remove_file(&unfinished);
        match stopped {
            Stopped::Store(error) => error.into(),
            Stopped::Output(error) => Failure::failed(format!("cannot write {}: {error}", file.display())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_as_wide_as_their_longest_cell() {
        let rows = [vec!["1".into(), "Zoë".into()], vec!["22".into(), "B".into()]];
        assert_eq!(table(&["number", "name"], &rows), "number  name\n1       Zoë\n22      B");
        assert_eq!(table(&["a"], &[]), "a");
    }
}
