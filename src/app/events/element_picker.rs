//! Picking an element on a live page for an event's selector (rules.md 30): an editor starts it, the site's script has
//! it confirmed, and the choice comes back as text. The token is for one account, one form, one use.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::MINUTE;
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::event::EventKind;
use crate::domain::pick::{Target, selector};
use crate::domain::user::{Role, UserId};
use crate::store;

/// How long a token works, and how long the choice is there.
pub const LIFE: i64 = 10 * MINUTE;
/// Longest token that is looked up, characters.
const TOKEN_MAX: usize = 64;
/// Longest key of a form, characters.
pub const KEY_MAX: usize = 64;

/// Why nobody picks.
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

/// Where to pick, and by what number to ask for the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub number: i64,
    /// Of the site, with the token in its fragment.
    pub address: String,
}

/// Begins to pick on a page of the account's own sites: of a form event a form, else an element. `key` names the form
/// that asks for the choice by `latest`.
///
/// # Errors
/// `Address`, `Foreign`, `Key`; `Denied` to who is no editor.
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
    // the picker reads the first sign: what it is to pick
    let mark = if kind == EventKind::Form { 'f' } else { 'c' };
    let token = Secret::told(&format!("{mark}{}", app.random.token()));
    let (hash, now, key) = (token.hash(), app.now(), key.to_owned());
    let number = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            store::pick::delete_expired(conn, now)?;
            Ok::<_, Error>(store::pick::insert(conn, account, user, &key, &hash, now.plus(LIFE))?)
        })
        .await?;
    Ok(Started { number, address: target.with_token(token.reveal()) })
}

/// The site asks whether somebody picks there. True once.
pub async fn confirm(app: &App, token: &str) -> Result<bool, store::Error> {
    if token.len() > TOKEN_MAX {
        return Ok(false);
    }
    let (hash, now) = (Secret::told(token).hash(), app.now());
    app.store.writer.write(move |conn| store::pick::update_confirmed(conn, &hash, now)).await
}

/// Takes the choice. False when the token is no good, or the choice no selector.
pub async fn choose(app: &App, token: &str, told: &str) -> Result<bool, store::Error> {
    let Some(selector) = selector(told) else { return Ok(false) };
    close(app, token, selector.to_owned()).await
}

/// Whoever picks gave up. False when the token is no good.
pub async fn cancel(app: &App, token: &str) -> Result<bool, store::Error> {
    close(app, token, String::new()).await
}

async fn close(app: &App, token: &str, selector: String) -> Result<bool, store::Error> {
    if token.len() > TOKEN_MAX {
        return Ok(false);
    }
    let (hash, now) = (Secret::told(token).hash(), app.now());
    app.store.writer.write(move |conn| store::pick::update_selector(conn, &hash, &selector, now)).await
}

/// What became of a pick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Somebody may still be at it.
    Waiting,
    Picked(String),
    /// There is no such pick of whoever asks, or not any more; or it was cancelled.
    Gone,
}

/// The selector that was picked. Only who started it is told.
pub async fn choice(app: &App, actor: Actor, account: AccountId, number: i64) -> Result<Choice, Error> {
    let (user, now) = (user(actor)?, app.now());
    let found =
        app.store.read(move |conn| store::pick::find_selector(conn, account, user, number, now)).await?;
    Ok(match found {
        None => Choice::Gone,
        Some(None) => Choice::Waiting,
        Some(Some(selector)) if selector.is_empty() => Choice::Gone,
        Some(Some(selector)) => Choice::Picked(selector),
    })
}

/// The number of the user's latest pick for the form of that key, while there is one: for forms that could not be told
/// it.
pub async fn latest(app: &App, actor: Actor, account: AccountId, key: &str) -> Result<Option<i64>, Error> {
    let (user, now, key) = (user(actor)?, app.now(), key.to_owned());
    Ok(app.store.read(move |conn| store::pick::find_latest(conn, account, user, &key, now)).await?)
}

fn user(actor: Actor) -> Result<UserId, Error> {
    actor.user().ok_or(Error::Access(access::Error::Denied))
}
