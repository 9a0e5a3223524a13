//! The consent policy of an account (rules.md 38): its revisions, made by admins and the command line. The audit log says who
//! made which one.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::consent::policy::{Invalid, Policy};
use crate::domain::consent::rule::Rule;
use crate::domain::user::Role;
use crate::store::{self, Connection};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the account has no consent policy, so there is nothing to ask again")]
    NoPolicy,
    #[error(transparent)]
    Access(#[from] access::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Puts a rule in the place of the one with the same target, or behind all others. Returns the number of the revision in
/// force, which is a new one when this changed something.
///
/// # Errors
/// Which limit the policy exceeds; `Denied` below admin; the store's.
pub async fn set_rule(app: &App, actor: Actor, account: AccountId, rule: Rule) -> Result<u32, Error> {
    change(app, actor, account, move |policy| policy.set(rule)).await
}

/// Changes the policy. One that stays as it was makes no revision.
async fn change(
    app: &App,
    actor: Actor,
    account: AccountId,
    change: impl FnOnce(&mut Policy) + Send + 'static,
) -> Result<u32, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let latest = store::consent::find(conn, account)?;
            let mut policy = latest.as_ref().map(|latest| latest.policy.clone()).unwrap_or_default();
            change(&mut policy);
            policy.check()?;
            if let Some(same) = latest.filter(|latest| latest.policy == policy) {
                return Ok(same.number);
            }
            let number = store::consent::insert(conn, account, &policy, false, actor.user(), now)?;
            write_audit(conn, actor, account, "consent.change", number, now)?;
            Ok::<_, Error>(number)
        })
        .await
}

/// Makes a revision of the same rules, by which all earlier choices become void. Returns its number.
///
/// # Errors
/// `NoPolicy`; `Denied` below admin; the store's.
pub async fn ask_again(app: &App, actor: Actor, account: AccountId) -> Result<u32, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let latest = store::consent::find(conn, account)?.ok_or(Error::NoPolicy)?;
            let number = store::consent::insert(conn, account, &latest.policy, true, actor.user(), now)?;
            write_audit(conn, actor, account, "consent.ask_again", number, now)?;
            Ok::<_, Error>(number)
        })
        .await
}

/// The revision itself stays readable, so its number says all.
fn write_audit(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    action: &str,
    number: u32,
    now: crate::base::clock::Millis,
) -> Result<(), store::Error> {
    store::audit::insert(conn, now, Some(account), actor.user(), action, &format!("revision {number}"))
}
