//! Emails by which nobody is identified in an account.

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// A blocked email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedEmail {
    /// Never given out again.
    pub id: i64,
    pub email: String,
    pub created: Millis,
}

/// Those of an account, the latest first.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<BlockedEmail>, Error> {
    let mut statement = conn.prepare_cached(
        "select id, email, created_ms from blocked_email where account_id = ?1 order by id desc",
    )?;
    let rows = statement.query_map([account.0], |row| {
        Ok(BlockedEmail { id: row.get(0)?, email: row.get(1)?, created: Millis(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select count(*) from blocked_email where account_id = ?1")?
        .query_row([account.0], |row| row.get(0))?)
}

/// Whether an email is blocked.
pub fn is_blocked(conn: &Connection, account: AccountId, email: &str) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("select 1 from blocked_email where account_id = ?1 and email = ?2")?
        .exists((account.0, email))?)
}

/// Blocks an email and answers the number of its row.
///
/// # Errors
/// `Conflict` when it is blocked already; SQLite's.
pub fn insert(conn: &Connection, account: AccountId, email: &str, now: Millis) -> Result<i64, Error> {
    if is_blocked(conn, account, email)? {
        return Err(Error::Conflict);
    }
    conn.prepare_cached("insert into blocked_email (account_id, email, created_ms) values (?1, ?2, ?3)")?
        .execute((account.0, email, now.0))?;
    let id = conn.last_insert_rowid();
    changes::raise(conn, account, Kind::Account)?;
    Ok(id)
}

/// Unblocks an email.
///
/// # Errors
/// `NotFound` when the account has no such row; SQLite's.
pub fn delete(conn: &Connection, account: AccountId, id: i64) -> Result<(), Error> {
    let deleted = conn
        .prepare_cached("delete from blocked_email where account_id = ?1 and id = ?2")?
        .execute((account.0, id))?;
    if deleted == 0 {
        return Err(Error::NotFound);
    }
    changes::raise(conn, account, Kind::Account)?;
    Ok(())
}

/// Unblocks an email whose person is erased, because nothing of the person may stay.
pub fn delete_of_email(conn: &Connection, account: AccountId, email: &str) -> Result<(), Error> {
    let deleted = conn
        .prepare_cached("delete from blocked_email where account_id = ?1 and email = ?2")?
        .execute((account.0, email))?;
    if deleted > 0 {
        changes::raise(conn, account, Kind::Account)?;
    }
    Ok(())
}
