//! Erasing whoever is known by an email, a token or anything else: the contact with all its visitors, or a visitor without
//! contact.

use super::contact::erase_contact;
use super::visitor::erase_visitor;
use crate::app::access::{Actor, Error};
use crate::app::core::App;
use crate::app::people::find_person::{self, Found, Key};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// What was erased of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasedPerson {
    pub sessions: u64,
    pub page_views: u64,
    /// Days that cannot be read, so that the person may still be in them.
    pub damaged: Vec<LocalDay>,
}

/// Erases a person; `None` when there is nobody who is known by the key (any more).
///
/// # Errors
/// Those of `erase_contact` and `erase_visitor`.
pub async fn erase_person(
    app: &App,
    actor: Actor,
    account: AccountId,
    key: Key,
) -> Result<Option<ErasedPerson>, Error> {
    // Who was acknowledged, but not folded, is a person too.
    super::wait_for_fold(app).await?;
    let found = app.store.read(move |conn| find_person::find(conn, account, &key)).await?;
    match found {
        None => Ok(None),
        Some(Found::Contact(id)) => {
            let erased = erase_contact(app, actor, account, id).await?;
            let (sessions, page_views) = (erased.sessions, erased.page_views);
            Ok(Some(ErasedPerson { sessions, page_views, damaged: erased.damaged }))
        }
        Some(Found::Visitor(number)) => {
            let erased = erase_visitor(app, actor, account, number).await?;
            let (sessions, page_views) = (erased.sessions, erased.page_views);
            Ok(Some(ErasedPerson { sessions, page_views, damaged: erased.damaged }))
        }
    }
}
