//! The audit log: who changed what, in the order in which it happened.

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::store::error::Error;

/// Longest detail, in characters. Longer ones are cut.
const DETAIL_MAX: usize = 4_096;

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
