//! Closing days, in the background and account by account: events of days that are over leave the hot rows and become
//! segments. What takes long is read and made beside the writer, so that no hit waits for it.

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::Millis;
use crate::store;
use crate::store::segment::close::{Closing, Unreadable};

/// Closes what is due, and remembers which segments cannot be read, so that each is tried once.
#[derive(Debug, Default)]
pub struct CloseJob {
    unreadable: Unreadable,
}

impl CloseJob {
    /// Closes every day that is due in all accounts. An account that fails does not hold up the others.
    pub fn run(&mut self, app: &App) {
        for account in app.accounts.list() {
            if let Err(error) = self.close_account(app, &account, app.now()) {
                tracing::error!(account = account.id().0, %error, "days could not be closed yet");
            }
        }
    }

    /// Closes the days of one account that are due at `now`. After an error what was done before stays done.
    pub fn close_account(&mut self, app: &App, account: &Account, now: Millis) -> Result<(), store::Error> {
        let mut closing = Closing::new(account.id(), &account.zone, now, &mut self.unreadable);
        let mut steps = 0;
        while let Some(step) = app.store.readers.read(|conn| closing.prepare_next(conn))? {
            closing.follow(app.store.writer.write_blocking(move |conn| step.apply(conn))?);
            steps += 1;
        }
        if steps > 0 {
            tracing::debug!(account = account.id().0, steps, "days closed");
        }
        Ok(())
    }
}
