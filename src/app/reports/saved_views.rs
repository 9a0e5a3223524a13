//! Saved views: each user's own in each account he may enter. What a report may be asked is read by whoever calls.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::saved_view::{self, Unfit, VIEW_QUERY_MAX, VIEWS_MAX};
use crate::domain::user::{Role, UserId};
use crate::store;
use crate::store::saved_view::SavedView;

/// Why a view is not saved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("a view with this name already exists")]
    Taken,
    #[error("the limit of {VIEWS_MAX} views is reached")]
    Full,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict => Self::Taken,
            other => Self::Access(other.into()),
        }
    }
}

/// Saves a report of the account (`report`, the query of its address) under a name.
///
/// # Errors
/// `Unfit`, `Taken`, `Full`; `Denied` to who has no part in the account.
pub async fn save(
    app: &App,
    user: UserId,
    account: AccountId,
    name: &str,
    report: &str,
    query: &str,
) -> Result<i64, Error> {
    let name = saved_view::name(name)?;
    if query.len() > VIEW_QUERY_MAX {
        return Err(Unfit::LongQuery.into());
    }
    let (report, query, now) = (report.to_owned(), query.to_owned(), app.now());
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, Actor::User(user), account, Role::Viewer)?;
            if store::saved_view::count(conn, account, user)? >= VIEWS_MAX {
                return Err(Error::Full);
            }
            Ok(store::saved_view::insert(conn, account, user, (&name, &report, &query), now)?)
        })
        .await
}

/// Those of a user in an account, by name.
pub async fn list(app: &App, user: UserId, account: AccountId) -> Result<Vec<SavedView>, store::Error> {
    app.store.read(move |conn| store::saved_view::list(conn, account, user)).await
}

/// Deletes one of his own; one that is gone or another's is left alone.
pub async fn delete(app: &App, user: UserId, account: AccountId, id: i64) -> Result<(), store::Error> {
    app.store.writer.write(move |conn| store::saved_view::delete(conn, account, user, id)).await
}
