//! Links that work once: for the first set-up, for signing in to a demo, for choosing a password. Only the hash of the
//! secret in the link is stored.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::base::secret::Hash;
use crate::domain::user::UserId;
use crate::store::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Setup,
    SignIn,
    Reset,
}

impl Purpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::SignIn => "sign_in",
            Self::Reset => "reset",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// `None` for the set-up.
    pub user: Option<UserId>,
    pub expires: Millis,
}

pub fn insert(
    conn: &Connection,
    hash: &Hash,
    purpose: Purpose,
    user: Option<UserId>,
    expires: Millis,
) -> Result<(), Error> {
    conn.execute(
        "insert into one_time_link (hash, purpose, user_id, expires_ms) values (?1, ?2, ?3, ?4)",
        (hash, purpose.as_str(), user.map(|u| u.0), expires.0),
    )?;
    Ok(())
}

/// Also finds a link that has expired.
pub fn find(conn: &Connection, hash: &Hash, purpose: Purpose) -> Result<Option<Link>, Error> {
    Ok(conn
        .prepare_cached("select user_id, expires_ms from one_time_link where hash = ?1 and purpose = ?2")?
        .query_row((hash, purpose.as_str()), |row| {
            Ok(Link { user: row.get::<_, Option<i64>>(0)?.map(UserId), expires: Millis(row.get(1)?) })
        })
        .optional()?)
}

pub fn delete(conn: &Connection, hash: &Hash) -> Result<(), Error> {
    conn.execute("delete from one_time_link where hash = ?1", [hash])?;
    Ok(())
}

/// Deletes the links of a purpose for a user, or for the set-up.
pub fn delete_earlier(conn: &Connection, purpose: Purpose, user: Option<UserId>) -> Result<(), Error> {
    conn.execute(
        "delete from one_time_link where purpose = ?1 and user_id is ?2",
        (purpose.as_str(), user.map(|u| u.0)),
    )?;
    Ok(())
}

pub fn delete_expired(conn: &Connection, now: Millis) -> Result<(), Error> {
    conn.execute("delete from one_time_link where expires_ms <= ?1", [now.0])?;
    Ok(())
}
