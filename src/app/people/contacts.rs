//! Contacts: finding or creating one, its emails, and its figures.

use super::companies;
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::contact::{EMAILS_MAX, Email};
use crate::domain::provenance::{Provenance, Trust};
use crate::domain::visitor::VisitorNumber;
use crate::store::account::Numbers;
use crate::store::contact::{self, Contact};
use crate::store::email::{self, ContactEmail};
use crate::store::visitor::{self, Visitor};
use crate::store::{self, Connection};

/// The most contacts that browsers and unsigned calls create in an account in a day: anybody can send them.
pub const ASSERTED_A_DAY: u32 = 100_000;

/// Why there is no contact.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("only an admin, an import or an API token creates a contact that has no email")]
    NeedsEmail,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is known of a contact when it is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details<'a> {
    /// When the person was seen first.
    pub first_ms: i64,
    /// Dictionary id of the source of the first session; 0 = not known yet.
    pub source: u32,
    /// The site's own id of the person.
    pub external_id: Option<&'a str>,
}

/// A contact that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub contact: Contact,
    /// It was created for this.
    pub is_new: bool,
}

/// The contact of an email; created when there is none. One that is there was seen at the time of the statement. `None`
/// when none may be created any more today.
pub fn find_or_create_by_email(
    conn: &Connection,
    account: AccountId,
    numbers: &mut Numbers,
    said: &Provenance,
    email: &Email,
    details: Details<'_>,
) -> Result<Option<Found>, store::Error> {
    let Some(known) = find_by_email(conn, account, said, email)? else {
        let contact = create_by_email(conn, account, numbers, said, email, details)?;
        return Ok(contact.map(|contact| Found { contact, is_new: true }));
    };
    let contact = record_seen(conn, account, said, known, details)?;
    Ok(Some(Found { contact, is_new: false }))
}

/// The contact of an email. The email is verified from now on when the statement is.
pub fn find_by_email(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    email: &Email,
) -> Result<Option<Contact>, store::Error> {
    let found = contact::find_by_email(conn, account, email.as_str())?;
    if found.is_some() && said.trust.is_verified() {
        email::update_verified(conn, account, email.as_str())?;
    }
    Ok(found)
}

/// Creates the contact of an email that nobody has. `None` when the day's contacts of browsers and unsigned calls are used
/// up.
pub fn create_by_email(
    conn: &Connection,
    account: AccountId,
    numbers: &mut Numbers,
    said: &Provenance,
    email: &Email,
    details: Details<'_>,
) -> Result<Option<Contact>, store::Error> {
    if said.trust == Trust::Asserted && !take_asserted(numbers, said.at) {
        return Ok(None);
    }
    create(conn, account, numbers, said, Some(email), details).map(Some)
}

/// Counts one more contact of a browser or an unsigned call. False when there are too many that day. A statement may be a
/// day old, and counts in the later day all the same.
fn take_asserted(numbers: &mut Numbers, at: Millis) -> bool {
    let day = at.0.div_euclid(DAY);
    if day > numbers.asserted_day {
        (numbers.asserted_day, numbers.asserted_contacts) = (day, 0);
    }
    let may = numbers.asserted_contacts < ASSERTED_A_DAY;
    numbers.asserted_contacts += u32::from(may);
    may
}

/// Creates a contact that has no email.
///
/// # Errors
/// `NeedsEmail` when a browser or an unsigned call asks for it; the store's.
pub fn create_without_email(
    conn: &Connection,
    account: AccountId,
    numbers: &mut Numbers,
    said: &Provenance,
    details: Details<'_>,
) -> Result<Contact, Error> {
    if said.channel.needs_email() || said.trust == Trust::Asserted {
        return Err(Error::NeedsEmail);
    }
    Ok(create(conn, account, numbers, said, None, details)?)
}

/// With a visitor number of its own, for what programs report about it (rules.md 13).
fn create(
    conn: &Connection,
    account: AccountId,
    numbers: &mut Numbers,
    said: &Provenance,
    email: Option<&Email>,
    details: Details<'_>,
) -> Result<Contact, store::Error> {
    numbers.visitor += 1;
    numbers.contact += 1;
    let at_ms = said.at.0;
    let contact = Contact {
        id: numbers.contact,
        email: email.map(|email| email.as_str().to_owned()),
        external_id: details.external_id.map(str::to_owned),
        number: numbers.visitor,
        created_ms: at_ms,
        first_ms: details.first_ms,
        last_ms: at_ms,
        source: details.source,
    };
    let own = Visitor {
        no_browser: true,
        contact_id: Some(contact.id),
        ..Visitor::new(VisitorNumber(contact.number), at_ms)
    };
    visitor::upsert(conn, account, &own)?;
    contact::insert(conn, account, &contact, said.trust.is_verified())?;
    companies::follow_email(conn, account, contact.id, said.now)?;
    Ok(contact)
}

/// A contact was named: it is as old as that, and its external id is kept when it has none.
pub fn record_seen(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    known: Contact,
    details: Details<'_>,
) -> Result<Contact, store::Error> {
    let seen = Contact {
        external_id: details.external_id.map(str::to_owned),
        first_ms: details.first_ms,
        last_ms: said.at.0,
        ..known
    };
    contact::update_seen(conn, account, &seen, said.now)?;
    Ok(seen)
}

/// Adds completions and what they were worth to the figures of a contact: to its verified revenue or to the asserted
/// one (rules.md 21, 22).
pub fn add_completions(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    contact: i64,
    completions: i64,
    value_minor: i64,
) -> Result<(), store::Error> {
    contact::add_completions(conn, account, contact, said.trust, completions, value_minor)
}

/// What became of an email for a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedEmail {
    Added,
    /// The contact has it already.
    Known,
    /// Another contact has it.
    OfAnother(i64),
    /// The contact has as many as it may have.
    TooMany,
}

/// Gives a contact another email. The first one becomes its primary one.
pub fn add_email(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    contact: i64,
    email: &Email,
) -> Result<AddedEmail, store::Error> {
    match find_by_email(conn, account, said, email)? {
        Some(owner) if owner.id == contact => return Ok(AddedEmail::Known),
        Some(owner) => return Ok(AddedEmail::OfAnother(owner.id)),
        None => {}
    }
    let emails = email::list(conn, account, contact)?;
    if emails.len() >= EMAILS_MAX {
        return Ok(AddedEmail::TooMany);
    }
    let added = ContactEmail {
        email: email.as_str().to_owned(),
        is_primary: emails.is_empty(),
        is_verified: said.trust.is_verified(),
        created: said.at,
    };
    email::insert(conn, account, contact, &added)?;
    if added.is_primary {
        companies::follow_email(conn, account, contact, said.now)?;
    }
    Ok(AddedEmail::Added)
}

/// Makes one of a contact's emails its primary one; the contact gets the company of it.
///
/// # Errors
/// `NotFound` when the contact does not have it; the store's.
pub fn set_primary_email(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    email: &Email,
    now: Millis,
) -> Result<(), store::Error> {
    let owner = contact::find_by_email(conn, account, email.as_str())?;
    if owner.is_none_or(|owner| owner.id != contact) {
        return Err(store::Error::NotFound);
    }
    email::update_primary(conn, account, contact, email.as_str())?;
    companies::follow_email(conn, account, contact, now)
}
