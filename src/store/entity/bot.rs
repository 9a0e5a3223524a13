//! Hits of robots, counted per day and family. Nothing else of them is stored (rules.md 4).

use rusqlite::Connection;

use crate::domain::account::AccountId;
use crate::domain::period::{Days, LocalDay};
use crate::store::error::Error;

/// Adds to the count of a day.
pub fn upsert(
    conn: &Connection,
    account: AccountId,
    day: LocalDay,
    family: &str,
    hits: u64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into bot_day (account_id, day, family, hits)
         select ?1, ?2, ?3, ?4 where exists (select 1 from account where id = ?1)
         on conflict do update set hits = hits + ?4",
    )?
    .execute((account.0, day.0, family, i64::try_from(hits).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Hits of robots in a period by family, the largest count first.
pub fn list(conn: &Connection, account: AccountId, days: Days) -> Result<Vec<(String, i64)>, Error> {
    let mut statement = conn.prepare_cached(
        "select family, sum(hits) from bot_day where account_id = ?1 and day between ?2 and ?3
         group by family order by 2 desc, 1",
    )?;
    let rows =
        statement.query_map((account.0, days.first.0, days.last.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
