//! Companies, which contacts are theirs, and which domains an account excludes (rules.md 35). What a company did is the
//! sum of what its contacts did, and is kept nowhere.

use std::cmp::Reverse;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::{CompanyId, CompanySettings};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// A company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    pub id: CompanyId,
    pub domain: String,
    /// As an editor wrote it, else the domain.
    pub name: String,
    pub created: Millis,
}

const FIELDS: &str = "id, domain, case name when '' then domain else name end, created_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Company> {
    Ok(Company {
        id: CompanyId(row.get(0)?),
        domain: row.get(1)?,
        name: row.get(2)?,
        created: Millis(row.get(3)?),
    })
}

pub fn find(conn: &Connection, account: AccountId, id: CompanyId) -> Result<Option<Company>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {FIELDS} from company where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id.0), read)
        .optional()?)
}

/// The company of a domain; inserted with the next number when there is none.
pub fn find_or_insert(
    conn: &Connection,
    account: AccountId,
    domain: &str,
    now: Millis,
) -> Result<CompanyId, Error> {
    let known = conn
        .prepare_cached("select id from company where account_id = ?1 and domain = ?2")?
        .query_row((account.0, domain), |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(CompanyId(id));
    }
    let id: i64 = conn
        .prepare_cached(
            "update account set last_company = last_company + 1 where id = ?1 returning last_company",
        )?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .ok_or(Error::NotFound)?;
    conn.prepare_cached("insert into company (account_id, id, domain, created_ms) values (?1, ?2, ?3, ?4)")?
        .execute((account.0, id, domain, now.0))?;
    Ok(CompanyId(id))
}

/// Names a company; an empty name makes its domain the name again.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn update_name(conn: &Connection, account: AccountId, id: CompanyId, name: &str) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update company set name = ?3, name_lower = ?4 where account_id = ?1 and id = ?2")?
        .execute((account.0, id.0, name, name.to_lowercase()))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    // Lists may ask for the name.
    changes::raise(conn, account, Kind::Account)?;
    Ok(())
}

/// A contact as its company sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The primary one; empty = it has none.
    pub email: String,
    pub company: Option<CompanyId>,
    /// Of that company.
    pub domain: Option<String>,
}

/// The contact of an id that is no alias.
pub fn find_member(conn: &Connection, account: AccountId, contact: i64) -> Result<Option<Member>, Error> {
    Ok(conn
        .prepare_cached(
            "select c.email, c.company_id, m.domain from contact c
                 left join company m on m.account_id = c.account_id and m.id = c.company_id
             where c.account_id = ?1 and c.id = ?2 and c.state = 'active'",
        )?
        .query_row((account.0, contact), |row| {
            Ok(Member {
                email: row.get(0)?,
                company: row.get::<_, Option<i64>>(1)?.map(CompanyId),
                domain: row.get(2)?,
            })
        })
        .optional()?)
}

/// Gives a contact another company, or none. The company before goes when it has no contact left and nobody named it: its
/// domain may be the name of a person.
pub fn update_member(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    company: Option<CompanyId>,
) -> Result<(), Error> {
    let before: Option<i64> = conn
        .prepare_cached("select company_id from contact where account_id = ?1 and id = ?2")?
        .query_row((account.0, contact), |row| row.get(0))
        .optional()?
        .flatten();
    let after = company.map(|company| company.0);
    if before == after {
        return Ok(());
    }
    conn.prepare_cached("update contact set company_id = ?3 where account_id = ?1 and id = ?2")?
        .execute((account.0, contact, after))?;
    before.map_or(Ok(()), |before| delete_unused(conn, account, CompanyId(before)))
}

/// Deletes a company that has no contact and that nobody named.
pub fn delete_unused(conn: &Connection, account: AccountId, id: CompanyId) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from company where account_id = ?1 and id = ?2 and name = '' and not exists
             (select 1 from contact indexed by contact_company where account_id = ?1 and company_id = ?2)",
    )?
    .execute((account.0, id.0))?;
    Ok(())
}

/// Visits every contact that has a company, with the domain of it, and with its name if it has one.
pub fn each_of_contacts(
    conn: &Connection,
    account: AccountId,
    mut visit: impl FnMut(u32, &str),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select c.id, m.domain, m.name from contact c indexed by contact_company
             join company m on m.account_id = c.account_id and m.id = c.company_id
         where c.account_id = ?1 and c.company_id is not null",
    )?;
    let mut rows = statement.query([account.0])?;
    while let Some(row) = rows.next()? {
        for column in [1, 2] {
            let text = row.get_ref(column)?.as_str().map_err(|error| Error::Sqlite(error.into()))?;
            if !text.is_empty() {
                visit(row.get(0)?, text);
            }
        }
    }
    Ok(())
}

/// Contacts whose company does not exist.
pub fn count_missing(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.query_row(
        "select count(*) from contact c where c.company_id is not null and not exists
             (select 1 from company m where m.account_id = c.account_id and m.id = c.company_id)",
        [],
        |row| row.get(0),
    )?)
}

/// What the contacts of a company did, of all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub contacts: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    /// Verified, and as a browser or an unsigned call said (rules.md 21, 22); minor units.
    pub revenue_minor: i64,
    pub asserted_minor: i64,
    /// When one of them was seen last; `None` when it has no contact.
    pub last: Option<Millis>,
}

/// Adds up what the contacts of a company did.
pub fn find_sums(conn: &Connection, account: AccountId, id: CompanyId) -> Result<Sums, Error> {
    let mut statement = conn.prepare_cached(
        "select sessions, page_views, completions, revenue_minor, revenue_asserted_minor, last_ms
         from contact indexed by contact_company where account_id = ?1 and company_id = ?2",
    )?;
    let mut rows = statement.query((account.0, id.0))?;
    let mut sums = Sums::default();
    while let Some(row) = rows.next()? {
        let count = |place| row.get::<_, u32>(place).map(u64::from);
        let last = Millis(row.get(5)?);
        sums.contacts += 1;
        sums.sessions = sums.sessions.saturating_add(count(0)?);
        sums.page_views = sums.page_views.saturating_add(count(1)?);
        sums.completions = sums.completions.saturating_add(count(2)?);
        sums.revenue_minor = sums.revenue_minor.saturating_add(row.get(3)?);
        sums.asserted_minor = sums.asserted_minor.saturating_add(row.get(4)?);
        sums.last = Some(sums.last.map_or(last, |known| known.max(last)));
    }
    Ok(sums)
}

/// What companies are ordered by; the newest or the most first, names by their letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Order {
    #[default]
    Created,
    Name,
    Contacts,
    Visits,
    PageViews,
    Completions,
    Revenue,
    LastVisit,
}

impl Order {
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Name,
        Self::Contacts,
        Self::Visits,
        Self::PageViews,
        Self::Completions,
        Self::Revenue,
        Self::LastVisit,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == text)
    }

    /// The columns of a contact that count; `None` when companies are not ordered by what their contacts did.
    const fn of_contacts(self) -> Option<&'static str> {
        match self {
            Self::Created | Self::Name => None,
            Self::Contacts => Some("1"),
            Self::Visits => Some("sessions"),
            Self::PageViews => Some("page_views"),
            Self::Completions => Some("completions"),
            Self::Revenue => Some("revenue_minor + revenue_asserted_minor"),
            Self::LastVisit => Some("last_ms"),
        }
    }
}

/// Is `?2` empty, or in the domain or the name of company `m`?
const FOUND: &str = "(?2 = '' or instr(m.domain, ?2) > 0 or instr(m.name_lower, ?2) > 0)";

/// Companies whose name or domain holds `search` (lower case; empty = all), after the company `after`; at most `limit`.
///
/// # Errors
/// `NotFound` when there is no company `after`; SQLite's.
pub fn list(
    conn: &Connection,
    account: AccountId,
    order: Order,
    search: &str,
    after: Option<CompanyId>,
    limit: usize,
) -> Result<Vec<Company>, Error> {
    let after = match after {
        Some(after) => Some(find(conn, account, after)?.ok_or(Error::NotFound)?),
        None => None,
    };
    if let Some(counted) = order.of_contacts() {
        let ids = list_by_contacts(conn, account, (order, counted), search, after, limit)?;
        let found = ids.into_iter().map(|id| find(conn, account, id));
        return found.filter_map(Result::transpose).collect();
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (column, sign, direction) = match order {
        Order::Name => ("case m.name when '' then m.domain else m.name_lower end", ">", "asc"),
        _ => ("m.id", "<", "desc"),
    };
    let place = after.as_ref().map(|after| match order {
        Order::Name => Value::Text(after.name.to_lowercase()),
        _ => Value::Integer(after.id.0),
    });
    let mut statement = conn.prepare_cached(&format!(
        "select m.id, m.domain, case m.name when '' then m.domain else m.name end, m.created_ms
         from company m
         where m.account_id = ?1 and {FOUND} and (?3 is null or ({column}, m.id) {sign} (?4, ?3))
         order by {column} {direction}, m.id {direction} limit ?5"
    ))?;
    let after = after.map(|after| after.id.0);
    let rows = statement.query_map((account.0, search, after, place, limit), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The numbers of companies in the order of what their contacts did. All contacts of the account are read in their own
/// order, which takes a fifth of the time that SQLite takes to group them.
fn list_by_contacts(
    conn: &Connection,
    account: AccountId,
    (order, counted): (Order, &str),
    search: &str,
    after: Option<Company>,
    limit: usize,
) -> Result<Vec<CompanyId>, Error> {
    let mut places: FxHashMap<i64, i64> = FxHashMap::default();
    let mut contacts = conn.prepare_cached(&format!(
        "select company_id, {counted} from contact where account_id = ?1 and state = 'active'"
    ))?;
    let mut rows = contacts.query([account.0])?;
    while let Some(row) = rows.next()? {
        let Some(company) = row.get::<_, Option<i64>>(0)? else { continue };
        let (place, value): (_, i64) = (places.entry(company).or_default(), row.get(1)?);
        *place = if order == Order::LastVisit { value.max(*place) } else { place.saturating_add(value) };
    }
    let place_of = |id: i64| (places.get(&id).copied().unwrap_or(0), id);
    let before = after.map(|after| place_of(after.id.0));
    let mut found =
        conn.prepare_cached(&format!("select m.id from company m where m.account_id = ?1 and {FOUND}"))?;
    let found = found.query_map((account.0, search), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut found: Vec<(i64, i64)> = found.into_iter().map(place_of).collect();
    found.retain(|place| before.is_none_or(|before| *place < before));
    found.sort_unstable_by_key(|place| Reverse(*place));
    Ok(found.into_iter().take(limit).map(|(_, id)| CompanyId(id)).collect())
}

/// How many companies have a name or a domain that holds `search`.
pub fn count(conn: &Connection, account: AccountId, search: &str) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached(&format!("select count(*) from company m where m.account_id = ?1 and {FOUND}"))?
        .query_row((account.0, search), |row| row.get(0))?)
}

/// Whether contacts of this account get companies.
pub fn is_on(conn: &Connection, account: AccountId) -> Result<bool, Error> {
    let found = conn
        .prepare_cached("select makes_companies from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(false))
}

pub fn is_excluded(conn: &Connection, account: AccountId, domain: &str) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached("select 1 from excluded_domain where account_id = ?1 and domain = ?2")?
        .exists((account.0, domain))?)
}

/// How an account makes companies; excluded domains by their letters.
pub fn find_settings(conn: &Connection, account: AccountId) -> Result<CompanySettings, Error> {
    let mut excluded =
        conn.prepare_cached("select domain from excluded_domain where account_id = ?1 order by domain")?;
    let excluded = excluded.query_map([account.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(CompanySettings { is_on: is_on(conn, account)?, excluded })
}

/// Changes how an account makes companies. The companies of all its contacts are looked at again.
///
/// # Errors
/// `NotFound`; SQLite's.
pub fn update_settings(
    conn: &Connection,
    account: AccountId,
    settings: &CompanySettings,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update account set makes_companies = ?2, company_from = 1 where id = ?1")?
        .execute((account.0, settings.is_on))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    conn.prepare_cached("delete from excluded_domain where account_id = ?1")?.execute([account.0])?;
    let mut insert =
        conn.prepare_cached("insert or ignore into excluded_domain (account_id, domain) values (?1, ?2)")?;
    for domain in &settings.excluded {
        insert.execute((account.0, domain))?;
    }
    Ok(())
}

/// The contacts whose companies are looked at next, at most `limit`; `None` when that is done.
pub fn list_due(conn: &Connection, account: AccountId, limit: usize) -> Result<Option<Vec<i64>>, Error> {
    let from: Option<i64> = conn
        .prepare_cached("select company_from from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .flatten();
    let Some(from) = from else { return Ok(None) };
    let mut due = conn.prepare_cached(
        "select id from contact where account_id = ?1 and id >= ?2 and state = 'active' order by id limit ?3",
    )?;
    let due = due.query_map((account.0, from, i64::try_from(limit).unwrap_or(i64::MAX)), |row| row.get(0))?;
    Ok(Some(due.collect::<Result<_, _>>()?))
}

/// Notes which contact is looked at next; `None` = all were. Lists of contacts then have to be asked again, so that is a
/// change of the account.
pub fn update_due(conn: &Connection, account: AccountId, next: Option<i64>) -> Result<(), Error> {
    conn.prepare_cached("update account set company_from = ?2 where id = ?1")?.execute((account.0, next))?;
    if next.is_none() {
        changes::raise(conn, account, Kind::Account)?;
    }
    Ok(())
}
