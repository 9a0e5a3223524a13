//! Gives contacts their companies after the fact: those of before companies were made, and all of an account whose
//! settings of companies changed. It works in short steps, so that no hit waits, and goes on where it was cut off.

use crate::app::core::App;
use crate::app::people::companies;
use crate::store;

/// Contacts that are looked at in one transaction.
pub const BATCH: usize = 500;

/// Looks at all contacts that are due in all accounts, and answers how many they were. An account that fails does not hold
/// up the others.
pub async fn assign_companies(app: &App) -> usize {
    let mut count = 0;
    for account in app.accounts.list() {
        let account = account.id();
        loop {
            let now = app.now();
            let step = move |conn: &store::Connection| companies::follow_next(conn, account, BATCH, now);
            match app.store.writer.write(step).await {
                Ok(Some(looked_at)) => count += looked_at,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(account = account.0, %error, "contacts could not get their companies yet");
                    break;
                }
            }
        }
    }
    count
}
