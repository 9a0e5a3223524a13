//! Saved views: reports with period and filters, to which users gave names.

use percent_encoding::percent_decode_str;
use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::store::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    pub id: i64,
    pub name: String,
    /// The report, as in its address.
    pub report: String,
    /// The query string of its address.
    pub query: String,
    pub created: Millis,
}

/// Answers `Conflict` when the user has a view of that name in the account, regardless of case.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    user: UserId,
    view: (&str, &str, &str),
    now: Millis,
) -> Result<i64, Error> {
    let (name, report, query) = view;
    conn.execute(
        "insert into saved_view (account_id, user_id, name, report, query, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        (account.0, user.0, name, report, query, now.0),
    )?;
    Ok(conn.last_insert_rowid())
}

/// Ordered by name.
pub fn list(conn: &Connection, account: AccountId, user: UserId) -> Result<Vec<SavedView>, Error> {
    let mut statement = conn.prepare_cached(
        "select id, name, report, query, created_ms from saved_view where account_id = ?1 and user_id = ?2
         order by name collate nocase, id",
    )?;
    let rows = statement.query_map((account.0, user.0), |row| {
        Ok(SavedView {
            id: row.get(0)?,
            name: row.get(1)?,
            report: row.get(2)?,
            query: row.get(3)?,
            created: Millis(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId, user: UserId) -> Result<u32, Error> {
    Ok(conn
        .prepare_cached("select count(*) from saved_view where account_id = ?1 and user_id = ?2")?
        .query_row((account.0, user.0), |row| row.get(0))?)
}

/// Deletes a view, if it is this user's.
pub fn delete(conn: &Connection, account: AccountId, user: UserId, id: i64) -> Result<(), Error> {
    conn.execute(
        "delete from saved_view where account_id = ?1 and user_id = ?2 and id = ?3",
        (account.0, user.0, id),
    )?;
    Ok(())
}

/// The views of all users whose name or address holds a value, such as the email of a person: number, name and address.
pub fn list_with_value(
    conn: &Connection,
    account: AccountId,
    value: &str,
) -> Result<Vec<(i64, String, String)>, Error> {
    let mut list = conn.prepare_cached("select id, name, query from saved_view where account_id = ?1")?;
    let mut rows = list.query([account.0])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, query): (String, String) = (row.get(1)?, row.get(2)?);
        let query = percent_decode_str(&query).decode_utf8_lossy().into_owned();
        if [&name, &query].iter().any(|text| text.to_lowercase().contains(value)) {
            views.push((row.get(0)?, name, query));
        }
    }
    Ok(views)
}

/// Deletes the views of all users that hold a value, such as the email of somebody who is erased. Answers how many there
/// were.
pub fn delete_with_value(conn: &Connection, account: AccountId, value: &str) -> Result<usize, Error> {
    let views = list_with_value(conn, account, value)?;
    let mut delete = conn.prepare_cached("delete from saved_view where id = ?1")?;
    for (id, ..) in &views {
        delete.execute([id])?;
    }
    Ok(views.len())
}
