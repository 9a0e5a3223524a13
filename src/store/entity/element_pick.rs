//! Picks: a user chooses an element on a live page for the form of an event (rules.md 30). The page proves itself with a
//! token, of which only the hash is stored.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::base::secret::Hash;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::store::error::Error;

/// Begins a pick for the form with this key; answers its id.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    user: UserId,
    key: &str,
    hash: &Hash,
    expires: Millis,
) -> Result<i64, Error> {
    conn.prepare_cached(
        "insert into pick (account_id, user_id, form_key, hash, expires_ms) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((account.0, user.0, key, hash, expires.0))?;
    Ok(conn.last_insert_rowid())
}

/// Records that the page asked whether it may offer picking. True only for the first time before it expires.
pub fn update_confirmed(conn: &Connection, hash: &Hash, now: Millis) -> Result<bool, Error> {
    let changed = conn
        .prepare_cached(
            "update pick set confirmed_ms = ?2 where hash = ?1 and expires_ms > ?2 and confirmed_ms is null",
        )?
        .execute((hash, now.0))?;
    Ok(changed > 0)
}

/// Stores the selector of the picked element, or an empty one when the pick was cancelled. True only for the first time
/// before it expires, after the page was confirmed.
pub fn update_selector(conn: &Connection, hash: &Hash, selector: &str, now: Millis) -> Result<bool, Error> {
    let changed = conn
        .prepare_cached(
            "update pick set selector = ?2
             where hash = ?1 and expires_ms > ?3 and confirmed_ms is not null and selector is null",
        )?
        .execute((hash, selector, now.0))?;
    Ok(changed > 0)
}

/// The selector that a user picked; empty when the pick was cancelled. `Some(None)` means not yet, `None` that the user
/// has no such pick or that it has expired.
pub fn find_selector(
    conn: &Connection,
    account: AccountId,
    user: UserId,
    id: i64,
    now: Millis,
) -> Result<Option<Option<String>>, Error> {
    Ok(conn
        .prepare_cached(
            "select selector from pick where id = ?1 and account_id = ?2 and user_id = ?3 and expires_ms > ?4",
        )?
        .query_row((id, account.0, user.0, now.0), |row| row.get(0))
        .optional()?)
}

/// The user's latest pick for the form with this key that has not expired.
pub fn find_latest(
    conn: &Connection,
    account: AccountId,
    user: UserId,
    key: &str,
    now: Millis,
) -> Result<Option<i64>, Error> {
    Ok(conn
        .prepare_cached(
            "select max(id) from pick
             where account_id = ?1 and user_id = ?2 and form_key = ?3 and expires_ms > ?4",
        )?
        .query_row((account.0, user.0, key, now.0), |row| row.get(0))?)
}

pub fn delete_expired(conn: &Connection, now: Millis) -> Result<(), Error> {
    conn.prepare_cached("delete from pick where expires_ms <= ?1")?.execute([now.0])?;
    Ok(())
}
