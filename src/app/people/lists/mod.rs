//! Lists of contacts: creating, changing and deleting them, and finding their members.
//!
//! Members are found beside the writer and written in short steps, so that neither visitors nor the fold wait for a list
//! of a whole account. Who joins or leaves is written down as it is found.

mod evaluate;

use std::sync::Arc;

use evaluate::Evaluation;
pub use evaluate::Members;

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::list::{self, Conditions, Invalid, LISTS_MAX, ListId, ListKind};
use crate::domain::period::LocalDay;
use crate::domain::user::Role;
use crate::store::list::List;
use crate::store::scan::Deadline;
use crate::store::{self, Connection};

/// Members written in one transaction.
const STEP: usize = 2_000;

/// Why a list cannot be created or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("another list has this name")]
    Taken,
    #[error("an account can have at most {LISTS_MAX} lists")]
    TooMany,
    #[error("list {0} does not exist")]
    NoList(i64),
    #[error("lists cannot depend on each other in a circle")]
    Circle,
    #[error("this list is needed by “{0}”")]
    Needed(String),
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict => Self::Taken,
            error => Self::Access(error.into()),
        }
    }
}

/// Creates a list and finds its members.
///
/// # Errors
/// What is wrong with it; `Denied` below editor; the store's.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    name: &str,
    kind: ListKind,
    conditions: Conditions,
) -> Result<ListId, Error> {
    let name = list::parse_name(name)?;
    conditions.check()?;
    let now = app.now();
    let id = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            if store::list::count(conn, account)? >= LISTS_MAX {
                return Err(Error::TooMany);
            }
            check_lists(conn, account, None, &conditions)?;
            let id = store::list::insert(conn, account, (&name, kind, &conditions), now)?;
            store::audit::insert(conn, now, Some(account), actor.user(), "list.create", &name)?;
            Ok(id)
        })
        .await?;
    build_soon(app, account, id).await;
    Ok(id)
}

/// Changes the name and the conditions of a list, and finds its members anew.
///
/// # Errors
/// Those of `create`; `NotFound`.
pub async fn update(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: ListId,
    name: &str,
    conditions: Conditions,
) -> Result<(), Error> {
    let name = list::parse_name(name)?;
    conditions.check()?;
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            check_lists(conn, account, Some(id), &conditions)?;
            store::list::update(conn, account, id, (&name, &conditions), now)?;
            store::audit::insert(conn, now, Some(account), actor.user(), "list.update", &name)?;
            Ok::<_, Error>(())
        })
        .await?;
    build_soon(app, account, id).await;
    Ok(())
}

/// Deletes a list. Its members stay as contacts.
///
/// # Errors
/// `Denied` below editor; `Needed` when another list depends on it; `NotFound`; the store's.
pub async fn delete(app: &App, actor: Actor, account: AccountId, id: ListId) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let lists = store::list::list(conn, account)?;
            if let Some(other) = lists.iter().find(|other| other.conditions.lists().any(|one| one == id)) {
                return Err(Error::Needed(other.name.clone()));
            }
            let name = store::list::delete(conn, account, id)?.ok_or(store::Error::NotFound)?;
            store::audit::insert(conn, now, Some(account), actor.user(), "list.delete", &name)?;
            Ok(())
        })
        .await
}

/// Every list that conditions name exists, and none of them needs the list `id` itself.
fn check_lists(
    conn: &Connection,
    account: AccountId,
    id: Option<ListId>,
    conditions: &Conditions,
) -> Result<(), Error> {
    let lists = store::list::list(conn, account)?;
    let mut pending: Vec<ListId> = conditions.lists().collect();
    let mut seen = Vec::new();
    while let Some(next) = pending.pop() {
        if Some(next) == id {
            return Err(Error::Circle);
        }
        if seen.contains(&next) {
            continue;
        }
        let found = lists.iter().find(|list| list.id == next).ok_or(Error::NoList(next.0))?;
        pending.extend(found.conditions.lists());
        seen.push(next);
    }
    Ok(())
}

/// The contacts for whom conditions hold now.
///
/// # Errors
/// What is wrong with the conditions; `NotFound` when there is no such account; the store's.
pub async fn find(app: &App, account: AccountId, conditions: Conditions) -> Result<Members, Error> {
    conditions.check()?;
    let now = app.now();
    Ok(evaluate(app, account, conditions, now).await?)
}

async fn evaluate(
    app: &App,
    account: AccountId,
    conditions: Conditions,
    now: Millis,
) -> Result<Members, store::Error> {
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let (scanner, clock) = (Arc::clone(&app.store.scanner), Arc::clone(&app.clock));
    let active_contacts = Arc::clone(&app.store.active_contacts);
    app.store
        .read_long(move |conn| {
            let deadline = Deadline::new(clock);
            let asked = Evaluation {
                conn,
                scanner: &scanner,
                active_contacts: &active_contacts,
                account,
                zone: &entry.zone,
                now,
                deadline: &deadline,
            };
            asked.members(&conditions)
        })
        .await
}

/// Finds the members of a list at once, so that its page shows them. When that fails the job does it later.
async fn build_soon(app: &App, account: AccountId, id: ListId) {
    if let Err(error) = build(app, account, id).await {
        tracing::warn!(%error, list = id.0, "the members of a list could not be found; it is tried again");
    }
}

/// A list whose members were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    pub at: Millis,
    /// Days that cannot be read.
    pub damaged: Vec<LocalDay>,
}

/// Finds the members of a list, and writes down who joined and who left.
///
/// # Errors
/// `NotFound` when there is no such list; the store's.
pub async fn build(app: &App, account: AccountId, id: ListId) -> Result<Built, store::Error> {
    let find = move |conn: &Connection| {
        let list = store::list::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
        Ok::<_, store::Error>((list, store::list::list_members(conn, account, id)?))
    };
    let (list, before) = app.store.read(find).await?;
    let now = app.now();
    let members = evaluate(app, account, list.conditions.clone(), now).await?;
    let changes = differences(&before, &members.contacts);
    for step in changes.chunks(STEP) {
        let (list, step) = (list.clone(), step.to_vec());
        app.store
            .writer
            .write(move |conn| {
                need_unchanged(conn, account, &list)?;
                let mut each = step.iter();
                each.try_for_each(|(contact, is_member)| {
                    store::list::update_member(conn, account, id, *contact, *is_member, now)
                })
            })
            .await?;
    }
    app.store
        .writer
        .write(move |conn| {
            need_unchanged(conn, account, &list)?;
            // Somebody may have been erased meanwhile.
            let size = store::list::count_members(conn, account, id)?;
            store::list::update_built(conn, account, id, now, size)
        })
        .await?;
    Ok(Built { at: now, damaged: members.damaged })
}

/// Somebody may have changed or deleted the list while its members were looked for.
fn need_unchanged(conn: &Connection, account: AccountId, list: &List) -> Result<(), store::Error> {
    let now = store::list::find(conn, account, list.id)?.ok_or(store::Error::NotFound)?;
    if now.conditions == list.conditions { Ok(()) } else { Err(store::Error::Busy) }
}

/// Who joins and who leaves. Both lists are ascending.
fn differences(before: &[u32], after: &[u32]) -> Vec<(u32, bool)> {
    let left = before.iter().filter(|contact| after.binary_search(contact).is_err());
    let joined = after.iter().filter(|contact| before.binary_search(contact).is_err());
    let left = left.map(|contact| (*contact, false));
    left.chain(joined.map(|contact| (*contact, true))).collect()
}
