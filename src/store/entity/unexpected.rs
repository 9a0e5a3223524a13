//! Names of events that nobody has created: how often they were told, and what was decided about them (rules.md 20).

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, WAITING_MAX};
use crate::store::error::Error;

/// Stands for the names that gave way.
pub const OTHER: &str = "(other)";

/// A name that waits or was dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    pub id: i64,
    pub name: String,
    /// `Custom` or `Http`: how it was told the last time.
    pub kind: EventKind,
    pub is_dismissed: bool,
    pub seen: i64,
    pub first: Millis,
    pub last: Millis,
    /// Address of the page that told it last; empty of what programs tell.
    pub page: String,
}

/// A name as it was told, so often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub name: String,
    pub kind: EventKind,
    pub page: String,
    pub times: i64,
    pub first_ms: i64,
    pub last_ms: i64,
}

const FIELDS: &str = "id, name, kind, dismissed, seen, first_ms, last_ms, page";

fn read(row: &Row<'_>) -> rusqlite::Result<Unexpected> {
    let kind: String = row.get(2)?;
    Ok(Unexpected {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: EventKind::parse(&kind).unwrap_or(EventKind::Custom),
        is_dismissed: row.get(3)?,
        seen: row.get(4)?,
        first: Millis(row.get(5)?),
        last: Millis(row.get(6)?),
        page: row.get(7)?,
    })
}

/// Names that come new into a full list at once, at most: the others are counted as `OTHER` until they are told again.
/// A flood of invented names costs little so.
pub const NEWCOMERS_MAX: usize = 500;

/// Counts names. Of more than `WAITING_MAX` that wait, the least seen gives way to `OTHER`, the longest unseen first.
/// Answers the names that are not in the list now, though they were told or were in it before.
pub fn upsert(conn: &Connection, account: AccountId, told: &[Told]) -> Result<Vec<String>, Error> {
    let mut new = Vec::new();
    for told in told {
        if is_known(conn, account, &told.name)? {
            write(conn, account, told)?;
        } else {
            new.push(told);
        }
    }
    let room = usize::try_from(WAITING_MAX - count(conn, account, false)?).unwrap_or(0);
    new.sort_by_key(|told| std::cmp::Reverse((told.times, told.last_ms)));
    let (new, left_out) = new.split_at(new.len().min(room.max(NEWCOMERS_MAX)));
    let mut gone = take_least(conn, account, new.len().saturating_sub(room))?;
    gone.extend(left_out.iter().copied().cloned());
    for told in new {
        write(conn, account, told)?;
    }
    let Some(last) = gone.iter().max_by_key(|told| told.last_ms) else { return Ok(Vec::new()) };
    let other = Told {
        name: OTHER.to_owned(),
        times: gone.iter().map(|told| told.times).sum(),
        first_ms: gone.iter().map(|told| told.first_ms).min().unwrap_or(last.first_ms),
        ..last.clone()
    };
    write(conn, account, &other)?;
    Ok(gone.into_iter().map(|told| told.name).collect())
}

fn is_known(conn: &Connection, account: AccountId, name: &str) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("select exists (select 1 from unexpected_event where account_id = ?1 and name = ?2)")?
        .query_row((account.0, name), |row| row.get(0))?)
}

fn write(conn: &Connection, account: AccountId, told: &Told) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into unexpected_event (account_id, name, kind, page, seen, first_ms, last_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (account_id, name) do update set seen = seen + ?5, first_ms = min(first_ms, ?6),
             kind = case when ?7 >= last_ms then ?3 else kind end,
             page = case when ?7 >= last_ms then ?4 else page end,
             last_ms = max(last_ms, ?7)",
    )?
    .execute((
        account.0,
        &told.name,
        told.kind.as_str(),
        &told.page,
        told.times,
        told.first_ms,
        told.last_ms,
    ))?;
    Ok(())
}

/// Takes the least seen of those that wait.
fn take_least(conn: &Connection, account: AccountId, number: usize) -> Result<Vec<Told>, Error> {
    if number == 0 {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(&format!(
        "delete from unexpected_event where id in (
             select id from unexpected_event where account_id = ?1 and dismissed = 0 and name <> ?2
             order by seen, last_ms, id limit ?3) returning {FIELDS}"
    ))?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, OTHER, number), read)?;
    rows.map(|row| {
        let Unexpected { name, kind, seen, first, last, page, .. } = row?;
        Ok(Told { name, kind, page, times: seen, first_ms: first.0, last_ms: last.0 })
    })
    .collect()
}

/// Those that wait, or those dismissed; the most seen first.
pub fn list(conn: &Connection, account: AccountId, dismissed: bool) -> Result<Vec<Unexpected>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from unexpected_event where account_id = ?1 and dismissed = ?2
         order by seen desc, last_ms desc, id"
    ))?;
    let rows = statement.query_map((account.0, dismissed), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Option<Unexpected>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {FIELDS} from unexpected_event where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id), read)
        .optional()?)
}

/// How many wait, or were dismissed; without the names that gave way.
pub fn count(conn: &Connection, account: AccountId, dismissed: bool) -> Result<i64, Error> {
    // The index alone tells how many there are; every page of the account asks.
    Ok(conn
        .prepare_cached(
            "select (select count(*) from unexpected_event where account_id = ?1 and dismissed = ?2)
                 - (select count(*) from unexpected_event where account_id = ?1 and name = ?3 and dismissed = ?2)",
        )?
        .query_row((account.0, dismissed, OTHER), |row| row.get(0))?)
}

/// Dismisses, or lets it wait again.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn update_dismissed(
    conn: &Connection,
    account: AccountId,
    id: i64,
    dismissed: bool,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update unexpected_event set dismissed = ?3 where account_id = ?1 and id = ?2")?
        .execute((account.0, id, dismissed))?;
    if changed == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Somebody created an event of this name.
pub fn delete_name(conn: &Connection, account: AccountId, name: &str) -> Result<(), Error> {
    conn.prepare_cached("delete from unexpected_event where account_id = ?1 and name = ?2")?
        .execute((account.0, name))?;
    Ok(())
}

pub fn delete(conn: &Connection, account: AccountId, id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from unexpected_event where account_id = ?1 and id = ?2")?
        .execute((account.0, id))?;
    Ok(())
}
