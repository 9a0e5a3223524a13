//! What a visitor does on the page for visitors (rules.md 42): withdraw, and ask that what is kept is deleted. Whoever knows a
//! token may do it, because only the browser and the site know it.

use std::sync::Arc;

use crate::app::access::{Actor, Error, permissions};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{Choice, Receipt};
use crate::domain::user::Role;
use crate::domain::visitor::Token;
use crate::store::erasure_request::Request;
use crate::store::withdrawn::Added;
use crate::store::{self, Connection, consent, erasure_request, visitor};

/// The most tokens of an account that may be withdrawn. Each takes some 50 bytes, in memory and on disk.
pub const WITHDRAWN_MAX: usize = 1_000_000;
/// From so many on, only tokens that the store knows are taken: invented ones must not use up the places.
pub const UNKNOWN_MAX: usize = 100_000;

/// What a visitor typed: the token of a browser, or the receipt of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// `None` for the receipt of a choice that allowed nothing.
    pub token: Option<Token>,
    /// The choice of the receipt, or the last one that the log has of the token.
    pub choice: Option<Choice>,
}

/// Reads what a visitor typed; `None` when it is neither a token nor a receipt.
///
/// # Errors
/// The store's.
pub async fn read(app: &App, account: AccountId, text: &str) -> Result<Option<Typed>, store::Error> {
    let Some(token) = Token::parse(text.trim()) else { return Ok(None) };
    let typed = move |conn: &Connection| -> Result<Typed, store::Error> {
        if let Some(receipt) = Receipt::parse(token.as_str())
            && let Some(choice) = consent::choice::find(conn, account, receipt)?
        {
            let token = choice.token.and_then(|token| Token::parse(&token.to_string()));
            return Ok(Typed { token, choice: Some(choice) });
        }
        Ok(Typed { choice: consent::choice::find_last(conn, account, token.as_str())?, token: Some(token) })
    };
    app.store.read(typed).await.map(Some)
}

/// Withdraws a token. Answers after it is on disk; hits that are not folded yet are dropped.
///
/// # Errors
/// The store's.
pub async fn withdraw(app: &App, account: AccountId, token: &Token) -> Result<Added, store::Error> {
    let text = token.clone();
    let number = app.store.read(move |conn| visitor::find_number(conn, account, text.as_str())).await?;
    let most = if number.is_some() { WITHDRAWN_MAX } else { UNKNOWN_MAX };
    let random = Arc::clone(&app.random);
    let added = app.store.withdrawn.insert(random, account, token.clone(), most).await?;
    if added == Added::Kept {
        app.live.forget(account, number.map_or(0, |number| number.0), &[token.as_str().to_owned()]);
    }
    Ok(added)
}

/// Asks an admin to delete what is kept under a token. A token without anything needs no request. Answers false when too many
/// wait.
///
/// # Errors
/// The store's.
pub async fn ask_to_erase(app: &App, account: AccountId, token: &Token) -> Result<bool, store::Error> {
    let (token, now) = (token.clone(), app.now());
    app.store
        .writer
        .write(move |conn| match visitor::find_number(conn, account, token.as_str())? {
            Some(number) => erasure_request::insert(conn, account, number, now),
            None => Ok(true),
        })
        .await
}

/// At most `limit` requests that wait, and how many there are.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn requests(
    app: &App,
    actor: Actor,
    account: AccountId,
    limit: usize,
) -> Result<(Vec<Request>, i64), Error> {
    app.store
        .read(move |conn| {
            permissions::need(conn, actor, account, Role::Admin)?;
            Ok((erasure_request::list(conn, account, limit)?, erasure_request::count(conn, account)?))
        })
        .await
}
