//! What an account counts of visitors who did not consent (rules.md 41): switching it on and off.

use super::{Actor, Error, need};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Counting;
use crate::domain::user::Role;
use crate::store;

/// Changes the switches and notes them in the audit log, if that changes anything. The script follows at once. Returns the
/// switches as they are then.
///
/// # Errors
/// `Denied` below admin; the store's, `NotFound` when there is no such account.
pub async fn update(
    app: &App,
    actor: Actor,
    account: AccountId,
    change: impl FnOnce(&mut Counting) + Send + 'static,
) -> Result<Counting, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            need(conn, actor, account, Role::Admin)?;
            let before = store::account::find(conn, account)?.ok_or(store::Error::NotFound)?.counting;
            let mut counting = before;
            change(&mut counting);
            if counting != before {
                store::account::update_counting(conn, account, counting)?;
                let detail = serde_json::to_string(&counting).unwrap_or_default();
                store::audit::insert(conn, now, Some(account), actor.user(), "consent.counting", &detail)?;
            }
            Ok(counting)
        })
        .await
}
