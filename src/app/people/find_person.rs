//! Finding a person by whatever they are known by: for exporting and erasing them, from pages and the command line.

use crate::domain::account::AccountId;
use crate::domain::consent::choice::Receipt;
use crate::domain::contact::Email;
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::{self, Connection, alias, consent, contact, visitor};

/// Longest text that a person is looked for by, bytes.
pub const TYPED_MAX: usize = 400;

/// What a person is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Email(Email),
    ExternalId(String),
    Contact(i64),
    /// The token of a browser.
    Token(Token),
    /// The number of a browser.
    Visitor(VisitorNumber),
    /// Of a choice in the banner. It leads to the browser that chose, if the choice allowed to recognise it.
    Receipt(Receipt),
}

/// Who is known by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A living contact, with all its browsers.
    Contact(i64),
    /// A browser without contact.
    Visitor(VisitorNumber),
}

/// The person of a key; `None` when there is nobody.
///
/// # Errors
/// The store's.
pub fn find(conn: &Connection, account: AccountId, key: &Key) -> Result<Option<Found>, store::Error> {
    let contact = match key {
        Key::Email(email) => contact::find_by_email(conn, account, email.as_str())?.map(|found| found.id),
        Key::ExternalId(external) => {
            contact::find_by_external_id(conn, account, external)?.map(|found| found.id)
        }
        Key::Contact(contact) => alias::resolve(conn, account, *contact)?,
        Key::Token(token) => return find_token(conn, account, token),
        Key::Receipt(receipt) => {
            let choice = consent::choice::find(conn, account, *receipt)?;
            let token = choice.and_then(|choice| Token::parse(&choice.token?.to_string()));
            return token.map_or(Ok(None), |token| find_token(conn, account, &token));
        }
        Key::Visitor(number) => {
            let found = visitor::find(conn, account, *number)?.filter(|found| !found.no_browser);
            return Ok(found.as_ref().map(of_visitor));
        }
    };
    Ok(contact.map(Found::Contact))
}

fn find_token(conn: &Connection, account: AccountId, token: &Token) -> Result<Option<Found>, store::Error> {
    Ok(visitor::find_by_token(conn, account, token.as_str())?.as_ref().map(of_visitor))
}

fn of_visitor(found: &visitor::Visitor) -> Found {
    found.contact_id.map_or(Found::Visitor(found.number), Found::Contact)
}

/// The person whom a typed text means: an email, the number of a contact, the site's own id, a token or a receipt. The first of these
/// that finds somebody counts.
///
/// # Errors
/// The store's.
pub fn find_typed(conn: &Connection, account: AccountId, text: &str) -> Result<Option<Found>, store::Error> {
    let text = text.trim();
    if text.is_empty() || text.len() > TYPED_MAX {
        return Ok(None);
    }
    let number = text.strip_prefix('#').unwrap_or(text).parse().ok();
    let keys = [
        Email::parse(text).map(Key::Email),
        number.map(Key::Contact),
        Some(Key::ExternalId(text.to_owned())),
        Token::parse(text).map(Key::Token),
        Receipt::parse(&text.to_ascii_lowercase()).map(Key::Receipt),
    ];
    for key in keys.iter().flatten() {
        if let Some(found) = find(conn, account, key)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
