//! Properties of contacts: the current value of each with who said it and how far that is trusted, and the values it
//! replaced.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::PROPERTY_HISTORY_MAX;
use crate::domain::provenance::{Channel, Provenance, Trust};
use crate::store::error::Error;

/// A value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    pub value: String,
    pub said: Provenance,
}

const FIELDS: &str = "name, value, channel, verified, at_ms";

/// Reads name, value, channel, trust and time from the first columns.
pub(in crate::store::people) fn read(row: &Row<'_>) -> rusqlite::Result<Property> {
    Ok(Property {
        name: row.get(0)?,
        value: row.get(1)?,
        said: Provenance::new(
            // The schema lets in no other numbers.
            Channel::of_number(row.get(2)?).unwrap_or(Channel::Unknown),
            Trust::of(row.get(3)?),
            Millis(row.get(4)?),
        ),
    })
}

/// The current value of a property, if the contact has it.
pub fn find(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    name: &str,
) -> Result<Option<Property>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {FIELDS} from contact_property where account_id = ?1 and contact_id = ?2 and name = ?3"
        ))?
        .query_row((account.0, contact, name), read)
        .optional()?)
}

/// The current values of a contact, by name.
pub fn list(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<Property>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact_property where account_id = ?1 and contact_id = ?2 order by name"
    ))?;
    let properties = statement.query_map((account.0, contact), read)?;
    Ok(properties.collect::<Result<_, _>>()?)
}

/// Visits every contact that has a property, with its value. No index serves this, so all properties of the account are
/// read.
pub fn each_of_name(
    conn: &Connection,
    account: AccountId,
    name: &str,
    mut visit: impl FnMut(u32, &str),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select contact_id, value from contact_property where account_id = ?1 and name = ?2",
    )?;
    let mut rows = statement.query((account.0, name))?;
    while let Some(row) = rows.next()? {
        let value = row.get_ref(1)?;
        visit(row.get(0)?, value.as_str().map_err(|error| Error::Sqlite(error.into()))?);
    }
    Ok(())
}

/// Visits every value of an account with its contact and its name, those of merged contacts too.
pub fn each(
    conn: &Connection,
    account: AccountId,
    mut visit: impl FnMut(u32, &str, &str),
) -> Result<(), Error> {
    let mut statement =
        conn.prepare_cached("select contact_id, name, value from contact_property where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let unreadable = |error: rusqlite::types::FromSqlError| Error::Sqlite(error.into());
    while let Some(row) = rows.next()? {
        let (name, value) = (row.get_ref(1)?, row.get_ref(2)?);
        visit(row.get(0)?, name.as_str().map_err(unreadable)?, value.as_str().map_err(unreadable)?);
    }
    Ok(())
}

/// The names of all properties of an account: those that most contacts have first, of equals by their letters. All
/// properties of the account are read.
pub fn list_names(conn: &Connection, account: AccountId) -> Result<Vec<String>, Error> {
    let mut statement = conn.prepare_cached(
        "select p.name from contact_property p
             join contact c on c.account_id = p.account_id and c.id = p.contact_id and c.state = 'active'
         where p.account_id = ?1 group by p.name order by count(*) desc, p.name",
    )?;
    let names = statement.query_map([account.0], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId, contact: i64) -> Result<usize, Error> {
    let count: i64 = conn
        .prepare_cached("select count(*) from contact_property where account_id = ?1 and contact_id = ?2")?
        .query_row((account.0, contact), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The property of a contact that was only asserted, and longest ago.
pub fn find_oldest_asserted(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached(
            "select name from contact_property where account_id = ?1 and contact_id = ?2 and verified = 0
             order by at_ms, name limit 1",
        )?
        .query_row((account.0, contact), |row| row.get(0))
        .optional()?)
}

/// Writes the current value of a property.
pub fn upsert(conn: &Connection, account: AccountId, contact: i64, property: &Property) -> Result<(), Error> {
    let Property { name, value, said } = property;
    conn.prepare_cached(
        "insert into contact_property (account_id, contact_id, name, value, channel, verified, at_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict do update set value = ?4, channel = ?5, verified = ?6, at_ms = ?7",
    )?
    .execute((
        account.0,
        contact,
        name,
        value,
        said.channel as u8,
        said.trust.is_verified(),
        said.at.0,
    ))?;
    Ok(())
}

/// Deletes the current value of a property. The caller keeps it in the history where it should be.
pub fn delete(conn: &Connection, account: AccountId, contact: i64, name: &str) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from contact_property where account_id = ?1 and contact_id = ?2 and name = ?3",
    )?
    .execute((account.0, contact, name))?;
    Ok(())
}

/// The values a property had before the current one, the newest first.
pub fn list_history(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    name: &str,
) -> Result<Vec<Property>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact_property_history
         where account_id = ?1 and contact_id = ?2 and name = ?3 order by serial desc"
    ))?;
    let properties = statement.query_map((account.0, contact, name), read)?;
    Ok(properties.collect::<Result<_, _>>()?)
}

/// The values that all properties of a contact had before, by name, the newest of each first.
pub fn list_histories(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<Property>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact_property_history
         where account_id = ?1 and contact_id = ?2 order by name, serial desc"
    ))?;
    let properties = statement.query_map((account.0, contact), read)?;
    Ok(properties.collect::<Result<_, _>>()?)
}

/// Keeps a value that is about to be replaced, and deletes the oldest ones past the limit.
pub fn insert_history(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    replaced: &Property,
) -> Result<(), Error> {
    let Property { name, value, said } = replaced;
    let serial: i64 = conn
        .prepare_cached(
            "select coalesce(max(serial), 0) + 1 from contact_property_history
             where account_id = ?1 and contact_id = ?2 and name = ?3",
        )?
        .query_row((account.0, contact, name), |row| row.get(0))?;
    conn.prepare_cached(
        "insert into contact_property_history
             (account_id, contact_id, name, serial, value, channel, verified, at_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        account.0,
        contact,
        name,
        serial,
        value,
        said.channel as u8,
        said.trust.is_verified(),
        said.at.0,
    ))?;
    let kept = i64::try_from(PROPERTY_HISTORY_MAX).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "delete from contact_property_history
         where account_id = ?1 and contact_id = ?2 and name = ?3 and serial <= ?4",
    )?
    .execute((account.0, contact, name, serial.saturating_sub(kept)))?;
    Ok(())
}

/// Deletes a value from the history of a property, by whom and when it was said; of several the newest.
pub fn delete_from_history(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    replaced: &Property,
) -> Result<(), Error> {
    let Property { name, value, said } = replaced;
    conn.prepare_cached(
        "delete from contact_property_history
         where account_id = ?1 and contact_id = ?2 and name = ?3 and serial = (
             select max(serial) from contact_property_history
             where account_id = ?1 and contact_id = ?2 and name = ?3 and value = ?4 and channel = ?5
                 and verified = ?6 and at_ms = ?7)",
    )?
    .execute((
        account.0,
        contact,
        name,
        value,
        said.channel as u8,
        said.trust.is_verified(),
        said.at.0,
    ))?;
    Ok(())
}
