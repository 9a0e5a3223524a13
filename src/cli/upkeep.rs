//! Commands that keep a store in order: `check`, `backup`, `verify-backup`, `restore`, `replay-deadletter`,
//! `migrate`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{Answer, Failure, Outcome};
use crate::app::commands;
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::server::control::execute;
use crate::store::backup::BackupInfo;
use crate::store::check::Report;
use crate::store::{self, Error};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check the store for damage. Changes nothing and can run while the server is running
    Check,
    /// Back up the store into one file. Can run while the server is running
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace an existing file
        #[arg(long)]
        force: bool,
    },
    /// Check whether a backup can be restored
    VerifyBackup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Replace the store with a backup. The old files are kept next to it
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Process the hits again that could not be processed before
    ReplayDeadletter {
        /// Delete them for good instead
        #[arg(long)]
        delete: bool,
    },
    /// Update the store to the version of this program. The server also does this when it starts
    Migrate {
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(command: &Command, config: &Config) -> Outcome {
    match command {
        Command::Check => check(config),
        Command::Backup { file, force } => backup(config, file, *force),
        Command::VerifyBackup { file } => verify(file),
        Command::Restore { file } => restore(config, file),
        Command::ReplayDeadletter { delete: true } => {
            let done = execute(config, commands::Command::DeleteDeadLetters {})?;
            let count = done.get("deleted").and_then(Value::as_u64).unwrap_or(0);
            Ok(Answer::new(done, format!("{count} hits that could not be processed are deleted")))
        }
        Command::ReplayDeadletter { delete: false } => {
            let done = execute(config, commands::Command::ReplayDeadLetters {})?;
            let count = done.get("replayed").and_then(Value::as_u64).unwrap_or(0);
            Ok(Answer::new(done, format!("{count} hits are back in the inbox; the server processes them")))
        }
        Command::Migrate { dry_run } => migrate(config, *dry_run),
    }
}

/// Before the first start there is nothing to check, and nothing is wrong.
fn check(config: &Config) -> Outcome {
    let data_dir = &config.server.data_dir;
    let Some(report) = store::check::check(data_dir)? else {
        let text = format!(
            "there is no store in {} yet; the server creates it when it first starts",
            data_dir.display()
        );
        return Ok(judge(&Report::default(), &text, json!({})));
    };
    let whole = format!(
        "no damage found: {} accounts, {} events, {} segments, {} hits waiting, {} dead letters",
        report.accounts, report.events, report.segments, report.waiting, report.dead_letters
    );
    Ok(judge(&report, &whole, json!({})))
}

/// The findings, or the message that there are none.
fn judge(report: &Report, whole: &str, more: Value) -> Answer {
    let mut json = json!({
        "ok": report.findings.is_empty(),
        "findings": report.findings,
        "accounts": report.accounts,
        "events": report.events,
        "segments": report.segments,
        "waiting": report.waiting,
        "dead_letters": report.dead_letters,
    });
    if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
        json.extend(more);
    }
    let text = match report.findings.is_empty() {
        true => whole.to_owned(),
        false => report.findings.join("\n"),
    };
    Answer { bad: !report.findings.is_empty(), ..Answer::new(json, text) }
}

fn backup_json(about: &BackupInfo) -> Value {
    json!({ "created": about.created.iso(), "bytes": about.bytes })
}

fn backup(config: &Config, file: &Path, force: bool) -> Outcome {
    let data_dir = &config.server.data_dir;
    let write = || store::backup::write(data_dir, file, force, RealClock.now());
    let written = match write() {
        Err(Error::NotFound) => {
            crate::server::migrate(config)?;
            // This is only a warning. It is normal before the first start, but not if the user meant another
            // directory.
            tracing::warn!("there was no store in {}, so an empty one was created", data_dir.display());
            write()
        }
        written => written,
    };
    let made = written.map_err(|error| match error {
        Error::Io(error) => Failure::failed(format!("cannot write {}: {error}", file.display())),
        error => error.into(),
    })?;
    let text = format!("{} written: {} bytes, {} hits waiting", file.display(), made.bytes, made.waiting);
    let json = json!({
        "file": file, "created": made.created.iso(), "bytes": made.bytes, "waiting": made.waiting,
    });
    Ok(Answer::new(json, text))
}

fn verify(file: &Path) -> Outcome {
    let (found, report) = store::verify_backup::verify_backup(file)?;
    let whole = format!(
        "{} can be restored: {} accounts, {} events, {} hits waiting, {}",
        file.display(),
        report.accounts,
        report.events,
        report.waiting,
        found.as_ref().map_or("a copy of the main file".to_owned(), |about| about.created.iso()),
    );
    Ok(judge(&report, &whole, found.as_ref().map_or(json!({}), backup_json)))
}

fn restore(config: &Config, file: &Path) -> Outcome {
    let data_dir = &config.server.data_dir;
    let done = store::restore::restore(data_dir, file, RealClock.now())
        .map_err(|error| refused_beside_server(error, data_dir))?;
    let mut text = format!(
        "{} restored: {} accounts, {} events, {} hits to be processed",
        file.display(),
        done.report.accounts,
        done.report.events,
        done.report.waiting
    );
    for kept in &done.kept {
        text.push_str(&format!("\nkept: {}", kept.display()));
    }
    let more = json!({ "kept": done.kept, "restored": done.about.as_ref().map(backup_json) });
    let mut answer = judge(&done.report, &text, more);
    answer.text = text;
    Ok(answer)
}

/// For a command that cannot run beside a server, the error says how to run it (rules.md 23).
fn refused_beside_server(error: Error, data_dir: &Path) -> Failure {
    let Error::Locked(_) = error else { return error.into() };
    let line: Vec<String> = std::env::args().map(|word| quote(&word)).collect();
    Failure::failed(format!(
        "a server or another command is using {}; stop it first, for example:\n  systemctl stop guestlog && {}",
        data_dir.display(),
        line.join(" ")
    ))
}

/// The text in a form that a shell reads as one word.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn migrate(config: &Config, dry_run: bool) -> Outcome {
    let data_dir = &config.server.data_dir;
    let steps = store::data_dir::missing_steps(data_dir)?;
    let text = match (steps.is_empty(), dry_run) {
        (true, _) => "nothing to do; the store has the version of this program".to_owned(),
        (false, true) => format!("to do: {}", steps.join(", ")),
        (false, false) => format!("done: {}", steps.join(", ")),
    };
    if !dry_run {
        crate::server::migrate(config).map_err(|error| refused_beside_server(error, data_dir))?;
    }
    Ok(Answer::new(json!({ "steps": steps, "done": !dry_run }), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        for (word, quoted) in [("a/b-c", "a/b-c"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'")] {
            assert_eq!(quote(word), quoted);
        }
    }
}
