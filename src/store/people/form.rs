//! Forms of an account: each is made by its first submission and knows the page it was sent from last.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::form::{FORMS_MAX, FormKey};
use crate::store::error::Error;

/// Whether a submission of this form has a place: the form is there, or there may be one more.
pub fn has_room(conn: &Connection, account: AccountId, key: &FormKey) -> Result<bool, Error> {
    Ok(find_id(conn, account, key)?.is_some() || count(conn, account)? < FORMS_MAX)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    let mut statement = conn.prepare_cached("select count(*) from form where account_id = ?1")?;
    Ok(statement.query_row([account.0], |row| row.get(0))?)
}

fn find_id(conn: &Connection, account: AccountId, key: &FormKey) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached("select id from form where account_id = ?1 and key = ?2")?;
    Ok(statement.query_row((account.0, key.as_str()), |row| row.get(0)).optional()?)
}

/// The form with this key, which was sent at this time from this page; made when there is none.
pub fn upsert(
    conn: &Connection,
    account: AccountId,
    key: &FormKey,
    page: u32,
    at: Millis,
) -> Result<i64, Error> {
    let id = conn
        .prepare_cached(
            "insert into form (account_id, key, page, created_ms, last_ms) values (?1, ?2, ?3, ?4, ?4)
             on conflict (account_id, key) do update set
                 page = case when ?3 <> 0 and ?4 >= last_ms then ?3 else page end,
                 last_ms = max(last_ms, ?4), created_ms = min(created_ms, ?4)
             returning id",
        )?
        .query_row((account.0, key.as_str(), page, at.0), |row| row.get(0))?;
    Ok(id)
}

/// Deletes the forms that were not sent since and have no submissions left: their places are free again.
pub fn delete_unused(conn: &Connection, account: AccountId, before: Millis) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from form where account_id = ?1 and last_ms < ?2 and not exists
             (select 1 from submission where account_id = ?1 and form_id = form.id)",
    )?
    .execute((account.0, before.0))?;
    Ok(())
}
