//! Accounts and their domains.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::counting::Counting;
use crate::domain::event::UnknownNames;
use crate::domain::exclusions::Exclusions;
use crate::domain::tracking::{Setting, Tracking};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub settings: Settings,
    pub tracking: Tracking,
    pub exclusions: Exclusions,
    pub counting: Counting,
    pub created: Millis,
    /// When its first page view was counted.
    pub first_hit: Option<Millis>,
    /// Whether its sites run the custom JavaScript of its events.
    pub custom_js: bool,
}

/// Inserts an account with the next number.
pub fn insert(conn: &Connection, settings: &Settings, now: Millis) -> Result<AccountId, Error> {
    let next: i64 = conn.query_row(
        "select max(?1, 1 + coalesce((select seq from sqlite_sequence where name = 'account'), 0))",
        [AccountId::FIRST.0],
        |row| row.get(0),
    )?;
    conn.execute(
        "insert into account (id, name, time_zone, currency, limit_to_domains, created_ms)
         values (:id, :name, :zone, :currency, :limit, :now)",
        named_params! {
            ":id": next, ":name": settings.name, ":zone": settings.time_zone,
            ":currency": settings.currency, ":limit": Tracking::default().limit_to_domains, ":now": now.0,
        },
    )?;
    replace_domains(conn, AccountId(next), &settings.domains)?;
    changes::raise(conn, AccountId(next), Kind::Account)?;
    Ok(AccountId(next))
}

/// Changes what users can set.
pub fn update(conn: &Connection, id: AccountId, settings: &Settings) -> Result<(), Error> {
    let changed = conn.execute(
        "update account set name = :name, time_zone = :zone, currency = :currency where id = :id",
        named_params! {
            ":id": id.0, ":name": settings.name, ":zone": settings.time_zone,
            ":currency": settings.currency,
        },
    )?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    replace_domains(conn, id, &settings.domains)?;
    changes::raise(conn, id, Kind::Account)?;
    Ok(())
}

/// The ISO 4217 code of the account's currency.
pub fn find_currency(conn: &Connection, id: AccountId) -> Result<String, Error> {
    conn.prepare_cached("select currency from account where id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .ok_or(Error::NotFound)
}

fn replace_domains(conn: &Connection, id: AccountId, domains: &[String]) -> Result<(), Error> {
    conn.execute("delete from account_domain where account_id = ?1", [id.0])?;
    let mut insert =
        conn.prepare_cached("insert into account_domain (account_id, position, domain) values (?1, ?2, ?3)")?;
    for (position, domain) in domains.iter().enumerate() {
        insert.execute((id.0, i64::try_from(position).unwrap_or(i64::MAX), domain))?;
    }
    Ok(())
}

/// All accounts, ordered by number.
pub fn list(conn: &Connection) -> Result<Vec<Account>, Error> {
    read(conn, None)
}

/// The account of this number.
pub fn find(conn: &Connection, id: AccountId) -> Result<Option<Account>, Error> {
    Ok(read(conn, Some(id.0))?.pop())
}

fn read(conn: &Connection, id: Option<i64>) -> Result<Vec<Account>, Error> {
    let mut statement = conn.prepare_cached(
        "select id, name, time_zone, currency, created_ms, first_hit_ms, custom_js, limit_to_domains,
             cross_domain_links, cookies_per_subdomain, secure_cookies, moves_in_pages, fragment_is_page,
             first_view_twice, leave_out_suspected, collect_forms, click_autocapture, contact_properties,
             count_anonymously, count_asked
         from account where ?1 is null or id = ?1 order by id",
    )?;
    let accounts = statement.query_map([id], |row| {
        Ok(Account {
            id: AccountId(row.get(0)?),
            settings: Settings {
                name: row.get(1)?,
                domains: Vec::new(),
                time_zone: row.get(2)?,
                currency: row.get(3)?,
            },
            created: Millis(row.get(4)?),
            first_hit: row.get::<_, Option<i64>>(5)?.map(Millis),
            custom_js: row.get(6)?,
            tracking: Tracking {
                limit_to_domains: row.get(7)?,
                cross_domain_links: row.get(8)?,
                cookies_per_subdomain: row.get(9)?,
                secure_cookies: row.get(10)?,
                moves_in_pages: row.get(11)?,
                fragment_is_page: row.get(12)?,
                first_view_twice: row.get(13)?,
                leave_out_suspected: row.get(14)?,
                collect_forms: row.get(15)?,
                click_autocapture: row.get(16)?,
                contact_properties: row.get(17)?,
            },
            counting: Counting { anonymous: row.get(18)?, asked: row.get(19)? },
            exclusions: Exclusions::default(),
        })
    })?;
    let mut accounts = accounts.collect::<Result<Vec<_>, _>>()?;
    let mut domains =
        conn.prepare_cached("select domain from account_domain where account_id = ?1 order by position")?;
    for account in &mut accounts {
        account.settings.domains =
            domains.query_map([account.id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        account.exclusions = find_exclusions(conn, account.id)?;
    }
    Ok(accounts)
}

/// What an account leaves out of what browsers send.
pub fn find_exclusions(conn: &Connection, id: AccountId) -> Result<Exclusions, Error> {
    let mut statement = conn.prepare_cached(
        "select entry from account_exclusion where account_id = ?1 and setting = ?2 order by position",
    )?;
    let mut entries = |setting: Setting| -> Result<Vec<String>, Error> {
        let rows = statement.query_map((id.0, setting.as_str()), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    Ok(Exclusions {
        // Only what was read before is stored.
        addresses: entries(Setting::ExcludedAddresses)?
            .iter()
            .filter_map(|entry| entry.parse().ok())
            .collect(),
        referrers: entries(Setting::ExcludedReferrers)?,
        parameters: entries(Setting::RemovedParameters)?,
    })
}

/// Replaces what an account leaves out.
pub fn update_exclusions(conn: &Connection, id: AccountId, exclusions: &Exclusions) -> Result<(), Error> {
    conn.execute("delete from account_exclusion where account_id = ?1", [id.0])?;
    let mut insert = conn.prepare_cached(
        "insert into account_exclusion (account_id, setting, position, entry) values (?1, ?2, ?3, ?4)",
    )?;
    for setting in Setting::ALL {
        for (position, entry) in setting.entries(exclusions).iter().enumerate() {
            let position = i64::try_from(position).unwrap_or(i64::MAX);
            insert.execute((id.0, setting.as_str(), position, entry))?;
        }
    }
    changes::raise(conn, id, Kind::Account)?;
    Ok(())
}

/// What is done with events whose names nobody has created.
pub fn find_unknown_names(conn: &Connection, id: AccountId) -> Result<UnknownNames, Error> {
    let word: Option<String> = conn
        .prepare_cached("select unknown_names from account where id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    // The schema allows no other words.
    Ok(word.and_then(|word| UnknownNames::parse(&word)).unwrap_or(UnknownNames::Refuse))
}

pub fn update_unknown_names(conn: &Connection, id: AccountId, rule: UnknownNames) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update account set unknown_names = ?2 where id = ?1")?
        .execute((id.0, rule.as_str()))?;
    raise_if(conn, id, Kind::Events, changed)
}

/// Changes the switches under advanced tracking.
pub fn update_tracking(conn: &Connection, id: AccountId, tracking: Tracking) -> Result<(), Error> {
    let changed = conn.execute(
        "update account set limit_to_domains = :limit, cross_domain_links = :links,
             cookies_per_subdomain = :subdomains, secure_cookies = :secure, moves_in_pages = :moves,
             fragment_is_page = :fragment, first_view_twice = :twice,
             leave_out_suspected = :suspected, collect_forms = :collect, click_autocapture = :clicks,
             contact_properties = :properties
         where id = :id",
        named_params! {
            ":id": id.0, ":limit": tracking.limit_to_domains, ":links": tracking.cross_domain_links,
            ":subdomains": tracking.cookies_per_subdomain, ":secure": tracking.secure_cookies,
            ":moves": tracking.moves_in_pages, ":fragment": tracking.fragment_is_page,
            ":twice": tracking.first_view_twice, ":suspected": tracking.leave_out_suspected,
            ":collect": tracking.collect_forms, ":clicks": tracking.click_autocapture,
            ":properties": tracking.contact_properties,
        },
    )?;
    raise_if(conn, id, Kind::Account, changed)
}

/// Changes what is counted of visitors who did not consent.
pub fn update_counting(conn: &Connection, id: AccountId, counting: Counting) -> Result<(), Error> {
    let changed = conn
        .prepare_cached("update account set count_anonymously = ?2, count_asked = ?3 where id = ?1")?
        .execute((id.0, counting.anonymous, counting.asked))?;
    raise_if(conn, id, Kind::Account, changed)
}

/// Switches the custom JavaScript of all events on or off.
pub fn update_custom_js(conn: &Connection, id: AccountId, on: bool) -> Result<(), Error> {
    let changed =
        conn.prepare_cached("update account set custom_js = ?2 where id = ?1")?.execute((id.0, on))?;
    raise_if(conn, id, Kind::Account, changed)
}

/// `NotFound` when no row changed.
fn raise_if(conn: &Connection, id: AccountId, kind: Kind, changed_rows: usize) -> Result<(), Error> {
    if changed_rows == 0 {
        return Err(Error::NotFound);
    }
    changes::raise(conn, id, kind)?;
    Ok(())
}

/// The numbers given out last in an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    pub visitor: u32,
    pub session: u32,
    pub contact: i64,
    pub first_hit_ms: Option<i64>,
    /// The last day in which a browser or an unsigned call created a contact, in days since 1970, and how many they
    /// created in it.
    pub asserted_day: i64,
    pub asserted_contacts: u32,
}

pub fn find_numbers(conn: &Connection, id: AccountId) -> Result<Option<Numbers>, Error> {
    Ok(conn
        .prepare_cached(
            "select last_visitor, last_session, last_contact, first_hit_ms, asserted_day, asserted_contacts
             from account where id = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(Numbers {
                visitor: row.get(0)?,
                session: row.get(1)?,
                contact: row.get(2)?,
                first_hit_ms: row.get(3)?,
                asserted_day: row.get(4)?,
                asserted_contacts: row.get(5)?,
            })
        })
        .optional()?)
}

pub fn update_numbers(conn: &Connection, id: AccountId, numbers: Numbers) -> Result<(), Error> {
    conn.prepare_cached(
        "update account set last_visitor = ?2, last_session = ?3, last_contact = ?4, first_hit_ms = ?5,
             asserted_day = ?6, asserted_contacts = ?7
         where id = ?1",
    )?
    .execute((
        id.0,
        numbers.visitor,
        numbers.session,
        numbers.contact,
        numbers.first_hit_ms,
        numbers.asserted_day,
        numbers.asserted_contacts,
    ))?;
    Ok(())
}
