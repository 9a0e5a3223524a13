//! Properties of a contact: recording values by their trust, with a history of the values before. Values of a declared
//! property must fit its type (rules.md 37).

use std::borrow::Cow;

use crate::domain::account::AccountId;
use crate::domain::contact::PROPERTIES_MAX;
use crate::domain::provenance::{Channel, Provenance};
use crate::store::property::{self, Property};
use crate::store::{self, Connection, property_definition};

/// Records properties. A value that does not fit its declared type is refused and counted. A verified value stays as it is
/// when somebody asserts another one (rules.md 22); any other value is replaced and goes into the history. A contact that
/// has as many properties as it may have still takes new values of those; a new property that a token or a signature
/// verifies takes the place of the oldest asserted one, so that no browser can use up the room.
pub fn record(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    contact: i64,
    values: &[(String, String)],
) -> Result<(), store::Error> {
    if values.is_empty() {
        return Ok(());
    }
    let mut count = property::count(conn, account, contact)?;
    for (name, value) in values {
        let Some(value) = fitting(conn, account, name, value)? else {
            property_definition::count_refused(conn, account, name, said.now)?;
            continue;
        };
        match property::find(conn, account, contact, name)? {
            Some(current) if !said.trust.may_replace(current.said.trust) => continue,
            Some(current) if current.value != *value => {
                property::insert_history(conn, account, contact, &current)?;
            }
            Some(_) => {}
            None if count >= PROPERTIES_MAX => {
                if !may_take_room(said) {
                    continue;
                }
                let Some(oldest) = property::find_oldest_asserted(conn, account, contact)? else { continue };
                remove(conn, account, contact, &oldest)?;
            }
            None => count += 1,
        }
        let property = Property { name: name.clone(), value: value.into_owned(), said: *said };
        property::upsert(conn, account, contact, &property)?;
    }
    Ok(())
}

/// Editors and imports choose themselves what gives way.
const fn may_take_room(said: &Provenance) -> bool {
    said.trust.is_verified() && !matches!(said.channel, Channel::Page | Channel::Import)
}

/// The value as it is kept; `None` when it does not fit the declared type of the property.
pub fn fitting<'a>(
    conn: &Connection,
    account: AccountId,
    name: &str,
    value: &'a str,
) -> Result<Option<Cow<'a, str>>, store::Error> {
    let Some(declared) = property_definition::find(conn, account, name)? else {
        return Ok(Some(Cow::Borrowed(value)));
    };
    Ok(declared.definition.read(value).map(|kept| Cow::Owned(kept.into_owned())))
}

/// Takes a property away; its value goes into the history.
pub fn remove(conn: &Connection, account: AccountId, contact: i64, name: &str) -> Result<(), store::Error> {
    let Some(current) = property::find(conn, account, contact, name)? else { return Ok(()) };
    property::insert_history(conn, account, contact, &current)?;
    property::delete(conn, account, contact, name)
}
