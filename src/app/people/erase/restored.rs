//! What is left to erase when a server starts: erasures that were cut off, and persons whom a restored backup brought back.

use std::sync::Arc;

use super::{Remember, contact, erase_unused_texts, visitor};
use crate::app::access::{Actor, Error};
use crate::app::core::App;
use crate::app::people::merge::{self, ALIASES_MAX, undo_merge};
use crate::domain::account::AccountId;
use crate::store::{self, erase_texts, erased};

/// What is left to erase.
#[derive(Debug)]
pub struct Due {
    /// Hashes of erased persons that the store has not followed.
    known: Option<erased::Known>,
    /// Contacts whose erasure was cut off.
    erasing: Vec<(AccountId, i64)>,
    /// Accounts with texts of erased persons.
    texts: Vec<AccountId>,
}

/// What is left to erase; `None` when nothing is.
///
/// # Errors
/// The store's.
pub async fn find_due(app: &App) -> Result<Option<Due>, Error> {
    let count = app.store.read(erased::find_count).await?;
    let known = app.store.erased.read_after(count).await?;
    let (erasing, texts) = app
        .store
        .read(|conn| {
            Ok::<_, store::Error>((
                store::contact_erasure::list_erasing(conn)?,
                erase_texts::list_accounts(conn)?,
            ))
        })
        .await?;
    let is_nothing = known.is_none() && erasing.is_empty() && texts.is_empty();
    Ok((!is_nothing).then_some(Due { known, erasing, texts }))
}

/// Erases what is left to erase. It runs before the server answers anybody, so that nobody sees a person who was erased,
/// and after everything that waits in the inbox is folded, because that may be of such a person.
///
/// # Errors
/// The store's, when a person whom a backup brought back could not be erased: nobody must see them then.
pub async fn finish_erasures(app: &App, due: Due) -> Result<(), Error> {
    if let Some(known) = due.known {
        erase_again(app, known).await?;
    }
    if let Err(error) = finish_cut_off(app, due.erasing, due.texts).await {
        // No page shows these any more, so visitors need not wait until it can be done.
        tracing::error!(%error, "an erasure could not be finished; the next start tries again");
    }
    app.store.truncate_logs().await;
    Ok(())
}

async fn finish_cut_off(
    app: &App,
    erasing: Vec<(AccountId, i64)>,
    texts: Vec<AccountId>,
) -> Result<(), Error> {
    for (account, id) in erasing {
        contact::finish(app, account, id).await?;
    }
    for account in texts {
        erase_unused_texts(app, account).await?;
    }
    Ok(())
}

/// Erases the persons whom the store has although they were erased.
async fn erase_again(app: &App, known: erased::Known) -> Result<(), Error> {
    let total = known.total();
    let known = Arc::new(known);
    undo_merges(app, &known).await?;
    let found = app.store.read_long(move |conn| erased::find(conn, &known)).await?;
    if !found.is_empty() {
        tracing::warn!(
            contacts = found.contacts.len(),
            visitors = found.visitors.len(),
            "the store is older than some erasures, so they are done again"
        );
    }
    for (account, id) in found.contacts {
        ignore_missing(contact::erase(app, Actor::Machine, account, id, Remember::No).await)?;
    }
    // The visitors of a contact are gone with it.
    for (account, number) in found.visitors {
        ignore_missing(visitor::erase(app, Actor::Machine, account, number, Remember::No).await)?;
    }
    Ok(app.store.writer.write(move |conn| erased::update_count(conn, total)).await?)
}

/// Parts erased persons from others that they are merged into in this store: who was not erased must stay.
async fn undo_merges(app: &App, known: &Arc<erased::Known>) -> Result<(), Error> {
    // Each round goes one merge deeper.
    for _ in 0..=ALIASES_MAX {
        let known = Arc::clone(known);
        let merges = app.store.read_long(move |conn| erased::find_merges(conn, &known)).await?;
        if merges.is_empty() {
            break;
        }
        for (account, alias) in merges {
            match undo_merge(app, Actor::Machine, account, alias).await {
                Ok(_) => {}
                Err(merge::Error::Access(error)) => return Err(error),
                Err(error) => tracing::warn!(%error, "a merge of an erased person could not be undone"),
            }
        }
    }
    Ok(())
}

fn ignore_missing<T>(erased: Result<T, Error>) -> Result<(), Error> {
    match erased {
        Ok(_) | Err(Error::Store(store::Error::NotFound)) => Ok(()),
        Err(error) => Err(error),
    }
}
