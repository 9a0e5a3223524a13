//! Checks a backup: before it is restored, and when an operator asks.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::backup::BackupInfo;
use super::check::{self, Report};
use crate::base::clock::Millis;
use crate::store::error::Error;
use crate::store::file::open;

/// Opens a backup and checks all of it. A plain copy of the main file is a backup without waiting hits. Damage is a
/// finding of the report; a file that is no backup at all is `BadBackup`.
pub fn verify_backup(file: &Path) -> Result<(Option<BackupInfo>, Report), Error> {
    let bad = |finding: String| Error::BadBackup { file: file.to_owned(), finding };
    let about = std::fs::metadata(file).map_err(|error| bad(error.to_string()))?;
    if about.len() == 0 || about.is_dir() {
        return Err(bad("it is empty or not a file".to_owned()));
    }
    let mut report = Report::default();
    let looked = open::reader(file).and_then(|conn| {
        open::verify_header(&conn)?;
        check::check_main(&conn, &mut report)?;
        let found = about_of(&conn, about.len())?;
        if found.is_some() && report.findings.is_empty() {
            check_waiting(&conn, &mut report)?;
        }
        Ok(found)
    });
    match looked {
        Ok(found) => {
            report.waiting = found.as_ref().map_or(0, |about| about.waiting);
            Ok((found, report))
        }
        Err(error) if error.is_corruption() => Err(bad(error.to_string())),
        Err(error) => Err(error),
    }
}

/// The waiting hits are numbered without a gap, from the first one that is not processed. Otherwise the server would take
/// the gap for hits that wait, and accept nothing.
fn check_waiting(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    let watermark = crate::store::watermark(conn)?;
    let (count, lowest, highest): (i64, Option<i64>, Option<i64>) =
        conn.query_row("select count(*), min(id), max(id) from backup_hit", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if let (Some(lowest), Some(highest)) = (lowest, highest)
        && (lowest != watermark + 1 || highest != watermark + count)
    {
        report.findings.push(format!(
            "{count} waiting hits are numbered from {lowest} to {highest}, but {watermark} hits are processed"
        ));
    }
    Ok(())
}

fn about_of(conn: &Connection, bytes: u64) -> Result<Option<BackupInfo>, Error> {
    if !conn.prepare("select 1 from sqlite_schema where name = 'backup_about'")?.exists([])? {
        return Ok(None);
    }
    let created: Option<i64> = conn
        .query_row("select created_ms from backup_about where id = 1", [], |row| row.get(0))
        .optional()?;
    let waiting = conn.query_row("select count(*) from backup_hit", [], |row| row.get(0))?;
    Ok(created.map(|created| BackupInfo { created: Millis(created), waiting, bytes }))
}
