//! Contacts in an order: all of an account, those of a company or a list, or those that a search found.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::contact::{FIELDS, Order, Shown, find, read};
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::list::ListId;
use crate::store::error::Error;

/// Among so many contacts each is looked up; among more, contacts are read in their order until enough are found.
const LOOKED_UP: usize = 2_000;

/// Contacts after the contact `after`, at most `limit`: all, or only those of a company, or only those of the ascending
/// numbers in `among`. In the order of creation only those shown are read; else all of the company or account.
///
/// # Errors
/// `NotFound` when there is no contact `after`; SQLite's.
pub fn list(
    conn: &Connection,
    account: AccountId,
    order: Order,
    among: Among<'_>,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<Shown>, Error> {
    let (column, sign, direction) = order.sql();
    let is_known = after.is_none_or(|after| find(conn, account, after).is_ok_and(|found| found.is_some()));
    if !is_known {
        return Err(Error::NotFound);
    }
    let after_it = match after {
        Some(_) => format!(
            "and ({column}, id) {sign} (select {column}, id from contact where account_id = ?1 and id = ?2)"
        ),
        None => "and ?2 is null".to_owned(),
    };
    let (from, is_among) = match among {
        Among::All => ("contact", "?3 is null"),
        Among::Company(_) => ("contact indexed by contact_company", "company_id = ?3"),
        Among::Numbers(numbers) if numbers.len() <= LOOKED_UP => (
            "(select value from json_each(?3)) j cross join contact on account_id = ?1 and id = j.value",
            "true",
        ),
        Among::Numbers(_) => ("contact", "?3 is null"),
    };
    let numbers = match among {
        Among::Numbers(numbers) if numbers.len() > LOOKED_UP => Some(numbers),
        _ => None,
    };
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from {from} where account_id = ?1 and state = 'active' and {is_among} {after_it}
         order by {column} {direction}, id {direction} limit ?4"
    ))?;
    let (mut shown, most) = (Vec::new(), i64::try_from(limit).unwrap_or(i64::MAX));
    let most = if numbers.is_some() { -1 } else { most };
    let mut rows = statement.query((account.0, after, among.value(), most))?;
    while shown.len() < limit
        && let Some(row) = rows.next()?
    {
        let contact = read(row)?;
        if numbers.is_none_or(|numbers| has_number(numbers, contact.id)) {
            shown.push(contact);
        }
    }
    Ok(shown)
}

/// Which contacts of an account are listed.
#[derive(Clone, Copy, Debug)]
pub enum Among<'a> {
    All,
    Company(CompanyId),
    /// Ascending.
    Numbers(&'a [u32]),
}

impl Among<'_> {
    fn value(self) -> Value {
        match self {
            Self::Company(company) => company.0.into(),
            Self::Numbers(numbers) if numbers.len() <= LOOKED_UP => {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                format!("[{}]", numbers.join(",")).into()
            }
            Self::All | Self::Numbers(_) => Value::Null,
        }
    }
}

fn has_number(numbers: &[u32], id: i64) -> bool {
    u32::try_from(id).is_ok_and(|id| numbers.binary_search(&id).is_ok())
}

/// The members of a list, those created last first, after the contact `after`; at most `limit`.
pub fn list_members(
    conn: &Connection,
    account: AccountId,
    list: ListId,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<Shown>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact where account_id = ?1 and state = 'active' and id in (
             select distinct coalesce((select a.contact_id from contact_alias a
                 where a.account_id = m.account_id and a.alias_id = m.contact_id), m.contact_id)
             from list_member m where m.account_id = ?1 and m.list_id = ?2)
             and (?3 is null or id < ?3)
         order by id desc limit ?4"
    ))?;
    let rows = statement.query_map((account.0, list.0, after, limit), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many contacts an account or a company has.
pub fn count(conn: &Connection, account: AccountId, company: Option<CompanyId>) -> Result<i64, Error> {
    // The first index is a fraction of the table, and holds all that is asked for.
    let (index, of_company) = match company {
        Some(_) => ("contact_company", "company_id = ?2"),
        None => ("contact_list", "?2 is null"),
    };
    Ok(conn
        .prepare_cached(&format!(
            "select count(*) from contact indexed by {index}
             where account_id = ?1 and state = 'active' and {of_company}"
        ))?
        .query_row((account.0, company.map(|company| company.0)), |row| row.get(0))?)
}

/// The numbers of the contacts of a company, ascending.
pub fn list_numbers(conn: &Connection, account: AccountId, company: CompanyId) -> Result<Vec<u32>, Error> {
    let mut statement = conn.prepare_cached(
        "select id from contact indexed by contact_company
         where account_id = ?1 and company_id = ?2 and state = 'active' order by id",
    )?;
    let numbers = statement.query_map((account.0, company.0), |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}
