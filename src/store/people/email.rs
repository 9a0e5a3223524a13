//! The emails of contacts. Each belongs to one contact of its account; one of a contact's emails is its primary one, and
//! `contact.email` repeats it for lists and searches.

use rusqlite::{Connection, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// An email of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactEmail {
    pub email: String,
    pub is_primary: bool,
    /// Proven by a token or a signature, not only said (rules.md 22).
    pub is_verified: bool,
    pub created: Millis,
}

fn read(row: &Row<'_>) -> rusqlite::Result<ContactEmail> {
    Ok(ContactEmail {
        email: row.get(0)?,
        is_primary: row.get(1)?,
        is_verified: row.get(2)?,
        created: Millis(row.get(3)?),
    })
}

/// The emails of a contact, the primary one first.
pub fn list(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<ContactEmail>, Error> {
    let mut statement = conn.prepare_cached(
        "select email, is_primary, verified, created_ms from contact_email indexed by contact_email_contact
         where account_id = ?1 and contact_id = ?2 order by is_primary desc, email",
    )?;
    let emails = statement.query_map((account.0, contact), read)?;
    Ok(emails.collect::<Result<_, _>>()?)
}

/// Gives a contact an email that nobody has.
///
/// # Errors
/// `Conflict` when a contact has it; SQLite's.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    email: &ContactEmail,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into contact_email (account_id, email, contact_id, is_primary, verified, created_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        account.0,
        &email.email,
        contact,
        email.is_primary,
        email.is_verified,
        email.created.0,
    ))?;
    Ok(())
}

/// Marks an email as proven.
pub fn update_verified(conn: &Connection, account: AccountId, email: &str) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact_email set verified = 1 where account_id = ?1 and email = ?2 and verified = 0",
    )?
    .execute((account.0, email))?;
    Ok(())
}

/// Makes one of a contact's emails its primary one.
pub fn update_primary(conn: &Connection, account: AccountId, contact: i64, email: &str) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact_email indexed by contact_email_contact set is_primary = (email = ?3)
         where account_id = ?1 and contact_id = ?2",
    )?
    .execute((account.0, contact, email))?;
    conn.prepare_cached("update contact set email = ?3 where account_id = ?1 and id = ?2")?
        .execute((account.0, contact, email))?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(())
}
