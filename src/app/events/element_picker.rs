//! Picking an element on a live page for the selector of an event (rules.md 30). An editor starts it, the site's
//! script asks whether it is genuine, and the choice comes back as text. A token is good for one account, one form
//! and one use.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::MINUTE;
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::element_picker::{Target, selector};
use crate::domain::event::EventKind;
use crate::domain::user::{Role, UserId};
use crate::store;

/// How long a token works, and how long its choice can be read.
pub const LIFE: i64 = 10 * MINUTE;
/// Longest token that is looked up, characters.
const TOKEN_MAX: usize = 64;
/// Longest key of a form, characters.
pub const KEY_MAX: usize = 64;

/// Why picking could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is not a page address")]
    Address,
    #[error("the key of a form can have at most {KEY_MAX} characters")]
    Key,
    #[error("{0} is not one of the domains of the account")]
    Foreign(String),
    #[error("there is no such account")]
    NoAccount,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// The page on which to pick, and the number by which to ask for the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub number: i64,
    /// An address of the site, with the token in its fragment.
    pub address: String,
}

/// Begins to pick on a page of the account's own sites: a form for a form event, else an element. `key` names the
/// form of the admin page that asks for the choice by `latest`.
///
/// # Errors
/// `Address`, `Foreign`, `Key`; `Denied` when the actor is no editor.
pub async fn start(
    app: &App,
    actor: Actor,
    account: AccountId,
    kind: EventKind,
    page: &str,
    key: &str,
) -> Result<Started, Error> {
    if key.chars().count() > KEY_MAX {
        return Err(Error::Key);
    }
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let target = Target::parse(page).ok_or(Error::Address)?;
    if !entry.settings().owns_host(&target.host()) {
        return Err(Error::Foreign(target.host()));
    }
    let user = user(actor)?;
    // The first letter says to the picker what is to be picked.
    let mark = if kind == EventKind::Form { 'f' } else { 'c' };
    let token = Secret::from_request(&format!("{mark}{}", app.random.token()));
    let (hash, now, key) = (token.hash(), app.now(), key.to_owned());
    let number = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            store::element_pick::delete_expired(conn, now)?;
            Ok::<_, Error>(store::element_pick::insert(conn, account, user, &key, &hash, now.plus(LIFE))?)
        })
        .await?;
    Ok(Started { number, address: target.with_token(token.reveal()) })
}

/// The site asks whether the token is genuine. True only once.
pub async fn confirm(app: &App, token: &str) -> Result<bool, store::Error> {
    if token.len() > TOKEN_MAX {
        return Ok(false);
    }
    let (hash, now) = (Secret::from_request(token).hash(), app.now());
    app.store.writer.write(move |conn| store::element_pick::update_confirmed(conn, &hash, now)).await
}

/// Stores the choice. False when the token is unknown or used, or when the choice is no selector.
pub async fn choose(app: &App, token: &str, chosen: &str) -> Result<bool, store::Error> {
    let Some(selector) = selector(chosen) else { return Ok(false) };
    close(app, token, selector.to_owned()).await
}

/// Ends picking without a choice. False when the token is unknown or used.
pub async fn cancel(app: &App, token: &str) -> Result<bool, store::Error> {
    close(app, token, String::new()).await
}

async fn close(app: &App, token: &str, selector: String) -> Result<bool, store::Error> {
    if token.len() > TOKEN_MAX {
        return Ok(false);
    }
    let (hash, now) = (Secret::from_request(token).hash(), app.now());
    app.store
        .writer
        .write(move |conn| store::element_pick::update_selector(conn, &hash, &selector, now))
        .await
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing was picked yet.
    Waiting,
    Picked(String),
    /// The user has no such pick, it is too old, or it was cancelled.
    Gone,
}

/// The selector that was picked. Only the user who started it can read it.
pub async fn choice(app: &App, actor: Actor, account: AccountId, number: i64) -> Result<Choice, Error> {
    let (user, now) = (user(actor)?, app.now());
    let found = app
        .store
        .read(move |conn| store::element_pick::find_selector(conn, account, user, number, now))
        .await?;
    Ok(match found {
        None => Choice::Gone,
        Some(None) => Choice::Waiting,
        Some(Some(selector)) if selector.is_empty() => Choice::Gone,
        Some(Some(selector)) => Choice::Picked(selector),
    })
}

/// The number of the user's latest pick for the form with this key, for forms that do not know the number.
pub async fn latest(app: &App, actor: Actor, account: AccountId, key: &str) -> Result<Option<i64>, Error> {
    let (user, now, key) = (user(actor)?, app.now(), key.to_owned());
    Ok(app.store.read(move |conn| store::element_pick::find_latest(conn, account, user, &key, now)).await?)
}

fn user(actor: Actor) -> Result<UserId, Error> {
    actor.user().ok_or(Error::Access(access::Error::Denied))
}
