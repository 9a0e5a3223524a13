//! Identifications as they were sent: who a visitor said to be, and when.

use rusqlite::Connection;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::error::Error;

/// Identifications kept of one visitor; later ones are not written down.
pub const IDENTIFICATIONS_MAX: u32 = 100;

/// Who a visitor said to be, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    pub at_ms: i64,
    pub inbox_id: i64,
    pub visitor: u32,
    pub contact_id: Option<i64>,
    pub external_id: Option<String>,
    pub other_token: Option<String>,
}

/// Keeps an identification, unless this visitor sent the same one before, or too many already.
pub fn insert(conn: &Connection, account: AccountId, said: &Identification) -> Result<(), Error> {
    let held = {
        // The index by name: without statistics SQLite takes the table's key and reads the whole account.
        let mut find = conn.prepare_cached(
            "select contact_id, external_id, other_token from identification indexed by identification_visitor
             where account_id = ?1 and visitor = ?2",
        )?;
        let held = find.query_map((account.0, said.visitor), |row| {
            let same: (Option<i64>, Option<String>, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(same == (said.contact_id, said.external_id.clone(), said.other_token.clone()))
        })?;
        held.collect::<Result<Vec<bool>, _>>()?
    };
    if held.contains(&true) || held.len() >= IDENTIFICATIONS_MAX as usize {
        return Ok(());
    }
    // Of values, not of a question: that would make SQLite keep a journal of the statement (measured: a third of a
    // millisecond in a large batch).
    conn.prepare_cached(
        "insert into identification (account_id, at_ms, inbox_id, visitor, contact_id, external_id, other_token)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        account.0,
        said.at_ms,
        said.inbox_id,
        said.visitor,
        said.contact_id,
        &said.external_id,
        &said.other_token,
    ))?;
    Ok(())
}

/// Deletes the identifications as a contact, whoever sent them. No index serves this, so all of the account are read.
pub fn delete_of_contact(conn: &Connection, account: AccountId, id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from identification where account_id = ?1 and contact_id = ?2")?
        .execute((account.0, id))?;
    Ok(())
}

/// When a visitor identified as this contact, or as one that was merged into it.
pub fn list(conn: &Connection, account: AccountId, id: i64, visitor: u32) -> Result<Vec<Millis>, Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms from identification indexed by identification_visitor
         where account_id = ?1 and visitor = ?2 and contact_id in (select ?3 union all
             select alias_id from contact_alias where account_id = ?1 and contact_id = ?3)
         order by at_ms",
    )?;
    let rows = statement.query_map((account.0, visitor, id), |row| row.get(0).map(Millis))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
