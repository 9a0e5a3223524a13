//! Event names that nobody has created: how often hits had them, and which were dismissed (rules.md 20).

use rusqlite::{Connection, OptionalExtension, Row};

use super::user;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, WAITING_MAX};
use crate::domain::hit::AGE_MAX;
use crate::domain::visitor::{AHEAD_MAX, CLOCK_MIN};
use crate::store::error::Error;

/// Counts the names for which there was no room.
pub const OTHER: &str = "(other)";

/// A name that waits for a decision or was dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpected {
    pub id: i64,
    pub name: String,
    /// How it was sent the last time: `Custom` or `Http`.
    pub kind: EventKind,
    pub is_dismissed: bool,
    pub seen: i64,
    pub first: Millis,
    pub last: Millis,
    /// The page that sent it last; empty when a program did.
    pub page: String,
}

/// How often a name was seen in a batch of hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
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

/// Forgets a page that names were sent from.
pub fn clear_page(conn: &Connection, account: AccountId, page: &str) -> Result<(), Error> {
    conn.prepare_cached("update unexpected_event set page = '' where account_id = ?1 and page = ?2")?
        .execute((account.0, page))?;
    Ok(())
}

/// Most new names per batch once the list is full. Others count as `OTHER` until they are seen again, so a flood of
/// invented names costs little.
pub const NEWCOMERS_MAX: usize = 500;

/// Counts names. When more than `WAITING_MAX` wait, those seen least often are counted as `OTHER`, of these the ones not
/// seen for longest. Answers the names that were seen or listed before and are not listed now.
pub fn upsert(conn: &Connection, account: AccountId, sightings: &[Sighting]) -> Result<Vec<String>, Error> {
    let mut new = Vec::new();
    for sighting in sightings {
        if is_known(conn, account, &sighting.name)? {
            write(conn, account, sighting)?;
        } else {
            new.push(sighting);
        }
    }
    let free = usize::try_from(WAITING_MAX - count(conn, account, false)?).unwrap_or(0);
    new.sort_by_key(|seen| std::cmp::Reverse((seen.times, seen.last_ms)));
    let (new, left_out) = new.split_at(new.len().min(free.max(NEWCOMERS_MAX)));
    let mut removed = delete_least(conn, account, new.len().saturating_sub(free))?;
    removed.extend(left_out.iter().copied().cloned());
    for sighting in new {
        write(conn, account, sighting)?;
    }
    let Some(last) = removed.iter().max_by_key(|seen| seen.last_ms) else { return Ok(Vec::new()) };
    let other = Sighting {
        name: OTHER.to_owned(),
        times: removed.iter().map(|seen| seen.times).sum(),
        first_ms: removed.iter().map(|seen| seen.first_ms).min().unwrap_or(last.first_ms),
        ..last.clone()
    };
    write(conn, account, &other)?;
    Ok(removed.into_iter().map(|seen| seen.name).collect())
}

fn is_known(conn: &Connection, account: AccountId, name: &str) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("select exists (select 1 from unexpected_event where account_id = ?1 and name = ?2)")?
        .query_row((account.0, name), |row| row.get(0))?)
}

fn write(conn: &Connection, account: AccountId, seen: &Sighting) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "insert into unexpected_event (account_id, name, kind, page, seen, first_ms, last_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (account_id, name) do update set seen = seen + ?5,
             first_ms = case when first_ms < {CLOCK_MIN} then ?6 else min(first_ms, ?6) end,
             kind = case when ?7 >= last_ms then ?3 else kind end,
             page = case when ?7 >= last_ms then ?4 else page end,
             last_ms = case when last_ms - ?7 > {AHEAD_MAX} + {AGE_MAX} then ?7 else max(last_ms, ?7) end",
    ))?
    .execute((
        account.0,
        &seen.name,
        seen.kind.as_str(),
        &seen.page,
        seen.times,
        seen.first_ms,
        seen.last_ms,
    ))?;
    Ok(())
}

/// Deletes the waiting names that were seen least often.
fn delete_least(conn: &Connection, account: AccountId, number: usize) -> Result<Vec<Sighting>, Error> {
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
        Ok(Sighting { name, kind, page, times: seen, first_ms: first.0, last_ms: last.0 })
    })
    .collect()
}

/// The names that wait, or those dismissed, the one seen most often first.
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

/// Counts the names that wait, or those dismissed, without `OTHER`.
pub fn count(conn: &Connection, account: AccountId, dismissed: bool) -> Result<i64, Error> {
    // Written so that the index alone suffices, because every page of the account shows this count.
    Ok(conn
        .prepare_cached(
            "select (select count(*) from unexpected_event where account_id = ?1 and dismissed = ?2)
                 - (select count(*) from unexpected_event where account_id = ?1 and name = ?3 and dismissed = ?2)",
        )?
        .query_row((account.0, dismissed, OTHER), |row| row.get(0))?)
}

/// Dismisses a name, or lets it wait again.
pub fn update_dismissed(
    conn: &Connection,
    account: AccountId,
    id: i64,
    dismissed: bool,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update unexpected_event set dismissed = ?3 where account_id = ?1 and id = ?2")?
        .execute((account.0, id, dismissed))?;
    user::changed(changed)
}

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
