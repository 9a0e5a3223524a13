//! API tokens. A token belongs to one account, is shown once, and is kept as its hash.

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::base::clock::MINUTE;
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::user::{Role, Scope, TOKEN_NAME_MAX, TOKENS_MAX, TokenId};
use crate::store::{self, token::Token};

/// Every token begins with it, so that scanners of source code recognise tokens.
pub const PREFIX: &str = "gl_";
/// "Last used" is stored at most once in this time.
pub const USED_EVERY: i64 = MINUTE;

/// Makes a token. This is the only time its secret can be read.
///
/// # Errors
/// `Denied`, `TokenName`, `NoScope`, `Full`.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    name: &str,
    scopes: &[Scope],
) -> Result<(TokenId, Secret), Error> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > TOKEN_NAME_MAX {
        return Err(Error::TokenName);
    }
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    let now = app.now();
    let secret = Secret::new(&*app.random, PREFIX);
    let hash = secret.hash();
    let id = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            if store::token::count(conn, account)? >= TOKENS_MAX {
                return Err(Error::Full);
            }
            let id = store::token::insert(conn, account, &name, &scopes, &hash, now)?;
            let detail = format!("token {} {name}", id.0);
            store::audit::insert(conn, now, Some(account), actor.user(), "token.create", &detail)?;
            Ok(id)
        })
        .await?;
    Ok((id, secret))
}

/// The tokens of an account, oldest first.
pub async fn list(app: &App, account: AccountId) -> Result<Vec<Token>, store::Error> {
    app.store.read(move |conn| store::token::list(conn, account)).await
}

/// Revokes a token at once.
///
/// # Errors
/// `Denied`; `NotFound` when the token is another account's.
pub async fn revoke(app: &App, actor: Actor, account: AccountId, id: TokenId) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            store::token::delete(conn, account, id)?;
            let detail = format!("token {}", id.0);
            store::audit::insert(conn, now, Some(account), actor.user(), "token.revoke", &detail)?;
            Ok(())
        })
        .await
}

/// The token of a bearer text. `None` when it is unknown or revoked.
pub async fn authenticate(app: &App, bearer: &str) -> Result<Option<Token>, store::Error> {
    if !bearer.starts_with(PREFIX) || bearer.len() != PREFIX.len() + 64 {
        return Ok(None);
    }
    let now = app.now();
    let hash = Secret::from_request(bearer).hash();
    let Some(token) = app.store.read(move |conn| store::token::find(conn, &hash)).await? else {
        return Ok(None);
    };
    if token.last_used.is_none_or(|last| now.since(last) >= USED_EVERY) {
        let id = token.id;
        let used = app.store.writer.write(move |conn| store::token::update_last_used(conn, id, now)).await;
        if let Err(error) = used {
            // A full disk must not stop a program from reading.
            tracing::warn!(error = %error, "the time a token was last used could not be saved");
        }
    }
    Ok(Some(token))
}
