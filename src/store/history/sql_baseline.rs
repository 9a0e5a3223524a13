//! The same questions in SQL on one row per event, which the benchmark compares the scan with. Nothing else uses it.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::domain::account::AccountId;
use crate::store::data_dir::MAIN_FILE;
use crate::store::error::Error;
use crate::store::file::open;
use crate::store::segment;

/// The events of an account in a file of their own, with the index such a store would have.
pub struct SqlBaseline(Connection);

/// Each question: its name, its SQL (`?1` and `?2` are the bounds in milliseconds), and the report of the benchmark that
/// answers the same, by its page and the number of its filters.
pub const QUESTIONS: [(&str, &str, &str, usize); 4] = [
    (
        "dashboard's chart",
        "select at_ms / 86400000, count(*), count(distinct visitor), count(distinct session) from event
         where at_ms >= ?1 and at_ms < ?2 group by 1",
        "dashboard",
        0,
    ),
    (
        "pages by visitors",
        "select page, count(*), count(distinct visitor), count(distinct session) from event
         where at_ms >= ?1 and at_ms < ?2 group by 1 order by 3 desc limit 100",
        "pages by visitors",
        0,
    ),
    (
        "pages by visitors, 3 filters",
        "select page, count(*), count(distinct visitor), count(distinct session) from event
         where at_ms >= ?1 and at_ms < ?2 and country = 3 and device = 1 and source = 1
         group by 1 order by 3 desc limit 100",
        "pages by visitors",
        3,
    ),
    (
        "countries",
        "select country, count(*), count(distinct visitor), count(distinct session) from event
         where at_ms >= ?1 and at_ms < ?2 group by 1 order by 3 desc limit 100",
        "countries",
        0,
    ),
];

impl SqlBaseline {
    /// Copies the closed days of an account as rows to a new file.
    pub fn create(data_dir: &Path, account: AccountId, file: &Path) -> Result<Self, Error> {
        let from = open::reader(&data_dir.join(MAIN_FILE))?;
        let mut to = Connection::open(file)?;
        to.execute_batch(
            "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536;
             pragma mmap_size = 2147483648;
             create table event (
                 at_ms integer not null, kind integer not null, visitor integer not null, session integer not null,
                 page integer not null, engaged_ms integer not null, source integer not null,
                 country integer not null, device integer not null
             ) strict;",
        )?;
        let all = to.transaction()?;
        {
            let mut insert = all.prepare("insert into event values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
            for closed in segment::list(&from, account, i64::MIN, i64::MAX)? {
                for run in segment::list_runs(&from, &closed)? {
                    for row in &run.rows {
                        insert.execute(params![
                            row.at_ms,
                            row.kind,
                            row.visitor,
                            row.session_id,
                            row.page,
                            row.engaged_ms,
                            run.source,
                            run.place,
                            run.device,
                        ])?;
                    }
                }
            }
        }
        all.execute_batch("create index event_at on event (at_ms)")?;
        all.commit()?;
        Ok(Self(to))
    }

    /// Runs a question and reads every row of the answer; answers how many there were.
    pub fn run(&self, sql: &str, from_ms: i64, to_ms: i64) -> Result<usize, Error> {
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query((from_ms, to_ms))?;
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
