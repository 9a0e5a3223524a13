//! Erasing whoever has an email or a browser's token: the contact with all its visitors, or a visitor without contact.

use super::contact::erase_contact;
use super::visitor::erase_visitor;
use crate::app::access::{Actor, Error};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::contact::Email;
use crate::domain::period::LocalDay;
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::{self, Connection};

/// What a person is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Email(Email),
    Token(Token),
}

/// What was erased of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasedPerson {
    pub sessions: u64,
    pub page_views: u64,
    /// Days that cannot be read, so that the person may still be in them.
    pub damaged: Vec<LocalDay>,
}

enum Found {
    Contact(i64),
    Visitor(VisitorNumber),
}

/// Erases a person; `None` when there is nobody with that email or token (any more).
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
    let found = app.store.read(move |conn| find(conn, account, &key)).await?;
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

fn find(conn: &Connection, account: AccountId, key: &Key) -> Result<Option<Found>, store::Error> {
    let visitor = match key {
        Key::Email(email) => {
            let contact = store::contact::find_by_email(conn, account, email.as_str())?;
            return Ok(contact.map(|contact| Found::Contact(contact.id)));
        }
        Key::Token(token) => store::visitor::find_by_token(conn, account, token.as_str())?,
    };
    Ok(visitor.map(|visitor| match visitor.contact_id {
        Some(contact) => Found::Contact(contact),
        None => Found::Visitor(visitor.number),
    }))
}
