//! Which users belong to which accounts, and with what role (rules.md 28).

use rusqlite::{Connection, OptionalExtension, Row};

use super::user::{self, User};
use crate::domain::account::AccountId;
use crate::domain::user::{Role, UserId};
use crate::store::error::Error;

/// What a user may do in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub role: Role,
    /// Lets a viewer see email addresses in full.
    pub show_emails: bool,
    /// Lets an admin publish JavaScript that runs on the account's sites.
    pub publish_js: bool,
    /// Lets an editor change the settings under advanced tracking.
    pub website_settings: bool,
}

impl Membership {
    pub const OWNER: Self =
        Self { role: Role::Owner, show_emails: true, publish_js: true, website_settings: true };

    /// May the user publish JavaScript (rules.md 28)?
    #[must_use]
    pub const fn may_publish(self) -> bool {
        match self.role {
            Role::Owner => true,
            Role::Admin => self.publish_js,
            Role::Editor | Role::Viewer => false,
        }
    }

    /// May the user change how the sites are tracked (rules.md 28)?
    #[must_use]
    pub const fn may_change_website(self) -> bool {
        match self.role {
            Role::Owner | Role::Admin => true,
            Role::Editor => self.website_settings,
            Role::Viewer => false,
        }
    }
}

/// Reads the columns from the index `first` on.
fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Membership> {
    Ok(Membership {
        // The schema allows no other words. If damage made one, it gives the fewest rights.
        role: Role::parse(&row.get::<_, String>(first)?).unwrap_or(Role::Viewer),
        show_emails: row.get(first + 1)?,
        publish_js: row.get(first + 2)?,
        website_settings: row.get(first + 3)?,
    })
}

pub fn upsert(
    conn: &Connection,
    user: UserId,
    account: AccountId,
    membership: Membership,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into member (user_id, account_id, role, show_emails, publish_js, website_settings)
         values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict do update set role = ?3, show_emails = ?4, publish_js = ?5, website_settings = ?6",
    )?
    .execute((
        user.0,
        account.0,
        membership.role.as_str(),
        membership.show_emails,
        membership.publish_js,
        membership.website_settings,
    ))?;
    Ok(())
}

pub fn delete(conn: &Connection, user: UserId, account: AccountId) -> Result<(), Error> {
    user::changed(
        conn.execute("delete from member where user_id = ?1 and account_id = ?2", (user.0, account.0))?,
    )
}

pub fn find(conn: &Connection, user: UserId, account: AccountId) -> Result<Option<Membership>, Error> {
    Ok(conn
        .prepare_cached(
            "select role, show_emails, publish_js, website_settings from member
             where user_id = ?1 and account_id = ?2",
        )?
        .query_row((user.0, account.0), |row| read(row, 0))
        .optional()?)
}

/// The users of an account, ordered by email.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<(User, Membership)>, Error> {
    let columns = user::COLUMNS;
    let mut statement = conn.prepare_cached(&format!(
        "select {columns}, member.role, member.show_emails, member.publish_js, member.website_settings
         from member join user on user.id = member.user_id
         where member.account_id = ?1 order by user.email"
    ))?;
    let rows = statement.query_map([account.0], |row| Ok((user::read(row)?, read(row, 6)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The accounts of a user, ordered by number.
pub fn list_of_user(conn: &Connection, user: UserId) -> Result<Vec<(AccountId, Membership)>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id, role, show_emails, publish_js, website_settings from member
         where user_id = ?1 order by account_id",
    )?;
    let rows = statement.query_map([user.0], |row| Ok((AccountId(row.get(0)?), read(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from member where account_id = ?1", [account.0], |row| row.get(0))?)
}

/// Counts owners who can sign in, without one user.
pub fn count_owners(conn: &Connection, account: AccountId, without: UserId) -> Result<i64, Error> {
    Ok(conn.query_row(
        "select count(*) from member join user on user.id = member.user_id
         where account_id = ?1 and role = 'owner' and disabled = 0 and user_id <> ?2",
        (account.0, without.0),
        |row| row.get(0),
    )?)
}
