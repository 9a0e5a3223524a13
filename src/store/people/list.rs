//! Lists of contacts, their members, and when contacts joined and left them.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::list::{Conditions, ListId, ListKind};
use crate::store::error::Error;

/// Most changes of lists that are kept of one contact, the latest ones.
pub const CHANGES_MAX: u32 = 200;

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub id: ListId,
    pub name: String,
    pub kind: ListKind,
    pub conditions: Conditions,
    pub created: Millis,
    pub changed: Millis,
    /// When its members were found; `None` = not since it was created or changed.
    pub built: Option<Millis>,
    /// How many members it had then.
    pub size: u64,
}

const FIELDS: &str = "id, name, kind, conditions, created_ms, changed_ms, built_ms, size";

fn read(row: &Row<'_>) -> rusqlite::Result<List> {
    let (kind, conditions): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(List {
        id: ListId(row.get(0)?),
        name: row.get(1)?,
        kind: ListKind::parse(&kind).unwrap_or_default(),
        // Nobody is in a list whose conditions a later program has written.
        conditions: Conditions::parse(&conditions).unwrap_or_default(),
        created: Millis(row.get(4)?),
        changed: Millis(row.get(5)?),
        built: row.get::<_, Option<i64>>(6)?.map(Millis),
        size: row.get::<_, u32>(7)?.into(),
    })
}

pub fn find(conn: &Connection, account: AccountId, id: ListId) -> Result<Option<List>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {FIELDS} from list where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id.0), read)
        .optional()?)
}

/// The lists of an account, by name.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<List>, Error> {
    let mut statement =
        conn.prepare_cached(&format!("select {FIELDS} from list where account_id = ?1 order by name, id"))?;
    let lists = statement.query_map([account.0], read)?;
    Ok(lists.collect::<Result<_, _>>()?)
}

/// The list of this name, whatever its case.
pub fn find_by_name(conn: &Connection, account: AccountId, name: &str) -> Result<Option<ListId>, Error> {
    Ok(conn
        .prepare_cached("select id from list where account_id = ?1 and name = ?2")?
        .query_row((account.0, name), |row| row.get(0).map(ListId))
        .optional()?)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<usize, Error> {
    let count: i64 = conn
        .prepare_cached("select count(*) from list where account_id = ?1")?
        .query_row([account.0], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Inserts a list without members. Answers its number.
///
/// # Errors
/// `Conflict` when another list has the name; SQLite's.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    (name, kind, conditions): (&str, ListKind, &Conditions),
    now: Millis,
) -> Result<ListId, Error> {
    let id: i64 = conn
        .prepare_cached("update account set last_list = last_list + 1 where id = ?1 returning last_list")?
        .query_row([account.0], |row| row.get(0))?;
    conn.prepare_cached(
        "insert into list (account_id, id, name, kind, conditions, created_ms, changed_ms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute((account.0, id, name, kind.as_str(), conditions.to_json(), now.0))?;
    Ok(ListId(id))
}

/// Changes a list. Its members are those of before until they are found anew.
///
/// # Errors
/// `NotFound`; `Conflict` when another list has the name; SQLite's.
pub fn update(
    conn: &Connection,
    account: AccountId,
    id: ListId,
    (name, conditions): (&str, &Conditions),
    now: Millis,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached(
            "update list set name = ?3, built_ms = case when conditions = ?4 then built_ms end,
                 changed_ms = ?5, conditions = ?4 where account_id = ?1 and id = ?2",
        )?
        .execute((account.0, id.0, name, conditions.to_json(), now.0))?;
    if changed == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Deletes a list with its members. Answers its name; `None` when there is none.
pub fn delete(conn: &Connection, account: AccountId, id: ListId) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached("delete from list where account_id = ?1 and id = ?2 returning name")?
        .query_row((account.0, id.0), |row| row.get(0))
        .optional()?)
}

/// Writes down when the members were found, and how many there are.
pub fn update_built(
    conn: &Connection,
    account: AccountId,
    id: ListId,
    built: Millis,
    size: usize,
) -> Result<(), Error> {
    conn.prepare_cached("update list set built_ms = ?3, size = ?4 where account_id = ?1 and id = ?2")?
        .execute((account.0, id.0, built.0, i64::try_from(size).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Member `m`, or the contact that it was merged into since it joined.
const LIVING: &str = "coalesce((select a.contact_id from contact_alias a
    where a.account_id = m.account_id and a.alias_id = m.contact_id), m.contact_id)";

/// The members of a list, by number.
pub fn list_members(conn: &Connection, account: AccountId, id: ListId) -> Result<Vec<u32>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select distinct {LIVING} as contact from list_member m where m.account_id = ?1 and m.list_id = ?2
         order by contact"
    ))?;
    let members = statement.query_map((account.0, id.0), |row| row.get(0))?;
    Ok(members.collect::<Result<_, _>>()?)
}

pub fn count_members(conn: &Connection, account: AccountId, id: ListId) -> Result<usize, Error> {
    let count: i64 = conn
        .prepare_cached(&format!(
            "select count(distinct {LIVING}) from list_member m where m.account_id = ?1 and m.list_id = ?2"
        ))?
        .query_row((account.0, id.0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Lets a contact join a list, or leave it.
pub fn update_member(
    conn: &Connection,
    account: AccountId,
    id: ListId,
    contact: u32,
    is_member: bool,
    at: Millis,
) -> Result<(), Error> {
    let changed = match is_member {
        true => conn
            .prepare_cached(
                "insert or ignore into list_member (account_id, list_id, contact_id, joined_ms)
                 select ?1, ?2, id, ?4 from contact where account_id = ?1 and id = ?3 and state = 'active'",
            )?
            .execute((account.0, id.0, contact, at.0))?,
        false => conn
            .prepare_cached(
                "delete from list_member where account_id = ?1 and list_id = ?2 and contact_id in
                     (select ?3 union all select alias_id from contact_alias where account_id = ?1 and contact_id = ?3)",
            )?
            .execute((account.0, id.0, contact))?,
    };
    if changed == 0 {
        return Ok(());
    }
    conn.prepare_cached(
        "insert or replace into list_change (account_id, contact_id, at_ms, list_id, is_joined)
         values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((account.0, contact, at.0, id.0, is_member))?;
    conn.prepare_cached(
        "delete from list_change where account_id = ?1 and contact_id = ?2 and (at_ms, list_id) <= (
             select at_ms, list_id from list_change where account_id = ?1 and contact_id = ?2
             order by at_ms desc, list_id desc limit 1 offset ?3)",
    )?
    .execute((account.0, contact, CHANGES_MAX))?;
    Ok(())
}

/// A list that a contact is in, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub list: ListId,
    pub name: String,
    pub joined: Millis,
}

/// The lists of a contact and of those that were merged into it, by name.
pub fn list_of_contact(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Vec<Membership>, Error> {
    let mut statement = conn.prepare_cached(
        "select l.id, l.name, min(m.joined_ms)
         from list_member m indexed by list_member_contact
         join list l on l.account_id = m.account_id and l.id = m.list_id
         where m.account_id = ?1 and m.contact_id in
             (select ?2 union all select alias_id from contact_alias where account_id = ?1 and contact_id = ?2)
         group by l.id order by l.name, l.id",
    )?;
    let lists = statement.query_map((account.0, contact), |row| {
        Ok(Membership { list: ListId(row.get(0)?), name: row.get(1)?, joined: Millis(row.get(2)?) })
    })?;
    Ok(lists.collect::<Result<_, _>>()?)
}

/// A contact joined a list or left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub at: Millis,
    pub list: ListId,
    pub name: String,
    pub is_joined: bool,
}

/// How a contact, and those that were merged into it, joined and left lists; the latest change first.
pub fn list_changes(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<Change>, Error> {
    let mut statement = conn.prepare_cached(
        "select c.at_ms, c.list_id, l.name, c.is_joined
         from list_change c join list l on l.account_id = c.account_id and l.id = c.list_id
         where c.account_id = ?1 and c.contact_id in
             (select ?2 union all select alias_id from contact_alias where account_id = ?1 and contact_id = ?2)
         order by c.at_ms desc, c.list_id",
    )?;
    let changes = statement.query_map((account.0, contact), |row| {
        Ok(Change {
            at: Millis(row.get(0)?),
            list: ListId(row.get(1)?),
            name: row.get(2)?,
            is_joined: row.get(3)?,
        })
    })?;
    Ok(changes.collect::<Result<_, _>>()?)
}
