//! Declared properties of an account, and how many values did not fit each of them.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::property_type::{Definition, PropertyType};
use crate::store::error::Error;

/// A declared property with what became of values since it has its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub definition: Definition,
    pub created: Millis,
    /// Values that did not fit.
    pub refused: u64,
    pub last_refused: Option<Millis>,
}

const FIELDS: &str = "name, label, kind, choices, created_ms, refused, refused_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Declared> {
    let (kind, choices) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
    Ok(Declared {
        definition: Definition {
            name: row.get(0)?,
            label: row.get(1)?,
            // The schema lets in no other words.
            kind: PropertyType::parse(kind).unwrap_or_default(),
            choices: choices.lines().map(str::to_owned).collect(),
        },
        created: Millis(row.get(4)?),
        refused: u64::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
        last_refused: row.get::<_, Option<i64>>(6)?.map(Millis),
    })
}

/// The declared properties of an account, by name.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<Declared>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from property_definition where account_id = ?1 order by name"
    ))?;
    let declared = statement.query_map([account.0], read)?;
    Ok(declared.collect::<Result<_, _>>()?)
}

pub fn find(conn: &Connection, account: AccountId, name: &str) -> Result<Option<Declared>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {FIELDS} from property_definition where account_id = ?1 and name = ?2"
        ))?
        .query_row((account.0, name), read)
        .optional()?)
}

/// Declares a property.
///
/// # Errors
/// `Conflict` when it is declared already; SQLite's.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    definition: &Definition,
    now: Millis,
) -> Result<(), Error> {
    let Definition { name, label, kind, choices } = definition;
    let inserted = conn
        .prepare_cached(
            "insert or ignore into property_definition (account_id, name, label, kind, choices, created_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((account.0, name, label, kind.as_str(), choices.join("\n"), now.0))?;
    if inserted == 0 { Err(Error::Conflict) } else { Ok(()) }
}

/// Changes a declared property. Values that were refused for another type or other choices are not counted any more.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn update(conn: &Connection, account: AccountId, definition: &Definition) -> Result<(), Error> {
    let Definition { name, label, kind, choices } = definition;
    let updated = conn
        .prepare_cached(
            "update property_definition set label = ?3, kind = ?4, choices = ?5,
                 refused = case when kind = ?4 and choices = ?5 then refused else 0 end,
                 refused_ms = case when kind = ?4 and choices = ?5 then refused_ms end
             where account_id = ?1 and name = ?2",
        )?
        .execute((account.0, name, label, kind.as_str(), choices.join("\n")))?;
    if updated == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Counts a value that did not fit.
pub fn count_refused(conn: &Connection, account: AccountId, name: &str, at: Millis) -> Result<(), Error> {
    conn.prepare_cached(
        "update property_definition set refused = refused + 1, refused_ms = max(coalesce(refused_ms, ?3), ?3)
         where account_id = ?1 and name = ?2",
    )?
    .execute((account.0, name, at.0))?;
    Ok(())
}

/// The property is undeclared again; its values stay.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn delete(conn: &Connection, account: AccountId, name: &str) -> Result<(), Error> {
    let deleted = conn
        .prepare_cached("delete from property_definition where account_id = ?1 and name = ?2")?
        .execute((account.0, name))?;
    if deleted == 0 { Err(Error::NotFound) } else { Ok(()) }
}
