//! What editors change of a contact by hand: its properties, its emails and which of them is the primary one; and contacts
//! that they create. What an editor says is verified (rules.md 22), and the values before stay in the history. The audit
//! log says which contact was changed and how much, and nothing of what was written.

use super::contacts::{self, AddedEmail, Details};
use super::{properties, with_numbers};
use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::{EMAILS_MAX, Email, PROPERTIES_MAX};
use crate::domain::property_type::Definition;
use crate::domain::provenance::{Channel, Provenance};
use crate::domain::source::Source;
use crate::domain::user::Role;
use crate::store::dictionary::{self, Kind};
use crate::store::{self, Connection, alias, audit, contact, email, property, property_definition};

/// How HubSpot names the way of a contact that a user created.
const BY_HAND: &str = "CRM_UI";

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("contact {0} has this email")]
    EmailOfAnother(i64),
    #[error("a contact has at most {EMAILS_MAX} emails")]
    TooManyEmails,
    #[error("a contact has at most {PROPERTIES_MAX} properties")]
    TooManyProperties,
    /// The property in question.
    #[error("the value does not fit the type of “{}”", .0.name)]
    DoesNotFit(Definition),
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// What can be changed of a contact, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub id: i64,
    /// The primary one first.
    pub emails: Vec<String>,
    /// By name.
    pub properties: Vec<(String, String)>,
}

/// The contact of a number, or the one it was merged into.
///
/// # Errors
/// `NotFound`; the store's.
pub async fn find(app: &App, account: AccountId, id: i64) -> Result<Known, store::Error> {
    app.store
        .read(move |conn| {
            let id = alias::resolve(conn, account, id)?.ok_or(store::Error::NotFound)?;
            let properties = property::list(conn, account, id)?;
            Ok(Known {
                id,
                emails: email::list(conn, account, id)?.into_iter().map(|email| email.email).collect(),
                properties: properties.into_iter().map(|known| (known.name, known.value)).collect(),
            })
        })
        .await
}

/// What is changed of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New values by name; an empty one takes the property away.
    pub properties: Vec<(String, String)>,
    pub new_email: Option<Email>,
    /// The email that becomes the primary one.
    pub primary: Option<Email>,
}

/// Changes a contact, all of it or nothing; answers its number, which is another one when it was merged meanwhile.
///
/// # Errors
/// `EmailOfAnother`, `TooManyEmails`, `TooManyProperties`, `DoesNotFit`; `Denied` when the actor is no editor; `NotFound` when there is no
/// such contact, or it does not have the primary email; the store's.
pub async fn edit(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: i64,
    changes: Changes,
) -> Result<i64, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let id = alias::resolve(conn, account, id)?.ok_or(store::Error::NotFound)?;
            apply(conn, account, id, now, &changes)?;
            let detail = summary(id, &changes);
            audit::insert(conn, now, Some(account), actor.user(), "contact.edit", &detail)?;
            Ok(id)
        })
        .await
}

/// Creates a contact; answers its number.
///
/// # Errors
/// `EmailOfAnother`, `TooManyProperties`, `DoesNotFit`; `Denied` when the actor is no editor; the store's.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    email: Option<Email>,
    properties: Vec<(String, String)>,
) -> Result<i64, Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let said = Provenance::verified(Channel::Page, now);
            let source = dictionary::join(&[Source::Offline.as_str(), BY_HAND, ""]);
            let source = dictionary::upsert(conn, account, Kind::Source, &source)?;
            let details = Details { first_ms: now.0, source, external_id: None };
            let id = match email {
                Some(email) => create_with(conn, account, &said, &email, details)?,
                None => {
                    with_numbers(conn, account, |numbers| {
                        contacts::create_without_email(conn, account, numbers, &said, details)
                    })
                    .map_err(|error| match error {
                        contacts::Error::Store(error) => error,
                        // An editor may.
                        contacts::Error::NeedsEmail => store::Error::Conflict,
                    })?
                    .id
                }
            };
            let changes = Changes { properties, ..Changes::default() };
            apply(conn, account, id, now, &changes)?;
            let detail = summary(id, &changes);
            audit::insert(conn, now, Some(account), actor.user(), "contact.create", &detail)?;
            Ok(id)
        })
        .await
}

fn create_with(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    email: &Email,
    details: Details<'_>,
) -> Result<i64, Error> {
    if let Some(owner) = contact::find_by_email(conn, account, email.as_str())? {
        return Err(Error::EmailOfAnother(owner.id));
    }
    let made = with_numbers(conn, account, |numbers| {
        contacts::create_by_email(conn, account, numbers, said, email, details)
    })?;
    Ok(made.ok_or(store::Error::Conflict)?.id)
}

fn apply(
    conn: &Connection,
    account: AccountId,
    id: i64,
    now: Millis,
    changes: &Changes,
) -> Result<(), Error> {
    let said = Provenance::verified(Channel::Page, now);
    let (set, removed): (Vec<_>, Vec<_>) =
        changes.properties.iter().cloned().partition(|(_, value)| !value.is_empty());
    for (name, _) in removed {
        properties::remove(conn, account, id, &name)?;
    }
    for (name, value) in &set {
        // Who sits in front of the page is asked for another value; nothing is refused silently.
        if let Some(declared) = property_definition::find(conn, account, name)?
            && declared.definition.read(value).is_none()
        {
            return Err(Error::DoesNotFit(declared.definition));
        }
    }
    properties::record(conn, account, &said, id, &set)?;
    for (name, _) in &set {
        // It was left out, because there are too many.
        property::find(conn, account, id, name)?.ok_or(Error::TooManyProperties)?;
    }
    if let Some(email) = &changes.new_email {
        match contacts::add_email(conn, account, &said, id, email)? {
            AddedEmail::Added | AddedEmail::Known => {}
            AddedEmail::OfAnother(other) => return Err(Error::EmailOfAnother(other)),
            AddedEmail::TooMany => return Err(Error::TooManyEmails),
        }
    }
    match &changes.primary {
        Some(email) => Ok(contacts::set_primary_email(conn, account, id, email, now)?),
        None => Ok(()),
    }
}

fn summary(id: i64, changes: &Changes) -> String {
    let removed = changes.properties.iter().filter(|(_, value)| value.is_empty()).count();
    let set = changes.properties.len() - removed;
    let mut parts = vec![format!("contact {id}"), format!("{set} properties set, {removed} removed")];
    parts.extend(changes.new_email.as_ref().map(|_| "an email added".to_owned()));
    parts.extend(changes.primary.as_ref().map(|_| "another primary email".to_owned()));
    parts.join(", ")
}
