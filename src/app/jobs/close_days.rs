//! Closing days: in the background, account by account, what is over leaves the hot rows for segments.

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::Millis;
use crate::store;
use crate::store::segment::close::{self, Closed};

/// Closes whatever is due in all accounts. An account whose days cannot be closed does not hold up the others.
pub fn close_due(app: &App) {
    for account in app.accounts.list() {
        if let Err(error) = close_account(app, &account, app.now()) {
            tracing::error!(account = account.id().0, %error, "days could not be closed yet");
        }
    }
}

/// Closes what is due in one account as of `now`, a few days a transaction so that the fold comes in between.
///
/// # Errors
/// The store's; what was closed before stays closed.
pub fn close_account(app: &App, account: &Account, now: Millis) -> Result<(), store::Error> {
    let (id, zone) = (account.id(), account.zone.clone());
    loop {
        let zone = zone.clone();
        let closed: Closed =
            app.store.writer.write_blocking(move |conn| close::step(conn, id, &zone, now))?;
        if closed.days > 0 {
            tracing::debug!(account = id.0, rows = closed.rows, days = closed.days, "days closed");
        }
        if !closed.more {
            return Ok(());
        }
    }
}
