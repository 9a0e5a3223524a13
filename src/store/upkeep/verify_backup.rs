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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file::migrate;

    /// The number of the next hit would be too large for the file.
    #[test]
    fn a_watermark_that_no_store_reaches_is_found_in_every_version() {
        for version in 1..=migrate::MAIN.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("copy.db");
            let conn = Connection::open(&path).unwrap();
            for step in &migrate::MAIN[..version] {
                conn.execute_batch(step.sql).unwrap();
            }
            conn.pragma_update(None, "application_id", open::APPLICATION_ID).unwrap();
            conn.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
            let insert = "insert into meta (id, watermark, created_ms) values (1, ?1, 0)";
            conn.execute(insert, [i64::MAX - 1]).unwrap();
            conn.execute_batch(
                "create table backup_about (id integer primary key, created_ms integer not null);
                 create table backup_hit (id integer primary key, body blob not null);
                 insert into backup_about values (1, 0);
                 insert into backup_hit values (9223372036854775807, x'7b7d')",
            )
            .unwrap();
            conn.close().unwrap();
            let findings = verify_backup(&path).unwrap().1.findings;
            assert!(findings.iter().any(|finding| finding.contains("watermark")), "{version}: {findings:?}");
        }
    }
}
