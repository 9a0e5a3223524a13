//! Contacts as pages list and show them: in an order, searched by email, with their properties and what they called
//! themselves.

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::Error;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;

/// A contact as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: i64,
    pub email: String,
    pub external_id: Option<String>,
    /// Visitor number for what programs tell of it.
    pub number: u32,
    pub created: Millis,
    pub first: Millis,
    pub last: Millis,
    /// Dictionary id of its source.
    pub source: u32,
    pub completions: u64,
    /// Verified, and as a browser or an unsigned call said (rules.md 21, 22); minor units.
    pub revenue_minor: i64,
    pub asserted_minor: i64,
}

impl Shown {
    /// Both parts together.
    #[must_use]
    pub const fn revenue(&self) -> i64 {
        self.revenue_minor.saturating_add(self.asserted_minor)
    }
}

/// What a list is ordered by; the newest or the most first, emails by their letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Created,
    LastSeen,
    FirstSeen,
    Revenue,
    Completions,
    Email,
}

impl Order {
    pub const ALL: [Self; 6] =
        [Self::Created, Self::LastSeen, Self::FirstSeen, Self::Revenue, Self::Completions, Self::Email];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::LastSeen => "last_seen",
            Self::FirstSeen => "first_seen",
            Self::Revenue => "revenue",
            Self::Completions => "completions",
            Self::Email => "email",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    /// Column, comparison with the last one shown, direction. Numbers are given out in the order of creation.
    const fn sql(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Created => ("id", "<", "desc"),
            Self::LastSeen => ("last_ms", "<", "desc"),
            Self::FirstSeen => ("first_ms", "<", "desc"),
            Self::Revenue => ("revenue_minor + revenue_asserted_minor", "<", "desc"),
            Self::Completions => ("completions", "<", "desc"),
            Self::Email => ("email", ">", "asc"),
        }
    }
}

const FIELDS: &str = "id, email, external_id, number, created_ms, first_ms, last_ms, source, completions,
    revenue_minor, revenue_asserted_minor";

fn read(row: &Row<'_>) -> rusqlite::Result<Shown> {
    Ok(Shown {
        id: row.get(0)?,
        email: row.get(1)?,
        external_id: row.get(2)?,
        number: row.get(3)?,
        created: Millis(row.get(4)?),
        first: Millis(row.get(5)?),
        last: Millis(row.get(6)?),
        source: row.get(7)?,
        completions: row.get::<_, u32>(8)?.into(),
        revenue_minor: row.get(9)?,
        asserted_minor: row.get(10)?,
    })
}

/// # Errors
/// SQLite's.
pub fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Option<Shown>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {FIELDS} from contact where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id), read)
        .optional()?)
}

/// Contacts whose email holds `search` (lower case; empty = all), after the contact `after`; at most `limit`.
/// Without search, by creation, only those shown are read; else all of the account.
///
/// # Errors
/// `NotFound` when there is no contact `after`; SQLite's.
pub fn list(
    conn: &Connection,
    account: AccountId,
    order: Order,
    search: &str,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<Shown>, Error> {
    let (column, sign, direction) = order.sql();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let is_known = after.is_none_or(|after| find(conn, account, after).is_ok_and(|found| found.is_some()));
    if !is_known {
        return Err(Error::NotFound);
    }
    let after_it = match after {
        Some(_) => format!(
            "and ({column}, id) {sign} (select {column}, id from contact where account_id = ?1 and id = ?3)"
        ),
        None => "and ?3 is null".to_owned(),
    };
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact where account_id = ?1 and (?2 = '' or instr(email, ?2) > 0) {after_it}
         order by {column} {direction}, id {direction} limit ?4"
    ))?;
    let rows = statement.query_map((account.0, search, after, limit), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many contacts have emails that hold `search`.
///
/// # Errors
/// SQLite's.
pub fn count(conn: &Connection, account: AccountId, search: &str) -> Result<i64, Error> {
    // The index is a fraction of the table, and holds all that is asked for.
    Ok(conn
        .prepare_cached(
            "select count(*) from contact indexed by contact_email
             where account_id = ?1 and (?2 = '' or instr(email, ?2) > 0)",
        )?
        .query_row((account.0, search), |row| row.get(0))?)
}

/// Something said of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    pub value: String,
    pub is_verified: bool,
}

/// By name.
///
/// # Errors
/// SQLite's.
pub fn list_properties(conn: &Connection, account: AccountId, id: i64) -> Result<Vec<Property>, Error> {
    let mut statement = conn.prepare_cached(
        "select name, value, verified from contact_property where account_id = ?1 and contact_id = ?2 order by name",
    )?;
    let read =
        |row: &Row<'_>| Ok(Property { name: row.get(0)?, value: row.get(1)?, is_verified: row.get(2)? });
    let rows = statement.query_map((account.0, id), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When a visitor called himself this contact.
///
/// # Errors
/// SQLite's.
pub fn list_identifications(
    conn: &Connection,
    account: AccountId,
    id: i64,
    visitor: u32,
) -> Result<Vec<Millis>, Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms from identification indexed by identification_visitor
         where account_id = ?1 and visitor = ?2 and contact_id = ?3 order by at_ms",
    )?;
    let rows = statement.query_map((account.0, visitor, id), |row| row.get(0).map(Millis))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
