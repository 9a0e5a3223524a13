//! Visitors who asked that what is kept of their browser is deleted. The row of a visitor goes when the visitor goes.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::visitor::VisitorNumber;
use crate::store::error::Error;

/// Most requests of an account that wait. One more is refused.
pub const REQUESTS_MAX: i64 = 10_000;

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub visitor: VisitorNumber,
    /// Whose browser it is, if that is known.
    pub contact: Option<i64>,
    /// The primary email of the contact.
    pub email: Option<String>,
    pub at: Millis,
}

/// Keeps a request; the first one of a visitor counts. Answers false when the account has its most.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
    at: Millis,
) -> Result<bool, Error> {
    if find(conn, account, visitor)?.is_some() {
        return Ok(true);
    }
    if count(conn, account)? >= REQUESTS_MAX {
        return Ok(false);
    }
    conn.prepare_cached("insert into erasure_request (account_id, visitor, at_ms) values (?1, ?2, ?3)")?
        .execute((account.0, visitor.0, at.0))?;
    Ok(true)
}

/// When the visitor asked.
pub fn find(conn: &Connection, account: AccountId, visitor: VisitorNumber) -> Result<Option<Millis>, Error> {
    Ok(conn
        .prepare_cached("select at_ms from erasure_request where account_id = ?1 and visitor = ?2")?
        .query_row((account.0, visitor.0), |row| row.get(0).map(Millis))
        .optional()?)
}

/// At most `limit` requests, the oldest first.
pub fn list(conn: &Connection, account: AccountId, limit: usize) -> Result<Vec<Request>, Error> {
    let mut statement = conn.prepare_cached(
        "select r.visitor, v.contact_id, nullif(c.email, ''), r.at_ms
         from erasure_request r
             join visitor v on v.account_id = r.account_id and v.number = r.visitor
             left join contact c on c.account_id = r.account_id and c.id = v.contact_id
         where r.account_id = ?1 order by r.at_ms, r.visitor limit ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, limit), |row| {
        Ok(Request {
            visitor: VisitorNumber(row.get(0)?),
            contact: row.get(1)?,
            email: row.get(2)?,
            at: Millis(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select count(*) from erasure_request where account_id = ?1")?
        .query_row([account.0], |row| row.get(0))?)
}
