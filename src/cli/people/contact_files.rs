//! `guestlog contact export` and `contact import`: all contacts of an account as a CSV file, and contacts from one.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::app::commands::Command;
use crate::app::export::contacts::ContactExport;
use crate::app::people::import::file;
use crate::base::clock::{Clock, RealClock};
use crate::base::random::{Random, SystemRandom};
use crate::cli::answer::{Answer, Failure, Outcome, Progress, Stopped, note, write_file};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::import::{FILE_MAX, Refusal};
use crate::server::control::execute;
use crate::store::import::Import as Stored;
use crate::store::{self, data_dir, export::Snapshot};

#[derive(clap::Args)]
pub(in crate::cli) struct Export {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// Begin with a byte order mark, which Excel needs for letters such as é
    #[arg(long)]
    bom: bool,
    /// The file to write. The default is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

/// Answers `None` when the contacts themselves were the answer on stdout.
pub(in crate::cli) fn export(asked: &Export, config: &Config, json: bool) -> Result<Option<Answer>, Failure> {
    if json && asked.output.is_none() {
        return Err(Failure::usage(
            "--json needs --output, because the contacts would be on standard output too",
        ));
    }
    let id = AccountId(asked.account);
    let unknown = || Failure::failed(format!("there is no account {id}"));
    let snapshot = Snapshot::open(&config.server.data_dir)?.ok_or_else(unknown)?;
    let account = store::account::find(snapshot.conn(), id)?.ok_or_else(unknown)?;
    let mut export = ContactExport::new(account, asked.bom);
    let Some(file) = &asked.output else {
        return match write(&mut export, &snapshot, &mut std::io::stdout().lock()) {
            // A reader that is gone needs no output.
            Err(Stopped::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(None),
            Err(Stopped::Output(error)) => Err(Failure::failed(format!("cannot write: {error}"))),
            Err(Stopped::Store(error)) => Err(error.into()),
            Ok(()) => Ok(None),
        };
    };
    write_file(file, asked.force, |output| write(&mut export, &snapshot, output))?;
    let text = format!("{} written: {} contacts", file.display(), export.exported);
    Ok(Some(Answer::new(json!({ "file": file, "contacts": export.exported }), text)))
}

fn write(export: &mut ContactExport, snapshot: &Snapshot, output: &mut dyn Write) -> Result<(), Stopped> {
    let mut progress = Progress::start(RealClock.monotonic());
    let (mut part, mut has_more) = (Vec::new(), true);
    while has_more {
        part.clear();
        has_more = export.step(snapshot.conn(), &mut part).map_err(Stopped::Store)?;
        output.write_all(&part).map_err(Stopped::Output)?;
        progress.show(RealClock.monotonic(), || format!("{} contacts exported", export.exported));
    }
    output.flush().map_err(Stopped::Output)
}

#[derive(clap::Args)]
pub(in crate::cli) struct Import {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// A CSV file with a head. A row is about the contact of its email or external ID, which is created when there is none
    file: PathBuf,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// What a column is imported as: `email`, `other_emails`, `external_id`, `created`, `first_seen`, `last_seen`, `original_source`, the name of
    /// a property, or `-` for nothing. Other
    /// columns are recognised by their headings
    #[arg(long = "map", value_name = "COLUMN=PROPERTY", value_parser = pair)]
    map: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (column, target) = text.rsplit_once('=').ok_or("write COLUMN=PROPERTY")?;
    Ok((column.to_owned(), target.to_owned()))
}

/// Refused rows that the answer names as text. As JSON it names all.
const SHOWN: usize = 20;

pub(in crate::cli) fn import(asked: Import, config: &Config) -> Outcome {
    let Import { account, file, dry_run, map } = asked;
    let account = AccountId(account);
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let copied = copy(&config.server.data_dir, &file)?;
    let command = Command::ContactImport { account, file: copied.clone(), name, map, check_only: dry_run };
    let begun = execute(config, command).inspect_err(|_| {
        // Whoever began to import it has deleted it.
        let _ = file::delete(&config.server.data_dir, &copied);
    });
    let mut done = begun?;
    let mut progress = Progress::start(RealClock.monotonic());
    let number = |done: &Value, key: &str| done.get(key).and_then(Value::as_i64).unwrap_or(0);
    let import = number(&done, "import_id");
    while matches!(done.get("state").and_then(Value::as_str), Some("checking" | "running")) {
        let (rows, total) = (number(&done, "done"), number(&done, "rows"));
        progress.show(RealClock.monotonic(), || format!("{rows} of {total} rows"));
        done = execute(config, Command::ContactImportContinue { account, import })?;
    }
    progress.end();
    let (stored, refusals) = read_report(config, account, import)?;
    if dry_run && !stored.state.is_over() {
        execute(config, Command::ContactImportDiscard { account, import })?;
    }
    Ok(answer(dry_run, &stored, &refusals))
}

/// Copies a file into the folder of imports, where the server finds it. Answers its name there.
fn copy(data_dir: &Path, source: &Path) -> Result<String, Failure> {
    let cannot =
        |error: std::io::Error| Failure::failed(format!("cannot read {}: {error}", source.display()));
    let mut from = File::open(source).map_err(cannot)?.take(FILE_MAX + 1);
    data_dir::create_data_dir(data_dir)?;
    let name = SystemRandom.token();
    let copied = (|| {
        let mut to = file::create(data_dir, &name)?;
        let bytes = std::io::copy(&mut from, &mut to)?;
        let path = file::path_of(data_dir, &name);
        data_dir::give_to_owner(data_dir, &[path.parent(), Some(&path)])?;
        Ok(bytes)
    })();
    let refuse = |failure| {
        let _ = file::delete(data_dir, &name);
        Err(failure)
    };
    match copied {
        Err(error) => refuse(cannot(error)),
        Ok(bytes) if bytes > FILE_MAX => {
            refuse(Failure::failed(format!("the file is larger than {} MiB", FILE_MAX / (1024 * 1024))))
        }
        Ok(_) => Ok(name),
    }
}

/// How the import ended, and every refused row.
fn read_report(config: &Config, account: AccountId, id: i64) -> Result<(Stored, Vec<Refusal>), Failure> {
    let gone = || Failure::failed("the import is not there any more");
    let conn = data_dir::open_main(&config.server.data_dir)?.ok_or_else(gone)?;
    let stored = store::import::find(&conn, account, id)?.ok_or_else(gone)?;
    let refusals = store::import::list_refusals(&conn, id, 0, usize::MAX)?;
    Ok((stored, refusals))
}

fn answer(dry_run: bool, import: &Stored, refusals: &[Refusal]) -> Answer {
    let heading = |column: Option<usize>| {
        column.and_then(|column| import.columns.get(column)).map(|column| column.heading.clone())
    };
    let row = |refusal: &Refusal| {
        json!({
            "line": refusal.line,
            "column": heading(refusal.column),
            "reason": refusal.reason.as_str(),
            "other": refusal.other,
            "text": refusal.text(),
        })
    };
    let tally = import.tally;
    let json = json!({
        "import_id": import.id,
        "dry_run": dry_run,
        "state": import.state.as_str(),
        "encoding": import.encoding,
        "separator": char::from(import.separator),
        "columns": import.columns,
        "rows": import.rows,
        "created": tally.created,
        "changed": tally.changed,
        "same": tally.same,
        "refused": tally.refused,
        "refusals": refusals.iter().map(row).collect::<Vec<_>>(),
    });
    let verb = if dry_run { "would be " } else { "" };
    let mut lines = vec![format!(
        "{} rows: {} {verb}created, {} {verb}changed, {} already as in the file, {} refused",
        import.rows, tally.created, tally.changed, tally.same, tally.refused
    )];
    lines.extend(refusals.iter().take(SHOWN).map(|refusal| {
        let place = heading(refusal.column).map_or_else(String::new, |heading| format!(", {heading}"));
        format!("line {}{place}: {}", refusal.line, refusal.text())
    }));
    if refusals.len() > SHOWN {
        lines.push(format!("and {} more; --json names all", refusals.len() - SHOWN));
    }
    let bad = import.stop.is_some();
    if let Some(stop) = import.stop {
        let why = match stop {
            store::import::Stop::Erased => "somebody was erased meanwhile, and the file may name them",
            store::import::Stop::Lost => "its file cannot be read any more",
        };
        note(&format!("the import stopped after line {}: {why}; import the file again", import.line));
    }
    Answer { bad, ..Answer::new(json, lines.join("\n")) }
}
