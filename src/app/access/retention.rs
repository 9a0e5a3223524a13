//! How long an account keeps each kind of data: reading it, changing it, and seeing before what a change would delete. The
//! work itself is done by `app/jobs/retention.rs`.

use super::{Actor, Error, need, need_server_admin};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::retention::{Kind, Retention, needs_confirming};
use crate::domain::user::Role;
use crate::store::{self, Connection, retention};

/// How long an account keeps each kind of data.
pub async fn find(app: &App, account: AccountId) -> Result<Retention, store::Error> {
    let default = app.retention;
    app.store.read(move |conn| retention::find(conn, account, default)).await
}

/// Changes how long an account keeps each kind. What is too old then is deleted by the next run of the job.
///
/// # Errors
/// `Denied` below owner; `Retention` when a kind would be kept too long; the store's.
pub async fn update(app: &App, actor: Actor, account: AccountId, wanted: Retention) -> Result<(), Error> {
    wanted.check()?;
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            need(conn, actor, account, Role::Owner)?;
            retention::upsert(conn, account, &wanted)?;
            let detail = serde_json::to_string(&wanted).unwrap_or_default();
            Ok(store::audit::insert(conn, now, Some(account), actor.user(), "account.retention", &detail)?)
        })
        .await
}

/// What would be deleted if an account kept its data that long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub page_views: u64,
    pub completions: u64,
    pub submissions: u64,
    pub contacts: u64,
    pub choices: u64,
    pub audit_rows: u64,
}

/// Counts what is older than `wanted` keeps. Nothing is deleted.
///
/// # Errors
/// `NotFound` when there is no such account; the store's.
pub async fn preview(app: &App, account: AccountId, wanted: Retention) -> Result<Preview, store::Error> {
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let today = entry.zone.day_of(app.now());
    app.store.read_long(move |conn| count(conn, account, &entry.zone, today, &wanted)).await
}

fn count(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    today: LocalDay,
    wanted: &Retention,
) -> Result<Preview, store::Error> {
    let before = |kind| wanted.first_kept(kind, today).map(|first| zone.start_of(first));
    let of = |kind, count: fn(&Connection, AccountId, Millis) -> Result<u64, store::Error>| {
        before(kind).map_or(Ok(0), |before| count(conn, account, before))
    };
    let first = wanted.first_kept(Kind::Visits, today);
    let anonymous =
        first.map_or(Ok(0), |first| store::anonymous_count::count_before(conn, account, first))?;
    Ok(Preview {
        page_views: anonymous
            + of(Kind::Visits, |conn, account, before| {
                let segments = retention::list_with(conn, account, Kind::Visits, before)?;
                Ok(segments.iter().map(|segment| segment.totals.page_views).sum())
            })?,
        completions: of(Kind::Completions, |conn, account, before| {
            let segments = retention::list_with(conn, account, Kind::Completions, before)?;
            Ok(segments.iter().map(|segment| segment.totals.completions).sum())
        })?,
        submissions: of(Kind::Submissions, store::submission::count_before)?,
        contacts: of(Kind::Contacts, store::contact::count_unseen)?,
        choices: of(Kind::ConsentLog, store::consent::choice::count_before)?,
        audit_rows: of(Kind::AuditLog, retention::count_log_rows)?,
    })
}

/// Since when the clock is doubted: when the job last ran, if the clock has moved so far since then that nothing is deleted
/// until somebody confirms the time.
pub async fn doubted_since(app: &App) -> Result<Option<Millis>, store::Error> {
    let last = app.store.read(retention::find_last).await?;
    Ok(last.filter(|last| needs_confirming(*last, app.now())))
}

/// Says that the clock of the machine is right, so that old data is deleted again.
///
/// # Errors
/// `Denied` for anybody but a server admin; the store's.
pub async fn confirm_clock(app: &App, actor: Actor) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            need_server_admin(conn, actor)?;
            retention::update_last(conn, now)?;
            Ok(store::audit::insert(conn, now, None, actor.user(), "server.confirm_clock", &now.iso())?)
        })
        .await
}
