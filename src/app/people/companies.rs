//! Companies by domain (rules.md 35): the one place that decides which company a contact belongs to, and what users change
//! of companies. Whoever gives a contact another primary email calls `follow_email` in the same transaction.

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::{CompanyId, CompanySettings, company_domain};
use crate::domain::user::Role;
use crate::store::{self, Connection, audit, company};

/// Gives a contact the company of its primary email. A company is made when there is none, and one that nobody belongs to
/// any more goes. While the account does not make companies, a contact keeps the one that fits its email, and gets none.
pub fn follow_email(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    now: Millis,
) -> Result<(), store::Error> {
    let Some(known) = company::find_member(conn, account, contact)? else { return Ok(()) };
    let domain = match company_domain(&known.email) {
        Some(domain) if company::is_excluded(conn, account, &domain)? => None,
        domain => domain,
    };
    let wanted = match domain {
        None => None,
        Some(domain) if known.domain.as_ref() == Some(&domain) => known.company,
        Some(domain) if company::is_on(conn, account)? => {
            Some(company::find_or_insert(conn, account, &domain, now)?)
        }
        Some(_) => None,
    };
    company::update_member(conn, account, contact, wanted)
}

/// Looks at the companies of the next contacts, at most `limit`, when the account has some to look at. Answers how many
/// they were; `None` when none was left.
pub fn follow_next(
    conn: &Connection,
    account: AccountId,
    limit: usize,
    now: Millis,
) -> Result<Option<usize>, store::Error> {
    let Some(due) = company::list_due(conn, account, limit)? else { return Ok(None) };
    for contact in &due {
        follow_email(conn, account, *contact, now)?;
    }
    let next = due.last().filter(|_| due.len() == limit).map(|last| last.saturating_add(1));
    company::update_due(conn, account, next)?;
    Ok(Some(due.len()))
}

/// How an account makes companies.
///
/// # Errors
/// The store's.
pub async fn settings(app: &App, account: AccountId) -> Result<CompanySettings, store::Error> {
    app.store.read(move |conn| company::find_settings(conn, account)).await
}

/// Changes how an account makes companies; those of its contacts follow in the background.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn update_settings(
    app: &App,
    actor: Actor,
    account: AccountId,
    settings: CompanySettings,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            company::update_settings(conn, account, &settings)?;
            let state = if settings.is_on { "on" } else { "off" };
            let detail = format!("{state}, {} domains excluded", settings.excluded.len());
            audit::insert(conn, now, Some(account), actor.user(), "account.companies", &detail)?;
            Ok(())
        })
        .await
}

/// Names a company; an empty name makes its domain the name again. Answers whether the company is still there: one without
/// contacts goes with its name.
///
/// # Errors
/// `Denied` below editor; `NotFound`; the store's.
pub async fn rename(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: CompanyId,
    name: String,
) -> Result<bool, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            company::update_name(conn, account, id, &name)?;
            company::delete_unused(conn, account, id)?;
            let detail = format!("company {}", id.0);
            audit::insert(conn, now, Some(account), actor.user(), "company.edit", &detail)?;
            Ok(company::find(conn, account, id)?.is_some())
        })
        .await
}
