//! The users of the admin pages. `member` says what they may do in an account.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::contact::Email;
use crate::domain::user::UserId;
use crate::store::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    /// May administer the server: accounts, maps, backups.
    pub server_admin: bool,
    pub disabled: bool,
    /// False until the user has chosen one by the link in the invitation.
    pub has_password: bool,
    pub created: Millis,
}

pub(in crate::store) const COLUMNS: &str = "user.id, user.email, user.server_admin, user.disabled, \
                                  user.password_hash is not null, user.created_ms";

/// Reads `COLUMNS`, which must be the first columns of the row.
pub(in crate::store) fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        email: row.get(1)?,
        server_admin: row.get(2)?,
        disabled: row.get(3)?,
        has_password: row.get(4)?,
        created: Millis(row.get(5)?),
    })
}

/// Inserts a user. Without a hash the user must choose a password by a link first. Answers `Conflict` when the email is
/// taken.
pub fn insert(
    conn: &Connection,
    email: &Email,
    password_hash: Option<&str>,
    server_admin: bool,
    now: Millis,
) -> Result<UserId, Error> {
    conn.execute(
        "insert into user (email, password_hash, server_admin, created_ms) values (?1, ?2, ?3, ?4)",
        (email.as_str(), password_hash, server_admin, now.0),
    )?;
    Ok(UserId(conn.last_insert_rowid()))
}

pub fn find(conn: &Connection, id: UserId) -> Result<Option<User>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {COLUMNS} from user where id = ?1"))?
        .query_row([id.0], read)
        .optional()?)
}

pub fn find_by_email(conn: &Connection, email: &Email) -> Result<Option<User>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {COLUMNS} from user where email = ?1"))?
        .query_row([email.as_str()], read)
        .optional()?)
}

/// The hash of the user's password, in PHC form.
pub fn find_password(conn: &Connection, id: UserId) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached("select password_hash from user where id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .flatten())
}

pub fn update_password(conn: &Connection, id: UserId, password_hash: &str) -> Result<(), Error> {
    changed(conn.execute("update user set password_hash = ?2 where id = ?1", (id.0, password_hash))?)
}

pub fn update_disabled(conn: &Connection, id: UserId, disabled: bool) -> Result<(), Error> {
    changed(conn.execute("update user set disabled = ?2 where id = ?1", (id.0, disabled))?)
}

pub fn count(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from user", [], |row| row.get(0))?)
}

/// Counts server admins who can sign in.
pub fn count_server_admins(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from user where server_admin = 1 and disabled = 0", [], |row| {
        row.get(0)
    })?)
}

/// Answers `NotFound` when a statement changed no row.
pub(in crate::store) fn changed(rows: usize) -> Result<(), Error> {
    if rows == 0 { Err(Error::NotFound) } else { Ok(()) }
}
