//! Opens connections to SQLite files. Most pragmas belong to a connection and not to a file, so `prepare` sets up every
//! connection.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::error::Error;

/// `pragma application_id` of the files of Guestlog: "Glog".
pub(in crate::store) const APPLICATION_ID: i32 = 0x476C_6F67;
/// How long a connection waits for a lock of another one.
const BUSY_MS: u32 = 5_000;

/// Page size of a new `guestlog.db`.
pub(in crate::store) const MAIN_PAGE_BYTES: u32 = 4_096;
/// Page size of a new `inbox.db`. Hits are only appended, many per commit, so large pages suit them.
pub(in crate::store) const INBOX_PAGE_BYTES: u32 = 16_384;

/// The write-ahead log is written back into the file when it is this long.
const CHECKPOINT_BYTES: i64 = 8 * 1024 * 1024;

/// Size of the page cache of a connection.
const CACHE_BYTES: i64 = 8_000 * 1_024;

/// How much memory and log a writer may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterMemory {
    Usual,
    /// For the inbox, whose rows are written once, read once and deleted.
    Small,
    /// For commands that write much while no server runs. Pages are written and read again less often.
    Large,
}

impl WriterMemory {
    /// Bytes of the page cache, and bytes of the log at which it is written back.
    const fn bytes(self) -> (i64, i64) {
        match self {
            Self::Usual => (CACHE_BYTES, CHECKPOINT_BYTES),
            Self::Small => (CACHE_BYTES / 2, CHECKPOINT_BYTES),
            Self::Large => (64_000 * 1_024, 64 * 1024 * 1024),
        }
    }
}

pub fn set_writer_memory(conn: &Connection, memory: WriterMemory) -> Result<(), Error> {
    let (cache, log) = memory.bytes();
    let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
    conn.pragma_update(None, "cache_size", -cache / 1_024)?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", log / page.max(1), |_| Ok(()))?;
    Ok(())
}

/// Opens a connection that writes. A missing file is created with pages of `page_bytes`.
pub(in crate::store) fn writer(path: &Path, page_bytes: u32) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.pragma_update(None, "page_size", page_bytes)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    prepare(&conn)?;
    set_writer_memory(&conn, WriterMemory::Usual)?;
    Ok(conn)
}

/// Opens a connection that writes the log of an existing file back, and nothing else.
pub(in crate::store) fn checkpointer(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    prepare(&conn)?;
    Ok(conn)
}

/// Opens a connection that only reads.
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
    // synchronous = full: what was acknowledged must survive a power cut; with `normal` committed rows were lost in
    // tests. secure_delete: the bytes of erased persons are overwritten (rules.md 25).
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
    // Otherwise SQLite prepares some statements again for each new value, in case another plan would be better for it
    // (measured: a tenth of the fold's work).
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Answers `NotOurs` for a file of another program. A new, empty file is accepted.
pub(in crate::store) fn verify_header(conn: &Connection) -> Result<(), Error> {
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(Error::NotOurs);
    }
    Ok(())
}
