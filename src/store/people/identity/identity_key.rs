//! The identity keys of accounts, and all that decides whether an identification is believed.

use rusqlite::{Connection, OptionalExtension};

use super::blocked_email;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::identity_key::{IdentityKey, IdentityKeys, IdentityPolicy};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// The keys of an account, and when the current one was made.
pub fn find(conn: &Connection, account: AccountId) -> Result<Option<(IdentityKeys, Millis)>, Error> {
    let found: Option<(String, Option<String>, i64)> = conn
        .prepare_cached("select current_key, former_key, created_ms from identity_key where account_id = ?1")?
        .query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((current, former, created)) = found else { return Ok(None) };
    let key =
        |text: &str| IdentityKey::parse(text).ok_or_else(|| Error::Unreadable("an identity key".to_owned()));
    let keys = IdentityKeys { current: key(&current)?, former: former.as_deref().map(key).transpose()? };
    Ok(Some((keys, Millis(created))))
}

/// Makes a key the current one; the current one before becomes the former one.
pub fn upsert(conn: &Connection, account: AccountId, key: &IdentityKey, now: Millis) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into identity_key (account_id, current_key, created_ms) values (?1, ?2, ?3)
         on conflict (account_id) do update set
             former_key = current_key, current_key = excluded.current_key, created_ms = excluded.created_ms",
    )?
    .execute((account.0, key.reveal(), now.0))?;
    changes::raise(conn, account, Kind::Account)?;
    Ok(())
}

/// Drops the former key. Answers whether there was one.
pub fn delete_former(conn: &Connection, account: AccountId) -> Result<bool, Error> {
    let changed = conn
        .prepare_cached(
            "update identity_key set former_key = null where account_id = ?1 and former_key is not null",
        )?
        .execute([account.0])?;
    changes::raise(conn, account, Kind::Account)?;
    Ok(changed > 0)
}

/// Whether what browsers say of their users must be signed.
///
/// # Errors
/// `NotFound` when there is no such account; SQLite's.
pub fn update_signed_only(conn: &Connection, account: AccountId, on: bool) -> Result<(), Error> {
    let changed =
        conn.prepare_cached("update account set signed_only = ?2 where id = ?1")?.execute((account.0, on))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    changes::raise(conn, account, Kind::Account)?;
    Ok(())
}

/// All that decides whether an identification of the account is believed.
pub fn find_policy(conn: &Connection, account: AccountId) -> Result<IdentityPolicy, Error> {
    let signed_only = conn
        .prepare_cached("select signed_only from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?;
    Ok(IdentityPolicy {
        keys: find(conn, account)?.map(|(keys, _)| keys),
        signed_only: signed_only.unwrap_or(false),
        blocked: blocked_email::list(conn, account)?.into_iter().map(|blocked| blocked.email).collect(),
    })
}
