//! What erasing a contact needs of the tables of contacts: who it is, marking it, and its last step.

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashSet;

use super::email;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;
use crate::store::people::company;

/// The sources of a contact and of those that were merged into it, whatever its state.
pub fn list_sources_of(conn: &Connection, account: AccountId, id: i64) -> Result<FxHashSet<u32>, Error> {
    let mut statement = conn.prepare_cached(
        "select source from contact where account_id = ?1 and id = ?2
         union select c.source from contact_alias a indexed by contact_alias_contact
             join contact c on c.account_id = a.account_id and c.id = a.alias_id
             where a.account_id = ?1 and a.contact_id = ?2
         union select own_source from contact_alias indexed by contact_alias_contact
             where account_id = ?1 and contact_id = ?2",
    )?;
    let sources = statement.query_map((account.0, id), |row| row.get(0))?;
    Ok(sources.collect::<Result<_, _>>()?)
}

/// When a contact was first and last seen, whatever its state.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn find_range(conn: &Connection, account: AccountId, id: i64) -> Result<(i64, i64), Error> {
    conn.prepare_cached("select first_ms, last_ms from contact where account_id = ?1 and id = ?2")?
        .query_row((account.0, id), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or(Error::NotFound)
}

/// A contact with those that were merged into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The number of each, and when it was created.
    pub contacts: Vec<(i64, Millis)>,
    /// All emails.
    pub emails: Vec<String>,
}

pub fn find_whole(conn: &Connection, account: AccountId, id: i64) -> Result<Whole, Error> {
    let mut contacts = conn.prepare_cached(
        "select id, created_ms from contact where account_id = ?1 and id in
             (select ?2 union all select alias_id from contact_alias where account_id = ?1 and contact_id = ?2) order by id",
    )?;
    let contacts = contacts.query_map((account.0, id), |row| Ok((row.get(0)?, Millis(row.get(1)?))))?;
    let emails = email::list(conn, account, id)?;
    Ok(Whole {
        contacts: contacts.collect::<Result<_, _>>()?,
        emails: emails.into_iter().map(|email| email.email).collect(),
    })
}

/// Contacts whose erasure has begun and is not finished, of every account: it goes on when the store is opened.
pub fn list_erasing(conn: &Connection) -> Result<Vec<(AccountId, i64)>, Error> {
    let mut statement = conn.prepare_cached(
        "select account_id, id from contact indexed by contact_erasing where state = 'erasing'
         order by account_id, id",
    )?;
    let contacts = statement.query_map([], |row| Ok((AccountId(row.get(0)?), row.get(1)?)))?;
    Ok(contacts.collect::<Result<_, _>>()?)
}

/// Marks a contact as being erased: from here on nothing finds it, its emails are free, and its company goes when it
/// was the only contact of it and nobody named it. Answers whether the contact was there.
pub fn update_erasing(conn: &Connection, account: AccountId, id: i64) -> Result<bool, Error> {
    company::update_member(conn, account, id, None)?;
    let changed = conn
        .prepare_cached(
            "update contact set state = 'erasing', email = '', external_id = null
             where account_id = ?1 and id = ?2 and state <> 'erasing'",
        )?
        .execute((account.0, id))?;
    conn.prepare_cached(
        "delete from contact_email indexed by contact_email_contact where account_id = ?1 and contact_id = ?2",
    )?
    .execute((account.0, id))?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(changed > 0)
}

/// The last step of an erasure: deletes the contact with its properties, and the rows of its aliases.
pub fn delete(conn: &Connection, account: AccountId, id: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from contact where account_id = ?1 and id in
             (select alias_id from contact_alias where account_id = ?1 and contact_id = ?2)",
    )?
    .execute((account.0, id))?;
    conn.prepare_cached("delete from contact where account_id = ?1 and id = ?2")?.execute((account.0, id))?;
    Ok(())
}
