//! Who belongs to which account, and with what role (rules.md 28).

use rusqlite::{Connection, OptionalExtension, Row};

use super::user::{self, User};
use crate::domain::account::AccountId;
use crate::domain::user::{Role, UserId};
use crate::store::error::Error;

/// What a user is in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub role: Role,
    /// A viewer who may see email addresses in full.
    pub show_emails: bool,
    /// An admin who may publish script that runs on the account's sites.
    pub publish_js: bool,
}

impl Membership {
    pub const OWNER: Self = Self { role: Role::Owner, show_emails: true, publish_js: true };

    /// May he publish script (rules.md 28)? Owners may; admins by a switch of their own; nobody else.
    #[must_use]
    pub const fn may_publish(self) -> bool {
        match self.role {
            Role::Owner => true,
            Role::Admin => self.publish_js,
            Role::Editor | Role::Viewer => false,
        }
    }
}

/// The schema lets in no other words; were one there, it would mean the least.
fn role(text: &str) -> Role {
    Role::parse(text).unwrap_or(Role::Viewer)
}

/// The columns from this place on.
fn read(row: &Row<'_>, place: usize) -> rusqlite::Result<Membership> {
    Ok(Membership {
        role: role(&row.get::<_, String>(place)?),
        show_emails: row.get(place + 1)?,
        publish_js: row.get(place + 2)?,
    })
}

pub fn upsert(conn: &Connection, user: UserId, account: AccountId, as_what: Membership) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into member (user_id, account_id, role, show_emails, publish_js) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set role = ?3, show_emails = ?4, publish_js = ?5",
    )?
    .execute((user.0, account.0, as_what.role.as_str(), as_what.show_emails, as_what.publish_js))?;
    Ok(())
}

/// # Errors
/// `NotFound`, or SQLite's.
pub fn delete(conn: &Connection, user: UserId, account: AccountId) -> Result<(), Error> {
    user::changed(
        conn.execute("delete from member where user_id = ?1 and account_id = ?2", (user.0, account.0))?,
    )
}

pub fn find(conn: &Connection, user: UserId, account: AccountId) -> Result<Option<Membership>, Error> {
    Ok(conn
        .prepare_cached(
            "select role, show_emails, publish_js from member where user_id = ?1 and account_id = ?2",
        )?
        .query_row((user.0, account.0), |row| read(row, 0))
        .optional()?)
}

/// The users of an account, by email.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<(User, Membership)>, Error> {
    let columns = user::COLUMNS;
    let mut statement = conn.prepare_cached(&format!(
        "select {columns}, member.role, member.show_emails, member.publish_js
         from member join user on user.id = member.user_id
         where member.account_id = ?1 order by user.email"
    ))?;
    let rows = statement.query_map([account.0], |row| {
        let what = read(row, 6)?;
        Ok((user::read(row)?, what))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The accounts of a user, by number.
pub fn list_of_user(conn: &Connection, user: UserId) -> Result<Vec<(AccountId, Membership)>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id, role, show_emails, publish_js from member where user_id = ?1 order by account_id",
    )?;
    let rows = statement.query_map([user.0], |row| {
        let what = read(row, 1)?;
        Ok((AccountId(row.get(0)?), what))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Users of an account.
pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from member where account_id = ?1", [account.0], |row| row.get(0))?)
}

/// Owners who can sign in, `but` one user.
pub fn count_owners(conn: &Connection, account: AccountId, but: UserId) -> Result<i64, Error> {
    Ok(conn.query_row(
        "select count(*) from member join user on user.id = member.user_id
         where account_id = ?1 and role = 'owner' and disabled = 0 and user_id <> ?2",
        (account.0, but.0),
        |row| row.get(0),
    )?)
}
