//! The account and the user of the benchmarks.

use anyhow::Context;

use crate::app::App;
use crate::app::access::sign_in;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::policy::Policy;
use crate::domain::consent::preset::Preset;
use crate::domain::consent::rule::{PolicyType, Rule, Target};
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

/// Gives the account a policy whose every part is asked for each hit: the host, and the place of the visitor.
pub(super) fn insert_policy(app: &App, account: AccountId) -> anyhow::Result<()> {
    let of_host =
        Rule { target: Target::parse("shop.example.com", "", "")?, kind: PolicyType::OptIn, gpc: true };
    let rules = [vec![of_host], Preset::Europe.apply(&[])].concat();
    let (policy, now) = (Policy { rules, ..Policy::default() }, app.now());
    policy.check()?;
    app.store
        .writer
        .write_blocking(move |conn| store::consent::insert(conn, account, &policy, false, None, now))?;
    Ok(())
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
