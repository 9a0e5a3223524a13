//! Page views of visitors who did not consent, in totals per day (rules.md 41). No table says which totals a view belongs to
//! together.

use rusqlite::{Connection, named_params};

use crate::domain::account::AccountId;
use crate::domain::consent::counting::{OTHER, Part, View};
use crate::domain::period::{Days, LocalDay};
use crate::store::error::Error;

/// Rows deleted in a step.
const ROWS: usize = 10_000;

/// Views, and how many of them began a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub views: u64,
    pub sessions: u64,
}

/// What a table is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Views,
    Sessions,
}

/// Adds a view to the totals of a day.
pub fn insert(conn: &Connection, account: AccountId, day: LocalDay, view: &View) -> Result<(), Error> {
    let sessions = i64::from(view.source.is_some());
    conn.prepare_cached(
        "insert into anonymous_day (account_id, day, views, sessions) values (?1, ?2, 1, ?3)
         on conflict do update set views = views + 1, sessions = sessions + ?3",
    )?
    .execute((account.0, day.0, sessions))?;
    for (part, value) in view.parts() {
        if !add(conn, (account, day), (part, value), sessions)? {
            let value = if take_place(conn, (account, day), part)? { value } else { OTHER };
            upsert(conn, (account, day), (part, value), sessions)?;
        }
    }
    Ok(())
}

/// Adds to a total; `false` when there is none of this value yet.
fn add(
    conn: &Connection,
    (account, day): (AccountId, LocalDay),
    (part, value): (Part, &str),
    sessions: i64,
) -> Result<bool, Error> {
    let changed = conn
        .prepare_cached(
            "update anonymous_count set views = views + 1, sessions = sessions + ?5
             where account_id = ?1 and part = ?2 and day = ?3 and value = ?4",
        )?
        .execute((account.0, part.as_str(), day.0, value, sessions))?;
    Ok(changed > 0)
}

fn upsert(
    conn: &Connection,
    (account, day): (AccountId, LocalDay),
    (part, value): (Part, &str),
    sessions: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into anonymous_count (account_id, part, day, value, views, sessions)
         values (?1, ?2, ?3, ?4, 1, ?5)
         on conflict do update set views = views + 1, sessions = sessions + ?5",
    )?
    .execute((account.0, part.as_str(), day.0, value, sessions))?;
    Ok(())
}

/// Whether one more value may be counted by its name, which is then counted as one.
fn take_place(conn: &Connection, (account, day): (AccountId, LocalDay), part: Part) -> Result<bool, Error> {
    let sql = match part {
        Part::Page => {
            "update anonymous_day set pages = pages + 1 where account_id = ?1 and day = ?2 and pages < ?3"
        }
        Part::Source => {
            "update anonymous_day set sources = sources + 1 where account_id = ?1 and day = ?2 and sources < ?3"
        }
        Part::Country | Part::Device => return Ok(true),
    };
    Ok(conn.prepare_cached(sql)?.execute((account.0, day.0, part.limit()))? > 0)
}

/// The totals of some days.
pub fn find(conn: &Connection, account: AccountId, days: Days) -> Result<Totals, Error> {
    Ok(conn
        .prepare_cached(
            "select coalesce(sum(views), 0), coalesce(sum(sessions), 0) from anonymous_day
             where account_id = ?1 and day between ?2 and ?3",
        )?
        .query_row((account.0, days.first.0, days.last.0), |row| {
            Ok(Totals { views: count(row.get(0)?), sessions: count(row.get(1)?) })
        })?)
}

/// The values of a part with the most views or sessions in some days, and how many values there are.
pub fn list(
    conn: &Connection,
    account: AccountId,
    days: Days,
    (part, order): (Part, Order),
    limit: usize,
) -> Result<(Vec<(String, Totals)>, u64), Error> {
    let order = match order {
        Order::Views => "2 desc, 3 desc, 1",
        Order::Sessions => "3 desc, 2 desc, 1",
    };
    let mut statement = conn.prepare_cached(&format!(
        "select value, sum(views), sum(sessions), count(*) over () from anonymous_count
         where account_id = :account and part = :part and day between :first and :last
         group by value order by {order} limit :limit"
    ))?;
    let mut rows = statement.query(named_params! {
        ":account": account.0, ":part": part.as_str(), ":first": days.first.0, ":last": days.last.0,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    })?;
    let (mut values, mut all) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let totals = Totals { views: count(row.get(1)?), sessions: count(row.get(2)?) };
        values.push((row.get(0)?, totals));
        all = count(row.get(3)?);
    }
    Ok((values, all))
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// How many views are counted on days before `first`.
pub fn count_before(conn: &Connection, account: AccountId, first: LocalDay) -> Result<u64, Error> {
    Ok(conn
        .prepare_cached(
            "select coalesce(sum(views), 0) from anonymous_day where account_id = ?1 and day < ?2",
        )?
        .query_row((account.0, first.0), |row| row.get(0).map(count))?)
}

/// Deletes a step of what was counted before `first`. Answers whether there is more.
pub fn delete_before(conn: &Connection, account: AccountId, first: LocalDay) -> Result<bool, Error> {
    let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
    let mut deleted = 0;
    for part in Part::ALL {
        deleted += conn
            .prepare_cached(
                "delete from anonymous_count where account_id = ?1 and part = ?2 and (day, value) in
                 (select day, value from anonymous_count
                  where account_id = ?1 and part = ?2 and day < ?3 limit ?4)",
            )?
            .execute((account.0, part.as_str(), first.0, limit))?;
    }
    if deleted >= ROWS {
        return Ok(true);
    }
    conn.prepare_cached("delete from anonymous_day where account_id = ?1 and day < ?2")?
        .execute((account.0, first.0))?;
    Ok(false)
}
