//! Erases contacts of whom nothing was seen for as long as their account keeps them, with everything they did, as an admin
//! would erase them. A restored backup needs no note of it: there the contact is as old.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::app::people::erase::contact::erase_unseen;
use crate::domain::account::AccountId;
use crate::domain::retention::Kind;
use crate::store;

/// Most contacts of an account that are erased in one run; the next run goes on.
pub const ERASED_MAX: usize = 200;

/// Erases the contacts of all accounts that are due, and answers how many they were. An account that fails does not hold up
/// the others. The caller has made sure that the clock is trusted.
///
/// # Errors
/// The store's.
pub async fn erase_due(app: &App) -> Result<usize, store::Error> {
    let mut erased = 0;
    for account in app.accounts.list() {
        let (id, default) = (account.id(), app.retention);
        let kept = app.store.read(move |conn| store::retention::find(conn, id, default)).await?;
        let Some(first) = kept.first_kept(Kind::Contacts, account.zone.day_of(app.now())) else { continue };
        let before = account.zone.start_of(first);
        let list = move |conn: &_| store::contact::list_unseen(conn, id, before, ERASED_MAX);
        for contact in app.store.read(list).await? {
            match erase_one(app, id, contact).await {
                Ok(()) => erased += 1,
                Err(error) => {
                    tracing::error!(account = id.0, %error, "an unseen contact could not be erased");
                    break;
                }
            }
        }
    }
    Ok(erased)
}

async fn erase_one(app: &App, account: AccountId, contact: i64) -> Result<(), access::Error> {
    match erase_unseen(app, Actor::Machine, account, contact).await {
        // Somebody erased or merged it meanwhile.
        Err(access::Error::Store(store::Error::NotFound)) => Ok(()),
        erased => erased.map(|_| ()),
    }
}
