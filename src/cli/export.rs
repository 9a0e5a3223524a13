//! `guestlog export events`: all events of an account as a file. The store is only read, in one state, so the command can
//! run while the server is running.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::answer::{Answer, Failure, Progress, Stopped, note, write_file};
use crate::app::export::columns::COLUMNS;
use crate::app::export::{Export, Format, Wanted};
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, parse_day};
use crate::store::{self, export::Snapshot};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Export all events of an account, as CSV or NDJSON. Can run while the server is running
    #[command(after_long_help = columns_help())]
    Events(Events),
}

#[derive(clap::Args)]
pub(super) struct Events {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// First day, in the time zone of the account, such as 2026-01-31. The default is the first one with events
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Option<LocalDay>,
    /// Last day, in the time zone of the account. The default is the last one with events
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Option<LocalDay>,
    /// `csv` for spreadsheets: a cell that a spreadsheet would compute gets a ' in front. `ndjson` for programs: a JSON
    /// object a line, texts as they are
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    format: Form,
    /// Begin a CSV file with a byte order mark, which Excel needs for letters such as é
    #[arg(long)]
    bom: bool,
    /// The file to write. The default is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Csv,
    Ndjson,
}

fn day(text: &str) -> Result<LocalDay, String> {
    parse_day(text).ok_or_else(|| "enter a day such as 2026-01-31".to_owned())
}

fn columns_help() -> String {
    let width = COLUMNS.iter().map(|column| column.name.len()).max().unwrap_or(0);
    let lines = COLUMNS.iter().map(|column| format!("  {:<width$}  {}", column.name, column.what));
    format!(
        "Columns (what is not known is an empty cell in CSV and null in NDJSON):\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// Answers `None` when the events themselves were the answer on stdout.
pub(super) fn run(command: &Command, config: &Config, json: bool) -> Result<Option<Answer>, Failure> {
    let Command::Events(asked) = command;
    if json && asked.output.is_none() {
        return Err(Failure::usage(
            "--json needs --output, because the events would be on standard output too",
        ));
    }
    let wanted = Wanted {
        first: asked.from,
        last: asked.to,
        format: match asked.format {
            Form::Csv => Format::Csv { mark: asked.bom },
            Form::Ndjson if asked.bom => return Err(Failure::usage("--bom is for CSV")),
            Form::Ndjson => Format::Ndjson,
        },
    };
    if wanted.is_reversed() {
        return Err(Failure::usage("--from is after --to"));
    }
    let id = AccountId(asked.account);
    let unknown = || Failure::failed(format!("there is no account {id}"));
    let snapshot = Snapshot::open(&config.server.data_dir)?.ok_or_else(unknown)?;
    let account = store::account::find(snapshot.conn(), id)?.ok_or_else(unknown)?;
    let mut export = Export::new(account, &wanted, RealClock.now());
    match &asked.output {
        Some(file) => {
            let bytes = write_file(file, asked.force, |output| write(&mut export, &snapshot, output))?;
            let answer = answer(&export, file, bytes);
            judge(&export).inspect_err(|_| note(&answer.text)).map(|()| Some(answer))
        }
        None => {
            match write(&mut export, &snapshot, &mut std::io::stdout().lock()) {
                // A reader that is gone needs no output.
                Err(Stopped::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return Ok(None),
                Err(Stopped::Output(error)) => return Err(Failure::failed(format!("cannot write: {error}"))),
                Err(Stopped::Store(error)) => return Err(error.into()),
                Ok(_) => {}
            }
            judge(&export).map(|()| None)
        }
    }
}

/// Writes all events; answers the number of bytes.
fn write(export: &mut Export, snapshot: &Snapshot, output: &mut dyn Write) -> Result<u64, Stopped> {
    let total = export.count_about(snapshot.conn()).map_err(Stopped::Store)?;
    let mut progress = Progress::start(RealClock.monotonic());
    let (mut bytes, mut part) = (0, Vec::new());
    let mut has_more = true;
    while has_more {
        part.clear();
        has_more = export.step(snapshot.conn(), &mut part).map_err(Stopped::Store)?;
        output.write_all(&part).map_err(Stopped::Output)?;
        bytes += part.len() as u64;
        progress.show(RealClock.monotonic(), || percent_line(export.exported.events(), total));
    }
    output.flush().map_err(Stopped::Output)?;
    progress.end();
    Ok(bytes)
}

fn percent_line(done: u64, total: u64) -> String {
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
    format!("{done} events exported ({percent} %)")
}

fn answer(export: &Export, file: &Path, bytes: u64) -> Answer {
    let exported = export.exported;
    let json = json!({
        "file": file,
        "bytes": bytes,
        "events": exported.events(),
        "page_views": exported.page_views,
        "completions": exported.completions,
    });
    let text = format!(
        "{} written: {} page views, {} completions",
        file.display(),
        exported.page_views,
        exported.completions
    );
    Answer::new(json, text)
}

/// Fails when days are missing in what was written.
fn judge(export: &Export) -> Result<(), Failure> {
    if export.damaged().is_empty() {
        return Ok(());
    }
    let days: Vec<String> = export.damaged().iter().map(LocalDay::to_string).collect();
    Err(Failure::failed(format!(
        "the events of these days cannot be read and are missing in the export: {}. Restore a backup, or see guestlog check",
        days.join(", ")
    )))
}
