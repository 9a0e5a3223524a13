//! Counts and sizes of a store, for its operator. They never contain a name, an address or a secret.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::store::batch;
use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE};
use crate::store::error::Error;
use crate::store::file::migrate;
use crate::store::file::open;
use crate::store::hits::session;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// How many schema migrations the file has.
    pub version: usize,
    pub accounts: i64,
    pub users: i64,
    pub tokens: i64,
    pub visitors: i64,
    pub sessions: i64,
    pub hot_events: i64,
    /// Segments, and the events in them.
    pub segments: i64,
    pub closed_events: i64,
    pub contacts: i64,
    pub dead_letters: i64,
    /// Hits of the inbox that are not folded yet.
    pub waiting: i64,
    pub watermark: i64,
    /// Time of the newest event, milliseconds UTC.
    pub newest_ms: Option<i64>,
}

/// Reads the statistics, also beside a running server; `None` when there is no store.
pub fn find(data_dir: &Path) -> Result<Option<Statistics>, Error> {
    let Some(conn) = data_dir::open_main(data_dir)? else { return Ok(None) };
    conn.execute_batch("begin")?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let newest = session::find_newest(&conn)?;
    let mut statistics = Statistics {
        version: migrate::version(&conn, migrate::MAIN)?,
        accounts: number("select count(*) from account")?,
        users: number("select count(*) from user")?,
        tokens: number("select count(*) from token")?,
        // Numbers are given out without gaps, so the last one is the count and no row needs to be read.
        visitors: number("select coalesce(sum(last_visitor), 0) from account")?,
        sessions: number("select coalesce(sum(last_session), 0) from account")?,
        hot_events: number("select count(*) from event_hot")?,
        segments: number("select count(*) from segment")?,
        closed_events: number("select coalesce(sum(rows), 0) from segment")?,
        contacts: number("select count(*) from contact where state = 'active'")?,
        dead_letters: number("select count(*) from dead_letter")?,
        waiting: 0,
        watermark: crate::store::watermark(&conn)?,
        newest_ms: conn
            .query_row("select max(last_ms) from segment", [], |row| row.get(0))
            .map(|closed: Option<i64>| closed.max(newest))?,
    };
    let inbox = data_dir.join(INBOX_FILE);
    if !data_dir::is_absent(&inbox)? {
        let conn = open::reader(&inbox)?;
        statistics.waiting = batch::count_after(&conn, statistics.watermark)?;
    }
    Ok(Some(statistics))
}

/// Sizes on disk, in bytes, except for `events`, `visitors` and `days`, which are counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Page views and completions, of closed days and open ones.
    pub events: i64,
    pub visitors: i64,
    /// Closed days.
    pub days: i64,
    /// All files of the data directory.
    pub files: i64,
    /// The columns of segments, without the unused rest of their pages.
    pub columns: i64,
    /// Each table and index, in whole pages.
    pub tables: BTreeMap<String, i64>,
}

/// Measures a store that no server has open, after writing its logs back.
pub fn sizes(data_dir: &Path) -> Result<Sizes, Error> {
    for file in [MAIN_FILE, INBOX_FILE] {
        let conn = rusqlite::Connection::open(data_dir.join(file))?;
        conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    }
    let conn = open::reader(&data_dir.join(MAIN_FILE))?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut sizes = Sizes {
        events: number(
            "select (select coalesce(sum(rows), 0) from segment) + (select count(*) from event_hot)",
        )?,
        visitors: number("select coalesce(sum(last_visitor), 0) from account")?,
        days: number("select count(distinct day) from segment")?,
        columns: number("select coalesce(sum(length(data)), 0) from segment_column")?,
        ..Sizes::default()
    };
    let mut statement = conn.prepare("select name, sum(pgsize) from dbstat group by name")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sizes.tables.insert(row.get(0)?, row.get(1)?);
    }
    for file in std::fs::read_dir(data_dir)? {
        let bytes = file?.metadata()?.len();
        sizes.files += i64::try_from(bytes).unwrap_or(i64::MAX);
    }
    Ok(sizes)
}
