//! Emails that stand for nobody and are blocked by an editor: nobody is identified by them (rules.md 36). The audit log names
//! the row and not the email, so that nothing of a person stays in it.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::Email;
use crate::domain::placeholder::BLOCKED_MAX;
use crate::domain::user::Role;
use crate::store::blocked_email::{self, BlockedEmail};
use crate::store::contact_joining::{self, Suspect};
use crate::store::{self, Connection, alias, audit, contact};

/// Why nothing was blocked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this email is blocked already")]
    Blocked,
    #[error("an account blocks at most {BLOCKED_MAX} emails")]
    TooMany,
    #[error("the contact has no email")]
    NoEmail,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// The blocked emails of an account, the latest first.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, account: AccountId) -> Result<Vec<BlockedEmail>, store::Error> {
    app.store.read(move |conn| blocked_email::list(conn, account)).await
}

/// Contacts whose address possibly stands for nobody, at most `limit`, and how many addresses are blocked.
///
/// # Errors
/// The store's.
pub async fn suspects(
    app: &App,
    account: AccountId,
    limit: usize,
) -> Result<(Vec<Suspect>, i64), store::Error> {
    app.store
        .read(move |conn| {
            let suspects = contact_joining::list_suspects(conn, account, limit)?;
            Ok((suspects, blocked_email::count(conn, account)?))
        })
        .await
}

/// Blocks an email. Whoever belongs to its contact already stays there.
///
/// # Errors
/// `Blocked`, `TooMany`; `Denied` when the actor is no editor; the store's.
pub async fn block(app: &App, actor: Actor, account: AccountId, email: Email) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            insert(conn, actor, account, email.as_str(), now)
        })
        .await
}

/// Blocks the primary email of a contact.
///
/// # Errors
/// Those of `block`; `NoEmail`; `NotFound` when there is no such contact.
pub async fn block_contact(app: &App, actor: Actor, account: AccountId, id: i64) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let id = alias::resolve(conn, account, id)?.ok_or(store::Error::NotFound)?;
            let email = contact::find_email(conn, account, id)?.ok_or(store::Error::NotFound)?;
            insert(conn, actor, account, &email.ok_or(Error::NoEmail)?, now)
        })
        .await
}

fn insert(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    email: &str,
    now: Millis,
) -> Result<(), Error> {
    if blocked_email::is_blocked(conn, account, email)? {
        return Err(Error::Blocked);
    }
    if blocked_email::count(conn, account)? >= BLOCKED_MAX {
        return Err(Error::TooMany);
    }
    let id = blocked_email::insert(conn, account, email, now)?;
    audit::insert(conn, now, Some(account), actor.user(), "email.block", &format!("blocked email {id}"))?;
    Ok(())
}

/// Unblocks an email by the number of its row.
///
/// # Errors
/// `Denied` when the actor is no editor; `NotFound` when the account has no such row; the store's.
pub async fn unblock(app: &App, actor: Actor, account: AccountId, id: i64) -> Result<(), access::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            blocked_email::delete(conn, account, id)?;
            let detail = format!("blocked email {id}");
            audit::insert(conn, now, Some(account), actor.user(), "email.unblock", &detail)?;
            Ok(())
        })
        .await
}
