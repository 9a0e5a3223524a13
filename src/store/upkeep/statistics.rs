//! A store in numbers, for who looks after it. Never a name, an address or a secret.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE};
use crate::store::error::Error;
use crate::store::file::migrate;
use crate::store::file::open;

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Steps of the schema, in the file and in this program.
    pub version: usize,
    pub accounts: i64,
    pub users: i64,
    pub tokens: i64,
    pub visitors: i64,
    pub sessions: i64,
    pub hot_events: i64,
    /// Closed days, or parts of a day, and the events in them.
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

/// Reads them beside a running server too; `None` when there is no store.
pub fn find(data_dir: &Path) -> Result<Option<Facts>, Error> {
    let Some(conn) = data_dir::open_main(data_dir)? else { return Ok(None) };
    conn.execute_batch("begin")?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut facts = Facts {
        version: migrate::version(&conn, migrate::MAIN)?,
        accounts: number("select count(*) from account")?,
        users: number("select count(*) from user")?,
        tokens: number("select count(*) from token")?,
        // Numbers are dense: the last ones count the rows without reading them.
        visitors: number("select coalesce(sum(last_visitor), 0) from account")?,
        sessions: number("select coalesce(sum(last_session), 0) from account")?,
        hot_events: number("select count(*) from event_hot")?,
        segments: number("select count(*) from segment")?,
        closed_events: number("select coalesce(sum(rows), 0) from segment")?,
        contacts: number("select count(*) from contact where state = 'active'")?,
        dead_letters: number("select count(*) from dead_letter")?,
        waiting: 0,
        watermark: crate::store::watermark(&conn)?,
        newest_ms: conn.query_row(
            "select max(last_ms) from (select max(last_ms) as last_ms from session
                 union all select max(last_ms) from segment)",
            [],
            |row| row.get(0),
        )?,
    };
    let inbox = data_dir.join(INBOX_FILE);
    if !data_dir::is_absent(&inbox)? {
        let conn = open::reader(&inbox)?;
        facts.waiting =
            conn.query_row("select count(*) from hit where id > ?1", [facts.watermark], |row| row.get(0))?;
    }
    Ok(Some(facts))
}
/// What a store takes on disk, bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Page views and completions, closed days and open ones.
    pub events: i64,
    pub visitors: i64,
    /// Closed days.
    pub days: i64,
    /// All files of the data directory.
    pub files: i64,
    /// The columns of segments, without the pages they do not fill.
    pub columns: i64,
    /// By table and index, in whole pages.
    pub tables: BTreeMap<String, i64>,
}

/// Measures a store that no server holds, after its logs were written back.
///
/// # Errors
/// SQLite's, or what the system says.
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
