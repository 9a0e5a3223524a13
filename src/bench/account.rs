//! The account and the user of the benchmarks.

use anyhow::Context;

use crate::app::App;
use crate::app::access::sign_in;
use crate::domain::account::{AccountId, Settings};
use crate::domain::contact::Email;
use crate::store;

/// Creates the account that the benchmarks use.
pub(super) fn insert(app: &App) -> anyhow::Result<AccountId> {
    let settings = Settings::parse("Benchmark", &["example.com".to_owned()], "UTC", "EUR")?;
    let now = app.now();
    let account =
        app.store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, now))?;
    Ok(account)
}

/// Returns the cookie of a user who may see everything.
pub(super) async fn sign_in(app: &App, email: &str) -> anyhow::Result<String> {
    let email = Email::parse(email).context("no email")?;
    let now = app.now();
    let found = move |conn: &store::Connection| match store::user::find_by_email(conn, &email)? {
        Some(user) => Ok::<_, store::Error>(user.id),
        None => store::user::insert(conn, &email, None, true, now),
    };
    let user = app.store.writer.write(found).await?;
    let link = sign_in::link(app, user).await?;
    let cookie = sign_in::by_link(app, &link, "benchmark").await?;
    Ok(format!("guestlog={}", cookie.reveal()))
}
