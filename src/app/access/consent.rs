//! The consent policy of an account (rules.md 38): its revisions, made by admins and the command line. The audit log says who
//! made which one.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::change::{self, Change};
use crate::domain::consent::policy::{Invalid, Policy};
use crate::domain::consent::rule::Rule;
use crate::domain::consent_banner::Banner;
use crate::domain::user::Role;
use crate::store::consent::Revision;
use crate::store::{self, Connection};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("the account has no consent policy, so there is nothing to ask again")]
    NoPolicy,
    #[error("the policy was changed meanwhile: revision {0} is in force")]
    Changed(u32),
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
    change(app, actor, account, None, move |policy| policy.set(rule)).await
}

/// Puts these rules in the place of all rules of the revision `seen`, which is 0 for an account without a policy. Returns the
/// number of the revision in force.
///
/// # Errors
/// `Changed` when another revision is in force than the one that was looked at; which limit the policy exceeds; `Denied`
/// below admin; the store's.
pub async fn replace_rules(
    app: &App,
    actor: Actor,
    account: AccountId,
    seen: u32,
    rules: Vec<Rule>,
) -> Result<u32, Error> {
    change(app, actor, account, Some(seen), move |policy| policy.rules = rules).await
}

/// Changes the look and the texts of the banner of the revision `seen`. Returns the number of the revision in force.
///
/// # Errors
/// As `replace_rules`.
pub async fn set_banner(
    app: &App,
    actor: Actor,
    account: AccountId,
    seen: u32,
    banner: Banner,
) -> Result<u32, Error> {
    change(app, actor, account, Some(seen), move |policy| policy.banner = banner).await
}

/// The first revision of a new account. It is a part of making the account, which decides who may.
pub(super) fn start(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    rules: Vec<Rule>,
    now: Millis,
) -> Result<(), store::Error> {
    let policy = Policy { rules, ..Policy::default() };
    let number = store::consent::insert(conn, account, &policy, false, actor.user(), now)?;
    write_audit(conn, actor, account, "consent.change", number, now)
}

/// Changes the policy. One that stays as it was makes no revision. With `seen`, only when that revision is in force.
async fn change(
    app: &App,
    actor: Actor,
    account: AccountId,
    seen: Option<u32>,
    change: impl FnOnce(&mut Policy) + Send + 'static,
) -> Result<u32, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let latest = store::consent::find(conn, account)?;
            let number = latest.as_ref().map_or(0, |latest| latest.number);
            if seen.is_some_and(|seen| seen != number) {
                return Err(Error::Changed(number));
            }
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

/// Most revisions that are listed at once.
pub const REVISIONS_MAX: usize = 50;

/// The revision in force; `None` when the account has no policy.
///
/// # Errors
/// The store's.
pub async fn find(app: &App, account: AccountId) -> Result<Option<Revision>, store::Error> {
    app.store.read(move |conn| store::consent::find(conn, account)).await
}

/// A revision by its number, and the one before it.
///
/// # Errors
/// The store's.
pub async fn find_with_former(
    app: &App,
    account: AccountId,
    number: u32,
) -> Result<Option<(Revision, Option<Revision>)>, store::Error> {
    let mut found = app
        .store
        .read(move |conn| store::consent::list(conn, account, number.saturating_add(1), 2))
        .await?
        .into_iter();
    let asked = found.next().filter(|revision| revision.number == number);
    Ok(asked.map(|revision| (revision, found.next())))
}

/// Revisions with numbers below `before`, the newest first, each with what it changed; at most `REVISIONS_MAX`.
///
/// # Errors
/// The store's.
pub async fn list_revisions(
    app: &App,
    account: AccountId,
    before: u32,
) -> Result<Vec<(Revision, Vec<Change>)>, store::Error> {
    app.store
        .read(move |conn| {
            let found = store::consent::list(conn, account, before, REVISIONS_MAX + 1)?;
            let former = found.iter().skip(1).map(Some).chain([None]);
            let with_changes = found.iter().zip(former).take(REVISIONS_MAX).map(|(revision, former)| {
                let changes = change::changes(former.map(|former| &former.policy), &revision.policy);
                (revision.clone(), changes)
            });
            Ok(with_changes.collect())
        })
        .await
}

/// How many visitors were seen since then: those who may have made a choice that asking again makes void.
///
/// # Errors
/// The store's.
pub async fn visitors_since(app: &App, account: AccountId, since: Millis) -> Result<u64, store::Error> {
    app.store.read(move |conn| store::visitor::count_since(conn, account, since)).await
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
    now: Millis,
) -> Result<(), store::Error> {
    store::audit::insert(conn, now, Some(account), actor.user(), action, &format!("revision {number}"))
}
