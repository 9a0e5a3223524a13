//! Backups: a copy of the store in one file, made beside a running server (rules.md 24). The store is only read.
//!
//! The inbox is read first and the main file later, so every hit that was acknowledged before is in one of them. Hits of
//! the inbox that the main file has not folded yet become a table of the copy.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::base::clock::Millis;
use crate::store::batch;
use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE};
use crate::store::error::Error;
use crate::store::file::open;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// When it was started.
    pub created: Millis,
    /// Hits in it that were not folded yet.
    pub waiting: i64,
    pub bytes: u64,
}

/// Tables that only a backup has.
const COPY_TABLES: &str = "
    create table backup_about (id integer primary key check (id = 1), created_ms integer not null) strict;
    create table backup_hit (id integer primary key, body blob not null) strict;";

/// Writes a backup of the store to `target`, completely or not at all. Answers `Exists` unless `replace`, and `NotFound`
/// when there is no store.
pub fn write(data_dir: &Path, target: &Path, replace: bool, now: Millis) -> Result<BackupInfo, Error> {
    write_with(data_dir, target, replace, now, || ())
}

/// `between` runs after the inbox was read and before the main file is; a test changes the store there.
fn write_with(
    data_dir: &Path,
    target: &Path,
    replace: bool,
    now: Millis,
    between: impl FnOnce(),
) -> Result<BackupInfo, Error> {
    match target.symlink_metadata() {
        // Only a regular file is replaced, not a device or a link.
        Ok(about) if !replace || !about.is_file() => return Err(Error::Exists(target.to_owned())),
        _ => {}
    }
    data_dir::settle(data_dir)?;
    let (main, inbox) = (data_dir.join(MAIN_FILE), data_dir.join(INBOX_FILE));
    if data_dir::is_absent(&main)? {
        return Err(match data_dir::is_absent(&inbox)? {
            true => Error::NotFound,
            false => Error::Corrupt { file: main, finding: "it is missing".to_owned() },
        });
    }
    let unfinished = unfinished(target);
    let written = (|| {
        let file = File::options().create_new(true).write(true).mode(0o600).open(&unfinished)?;
        let waiting = copy(&main, &inbox, &unfinished, now, between)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        std::fs::rename(&unfinished, target)?;
        data_dir::sync_dir(target.parent())?;
        Ok(BackupInfo { created: now, waiting, bytes })
    })();
    if written.is_err() {
        // The file may not even exist, so an error here means nothing.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

/// The name under which the backup is written, in the directory of the target so that it can be renamed.
fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".{}.unfinished", std::process::id()));
    name.into()
}

fn copy(main: &Path, inbox: &Path, to: &Path, now: Millis, between: impl FnOnce()) -> Result<i64, Error> {
    let stamp = |path: &Path| std::fs::metadata(path).map(|about| (about.dev(), about.ino()));
    let before = (stamp(main)?, stamp(inbox)?);
    let inbox_conn = open::reader(inbox).map_err(|error| error.of_file(inbox))?;
    // From its first read on this connection sees the inbox as it is now, whatever is folded and deleted meanwhile.
    inbox_conn.execute_batch("begin")?;
    let batches = batch::table(&inbox_conn)?;
    inbox_conn.query_row(&format!("select max(last_id) from {batches}"), [], |_| Ok(()))?;
    between();
    let main_conn = open::reader(main).map_err(|error| error.of_file(main))?;
    // This allows writing the copy. The store itself cannot be written by this connection.
    main_conn.pragma_update(None, "query_only", "off")?;
    main_conn
        .execute("vacuum into ?1", [to.to_string_lossy()])
        .map_err(|error| Error::from(error).of_file(main))?;
    let target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Speed instead of safety: nobody reads the copy before it is complete and synced.
    target.execute_batch(&format!(
        "pragma journal_mode = memory; pragma synchronous = off; begin; {COPY_TABLES}"
    ))?;
    let watermark = crate::store::watermark(&target)?;
    let mut waiting = 0;
    {
        let mut batches = inbox_conn.prepare(&format!(
            "select last_id, hits, body from {batches} where last_id > ?1 order by last_id"
        ))?;
        let mut batches = batches.query([watermark])?;
        let mut insert = target.prepare("insert into backup_hit (id, body) values (?1, ?2)")?;
        while let Some(found) = batches.next()? {
            let body = found.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let hits = batch::hits(found.get(0)?, found.get(1)?, body);
            for (id, hit) in hits.filter(|(id, _)| *id > watermark) {
                insert.execute((id, hit))?;
                waiting += 1;
            }
        }
    }
    target.execute("insert into backup_about values (1, ?1)", [now.0])?;
    target.execute_batch("commit")?;
    target.close().map_err(|(_, error)| error)?;
    if (stamp(main)?, stamp(inbox)?) != before {
        // A restore replaced the files meanwhile.
        return Err(Error::Busy);
    }
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::clock::ManualClock;
    use crate::store::inbox::{Content, Entry};
    use crate::store::{Options, Store, dead_letter, update_watermark};

    const NOW: Millis = Millis(1_800_000_000_000);

    /// Stands in for the real fold: each hit becomes a dead letter, so that every one can be found again.
    fn fold(store: &Store, count: usize) {
        let after = store.readers.read(crate::store::watermark).unwrap();
        let hits = store.inbox.list(after, count).unwrap();
        let last = hits.last().unwrap().id;
        let folded = store.writer.write_blocking(move |conn| {
            for hit in &hits {
                let Content::Row(row) = &hit.what else { unreachable!("only rows are appended") };
                dead_letter::insert(conn, hit.id, NOW.0, "folded", row)?;
            }
            update_watermark(conn, last)
        });
        folded.unwrap();
        store.inbox.purge(last);
        for _ in 0..1_000 {
            if store.inbox.waiting() == store.inbox.last_id() - last {
                return;
            }
            crate::base::clock::pause(std::time::Duration::from_millis(5));
        }
        panic!("nothing was deleted");
    }

    /// In batches of up to three hits.
    fn append(store: &Store, count: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let entries: Vec<_> = (0..count).collect();
        for batch in entries.chunks(3) {
            let entries = batch.iter().map(|_| Entry::of_row(b"{}".to_vec())).collect();
            runtime.block_on(store.inbox.append(entries)).unwrap();
        }
    }

    /// rules.md 24: while the backup is made, hits are folded and purged, and new ones arrive.
    #[test]
    fn what_is_folded_during_a_backup_is_in_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
        let store = Store::open(&options, ManualClock::at(NOW)).unwrap();
        let store = Arc::new(store);
        append(&store, 10);
        fold(&store, 2);
        let target = dir.path().join("copy.db");
        let busy = || {
            fold(&store, 5);
            append(&store, 4);
            fold(&store, 1);
            append(&store, 1);
        };
        let about = write_with(&options.data_dir, &target, false, NOW, busy).unwrap();
        assert_eq!(about.waiting, 2, "the first ten without the eight that were folded");
        let conn = Connection::open(&target).unwrap();
        let ids: String = conn
            .query_row(
                "select group_concat(id) from (select inbox_id as id from dead_letter
                 union all select id from backup_hit order by 1)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(ids, "1,2,3,4,5,6,7,8,9,10");
    }

    #[test]
    fn only_a_regular_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (target, there) = (dir.path().join("link"), dir.path().join("there"));
        std::os::unix::fs::symlink(&there, &target).unwrap();
        assert!(matches!(write(dir.path(), &target, true, NOW), Err(Error::Exists(_))));
    }
}
