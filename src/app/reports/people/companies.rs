//! The companies of contacts (rules.md 35): the table, and one company with its contacts. What a company did is the sum of
//! what its contacts did, of all time. Whose email may be read is decided where the answer is written (rules.md 28).

use serde::{Serialize, Serializer};

use super::company_timeline::CompanyTimeline;
use super::contacts::{self, ContactRow};
use crate::app::core::App;
use crate::app::reports::{Error, LIMIT_DEFAULT, Table, after, limit, no_cursor, not_one_of, parameters};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::money;
use crate::store::company::{self, Company, Order, Sums};
use crate::store::contact;
use crate::store::contact_list::Among;
use crate::store::{self, Connection, account};

/// Longest text that names and domains are searched for, characters.
const SEARCH_MAX: usize = 254;

/// A company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CompanyRow {
    pub id: CompanyId,
    /// As an editor wrote it, else the domain.
    pub name: String,
    pub domain: String,
    pub contact_count: u64,
    /// Sessions of the contacts.
    pub visits: u64,
    pub page_views: u64,
    pub completions: u64,
    /// Verified, and as browsers and unsigned calls said; decimal numbers of the account's currency.
    pub revenue: String,
    pub revenue_asserted: String,
    #[serde(skip)]
    pub revenue_minor: i64,
    #[serde(skip)]
    pub asserted_minor: i64,
    #[serde(serialize_with = "super::visitor::iso")]
    pub created: Millis,
    /// When one of the contacts was seen last; null when there is none.
    #[serde(serialize_with = "iso_if_any")]
    pub last_visit: Option<Millis>,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference")]
fn iso_if_any<S: Serializer>(at: &Option<Millis>, to: S) -> Result<S::Ok, S::Error> {
    at.map(Millis::iso).serialize(to)
}

impl CompanyRow {
    fn of(company: Company, sums: Sums, digits: u32) -> Self {
        Self {
            id: company.id,
            name: company.name,
            domain: company.domain,
            contact_count: sums.contacts,
            visits: sums.sessions,
            page_views: sums.page_views,
            completions: sums.completions,
            revenue: money::decimal(sums.revenue_minor, digits),
            revenue_asserted: money::decimal(sums.asserted_minor, digits),
            revenue_minor: sums.revenue_minor,
            asserted_minor: sums.asserted_minor,
            created: company.created,
            last_visit: sums.last,
        }
    }
}

/// A company with some of its contacts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CompanyReport {
    #[serde(flatten)]
    pub company: CompanyRow,
    /// Those seen last first.
    pub contacts: Vec<ContactRow>,
    /// What `after` must be for further ones.
    pub next: Option<String>,
    /// What its contacts did, where it is asked for.
    #[serde(flatten)]
    pub activity: Option<CompanyTimeline>,
}

/// Which companies are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Part of a name or a domain; empty = all.
    pub search: String,
    pub order: Order,
    /// The last one shown before.
    pub after: Option<CompanyId>,
    pub limit: usize,
}

impl Wanted {
    /// Reads `search`, `sort`, `after` and `limit`; of a repeated key the first counts.
    ///
    /// # Errors
    /// `Invalid` with what is allowed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let first = |key| parameters::first(pairs, key);
        let search = first("search").unwrap_or_default();
        if search.chars().count() > SEARCH_MAX {
            return Err(Error::Invalid(format!("a search can have at most {SEARCH_MAX} characters")));
        }
        let order = first("sort").map(|text| {
            let words = Order::ALL.map(Order::as_str);
            Order::parse(text).ok_or_else(|| not_one_of(text, "order", &words))
        });
        Ok(Self {
            search: search.to_lowercase(),
            order: order.transpose()?.unwrap_or_default(),
            after: after(first("after"), |text| text.parse().ok().map(CompanyId))?,
            limit: limit(first("limit"), LIMIT_DEFAULT)?,
        })
    }
}

/// The table of companies.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`; `NoAccount`; the store's.
pub async fn list(app: &App, account: AccountId, wanted: &Wanted) -> Result<Table<CompanyRow>, Error> {
    let wanted = wanted.clone();
    app.store.read(move |conn| find(conn, account, &wanted)).await
}

/// The same on a connection of the caller.
///
/// # Errors
/// Those of `list`.
pub fn find(conn: &Connection, account: AccountId, wanted: &Wanted) -> Result<Table<CompanyRow>, Error> {
    let digits = digits_of(conn, account)?;
    let Wanted { search, order, after, limit } = wanted;
    let mut shown = match company::list(conn, account, *order, search, *after, limit.saturating_add(1)) {
        Err(store::Error::NotFound) => return Err(no_cursor()),
        found => found?,
    };
    let is_more = shown.len() > *limit;
    shown.truncate(*limit);
    let next = shown.last().filter(|_| is_more).map(|last| last.id.0.to_string());
    let row = |company: Company| {
        let sums = company::find_sums(conn, account, company.id)?;
        Ok(CompanyRow::of(company, sums, digits))
    };
    let rows = shown.into_iter().map(row).collect::<Result<_, store::Error>>()?;
    let total = u64::try_from(company::count(conn, account, search)?).unwrap_or(0);
    Ok(Table { rows, total, next, ..Table::default() })
}

/// A company with at most `limit` of its contacts, after the contact `after`. `None` when there is no such company.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`; `NoAccount`; the store's.
pub async fn show(
    app: &App,
    account: AccountId,
    id: CompanyId,
    after: Option<i64>,
    limit: usize,
) -> Result<Option<CompanyReport>, Error> {
    app.store.read(move |conn| read(conn, account, id, after, limit)).await
}

/// The same on a connection of the caller.
///
/// # Errors
/// Those of `show`.
pub fn read(
    conn: &Connection,
    account: AccountId,
    id: CompanyId,
    after: Option<i64>,
    limit: usize,
) -> Result<Option<CompanyReport>, Error> {
    let digits = digits_of(conn, account)?;
    let Some(found) = company::find(conn, account, id)? else { return Ok(None) };
    let sums = company::find_sums(conn, account, id)?;
    let order = (contact::Order::LastSeen, Among::Company(id));
    let (rows, next) = contacts::list_part(conn, account, digits, order, after, limit)?;
    Ok(Some(CompanyReport {
        company: CompanyRow::of(found, sums, digits),
        contacts: rows,
        next,
        activity: None,
    }))
}

/// The name of a company; `None` when there is none.
///
/// # Errors
/// The store's.
pub async fn name(app: &App, account: AccountId, id: CompanyId) -> Result<Option<String>, Error> {
    Ok(app.store.read(move |conn| company::find(conn, account, id)).await?.map(|company| company.name))
}

/// Decimal places of the account's currency.
fn digits_of(conn: &Connection, account: AccountId) -> Result<u32, Error> {
    let found = account::find(conn, account)?.ok_or(Error::NoAccount)?;
    Ok(money::digits(&found.settings.currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::reports::LIMIT_MAX;

    #[test]
    fn what_is_wanted_of_companies_is_read_and_what_is_not_known_refused() {
        let parse = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Wanted::parse(&pairs).map_err(|error| error.to_string())
        };
        assert_eq!(parse(&[]), Ok(Wanted { limit: LIMIT_DEFAULT, ..Wanted::default() }));
        let asked = parse(&[("search", "ACME"), ("sort", "visits"), ("after", "7"), ("limit", "1000")]);
        let (order, after) = (Order::Visits, Some(CompanyId(7)));
        assert_eq!(asked, Ok(Wanted { search: "acme".into(), order, after, limit: LIMIT_MAX }));
        assert!(parse(&[("search", &"x".repeat(SEARCH_MAX))]).is_ok());
        for (bad, says) in [
            (("search", &*"x".repeat(SEARCH_MAX + 1)), "254"),
            (
                ("sort", "luck"),
                "created, name, contacts, visits, page_views, completions, revenue, last_visit",
            ),
            (("after", "x"), "the previous answer"),
            (("limit", "1001"), "from 1 to 1000"),
        ] {
            let message = parse(&[bad]).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
