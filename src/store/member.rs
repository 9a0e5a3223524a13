//! Who belongs to which account, and with what role (rules.md 28).

use rusqlite::{Connection, OptionalExtension};

use super::error::Error;
use super::user::{self, User};
use crate::domain::account::AccountId;
use crate::domain::user::{Role, UserId};

/// What a user is in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub role: Role,
    /// A viewer who may see email addresses in full.
    pub show_emails: bool,
}

/// The schema lets in no other words; were one there, it would mean the least.
fn role(text: &str) -> Role {
    Role::parse(text).unwrap_or(Role::Viewer)
}

/// # Errors
/// SQLite's.
pub fn upsert(conn: &Connection, user: UserId, account: AccountId, as_what: Membership) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into member (user_id, account_id, role, show_emails) values (?1, ?2, ?3, ?4)
         on conflict do update set role = ?3, show_emails = ?4",
    )?
    .execute((user.0, account.0, as_what.role.as_str(), as_what.show_emails))?;
    Ok(())
}

/// # Errors
/// `NotFound`, or SQLite's.
pub fn delete(conn: &Connection, user: UserId, account: AccountId) -> Result<(), Error> {
    user::changed(
        conn.execute("delete from member where user_id = ?1 and account_id = ?2", (user.0, account.0))?,
    )
}

/// # Errors
/// SQLite's.
pub fn find(conn: &Connection, user: UserId, account: AccountId) -> Result<Option<Membership>, Error> {
    Ok(conn
        .prepare_cached("select role, show_emails from member where user_id = ?1 and account_id = ?2")?
        .query_row((user.0, account.0), |row| {
            Ok(Membership { role: role(&row.get::<_, String>(0)?), show_emails: row.get(1)? })
        })
        .optional()?)
}

/// The users of an account, by email.
///
/// # Errors
/// SQLite's.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<(User, Membership)>, Error> {
    let columns = user::COLUMNS;
    let mut statement = conn.prepare_cached(&format!(
        "select {columns}, member.role, member.show_emails
         from member join user on user.id = member.user_id
         where member.account_id = ?1 order by user.email"
    ))?;
    let rows = statement.query_map([account.0], |row| {
        let what = Membership { role: role(&row.get::<_, String>(6)?), show_emails: row.get(7)? };
        Ok((user::read(row)?, what))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The accounts of a user, by number.
///
/// # Errors
/// SQLite's.
pub fn list_of_user(conn: &Connection, user: UserId) -> Result<Vec<(AccountId, Membership)>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id, role, show_emails from member where user_id = ?1 order by account_id",
    )?;
    let rows = statement.query_map([user.0], |row| {
        let what = Membership { role: role(&row.get::<_, String>(1)?), show_emails: row.get(2)? };
        Ok((AccountId(row.get(0)?), what))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Users of an account.
///
/// # Errors
/// SQLite's.
pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from member where account_id = ?1", [account.0], |row| row.get(0))?)
}

/// Owners who can sign in, `but` one user.
///
/// # Errors
/// SQLite's.
pub fn count_owners(conn: &Connection, account: AccountId, but: UserId) -> Result<i64, Error> {
    Ok(conn.query_row(
        "select count(*) from member join user on user.id = member.user_id
         where account_id = ?1 and role = 'owner' and disabled = 0 and user_id <> ?2",
        (account.0, but.0),
        |row| row.get(0),
    )?)
}
