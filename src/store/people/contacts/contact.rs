//! Contacts: finding, creating and changing one. Their emails, properties, aliases and identifications have files of their
//! own.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use rustc_hash::FxHashSet;

use super::email;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::list::MomentField;
use crate::domain::money::SUM_MAX;
use crate::domain::provenance::Trust;
use crate::domain::visitor::{AHEAD_MAX, CLOCK_MIN};
use crate::store::error::Error;

/// A contact, without its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub id: i64,
    /// The primary one.
    pub email: Option<String>,
    pub external_id: Option<String>,
    /// Its own visitor number, for what programs report about it.
    pub number: u32,
    pub created_ms: i64,
    pub first_ms: i64,
    pub last_ms: i64,
    pub source: u32,
}

const COLUMNS: &str = "c.id, c.email, c.external_id, c.number, c.created_ms, c.first_ms, c.last_ms, c.source";

fn read_contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        id: row.get(0)?,
        email: read_email(row, 1)?,
        external_id: row.get(2)?,
        number: row.get(3)?,
        created_ms: row.get(4)?,
        first_ms: row.get(5)?,
        last_ms: row.get(6)?,
        source: row.get(7)?,
    })
}

/// The empty text stands for none.
fn read_email(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(row.get::<_, Option<String>>(column)?.filter(|email| !email.is_empty()))
}

/// The contact that has this email, as its primary one or not.
pub fn find_by_email(conn: &Connection, account: AccountId, email: &str) -> Result<Option<Contact>, Error> {
    let Some(id) = email::find_owner(conn, account, email)? else { return Ok(None) };
    Ok(conn
        .prepare_cached(&format!("select {COLUMNS} from contact c where c.account_id = ?1 and c.id = ?2"))?
        .query_row((account.0, id), read_contact)
        .optional()?)
}

/// The contact a site knows by an id of its own, also when that was the id of a contact that became part of it. Of several,
/// one whose email is verified before all others, because a browser can claim any id for an email of its own; then one whose
/// own id it is; then the oldest.
pub fn find_by_external_id(
    conn: &Connection,
    account: AccountId,
    external_id: &str,
) -> Result<Option<Contact>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            // without its name SQLite reads every contact of the account
            "select {COLUMNS} from contact o indexed by contact_external
             join contact c on c.account_id = o.account_id and c.state = 'active' and c.id = coalesce(
                 (select a.contact_id from contact_alias a
                      where a.account_id = o.account_id and a.alias_id = o.id), o.id)
             where o.account_id = ?1 and o.external_id = ?2
             order by c.email_verified desc, o.id = c.id desc, c.id limit 1"
        ))?
        .query_row((account.0, external_id), read_contact)
        .optional()?)
}

/// The primary email of a contact; `None` when there is no such contact, `Some(None)` when it has no email.
pub fn find_email(conn: &Connection, account: AccountId, id: i64) -> Result<Option<Option<String>>, Error> {
    Ok(conn
        .prepare_cached("select email from contact where account_id = ?1 and id = ?2 and state = 'active'")?
        .query_row((account.0, id), |row| read_email(row, 0))
        .optional()?)
}

/// Names every contact of an account, in the order of the names: its primary email, or `#` and its number when it has
/// none. No email is written like that, and no contact goes without a name of its own.
pub fn each_name(
    conn: &Connection,
    account: AccountId,
    mut visit: impl FnMut(u32, &str),
) -> Result<(), Error> {
    // `#` comes before letters and digits.
    let mut unnamed = conn
        .prepare_cached("select id from contact where account_id = ?1 and state = 'active' and email = ''")?;
    let mut rows = unnamed.query([account.0])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        visit(id, &number_name(id.into()));
    }
    let mut named = conn.prepare_cached(
        "select id, email from contact where account_id = ?1 and state = 'active' and email > '' order by email",
    )?;
    let mut rows = named.query([account.0])?;
    while let Some(row) = rows.next()? {
        let email = row.get_ref(1)?;
        visit(row.get(0)?, email.as_str().map_err(|error| Error::Sqlite(error.into()))?);
    }
    Ok(())
}

/// The name of one contact, as `each_name` has it; empty when there is none.
pub fn find_name(conn: &Connection, account: AccountId, id: i64) -> Result<String, Error> {
    let email = find_email(conn, account, id)?;
    Ok(email.map_or_else(String::new, |email| email.unwrap_or_else(|| number_name(id))))
}

fn number_name(id: i64) -> String {
    format!("#{id}")
}

/// Inserts a contact; its email becomes its primary one.
///
/// # Errors
/// `Conflict` when the number is taken, or another contact has the email; SQLite's.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    contact: &Contact,
    is_verified: bool,
) -> Result<(), Error> {
    let email = contact.email.as_deref().unwrap_or_default();
    if !email.is_empty() && email::find_owner(conn, account, email)?.is_some() {
        return Err(Error::Conflict);
    }
    conn.prepare_cached(
        "insert into contact (account_id, id, email, email_verified, email_ms, external_id, number, created_ms,
                              first_ms, last_ms, source)
         values (:account, :id, :email, :verified, :created, :external, :number, :created, :first, :last, :source)",
    )?
    .execute(named_params! {
        ":account": account.0,
        ":id": contact.id,
        ":email": email,
        ":verified": is_verified,
        ":external": contact.external_id,
        ":number": contact.number,
        ":created": contact.created_ms,
        ":first": contact.first_ms,
        ":last": contact.last_ms,
        ":source": contact.source,
    })?;
    Ok(())
}

/// Widens the times a contact was seen in, and fills in its external id and its source where it has none.
pub fn update_seen(
    conn: &Connection,
    account: AccountId,
    contact: &Contact,
    now: Millis,
) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "update contact set
             external_id = coalesce(external_id, :external),
             source = case source when 0 then :source else source end,
             first_ms = case when first_ms < {CLOCK_MIN} then :first else min(first_ms, :first) end,
             last_ms = case when last_ms - :now > {AHEAD_MAX} then :last else max(last_ms, :last) end
         where account_id = :account and id = :id",
    ))?
    .execute(named_params! {
        ":account": account.0,
        ":id": contact.id,
        ":external": contact.external_id,
        ":first": contact.first_ms,
        ":last": contact.last_ms,
        ":now": now.0,
        ":source": contact.source,
    })?;
    Ok(())
}

/// Sets the source of a contact that has none yet.
pub fn update_source(conn: &Connection, account: AccountId, id: i64, source: u32) -> Result<(), Error> {
    conn.prepare_cached("update contact set source = ?3 where account_id = ?1 and id = ?2 and source = 0")?
        .execute((account.0, id, source))?;
    Ok(())
}

/// Sets when a contact was first and last seen, and, if it is known better, when it came into being.
pub fn update_times(
    conn: &Connection,
    account: AccountId,
    id: i64,
    created: Option<Millis>,
    first: Millis,
    last: Millis,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact set created_ms = coalesce(?3, created_ms), first_ms = ?4, last_ms = ?5
         where account_id = ?1 and id = ?2",
    )?
    .execute((account.0, id, created.map(|at| at.0), first.0, last.0))?;
    Ok(())
}

/// Sets the source of a contact, whatever it was before.
pub fn replace_source(conn: &Connection, account: AccountId, id: i64, source: u32) -> Result<(), Error> {
    conn.prepare_cached("update contact set source = ?3 where account_id = ?1 and id = ?2")?
        .execute((account.0, id, source))?;
    Ok(())
}

/// Sets the external id of a contact that has none yet.
pub fn update_external_id(
    conn: &Connection,
    account: AccountId,
    id: i64,
    external: &str,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact set external_id = ?3 where account_id = ?1 and id = ?2 and external_id is null",
    )?
    .execute((account.0, id, external))?;
    Ok(())
}

/// The contacts of an account with a number above this one, by number; at most `limit`.
pub fn list_after(
    conn: &Connection,
    account: AccountId,
    after: i64,
    limit: usize,
) -> Result<Vec<Shown>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from contact where account_id = ?1 and id > ?2 and state = 'active' order by id limit ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, after, limit), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the visitors of a contact did: when they were seen, and what is new since this was last added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    pub first_ms: i64,
    pub last_ms: i64,
    pub sessions: u32,
    pub page_views: u32,
}

/// Adds what the visitors of a contact did to its figures.
pub fn add_activity(
    conn: &Connection,
    account: AccountId,
    id: i64,
    activity: &Activity,
    now: Millis,
) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "update contact set
             first_ms = case when first_ms < {CLOCK_MIN} then ?3 else min(first_ms, ?3) end,
             last_ms = case when last_ms - ?7 > {AHEAD_MAX} then ?4 else max(last_ms, ?4) end,
             sessions = sessions + ?5, page_views = page_views + ?6
         where account_id = ?1 and id = ?2
             and (first_ms > ?3 or last_ms < ?4 or ?5 > 0 or ?6 > 0 or last_ms - ?7 > {AHEAD_MAX})",
    ))?
    .execute((
        account.0,
        id,
        activity.first_ms,
        activity.last_ms,
        activity.sessions,
        activity.page_views,
        now.0,
    ))?;
    Ok(())
}

/// Adds completions and their value to the verified or to the asserted revenue of a contact (rules.md 22). A negative
/// number takes completions away.
pub fn add_completions(
    conn: &Connection,
    account: AccountId,
    id: i64,
    trust: Trust,
    completions: i64,
    value_minor: i64,
) -> Result<(), Error> {
    let revenue = match trust {
        Trust::Asserted => "revenue_asserted_minor",
        Trust::Verified => "revenue_minor",
    };
    conn.prepare_cached(&format!(
        "update contact set completions = max(0, completions + ?3),
             {revenue} = max(-?5, min(?5, {revenue} + ?4))
         where account_id = ?1 and id = ?2"
    ))?
    .execute((account.0, id, completions, value_minor.clamp(-SUM_MAX, SUM_MAX), SUM_MAX))?;
    Ok(())
}

/// Sessions of a visitor `v` that no lower number of the same contact has as well. A number that took a session over
/// from another number of its contact begins with the session the other one ended with. A number that a form gave out and
/// that was not seen since names a session and has none.
const OWN_SESSIONS: &str = "v.sessions - (v.shared_session <> 0 and exists (
         select 1 from visitor o indexed by visitor_contact
         where o.account_id = v.account_id and o.contact_id = v.contact_id and o.contact_id is not null
             and o.number < v.number and o.session_id = v.shared_session and o.sessions > 0))";

/// Sessions and page views of contact `c` by the counts of its visitors.
const VISITS: &str = "select coalesce(sum({own}), 0), coalesce(sum(v.page_views), 0)
     from visitor v indexed by visitor_contact
     where v.account_id = c.account_id and v.contact_id = c.id and v.contact_id is not null";

fn visits_sql() -> String {
    VISITS.replace("{own}", OWN_SESSIONS)
}

/// Is a session counted for a contact by a lower number than this one?
pub fn has_session(
    conn: &Connection,
    account: AccountId,
    id: i64,
    below: u32,
    session: u32,
) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached(
            "select 1 from visitor indexed by visitor_contact
             where account_id = ?1 and contact_id = ?2 and contact_id is not null and number < ?3
                 and session_id = ?4 and sessions > 0",
        )?
        .exists((account.0, id, below, session))?)
}

/// Counts the sessions and page views of a contact anew by the counts of its visitors.
pub fn recount_visits(conn: &Connection, account: AccountId, id: i64) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "update contact as c set (sessions, page_views) = ({}) where c.account_id = ?1 and c.id = ?2",
        visits_sql()
    ))?
    .execute((account.0, id))?;
    Ok(())
}

/// The same of every contact of an account.
pub fn recount_all_visits(conn: &Connection, account: AccountId) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "update contact as c set (sessions, page_views) = ({}) where c.account_id = ?1",
        visits_sql()
    ))?
    .execute([account.0])?;
    Ok(())
}

/// Contacts whose sessions and page views are not what their visitors have together. Those that were merged keep what
/// they had, and gave their visitors away.
pub fn count_miscounted(conn: &Connection) -> Result<i64, Error> {
    let sql = format!(
        "select count(*) from contact c where c.state <> 'merged' and (c.sessions, c.page_views) <> ({})",
        visits_sql()
    );
    Ok(conn.query_row(&sql, [], |row| row.get(0))?)
}

/// The numbers of all contacts of an account, in any order.
pub fn list_ids(conn: &Connection, account: AccountId) -> Result<Vec<u32>, Error> {
    // The index is a fraction of the table.
    let mut statement = conn.prepare_cached(
        "select id from contact indexed by contact_list where account_id = ?1 and state = 'active'",
    )?;
    let ids = statement.query_map([account.0], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Contacts that were neither seen nor made since `before`.
const IS_UNSEEN: &str = "account_id = ?1 and state = 'active' and last_ms < ?2 and created_ms < ?2";

/// Contacts that were neither seen nor made since `before`, at most `limit`.
pub fn list_unseen(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let mut statement =
        conn.prepare_cached(&format!("select id from contact where {IS_UNSEEN} order by id limit ?3"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let contacts = statement.query_map((account.0, before.0, limit), |row| row.get(0))?;
    Ok(contacts.collect::<Result<_, _>>()?)
}

/// How many contacts were neither seen nor made since `before`.
pub fn count_unseen(conn: &Connection, account: AccountId, before: Millis) -> Result<u64, Error> {
    let mut statement = conn.prepare_cached(&format!("select count(*) from contact where {IS_UNSEEN}"))?;
    Ok(statement.query_row((account.0, before.0), |row| row.get::<_, u32>(0))?.into())
}

/// Visits all contacts of an account with when they were seen or created.
pub fn each_moment(
    conn: &Connection,
    account: AccountId,
    field: MomentField,
    visit: impl FnMut(u32, i64),
) -> Result<(), Error> {
    let column = match field {
        MomentField::FirstSeen => "first_ms",
        MomentField::LastSeen => "last_ms",
        MomentField::Created => "created_ms",
    };
    each_of_column(conn, account, column, visit)
}

/// Visits all contacts of an account with their source.
pub fn each_source(conn: &Connection, account: AccountId, visit: impl FnMut(u32, u32)) -> Result<(), Error> {
    each_of_column(conn, account, "source", visit)
}

fn each_of_column<T: FromSql>(
    conn: &Connection,
    account: AccountId,
    column: &str,
    mut visit: impl FnMut(u32, T),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select id, {column} from contact where account_id = ?1 and state = 'active'"
    ))?;
    let mut rows = statement.query([account.0])?;
    while let Some(row) = rows.next()? {
        visit(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// The sources of all contacts of an account, and those they had before others were merged into them.
pub fn list_sources(conn: &Connection, account: AccountId) -> Result<FxHashSet<u32>, Error> {
    let mut statement = conn.prepare_cached(
        "select source from contact where account_id = ?1
         union select own_source from contact_alias where account_id = ?1",
    )?;
    let sources = statement.query_map([account.0], |row| row.get(0))?;
    Ok(sources.collect::<Result<_, _>>()?)
}

/// A contact as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub id: i64,
    /// The primary one.
    pub email: Option<String>,
    pub external_id: Option<String>,
    /// Its own visitor number, for what programs report about it.
    pub number: u32,
    pub created: Millis,
    pub first: Millis,
    pub last: Millis,
    /// Dictionary id of its source.
    pub source: u32,
    pub company: Option<CompanyId>,
    pub completions: u64,
    pub sessions: u64,
    pub page_views: u64,
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
    pub(super) const fn sql(self) -> (&'static str, &'static str, &'static str) {
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

pub(super) const FIELDS: &str =
    "id, email, external_id, number, created_ms, first_ms, last_ms, source, completions,
    revenue_minor, revenue_asserted_minor, sessions, page_views, company_id";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Shown> {
    Ok(Shown {
        id: row.get(0)?,
        email: read_email(row, 1)?,
        external_id: row.get(2)?,
        number: row.get(3)?,
        created: Millis(row.get(4)?),
        first: Millis(row.get(5)?),
        last: Millis(row.get(6)?),
        source: row.get(7)?,
        completions: row.get::<_, u32>(8)?.into(),
        revenue_minor: row.get(9)?,
        asserted_minor: row.get(10)?,
        sessions: row.get::<_, u32>(11)?.into(),
        page_views: row.get::<_, u32>(12)?.into(),
        company: row.get::<_, Option<i64>>(13)?.map(CompanyId),
    })
}

/// The contact of an id that is no alias (`alias::resolve` finds the contact of one that is).
pub fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Option<Shown>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {FIELDS} from contact where account_id = ?1 and id = ?2 and state = 'active'"
        ))?
        .query_row((account.0, id), read)
        .optional()?)
}

/// Writes what merging changes of a contact: its external id, when it was seen, its source, completions and revenue.
pub fn update_figures(conn: &Connection, account: AccountId, shown: &Shown) -> Result<(), Error> {
    conn.prepare_cached(
        "update contact set external_id = :external, first_ms = :first, last_ms = :last, source = :source,
             completions = :completions, revenue_minor = :revenue, revenue_asserted_minor = :asserted
         where account_id = :account and id = :id",
    )?
    .execute(named_params! {
        ":account": account.0,
        ":id": shown.id,
        ":external": shown.external_id,
        ":first": shown.first.0,
        ":last": shown.last.0,
        ":source": shown.source,
        ":completions": i64::try_from(shown.completions).unwrap_or(i64::MAX),
        ":revenue": shown.revenue_minor,
        ":asserted": shown.asserted_minor,
    })?;
    Ok(())
}
