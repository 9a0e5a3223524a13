//! Replaces a store by a backup. Both new files are made and checked in a directory of their own inside the data
//! directory. Giving that directory its final name is the one moment at which the new store takes the place of the old
//! one. If the process is interrupted before, the old store remains; if it is interrupted after, the next opening
//! finishes the work (`data_dir::settle`).

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::backup::BackupInfo;
use super::check::Report;
use super::verify_backup::verify_backup;
use crate::base::clock::Millis;
use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE, RESTORE_NEW, RESTORE_READY};
use crate::store::error::Error;
use crate::store::file::migrate;
use crate::store::file::open;

#[derive(Clone, Debug)]
pub struct Restored {
    pub about: Option<BackupInfo>,
    pub report: Report,
    /// Where the old files are now; empty when there were none.
    pub kept: Vec<PathBuf>,
}

/// Replaces the store by `file`, and keeps the old files as `….before-restore-<time>`. After an error the store is as it
/// was before. Answers `Locked` when a server is running, and `BadBackup` or `TooNew` when the file cannot be used.
pub fn restore(data_dir: &Path, file: &Path, now: Millis) -> Result<Restored, Error> {
    // Checked first, so that a mistyped name creates no directory.
    if !file.is_file() {
        return Err(Error::BadBackup { file: file.to_owned(), finding: "there is no such file".to_owned() });
    }
    data_dir::create_data_dir(data_dir)?;
    let _lock = data_dir::lock(data_dir)?;
    data_dir::finish_restore(data_dir)?;
    let stage = data_dir.join(RESTORE_NEW);
    let staged = stage_files(data_dir, &stage, file, now);
    let (about, report) = match staged {
        Ok(found) => found,
        Err(error) => {
            let _ = std::fs::remove_dir_all(&stage);
            return Err(error);
        }
    };
    let time: String = now.iso().chars().filter(char::is_ascii_alphanumeric).collect();
    std::fs::rename(&stage, data_dir.join(format!("{RESTORE_READY}{time}")))?;
    data_dir::sync_dir(Some(data_dir))?;
    let kept = data_dir::finish_restore(data_dir)?;
    Ok(Restored { about, report, kept })
}

fn stage_files(
    data_dir: &Path,
    stage: &Path,
    file: &Path,
    now: Millis,
) -> Result<(Option<BackupInfo>, Report), Error> {
    let (main, inbox) = (stage.join(MAIN_FILE), stage.join(INBOX_FILE));
    // Left over from an earlier restore that was interrupted.
    match std::fs::remove_dir_all(stage) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::fs::create_dir(stage)?;
    data_dir::give_to_owner(data_dir, &[Some(stage)])?;
    data_dir::restrict(&main)?;
    std::fs::copy(file, &main)?;
    data_dir::restrict(&main)?;
    // The copy is verified and not the source, because the source may change meanwhile.
    let (about, report) = verify_backup(&main).map_err(|error| match error {
        Error::BadBackup { finding, .. } => Error::BadBackup { file: file.to_owned(), finding },
        error => error,
    })?;
    if let Some(finding) = report.findings.first() {
        return Err(Error::BadBackup { file: file.to_owned(), finding: finding.clone() });
    }
    let mut inbox_conn = data_dir::open_checked(&inbox, migrate::INBOX, &[], open::INBOX_PAGE_BYTES, now)?;
    let main_conn = Connection::open_with_flags(&main, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if about.is_some() {
        move_hits(&main_conn, &mut inbox_conn)?;
    }
    for conn in [main_conn, inbox_conn] {
        conn.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
        conn.close().map_err(|(_, error)| error)?;
    }
    for path in [&main, &inbox] {
        File::open(path)?.sync_all()?;
    }
    data_dir::sync_dir(Some(stage))?;
    Ok((about, report))
}

/// Moves the waiting hits into the inbox, and drops the tables that only a backup has.
fn move_hits(main: &Connection, inbox: &mut Connection) -> Result<(), Error> {
    let tx = inbox.transaction()?;
    {
        let mut rows = main.prepare("select id, body from backup_hit order by id")?;
        let mut rows = rows.query([])?;
        let mut insert = tx.prepare("insert into batch (last_id, hits, body) values (?1, 1, ?2)")?;
        while let Some(row) = rows.next()? {
            insert.execute((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))?;
        }
    }
    tx.commit()?;
    main.execute_batch("pragma secure_delete = on; drop table backup_hit; drop table backup_about")?;
    Ok(())
}
