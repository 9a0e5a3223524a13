//! Creating accounts and changing their settings.

use crate::app::access::{self, Actor, consent};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Invalid, Settings};
use crate::domain::consent::rule::Rule;
use crate::domain::exclusions::Exclusions;
use crate::domain::money;
use crate::domain::tracking::{self, Change, Tracking};
use crate::store::{self, member::Membership};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Creates an account without a consent policy. A user who creates it becomes its owner.
pub async fn create(app: &App, actor: Actor, settings: Settings) -> Result<AccountId, Error> {
    create_with_policy(app, actor, settings, Vec::new()).await
}

/// The same, with these rules of a consent policy; without rules there is none.
pub async fn create_with_policy(
    app: &App,
    actor: Actor,
    settings: Settings,
    rules: Vec<Rule>,
) -> Result<AccountId, Error> {
    let now = app.now();
    let id = app
        .store
        .writer
        .write(move |conn| {
            let id = store::account::insert(conn, &settings, now)?;
            if let Some(user) = actor.user() {
                store::member::upsert(conn, user, id, Membership::OWNER)?;
            }
            store::audit::insert(conn, now, Some(id), actor.user(), "account.create", &settings.name)?;
            if !rules.is_empty() {
                consent::start(conn, actor, id, rules, now)?;
            }
            Ok::<_, store::Error>(id)
        })
        .await?;
    Ok(id)
}

/// Changes the settings of an account.
///
/// # Errors
/// `OtherDigits` when the new currency has other decimal places and values are stored already: their minor units
/// would come to mean other amounts. `NotFound` when there is no such account.
pub async fn update(app: &App, actor: Actor, id: AccountId, settings: Settings) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            let before = money::digits(&store::account::find_currency(conn, id)?);
            if before != money::digits(&settings.currency) && store::definition::have_values(conn, id)? {
                return Err(Invalid::OtherDigits(settings.currency).into());
            }
            store::account::update(conn, id, &settings)?;
            let detail = serde_json::to_string(&settings).unwrap_or_default();
            store::audit::insert(conn, now, Some(id), actor.user(), "account.update", &detail)?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(())
}

/// The action under which changes of how sites are tracked are in the audit log.
const TRACKING: &str = "account.tracking";

/// Changes how the sites of an account are tracked, and notes each setting that changed. The script of the account
/// follows at once.
///
/// # Errors
/// `Denied` when the actor may not change the settings of the website.
pub async fn update_tracking(
    app: &App,
    actor: Actor,
    id: AccountId,
    tracking: Tracking,
    exclusions: Exclusions,
) -> Result<(), access::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need_website_settings(conn, actor, id)?;
            let before = store::account::find(conn, id)?.ok_or(store::Error::NotFound)?;
            store::account::update_tracking(conn, id, tracking)?;
            store::account::update_exclusions(conn, id, &exclusions)?;
            let before = (before.tracking, &before.exclusions);
            for change in tracking::changes(before, (tracking, &exclusions)) {
                let detail = serde_json::to_string(&change).unwrap_or_default();
                store::audit::insert(conn, now, Some(id), actor.user(), TRACKING, &detail)?;
            }
            Ok::<_, access::Error>(())
        })
        .await
}

/// A change of how sites are tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingChange {
    pub at: Millis,
    /// Who made it; `None` for the command line and for users who are deleted.
    pub email: Option<String>,
    pub change: Change,
}

/// The latest changes of how the sites of an account are tracked, the latest first.
pub async fn tracking_changes(
    app: &App,
    id: AccountId,
    limit: u32,
) -> Result<Vec<TrackingChange>, store::Error> {
    let logged = app.store.read(move |conn| store::audit::list(conn, id, TRACKING, limit)).await?;
    // Before each change was noted by itself, the log had all switches; what changed cannot be said of those.
    let changes = logged.into_iter().filter_map(|logged| {
        let change = serde_json::from_str(&logged.detail).ok()?;
        Some(TrackingChange { at: logged.at, email: logged.email, change })
    });
    Ok(changes.collect())
}

/// When the first page view of an account was counted.
pub async fn first_hit(app: &App, id: AccountId) -> Result<Option<Millis>, store::Error> {
    app.store.read(move |conn| first_hit_in(conn, id)).await
}

/// Like `first_hit`, as a part of a read.
pub fn first_hit_in(conn: &store::Connection, id: AccountId) -> Result<Option<Millis>, store::Error> {
    let numbers = store::account::find_numbers(conn, id)?;
    Ok(numbers.and_then(|numbers| numbers.first_hit_ms).map(Millis))
}
