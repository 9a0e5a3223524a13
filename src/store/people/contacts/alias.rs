//! Aliases: contacts that were merged into another one. Their numbers stand for the living contact for ever. An alias
//! always names a contact that is no alias itself, so one look-up resolves it.
//!
//! What was merged into what is a tree: each alias knows the contact that it was merged into itself, and the living contact
//! at the top. With what is kept of a merge here it can be undone, as long as the contact that it was merged into lives.

use rusqlite::{Connection, OptionalExtension, Row};

use super::email;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::domain::visitor::VisitorNumber;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;
use crate::store::people::company;
use crate::store::people::properties::property::{self, Property};

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

/// A merge of contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    pub alias: i64,
    /// The contact that the alias was merged into.
    pub into: i64,
    pub at: Millis,
    /// `None` is the command line, or a user who is gone.
    pub by: Option<UserId>,
}

/// Makes `alias` an alias of `into`, and records what is needed to undo that: which visitor numbers and emails it has now,
/// and what merging changes of `into`. The aliases of the alias become aliases of `into` too, and its emails become further
/// emails of `into`; its primary one becomes the primary one of an `into` that has none. It has no company. Its visitors, its properties and
/// its figures stay where they are; the caller moves them next.
pub fn insert(conn: &Connection, account: AccountId, merge: &Merge) -> Result<(), Error> {
    let Merge { alias, into, at, by } = *merge;
    for sql in [
        "update contact_alias set contact_id = ?3 where account_id = ?1 and contact_id = ?2",
        // What `into` had by itself is the same in all of its merges that are not undone.
        "insert into contact_alias (account_id, alias_id, contact_id, into_id, merged_ms, own_first_ms, own_last_ms,
                                    own_source, gave_external)
             select c.account_id, ?2, c.id, c.id, 0, coalesce(o.own_first_ms, c.first_ms),
                    coalesce(o.own_last_ms, c.last_ms), coalesce(o.own_source, c.source),
                    c.external_id is null and exists (select 1 from contact a
                        where a.account_id = ?1 and a.id = ?2 and a.external_id is not null)
             from contact c left join contact_alias o on o.account_id = c.account_id and o.alias_id =
                 (select min(alias_id) from contact_alias
                  where account_id = ?1 and contact_id = ?3 and into_id = ?3)
             where c.account_id = ?1 and c.id = ?3",
    ] {
        conn.prepare_cached(sql)?.execute((account.0, alias, into))?;
    }
    conn.prepare_cached(
        "update contact_alias set merged_ms = ?3, merged_by = ?4 where account_id = ?1 and alias_id = ?2",
    )?
    .execute((account.0, alias, at.0, by.map(|user| user.0)))?;
    for sql in [
        "insert into contact_alias_visitor (account_id, alias_id, number, completions, value_minor)
             select account_id, contact_id, number, contact_completions, contact_value_minor
             from visitor indexed by visitor_contact
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
    .execute((account.0, alias, into))?;
    email::keep_primary_as_further(conn, account, alias, into)?;
    company::update_member(conn, account, alias, None)?;
    conn.prepare_cached("update contact set state = 'merged', email = '' where account_id = ?1 and id = ?2")?
        .execute((account.0, alias))?;
    email::fill_primary(conn, account, into, alias)?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(())
}

/// Undoes what `insert` did: the alias is a contact of its own again, with those of its emails that the other contact still
/// has, and with the aliases that came with it. Its visitors, its properties and its figures stay where they are; the
/// caller moves them before, because nothing is known of the merge afterwards.
pub fn delete(conn: &Connection, account: AccountId, merge: &Merge) -> Result<(), Error> {
    let Merge { alias, into, .. } = *merge;
    let brought = list_brought(conn, account, alias)?;
    conn.prepare_cached(
        "with recursive own(id) as (
             select ?2 union
             select a.alias_id from own join contact_alias a indexed by contact_alias_contact
                 on a.account_id = ?1 and a.contact_id = ?3 and a.into_id = own.id)
         update contact_alias set contact_id = ?2
         where account_id = ?1 and alias_id in (select id from own where id <> ?2)",
    )?
    .execute((account.0, alias, into))?;
    conn.prepare_cached("delete from contact_alias where account_id = ?1 and alias_id = ?2")?
        .execute((account.0, alias))?;
    conn.prepare_cached("update contact set state = 'active' where account_id = ?1 and id = ?2")?
        .execute((account.0, alias))?;
    email::take_back(conn, account, into, alias, &brought.emails)?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(())
}

/// A visitor number that an alias brought, with what had been counted of it for the contact by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BroughtVisitor {
    pub number: VisitorNumber,
    pub completions: i64,
    pub value_minor: i64,
}

/// What an alias brought to its contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    pub visitors: Vec<BroughtVisitor>,
    /// Each with whether it was the primary one of the alias; that one first.
    pub emails: Vec<(String, bool)>,
}

/// What an alias brought to its contact, as it was when they were merged.
pub fn list_brought(conn: &Connection, account: AccountId, alias: i64) -> Result<Brought, Error> {
    let mut visitors = conn.prepare_cached(
        "select number, completions, value_minor from contact_alias_visitor
         where account_id = ?1 and alias_id = ?2 order by number",
    )?;
    let visitors = visitors.query_map((account.0, alias), |row| {
        Ok(BroughtVisitor {
            number: VisitorNumber(row.get(0)?),
            completions: row.get(1)?,
            value_minor: row.get(2)?,
        })
    })?;
    let mut emails = conn.prepare_cached(
        "select email, was_primary from contact_alias_email where account_id = ?1 and alias_id = ?2
         order by was_primary desc, email",
    )?;
    let emails = emails.query_map((account.0, alias), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Brought { visitors: visitors.collect::<Result<_, _>>()?, emails: emails.collect::<Result<_, _>>()? })
}

/// What a contact was before anything was merged into it, as far as merging changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    pub first: Millis,
    pub last: Millis,
    /// Dictionary id of its source.
    pub source: u32,
    /// It had no external id, and got that of the alias.
    pub gave_external: bool,
}

/// The merge of an alias, with the living contact that it stands for now, and what the contact it was merged into was before.
pub fn find(conn: &Connection, account: AccountId, alias: i64) -> Result<Option<(Merge, i64, Own)>, Error> {
    Ok(conn
        .prepare_cached(
            "select alias_id, into_id, merged_ms, merged_by, contact_id, own_first_ms, own_last_ms, own_source,
                    gave_external
             from contact_alias where account_id = ?1 and alias_id = ?2",
        )?
        .query_row((account.0, alias), |row| {
            let own = Own {
                first: Millis(row.get(5)?),
                last: Millis(row.get(6)?),
                source: row.get(7)?,
                gave_external: row.get(8)?,
            };
            Ok((read(row)?, row.get(4)?, own))
        })
        .optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Merge> {
    Ok(Merge {
        alias: row.get(0)?,
        into: row.get(1)?,
        at: Millis(row.get(2)?),
        by: row.get::<_, Option<i64>>(3)?.map(UserId),
    })
}

/// The merges that a living contact came of, the latest first: those into itself, and those of its aliases before them.
pub fn list(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<Merge>, Error> {
    let mut statement = conn.prepare_cached(
        "select alias_id, into_id, merged_ms, merged_by from contact_alias indexed by contact_alias_contact
         where account_id = ?1 and contact_id = ?2 order by merged_ms desc, alias_id desc",
    )?;
    let merges = statement.query_map((account.0, contact), read)?;
    Ok(merges.collect::<Result<_, _>>()?)
}

/// When the contacts were seen that were merged into this one itself, and where they came from: first and last time, and
/// dictionary id of the source.
pub fn list_seen(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Vec<(Millis, Millis, u32)>, Error> {
    let mut statement = conn.prepare_cached(
        "select c.first_ms, c.last_ms, c.source
         from contact_alias a indexed by contact_alias_contact
             join contact c on c.account_id = a.account_id and c.id = a.alias_id
         where a.account_id = ?1 and a.contact_id = ?2 and a.into_id = ?2",
    )?;
    let seen = statement
        .query_map((account.0, contact), |row| Ok((Millis(row.get(0)?), Millis(row.get(1)?), row.get(2)?)))?;
    Ok(seen.collect::<Result<_, _>>()?)
}

/// Keeps what a property of the contact was before the merge of `alias` set it; `None` = the contact had none.
pub fn insert_replaced(
    conn: &Connection,
    account: AccountId,
    alias: i64,
    name: &str,
    before: Option<&Property>,
) -> Result<(), Error> {
    let said = before.map(|before| before.said);
    conn.prepare_cached(
        "insert into contact_alias_property (account_id, alias_id, name, value, channel, verified, at_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        account.0,
        alias,
        name,
        before.map(|before| &before.value),
        said.map_or(0, |said| said.channel as u8),
        said.is_some_and(|said| said.trust.is_verified()),
        said.map_or(0, |said| said.at.0),
    ))?;
    Ok(())
}

/// A property that a merge set, and what it was before.
pub type Replaced = (String, Option<Property>);

/// The properties that the merge of `alias` set, each with what it was before.
pub fn list_replaced(conn: &Connection, account: AccountId, alias: i64) -> Result<Vec<Replaced>, Error> {
    let mut statement = conn.prepare_cached(
        "select name, value, channel, verified, at_ms from contact_alias_property
         where account_id = ?1 and alias_id = ?2 order by name",
    )?;
    let replaced = statement.query_map((account.0, alias), |row| {
        let is_set = row.get_ref(1)? != rusqlite::types::ValueRef::Null;
        Ok((row.get(0)?, is_set.then(|| property::read(row)).transpose()?))
    })?;
    Ok(replaced.collect::<Result<_, _>>()?)
}

/// A merge is undone whose value of a property was replaced by that of a later merge into the same contact: when the later
/// one is undone too, the property becomes what it was before both.
pub fn update_replaced(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    undone: &Property,
    before: Option<&Property>,
) -> Result<(), Error> {
    let others = list(conn, account, contact)?;
    for other in others.iter().filter(|other| other.into == contact) {
        let replaced = list_replaced(conn, account, other.alias)?;
        if replaced.iter().any(|(_, kept)| kept.as_ref() == Some(undone)) {
            conn.prepare_cached(
                "delete from contact_alias_property where account_id = ?1 and alias_id = ?2 and name = ?3",
            )?
            .execute((account.0, other.alias, &undone.name))?;
            insert_replaced(conn, account, other.alias, &undone.name, before)?;
        }
    }
    Ok(())
}
