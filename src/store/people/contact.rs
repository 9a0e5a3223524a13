//! Contacts, as the fold writes and as pages list them: in an order, searched by email; their properties, and
//! identities as said.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money::SUM_MAX;
use crate::store::error::Error;

/// Identities kept of one visitor; what he calls himself after that is not written down.
pub const IDENTIFICATIONS_MAX: u32 = 100;

/// A contact as it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub id: i64,
    pub email: String,
    pub external_id: Option<String>,
    /// Visitor number for what programs tell of it.
    pub number: u32,
    /// When its email was told first.
    pub created_ms: i64,
    pub first_ms: i64,
    pub last_ms: i64,
    pub source: u32,
}

pub fn find_by_email(conn: &Connection, account: AccountId, email: &str) -> Result<Option<Contact>, Error> {
    Ok(conn
        .prepare_cached(
            "select id, email, external_id, number, created_ms, first_ms, last_ms, source
             from contact where account_id = ?1 and email = ?2",
        )?
        .query_row((account.0, email), |row| {
            Ok(Contact {
                id: row.get(0)?,
                email: row.get(1)?,
                external_id: row.get(2)?,
                number: row.get(3)?,
                created_ms: row.get(4)?,
                first_ms: row.get(5)?,
                last_ms: row.get(6)?,
                source: row.get(7)?,
            })
        })
        .optional()?)
}

/// The email of a contact; `None` when there is no such contact.
pub fn find_email(conn: &Connection, account: AccountId, id: i64) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached("select email from contact where account_id = ?1 and id = ?2")?
        .query_row((account.0, id), |row| row.get(0))
        .optional()?)
}

/// Writes a contact; of one that is there: external id and source (the first stays), first and last time.
pub fn upsert(conn: &Connection, account: AccountId, contact: &Contact) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into contact (account_id, id, email, external_id, number, created_ms, first_ms, last_ms, source)
         values (:account, :id, :email, :external, :number, :created, :first, :last, :source)
         on conflict (account_id, id) do update set
             external_id = coalesce(external_id, :external),
             source = case source when 0 then :source else source end,
             first_ms = min(first_ms, :first), last_ms = max(last_ms, :last)",
    )?
    .execute(named_params! {
        ":account": account.0,
        ":id": contact.id,
        ":email": contact.email,
        ":external": contact.external_id,
        ":number": contact.number,
        ":created": contact.created_ms,
        ":first": contact.first_ms,
        ":last": contact.last_ms,
        ":source": contact.source,
    })?;
    Ok(())
}

/// The contact a site knows by an id of its own; of several the oldest.
pub fn find_by_external_id(
    conn: &Connection,
    account: AccountId,
    external_id: &str,
) -> Result<Option<Contact>, Error> {
    let email = conn
        .prepare_cached(
            // without its name SQLite reads every contact of the account
            "select email from contact indexed by contact_external
             where account_id = ?1 and external_id = ?2 order by id limit 1",
        )?
        .query_row((account.0, external_id), |row| row.get::<_, String>(0))
        .optional()?;
    email.map_or(Ok(None), |email| find_by_email(conn, account, &email))
}

/// A contact was here, from the first to the last of these times.
pub fn update_times(
    conn: &Connection,
    account: AccountId,
    id: i64,
    (first_ms, last_ms): (i64, i64),
) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact set first_ms = min(first_ms, ?3), last_ms = max(last_ms, ?4)
         where account_id = ?1 and id = ?2 and (first_ms > ?3 or last_ms < ?4)",
    )?
    .execute((account.0, id, first_ms, last_ms))?;
    Ok(())
}

/// Adds completions and what they were worth, as a browser or an unsigned call says (rules.md 22); fewer than none
/// take them away.
pub fn add_asserted(
    conn: &Connection,
    account: AccountId,
    id: i64,
    completions: i64,
    value_minor: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact set completions = max(0, completions + ?3),
             revenue_asserted_minor = max(-?5, min(?5, revenue_asserted_minor + ?4))
         where account_id = ?1 and id = ?2",
    )?
    .execute((account.0, id, completions, value_minor.clamp(-SUM_MAX, SUM_MAX), SUM_MAX))?;
    Ok(())
}

/// Keeps a property a browser said; one that was verified stays as it is (rules.md 22).
pub fn upsert_asserted_property(
    conn: &Connection,
    account: AccountId,
    contact_id: i64,
    name: &str,
    value: &str,
    at_ms: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into contact_property (account_id, contact_id, name, value, verified, at_ms)
         values (?1, ?2, ?3, ?4, 0, ?5)
         on conflict do update set value = ?4, at_ms = ?5 where verified = 0",
    )?
    .execute((account.0, contact_id, name, value, at_ms))?;
    Ok(())
}

/// The value of a property, if the contact has it.
pub fn find_property(
    conn: &Connection,
    account: AccountId,
    contact_id: i64,
    name: &str,
) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached(
            "select value from contact_property where account_id = ?1 and contact_id = ?2 and name = ?3",
        )?
        .query_row((account.0, contact_id, name), |row| row.get(0))
        .optional()?)
}

pub fn count_properties(conn: &Connection, account: AccountId, contact_id: i64) -> Result<u32, Error> {
    Ok(conn
        .prepare_cached("select count(*) from contact_property where account_id = ?1 and contact_id = ?2")?
        .query_row((account.0, contact_id), |row| row.get(0))?)
}

/// Who a visitor called himself, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    pub at_ms: i64,
    pub inbox_id: i64,
    pub visitor: u32,
    pub contact_id: Option<i64>,
    pub external_id: Option<String>,
    pub other_token: Option<String>,
}

/// Keeps an identity as said, unless this visitor said just that before, or too many already.
pub fn insert_identification(
    conn: &Connection,
    account: AccountId,
    said: &Identification,
) -> Result<(), Error> {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
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
        self.into_str()
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
