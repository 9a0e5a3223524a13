//! The audit log: who changed what, in the order in which it happened.

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::store::error::Error;

/// Longest detail, in characters. Longer ones are cut.
const DETAIL_MAX: usize = 4_096;

/// A change that was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub at: Millis,
    /// Of the user who made it.
    pub email: Option<String>,
    pub detail: String,
}

/// The latest changes of one kind in an account, the latest first.
pub fn list(conn: &Connection, account: AccountId, action: &str, limit: u32) -> Result<Vec<Logged>, Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, user.email, detail from audit left join user on user.id = user_id
         where account_id = ?1 and action = ?2 order by at_ms desc, audit.id desc limit ?3",
    )?;
    let rows = statement.query_map((account.0, action, limit), |row| {
        Ok(Logged { at: Millis(row.get(0)?), email: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn insert(
    conn: &Connection,
    at: Millis,
    account: Option<AccountId>,
    user: Option<UserId>,
    action: &str,
    detail: &str,
) -> Result<(), Error> {
    let detail: String = detail.chars().take(DETAIL_MAX).collect();
    conn.prepare_cached(
        "insert into audit (at_ms, account_id, user_id, action, detail) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((at.0, account.map(|a| a.0), user.map(|u| u.0), action, detail))?;
    Ok(())
}
