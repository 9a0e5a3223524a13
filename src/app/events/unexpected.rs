//! The review queue. Names of events that nobody has created are approved, dismissed, or taken back from the
//! dismissed ones, one or many at once (rules.md 20).

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventNumber};
use crate::domain::user::Role;
use crate::store::unexpected::{self, OTHER, Unexpected};
use crate::store::{self, Connection, definition};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the account has {active} of {limit} events, so there is no room for {wanted} more; archive \
         events or select fewer names"
    )]
    Full { active: i64, limit: i64, wanted: i64 },
    #[error("“{OTHER}” combines many names and cannot be approved")]
    Many,
    #[error("one of these names is no longer in the list")]
    Gone,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound | store::Error::Conflict => Self::Gone,
            other => Self::Access(other.into()),
        }
    }
}

/// Makes events of names, all of them or none. They are counted from now on.
///
/// # Errors
/// `Full`, `Many`, `Gone`; `Denied` when the actor is no editor.
pub async fn approve(
    app: &App,
    actor: Actor,
    account: AccountId,
    ids: Vec<i64>,
) -> Result<Vec<EventNumber>, Error> {
    let (limit, now) = (app.event_limit, app.now());
    let made = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let active = definition::count_active(conn, account)?;
            let wanted = i64::try_from(ids.len()).unwrap_or(i64::MAX);
            if wanted > limit.saturating_sub(active) {
                return Err(Error::Full { active, limit, wanted });
            }
            let mut made = Vec::with_capacity(ids.len());
            for id in ids {
                let Unexpected { name, kind, .. } = find(conn, account, id)?;
                if name == OTHER {
                    return Err(Error::Many);
                }
                made.push(definition::insert(conn, account, &Definition::named(&name, kind), "", now)?);
                unexpected::delete(conn, account, id)?;
                store::audit::insert(conn, now, Some(account), actor.user(), "event.approve", &name)?;
            }
            Ok(made)
        })
        .await?;
    Ok(made)
}

/// Dismisses names, or returns dismissed ones to the queue, all of them or none.
///
/// # Errors
/// `Gone`; `Denied` when the actor is no editor.
pub async fn set_dismissed(
    app: &App,
    actor: Actor,
    account: AccountId,
    ids: Vec<i64>,
    dismissed: bool,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            for id in ids {
                let Unexpected { name, .. } = find(conn, account, id)?;
                unexpected::update_dismissed(conn, account, id, dismissed)?;
                let action = if dismissed { "event.dismiss" } else { "event.undismiss" };
                store::audit::insert(conn, now, Some(account), actor.user(), action, &name)?;
            }
            Ok(())
        })
        .await
}

/// The names that wait, or those that were dismissed, the most frequent first.
pub async fn list(app: &App, account: AccountId, dismissed: bool) -> Result<Vec<Unexpected>, store::Error> {
    app.store.read(move |conn| unexpected::list(conn, account, dismissed)).await
}

fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Unexpected, Error> {
    unexpected::find(conn, account, id)?.ok_or(Error::Gone)
}
