//! Closing days, in the background and account by account: events of days that are over leave the hot rows and become
//! segments.

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::Millis;
use crate::store;
use crate::store::segment::close::{self, Closed};

/// Closes every day that is due in all accounts. An account that fails does not hold up the others.
pub fn close_due(app: &App) {
    for account in app.accounts.list() {
        if let Err(error) = close_account(app, &account, app.now()) {
            tracing::error!(account = account.id().0, %error, "days could not be closed yet");
        }
    }
}

/// Closes the days of one account that are due at `now`, a few in a transaction so that the fold gets its turn in
/// between. After an error the days closed before stay closed.
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
