//! Opening connections. Every connection passes `prepare`: pragmas belong to a connection, not to a file.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::error::Error;

/// Marks our files (`pragma application_id`): "Glog".
pub(in crate::store) const APPLICATION_ID: i32 = 0x476C_6F67;
/// How long a connection waits for another one's lock, milliseconds.
const BUSY_MS: u32 = 5_000;

/// Page of a new `guestlog.db`, bytes.
pub(in crate::store) const MAIN_PAGE: u32 = 4_096;
/// Page of a new `inbox.db`, bytes. Hits are only ever appended, some fifty in a commit: few large pages cost less
/// than many small ones (measured: a tenth of the collector's work).
pub(in crate::store) const INBOX_PAGE: u32 = 16_384;

/// The log beside a file is written back when it is this long, bytes.
const CHECKPOINT_BYTES: i64 = 8 * 1024 * 1024;

/// Pages a connection keeps in memory, bytes.
const CACHE_BYTES: i64 = 8_000 * 1_024;

/// How much a writer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Beside everything else a server does.
    Usual,
    /// When nothing else runs: fewer pages are written and read again, fewer times the log is written back.
    Large,
}

impl Room {
    /// Pages kept in memory and the length at which the log is written back, bytes.
    const fn bytes(self) -> (i64, i64) {
        match self {
            Self::Usual => (CACHE_BYTES, CHECKPOINT_BYTES),
            Self::Large => (64_000 * 1_024, 64 * 1024 * 1024),
        }
    }
}

/// From now on the connection takes so much.
pub fn set_room(conn: &Connection, room: Room) -> Result<(), Error> {
    let (cache, log) = room.bytes();
    let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    conn.pragma_update(None, "cache_size", -cache / 1_024)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", log / page.max(1), |_| Ok(()))?;
    Ok(())
}

/// A connection that writes; creates the file, of such pages, when it is not there.
pub(in crate::store) fn writer(path: &Path, page_bytes: u32) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "page_size", page_bytes)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    prepare(&conn)?;
    set_room(&conn, Room::Usual)?;
    Ok(conn)
}

/// A connection that only reads.
pub(in crate::store) fn reader(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&conn)?;
    conn.pragma_update(None, "query_only", "on")?;
    Ok(conn)
}

fn prepare(conn: &Connection) -> Result<(), Error> {
    // FULL: an answer is given only for what survives a power cut (reliability.md measured NORMAL losing
    // rows). secure_delete: erased persons leave no bytes behind (rules.md 25).
    conn.execute_batch(&format!(
        "pragma busy_timeout = {BUSY_MS};
         pragma synchronous = full;
         pragma foreign_keys = on;
         pragma secure_delete = on;
         pragma temp_store = memory;
         pragma cache_size = -{};
         pragma journal_size_limit = 67108864;",
        CACHE_BYTES / 1_024
    ))?;
    // Without it SQLite prepares some statements anew whenever another value is bound to them, in case another plan
    // would be better for it (measured: a tenth of the fold's work).
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Is this file ours, and readable? A new, empty file is.
pub(in crate::store) fn verify_header(conn: &Connection) -> Result<(), Error> {
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(Error::NotOurs);
    }
    Ok(())
}
