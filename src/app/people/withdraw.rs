//! Withdrawal on the page for visitors (rules.md 42): from then on nothing is collected under a token. Whoever knows a token
//! may withdraw it, because only the browser and the site know it.

use std::sync::Arc;

use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::visitor::Token;
use crate::store::withdrawn::Added;
use crate::store::{self, visitor};

/// The most tokens of an account that may be withdrawn, in memory and on disk some 50 bytes each.
pub const WITHDRAWN_MAX: usize = 1_000_000;
/// From so many on, only tokens that the store knows are taken: invented ones must not use up the places.
pub const UNKNOWN_MAX: usize = 100_000;

/// Withdraws a token. Answers after it is on disk; hits that are not folded yet are dropped.
///
/// # Errors
/// The store's.
pub async fn withdraw(app: &App, account: AccountId, token: &Token) -> Result<Added, store::Error> {
    let text = token.clone();
    let number =
        app.store.read(move |conn| visitor::find_number(conn, account, text.as_str())).await?;
    let most = if number.is_some() { WITHDRAWN_MAX } else { UNKNOWN_MAX };
    let random = Arc::clone(&app.random);
    let added = app.store.withdrawn.insert(random, account, token.clone(), most).await?;
    if added == Added::Kept {
        app.live.forget(account, number.map_or(0, |number| number.0), &[token.as_str().to_owned()]);
    }
    Ok(added)
}
