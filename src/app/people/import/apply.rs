//! What a row means for the contacts: whom it is about, what would change, and changing it. A check stops before the last.

use super::row::{Past, Person};
use crate::app::people::contacts::{self, Details};
use crate::app::people::properties;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::{EMAILS_MAX, Email, PROPERTIES_MAX};
use crate::domain::import::{BETWEEN_DETAILS, Reason, Refusal};
use crate::domain::provenance::Provenance;
use crate::domain::visitor::CLOCK_MIN;
use crate::store::account::Numbers;
use crate::store::contact::Shown;
use crate::store::dictionary::{self, Kind, part};
use crate::store::email::ContactEmail;
use crate::store::property::Property;
use crate::store::{self, Connection, contact, email, property};

/// Why a row was not applied.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the row is refused")]
    Refused(Refusal),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// With the properties as they are kept.
    Create(Vec<(String, String)>),
    Change(i64, Changes),
    /// Everything is as the row says.
    Keep,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    new_emails: Vec<Email>,
    /// Those that were only asserted.
    verified_emails: Vec<Email>,
    external_id: Option<String>,
    properties: Vec<(String, String)>,
    seen: Option<Seen>,
    /// The original source as it is kept.
    source: Option<String>,
}

/// When a contact was first and last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    first: Millis,
    last: Millis,
}

impl Seen {
    /// The file makes the first time only earlier and the last one only later.
    fn widened(self, past: &Past) -> Self {
        let is_real = self.first.0 >= CLOCK_MIN;
        let earliest = past.first_seen.into_iter().chain(past.last_seen).min();
        let latest = past.first_seen.into_iter().chain(past.last_seen).max();
        Self {
            first: earliest.filter(|at| *at < self.first || !is_real).unwrap_or(self.first),
            last: latest.map_or(self.last, |at| at.max(self.last)),
        }
    }
}

/// The contact that a row is about; `None` when there is none yet.
pub(super) fn find(conn: &Connection, account: AccountId, person: &Person) -> Result<Option<i64>, Error> {
    let mut found: Option<i64> = None;
    let mut note = |column: usize, owner: Option<i64>| match (found, owner) {
        (Some(one), Some(other)) if one != other => {
            Err(person.refuse(Some(column), Reason::DifferentContacts, Some(other)))
        }
        (_, owner) => {
            found = found.or(owner);
            Ok(())
        }
    };
    for (column, email) in &person.emails {
        note(*column, email::find_owner(conn, account, email.as_str())?)?;
    }
    if let Some((column, id)) = &person.external_id {
        note(*column, contact::find_by_external_id(conn, account, id)?.map(|found| found.id))?;
    }
    Ok(found)
}

/// What the row changes of the contact that `find` answered.
pub(super) fn plan(
    conn: &Connection,
    account: AccountId,
    person: &Person,
    found: Option<i64>,
) -> Result<Plan, Error> {
    let properties = fitting(conn, account, person)?;
    let Some(id) = found else {
        check_counts(person, person.emails.len(), properties.len())?;
        return Ok(Plan::Create(properties));
    };
    let known = contact::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
    let external_id = match (&person.external_id, &known.external_id) {
        (Some((column, said)), Some(known)) if said != known => {
            return Err(person.refuse(Some(*column), Reason::OtherExternalId, Some(id)).into());
        }
        (Some((_, said)), None) => Some(said.clone()),
        _ => None,
    };
    let held = email::list(conn, account, id)?;
    let seen = Seen { first: known.first, last: known.last };
    let mut changes = Changes {
        external_id,
        seen: Some(seen.widened(&person.past)).filter(|widened| *widened != seen),
        source: new_source(conn, account, person, &known)?,
        ..Changes::default()
    };
    for (_, email) in &person.emails {
        match held.iter().find(|held| held.email == email.as_str()) {
            None => changes.new_emails.push(email.clone()),
            Some(held) if !held.is_verified => changes.verified_emails.push(email.clone()),
            Some(_) => {}
        }
    }
    let current = property::list(conn, account, id)?;
    let mut count = current.len();
    for (name, value) in properties {
        let current = current.iter().find(|current| current.name == name);
        let is_same = current.is_some_and(|now| now.value == value && now.said.trust.is_verified());
        count += usize::from(current.is_none());
        if !is_same {
            changes.properties.push((name, value));
        }
    }
    check_counts(person, held.len() + changes.new_emails.len(), count)?;
    Ok(if changes == Changes::default() { Plan::Keep } else { Plan::Change(id, changes) })
}

/// The original source that the row gives a contact. What visits brought stays.
fn new_source(
    conn: &Connection,
    account: AccountId,
    person: &Person,
    known: &Shown,
) -> Result<Option<String>, store::Error> {
    let Some(said) = person.past.source_text().filter(|_| known.sessions == 0) else { return Ok(None) };
    let current = dictionary::find_value(conn, account, Kind::Source, known.source)?;
    let is_same = part(&current, 0) == part(&said, 0) && joined_details(&current) == joined_details(&said);
    Ok((!is_same).then_some(said))
}

/// The drill-downs of a source as an export has them. Where one ends is not known then.
fn joined_details(source: &str) -> String {
    let details: Vec<&str> =
        [1, 2].map(|n| part(source, n)).into_iter().filter(|one| !one.is_empty()).collect();
    details.join(BETWEEN_DETAILS)
}

/// The properties as they are kept, each of which fits its declared type.
fn fitting(conn: &Connection, account: AccountId, person: &Person) -> Result<Vec<(String, String)>, Error> {
    let mut all = Vec::with_capacity(person.properties.len());
    for (column, (name, value)) in &person.properties {
        let value = properties::fitting(conn, account, name, value)?
            .ok_or_else(|| person.refuse(Some(*column), Reason::WrongType, None))?;
        all.push((name.clone(), value.into_owned()));
    }
    Ok(all)
}

fn check_counts(person: &Person, emails: usize, properties: usize) -> Result<(), Refusal> {
    if emails > EMAILS_MAX {
        let column = person.emails.last().map(|(column, _)| *column);
        return Err(person.refuse(column, Reason::TooManyEmails, None));
    }
    if properties > PROPERTIES_MAX {
        let column = person.properties.last().map(|(column, _)| *column);
        return Err(person.refuse(column, Reason::TooManyProperties, None));
    }
    Ok(())
}

/// Whose contacts are changed, and in whose name.
pub(super) struct Target<'a> {
    pub conn: &'a Connection,
    pub account: AccountId,
    pub said: Provenance,
    /// Dictionary id of the source of contacts that are created.
    pub source: u32,
}

/// Does what `plan` answered. Answers the number of the contact that was created or changed.
pub(super) fn apply(
    target: &Target<'_>,
    numbers: &mut Numbers,
    person: &Person,
    plan: &Plan,
) -> Result<Option<i64>, store::Error> {
    let Target { conn, account, said, .. } = *target;
    match plan {
        Plan::Create(properties) => create(target, numbers, person, properties).map(Some),
        Plan::Keep => Ok(None),
        Plan::Change(id, changes) => {
            for email in &changes.new_emails {
                // `plan` has found nobody who has it, and room for it.
                contacts::add_email(conn, account, &said, *id, email)?;
            }
            for email in &changes.verified_emails {
                email::update_verified(conn, account, email.as_str())?;
            }
            if let Some(external_id) = &changes.external_id {
                contact::update_external_id(conn, account, *id, external_id)?;
            }
            properties::record(conn, account, &said, *id, &changes.properties)?;
            if let Some(Seen { first, last }) = changes.seen {
                contact::update_times(conn, account, *id, None, first, last)?;
            }
            if let Some(source) = &changes.source {
                let source = dictionary::upsert(conn, account, Kind::Source, source)?;
                contact::replace_source(conn, account, *id, source)?;
            }
            Ok(Some(*id))
        }
    }
}

fn create(
    target: &Target<'_>,
    numbers: &mut Numbers,
    person: &Person,
    properties: &[(String, String)],
) -> Result<i64, store::Error> {
    let Target { conn, account, said, source } = *target;
    let external_id = person.external_id.as_ref().map(|(_, id)| id.as_str());
    let source = match person.past.source_text() {
        Some(text) => dictionary::upsert(conn, account, Kind::Source, &text)?,
        None => source,
    };
    let details = Details { first_ms: said.at.0, source, external_id };
    let id = match person.emails.first() {
        Some((_, email)) => {
            contacts::create_by_email(conn, account, numbers, &said, email, details)?
                .ok_or(store::Error::Conflict)?
                .id
        }
        None => {
            contacts::create_without_email(conn, account, numbers, &said, details)
                .map_err(|error| match error {
                    contacts::Error::Store(error) => error,
                    // An import may.
                    contacts::Error::NeedsEmail => store::Error::Conflict,
                })?
                .id
        }
    };
    let Past { created, first_seen, last_seen, .. } = person.past;
    let first = first_seen.into_iter().chain(last_seen).min().unwrap_or(said.at);
    let last = first_seen.into_iter().chain(last_seen).max().unwrap_or(said.at);
    contact::update_times(conn, account, id, created, first, last)?;
    for (_, further) in person.emails.iter().skip(1) {
        let further = ContactEmail {
            email: further.as_str().to_owned(),
            is_primary: false,
            is_verified: true,
            created: said.at,
        };
        email::insert(conn, account, id, &further)?;
    }
    for (name, value) in properties {
        // A new contact has none that could be replaced.
        let property = Property { name: name.clone(), value: value.clone(), said };
        property::upsert(conn, account, id, &property)?;
    }
    Ok(id)
}
