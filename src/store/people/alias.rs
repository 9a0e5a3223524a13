//! Aliases: contacts that were merged into another one. Their numbers stand for the living contact for ever. An alias
//! always names a contact that is no alias itself, so one look-up resolves it.

use rusqlite::{Connection, OptionalExtension};

use super::email;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// The living contact a number stands for; `None` when there never was one, or it was erased.
pub fn resolve(conn: &Connection, account: AccountId, id: i64) -> Result<Option<i64>, Error> {
    Ok(conn
        .prepare_cached(
            "select id from contact where account_id = ?1 and state = 'active' and id = coalesce(
                 (select contact_id from contact_alias where account_id = ?1 and alias_id = ?2), ?2)",
        )?
        .query_row((account.0, id), |row| row.get(0))
        .optional()?)
}

/// Makes `alias` an alias of `contact`, and records which visitor numbers and emails it has now. The aliases of the alias
/// become aliases of `contact` too, and its emails become further emails of `contact`; its primary one becomes
/// the primary one of a `contact` that has none. Its visitors stay where they are; the caller moves them next.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    alias: i64,
    contact: i64,
    at: Millis,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact_alias set contact_id = ?3 where account_id = ?1 and contact_id = ?2",
    )?
    .execute((account.0, alias, contact))?;
    conn.prepare_cached(
        "insert into contact_alias (account_id, alias_id, contact_id, merged_ms) values (?1, ?2, ?3, ?4)",
    )?
    .execute((account.0, alias, contact, at.0))?;
    for sql in [
        "insert into contact_alias_visitor (account_id, alias_id, number)
             select account_id, contact_id, number from visitor indexed by visitor_contact
             where account_id = ?1 and contact_id = ?2 and contact_id is not null",
        "insert into contact_alias_email (account_id, alias_id, email, was_primary)
             select account_id, id, email, 1 from contact where account_id = ?1 and id = ?2 and email <> ''
             union all
             select account_id, contact_id, email, 0 from contact_email indexed by contact_email_contact
             where account_id = ?1 and contact_id = ?2",
    ] {
        conn.prepare_cached(sql)?.execute((account.0, alias))?;
    }
    conn.prepare_cached(
        "update contact_email indexed by contact_email_contact set contact_id = ?3
         where account_id = ?1 and contact_id = ?2",
    )?
    .execute((account.0, alias, contact))?;
    email::keep_primary_as_further(conn, account, alias, contact)?;
    conn.prepare_cached("update contact set state = 'merged', email = '' where account_id = ?1 and id = ?2")?
        .execute((account.0, alias))?;
    email::fill_primary(conn, account, contact, alias)?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(())
}

/// What an alias brought to its contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    pub visitors: Vec<u32>,
    /// Each with whether it was the primary one of the alias.
    pub emails: Vec<(String, bool)>,
}

/// What an alias brought to its contact, as it was when they were merged.
pub fn list_brought(conn: &Connection, account: AccountId, alias: i64) -> Result<Brought, Error> {
    let mut visitors = conn.prepare_cached(
        "select number from contact_alias_visitor where account_id = ?1 and alias_id = ?2 order by number",
    )?;
    let visitors = visitors.query_map((account.0, alias), |row| row.get(0))?;
    let mut emails = conn.prepare_cached(
        "select email, was_primary from contact_alias_email where account_id = ?1 and alias_id = ?2
         order by was_primary desc, email",
    )?;
    let emails = emails.query_map((account.0, alias), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Brought { visitors: visitors.collect::<Result<_, _>>()?, emails: emails.collect::<Result<_, _>>()? })
}
