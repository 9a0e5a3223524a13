//! The table of contacts: the people who are known, with what they did and earned. Of all time, whatever the period
//! (rules.md 21). Whose email may be read is decided where the answer is written (rules.md 28).

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::app::core::App;
use crate::app::reports::parameters;
use crate::app::reports::{Error, LIMIT_DEFAULT, Table, after, limit, no_cursor, not_one_of};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::contact::{FIRST_NAME, LAST_NAME, full_name};
use crate::domain::money;
use crate::domain::readable::readable;
use crate::store::contact::{Order, Shown};
use crate::store::contact_list::{self, Among};
use crate::store::dictionary::{self, Kind, part};
use crate::store::search::ContactSearch;
use crate::store::{self, Connection, company, property, visitor};

/// Longest text that is searched for, characters.
const SEARCH_MAX: usize = 254;

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContactRow {
    pub id: i64,
    /// The primary one, if the contact has any.
    pub email: Option<String>,
    /// First and last name, as far as they are known.
    pub name: Option<String>,
    /// Verified, and as browsers and unsigned calls said; decimal numbers of the account's currency.
    pub revenue: String,
    pub revenue_asserted: String,
    #[serde(skip)]
    pub revenue_minor: i64,
    #[serde(skip)]
    pub asserted_minor: i64,
    pub completions: u64,
    pub sessions: u64,
    pub page_views: u64,
    #[serde(serialize_with = "super::visitor::iso")]
    pub first_seen: Millis,
    #[serde(serialize_with = "super::visitor::iso")]
    pub last_seen: Millis,
    /// HubSpot's word; empty = none.
    pub original_source: String,
    /// Its drill-downs.
    pub original_source_detail: String,
    /// That of the last session that brought one (rules.md 37).
    pub latest_source: String,
    pub latest_source_detail: String,
    /// The name of its company, and the number.
    pub company: Option<String>,
    pub company_id: Option<CompanyId>,
}

impl ContactRow {
    /// Of the texts of its original and its latest source. The name of the company is left out.
    fn of(shown: Shown, name: Option<String>, [original, latest]: [&str; 2], digits: u32) -> Self {
        Self {
            id: shown.id,
            revenue: money::decimal(shown.revenue_minor, digits),
            revenue_asserted: money::decimal(shown.asserted_minor, digits),
            revenue_minor: shown.revenue_minor,
            asserted_minor: shown.asserted_minor,
            completions: shown.completions,
            sessions: shown.sessions,
            page_views: shown.page_views,
            first_seen: shown.first,
            last_seen: shown.last,
            original_source: part(original, 0).to_owned(),
            original_source_detail: detail(original),
            latest_source: part(latest, 0).to_owned(),
            latest_source_detail: detail(latest),
            company: None,
            company_id: shown.company,
            name,
            email: shown.email,
        }
    }
}

/// The drill-downs of a source's text as one.
fn detail(source: &str) -> String {
    let parts = [part(source, 1), part(source, 2)];
    let parts: Vec<&str> = parts.into_iter().filter(|text| !text.is_empty()).collect();
    readable(&parts.join(" / ")).into_owned()
}

/// Which contacts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Words in their emails and properties; empty = all.
    pub search: String,
    /// Only contacts of this company.
    pub company: Option<CompanyId>,
    pub order: Order,
    /// The last one shown before.
    pub after: Option<i64>,
    pub limit: usize,
}

impl Wanted {
    /// Reads `search`, `company`, `sort`, `after` and `limit`; of a repeated key the first counts.
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
        let company = first("company").map(|text| {
            let id = text.parse().map(CompanyId);
            id.map_err(|_| Error::Invalid(format!("“{text}” is not the number of a company")))
        });
        Ok(Self {
            search: search.to_lowercase(),
            company: company.transpose()?,
            order: order.transpose()?.unwrap_or_default(),
            after: after(first("after"), |text| text.parse().ok())?,
            limit: limit(first("limit"), LIMIT_DEFAULT)?,
        })
    }
}

/// The table of contacts.
///
/// # Errors
/// `Invalid`, `NoAccount`, the store's.
pub async fn list(app: &App, account: AccountId, wanted: &Wanted) -> Result<Table<ContactRow>, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let digits = money::digits(&entry.settings().currency);
    let (wanted, search) = (wanted.clone(), Arc::clone(&app.store.contact_search));
    app.store.read(move |conn| find(conn, &search, account, digits, &wanted)).await
}

/// The same on a connection of the caller; `digits` are the decimal places of the account's currency.
///
/// # Errors
/// `Invalid`; the store's.
pub fn find(
    conn: &Connection,
    searched: &ContactSearch,
    account: AccountId,
    digits: u32,
    wanted: &Wanted,
) -> Result<Table<ContactRow>, Error> {
    let Wanted { search, company, order, after, limit } = wanted;
    let mut numbers: Vec<u32>;
    let (among, total) = match (search.is_empty(), company) {
        (true, Some(company)) => {
            (Among::Company(*company), contact_list::count(conn, account, Some(*company))?)
        }
        (true, None) => (Among::All, contact_list::count(conn, account, None)?),
        (false, company) => {
            numbers = searched.find(conn, account, search)?;
            if let Some(company) = company {
                let of_company = contact_list::list_numbers(conn, account, *company)?;
                numbers.retain(|number| of_company.binary_search(number).is_ok());
            }
            (Among::Numbers(&numbers), i64::try_from(numbers.len()).unwrap_or(i64::MAX))
        }
    };
    let (rows, next) = list_part(conn, account, digits, (*order, among), *after, *limit)?;
    Ok(Table { rows, total: u64::try_from(total).unwrap_or(0), next, ..Table::default() })
}

/// A part of the contacts in an order, and what `after` must be for the next one.
pub(in crate::app::reports) fn list_part(
    conn: &Connection,
    account: AccountId,
    digits: u32,
    (order, among): (Order, Among<'_>),
    after: Option<i64>,
    limit: usize,
) -> Result<(Vec<ContactRow>, Option<String>), Error> {
    let mut shown = match contact_list::list(conn, account, order, among, after, limit + 1) {
        Err(store::Error::NotFound) => return Err(no_cursor()),
        found => found?,
    };
    let is_more = shown.len() > limit;
    shown.truncate(limit);
    let next = shown.last().filter(|_| is_more).map(|last| last.id.to_string());
    Ok((rows_of(conn, account, shown, digits)?, next))
}

/// Contacts as rows of a table, in the same order.
pub(in crate::app::reports) fn rows_of(
    conn: &Connection,
    account: AccountId,
    shown: Vec<Shown>,
    digits: u32,
) -> Result<Vec<ContactRow>, store::Error> {
    let mut texts = RowTexts::default();
    shown.into_iter().map(|shown| row_of(conn, account, shown, &mut texts, digits)).collect()
}

/// A contact as a row of a table.
pub(in crate::app::reports) fn row_of(
    conn: &Connection,
    account: AccountId,
    shown: Shown,
    texts: &mut RowTexts,
    digits: u32,
) -> Result<ContactRow, store::Error> {
    let name = name_of(conn, account, shown.id)?;
    let company = texts.company(conn, account, shown.company)?;
    let (latest, _) = latest_source(conn, account, &shown)?;
    texts.look_up(conn, account, [shown.source, latest])?;
    let sources = [texts.source(shown.source), texts.source(latest)];
    Ok(ContactRow { company, ..ContactRow::of(shown, name, sources, digits) })
}

/// Dictionary id of the source of the last session that brought one, and when it began; the original source when no session
/// did.
pub(in crate::app::reports) fn latest_source(
    conn: &Connection,
    account: AccountId,
    shown: &Shown,
) -> Result<(u32, Option<Millis>), store::Error> {
    let latest = visitor::find_latest_source(conn, account, shown.id)?;
    Ok(latest.map_or((shown.source, None), |(source, at)| (source, Some(at))))
}

/// The texts of sources and the names of companies, each looked up once.
#[derive(Default)]
pub(in crate::app::reports) struct RowTexts {
    sources: FxHashMap<u32, String>,
    companies: FxHashMap<i64, Option<String>>,
}

impl RowTexts {
    fn look_up(
        &mut self,
        conn: &Connection,
        account: AccountId,
        sources: [u32; 2],
    ) -> Result<(), store::Error> {
        for source in sources {
            if let Entry::Vacant(new) = self.sources.entry(source) {
                new.insert(dictionary::find_value(conn, account, Kind::Source, source)?);
            }
        }
        Ok(())
    }

    fn source(&self, source: u32) -> &str {
        self.sources.get(&source).map_or("", String::as_str)
    }

    fn company(
        &mut self,
        conn: &Connection,
        account: AccountId,
        id: Option<CompanyId>,
    ) -> Result<Option<String>, store::Error> {
        let Some(id) = id else { return Ok(None) };
        if let Entry::Vacant(new) = self.companies.entry(id.0) {
            new.insert(company::find(conn, account, id)?.map(|company| company.name));
        }
        Ok(self.companies.get(&id.0).cloned().flatten())
    }
}

/// First and last name of a contact, as far as they are known.
pub(in crate::app::reports) fn name_of(
    conn: &Connection,
    account: AccountId,
    id: i64,
) -> Result<Option<String>, store::Error> {
    let value = |name| property::find(conn, account, id, name);
    let [first, last] = [value(FIRST_NAME)?, value(LAST_NAME)?].map(|found| found.map(|found| found.value));
    Ok(full_name(first.as_deref(), last.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::reports::LIMIT_MAX;

    #[test]
    fn what_is_wanted_of_contacts_is_read_and_what_is_not_known_refused() {
        let parse = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Wanted::parse(&pairs).map_err(|error| error.to_string())
        };
        let all = Wanted {
            search: String::new(),
            company: None,
            order: Order::Created,
            after: None,
            limit: LIMIT_DEFAULT,
        };
        assert_eq!(parse(&[("search", " "), ("other", "x")]), Ok(all.clone()));
        let asked =
            [("search", " Ada@"), ("company", "3"), ("sort", "revenue"), ("after", "7"), ("limit", "1000")];
        let asked = parse(&asked);
        let wanted = Wanted {
            search: "ada@".into(),
            company: Some(CompanyId(3)),
            order: Order::Revenue,
            after: Some(7),
            limit: LIMIT_MAX,
        };
        assert_eq!(asked, Ok(wanted));
        assert!(parse(&[("search", &"x".repeat(SEARCH_MAX))]).is_ok());
        for (bad, says) in [
            (("search", &*"x".repeat(SEARCH_MAX + 1)), "254"),
            (("sort", "luck"), "created, last_seen, first_seen, revenue, completions, email"),
            (("company", "x"), "“x” is not the number of a company"),
            (("after", "x"), "the previous answer"),
            (("limit", "1001"), "from 1 to 1000"),
            (("limit", "0"), "from 1 to 1000"),
        ] {
            let message = parse(&[bad]).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
