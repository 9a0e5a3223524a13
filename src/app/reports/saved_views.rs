//! Saved views. Each user has their own in each account. The caller checks what a report can be asked.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::saved_view::{self, Unfit, VIEW_QUERY_MAX, VIEWS_MAX};
use crate::domain::user::{Role, UserId};
use crate::store;
use crate::store::saved_view::SavedView;

/// Why a view was not saved.
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

/// Saves a report of the account (`report` and the query of its address) under a name.
///
/// # Errors
/// `Unfit`, `Taken`, `Full`; `Denied` when the user has no access to the account.
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

/// The views of a user in an account, by name.
pub async fn list(app: &App, user: UserId, account: AccountId) -> Result<Vec<SavedView>, store::Error> {
    app.store.read(move |conn| store::saved_view::list(conn, account, user)).await
}

/// Deletes a view of the user. Views of others stay.
pub async fn delete(app: &App, user: UserId, account: AccountId, id: i64) -> Result<(), store::Error> {
    app.store.writer.write(move |conn| store::saved_view::delete(conn, account, user, id)).await
}
