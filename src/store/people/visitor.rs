//! Visitors and their tokens.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashSet;

use super::contact;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::visitor::{CLOCK_MIN, VisitorNumber, is_ahead};
use crate::store::changes;
use crate::store::error::Error;

/// What is kept of a visitor: enough to continue its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub number: VisitorNumber,
    pub no_browser: bool,
    pub contact_id: Option<i64>,
    pub first_ms: i64,
    pub last_ms: i64,
    /// The open or last session; 0 = none yet.
    pub session_id: u32,
    /// What the cookie of that session said.
    pub session_number: Option<u32>,
    /// Dictionary id of the first session's source.
    pub first_source: u32,
    /// Dictionary id of the last session's source, and when that session began.
    pub source: u32,
    pub source_ms: i64,
    /// Dictionary id of the source of the last session that brought one of its own, and when that session began (rules.md
    /// 37). 0 = none did.
    pub latest_source: u32,
    pub latest_ms: i64,
    /// Dictionary ids of the pages of the first and the last hit; 0 = not known.
    pub first_page: u32,
    pub last_page: u32,
    /// Dictionary ids of the referrers of the first and the last session that had one, with when these began. 0 = none had
    /// one; the time of the first is negative when that session is older than this field.
    pub first_referrer: u32,
    pub first_referrer_ms: i64,
    pub last_referrer: u32,
    pub last_referrer_ms: i64,
    /// Completions and their value while the visitor belongs to no contact; the contact takes them over.
    pub completions: u32,
    pub value_minor: i64,
    /// Completions that were counted for the contact, and their value. Only differences mean anything: what came since
    /// a merge.
    pub contact_completions: i64,
    pub contact_value_minor: i64,
    /// Of all time, whatever is kept of the events. They stay here when the visitor belongs to a contact.
    pub sessions: u32,
    pub page_views: u32,
    /// The session this number took over from the number its token stood for before; 0 = none.
    pub shared_session: u32,
}

impl Visitor {
    /// One that was seen once, and has done nothing yet.
    #[must_use]
    pub const fn new(number: VisitorNumber, at_ms: i64) -> Self {
        Self {
            number,
            no_browser: false,
            contact_id: None,
            first_ms: at_ms,
            last_ms: at_ms,
            session_id: 0,
            session_number: None,
            first_source: 0,
            source: 0,
            source_ms: 0,
            latest_source: 0,
            latest_ms: 0,
            first_page: 0,
            last_page: 0,
            first_referrer: 0,
            first_referrer_ms: 0,
            last_referrer: 0,
            last_referrer_ms: 0,
            completions: 0,
            value_minor: 0,
            contact_completions: 0,
            contact_value_minor: 0,
            sessions: 0,
            page_views: 0,
            shared_session: 0,
        }
    }

    /// A session that began at `at_ms` brought a source of its own. One that began before the latest one changes nothing,
    /// unless the clock has put the latest one into the future.
    pub const fn note_source(&mut self, source: u32, at_ms: i64, now_ms: i64) {
        if at_ms >= self.latest_ms || is_ahead(self.latest_ms, now_ms) {
            self.latest_source = source;
            self.latest_ms = at_ms;
        }
    }

    /// A hit came from a page. Call this before the times of the visitor take the hit in.
    pub const fn note_page(&mut self, page: u32, at_ms: i64, now_ms: i64) {
        let is_new = self.sessions == 0;
        if is_new && self.first_page == 0 || at_ms < self.first_ms || self.first_ms < CLOCK_MIN {
            self.first_page = page;
        }
        if is_new && self.last_page == 0 || at_ms >= self.last_ms || is_ahead(self.last_ms, now_ms) {
            self.last_page = page;
        }
    }

    /// A session that began at `at_ms` had a referrer.
    pub const fn note_referrer(&mut self, referrer: u32, at_ms: i64, now_ms: i64) {
        if self.first_referrer == 0 && self.first_referrer_ms == 0 || at_ms < self.first_referrer_ms {
            self.first_referrer = referrer;
            self.first_referrer_ms = at_ms;
        }
        if at_ms >= self.last_referrer_ms || is_ahead(self.last_referrer_ms, now_ms) {
            self.last_referrer = referrer;
            self.last_referrer_ms = at_ms;
        }
    }

    /// Completions of this visitor were counted for its contact.
    pub const fn note_counted(&mut self, completions: i64, value_minor: i64) {
        self.contact_completions = self.contact_completions.saturating_add(completions);
        self.contact_value_minor = self.contact_value_minor.saturating_add(value_minor);
    }
}

const COLUMNS: &str =
    "v.number, v.no_browser, v.contact_id, v.first_ms, v.last_ms, v.session_id, v.session_number,
    v.source, v.source_ms, v.first_source, v.completions, v.value_minor, v.sessions, v.page_views,
    v.shared_session, v.contact_completions, v.contact_value_minor, v.latest_source, v.latest_ms,
    v.first_page, v.last_page, v.first_referrer, v.first_referrer_ms, v.last_referrer, v.last_referrer_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Visitor> {
    Ok(Visitor {
        number: VisitorNumber(row.get(0)?),
        no_browser: row.get(1)?,
        contact_id: row.get(2)?,
        first_ms: row.get(3)?,
        last_ms: row.get(4)?,
        session_id: row.get(5)?,
        session_number: row.get(6)?,
        source: row.get(7)?,
        source_ms: row.get(8)?,
        first_source: row.get(9)?,
        completions: row.get(10)?,
        value_minor: row.get(11)?,
        sessions: row.get(12)?,
        page_views: row.get(13)?,
        shared_session: row.get(14)?,
        contact_completions: row.get(15)?,
        contact_value_minor: row.get(16)?,
        latest_source: row.get(17)?,
        latest_ms: row.get(18)?,
        first_page: row.get(19)?,
        last_page: row.get(20)?,
        first_referrer: row.get(21)?,
        first_referrer_ms: row.get(22)?,
        last_referrer: row.get(23)?,
        last_referrer_ms: row.get(24)?,
    })
}

pub fn find(conn: &Connection, account: AccountId, number: VisitorNumber) -> Result<Option<Visitor>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {COLUMNS} from visitor v where v.account_id = ?1 and v.number = ?2"
        ))?
        .query_row((account.0, number.0), read)
        .optional()?)
}

/// How many visitors were seen at or after this time. It reads all visitors of the account.
pub fn count_since(conn: &Connection, account: AccountId, since: Millis) -> Result<u64, Error> {
    let count: i64 = conn
        .prepare_cached(
            "select count(*) from visitor where account_id = ?1 and no_browser = 0 and last_ms >= ?2",
        )?
        .query_row((account.0, since.0), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The visitor a token stands for now.
pub fn find_by_token(conn: &Connection, account: AccountId, token: &str) -> Result<Option<Visitor>, Error> {
    Ok(conn
        .prepare_cached(&format!(
            "select {COLUMNS}
             from visitor_token t join visitor v on v.account_id = t.account_id and v.number = t.number
             where t.account_id = ?1 and t.token = ?2"
        ))?
        .query_row((account.0, token), read)
        .optional()?)
}

/// The number a token stands for now.
pub fn find_number(
    conn: &Connection,
    account: AccountId,
    token: &str,
) -> Result<Option<VisitorNumber>, Error> {
    Ok(conn
        .prepare_cached("select number from visitor_token where account_id = ?1 and token = ?2")?
        .query_row((account.0, token), |row| row.get(0).map(VisitorNumber))
        .optional()?)
}

/// The tokens that stand for one of the visitors. There is no index for it: all tokens of the account are looked at.
pub fn list_tokens(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
) -> Result<Vec<String>, Error> {
    let mut statement =
        conn.prepare_cached("select number, token from visitor_token where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        if visitors.contains(&row.get(0)?) {
            tokens.push(row.get(1)?);
        }
    }
    Ok(tokens)
}

pub fn delete_token(conn: &Connection, account: AccountId, token: &str) -> Result<(), Error> {
    conn.prepare_cached("delete from visitor_token where account_id = ?1 and token = ?2")?
        .execute((account.0, token))?;
    Ok(())
}

/// The numbers of a contact: its own for what programs report about it, then its browsers', those seen last first; at most
/// `limit`.
pub fn list_of_contact(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    limit: usize,
) -> Result<Vec<VisitorNumber>, Error> {
    let mut statement = conn.prepare_cached(
        "select number from visitor indexed by visitor_contact
         where account_id = ?1 and contact_id = ?2 and contact_id is not null
         order by no_browser desc, last_ms desc, number desc limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, contact, limit), |row| row.get(0).map(VisitorNumber))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Dictionary id of the source of the last session that brought one, of all browsers of a contact, and when that session
/// began. Of two that began at once, that of the younger number.
pub fn find_latest_source(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Option<(u32, Millis)>, Error> {
    Ok(conn
        .prepare_cached(
            "select latest_source, latest_ms from visitor indexed by visitor_contact
             where account_id = ?1 and contact_id = ?2 and contact_id is not null and latest_source <> 0
             order by latest_ms desc, number desc limit 1",
        )?
        .query_row((account.0, contact), |row| Ok((row.get(0)?, Millis(row.get(1)?))))
        .optional()?)
}

/// When the browsers of a contact came first and last, and from where. The numbers are dictionary ids; 0 = not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// When the first and the last session began.
    pub first: Millis,
    pub last: Millis,
    /// Pages of the first and the last hit.
    pub first_page: u32,
    pub last_page: u32,
    /// Referrers of the first and the last session that had one.
    pub first_referrer: u32,
    pub last_referrer: u32,
}

/// What is kept of the first and the last visit of a contact; `None` when it had none. Of two at the same time, the first
/// one is that of the older number.
pub fn find_visits(conn: &Connection, account: AccountId, contact: i64) -> Result<Option<Visits>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from visitor v indexed by visitor_contact
         where account_id = ?1 and contact_id = ?2 and contact_id is not null and sessions > 0 order by number"
    ))?;
    let browsers = statement.query_map((account.0, contact), read)?;
    let browsers = browsers.collect::<Result<Vec<_>, _>>()?;
    let first = browsers.iter().min_by_key(|browser| browser.first_ms);
    let last = browsers.iter().max_by_key(|browser| browser.last_ms);
    let with_first = browsers.iter().filter(|browser| browser.first_referrer_ms != 0);
    let with_last = browsers.iter().filter(|browser| browser.last_referrer != 0);
    let first_referrer = with_first.min_by_key(|browser| browser.first_referrer_ms);
    let last_referrer = with_last.max_by_key(|browser| browser.last_referrer_ms);
    let begin = browsers.iter().map(|browser| browser.source_ms).max();
    Ok(first.zip(last).zip(begin).map(|((first, last), begin)| Visits {
        // A number that was given out within a session is younger than that session.
        first: Millis(first.first_ms.min(begin)),
        last: Millis(begin),
        first_page: first.first_page,
        last_page: last.last_page,
        first_referrer: first_referrer.map_or(0, |browser| browser.first_referrer),
        last_referrer: last_referrer.map_or(0, |browser| browser.last_referrer),
    }))
}

/// How many browsers a contact has.
pub fn count_browsers(conn: &Connection, account: AccountId, contact: i64) -> Result<u64, Error> {
    let count: i64 = conn
        .prepare_cached(
            "select count(*) from visitor indexed by visitor_contact
             where account_id = ?1 and contact_id = ?2 and contact_id is not null and no_browser = 0",
        )?
        .query_row((account.0, contact), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Lets a visitor belong to a contact, and notes the change.
pub fn update_contact(
    conn: &Connection,
    account: AccountId,
    number: VisitorNumber,
    contact: i64,
) -> Result<(), Error> {
    conn.prepare_cached("update visitor set contact_id = ?3 where account_id = ?1 and number = ?2")?
        .execute((account.0, number.0, contact))?;
    changes::raise_contact_of_visitor(conn, account, number.0)
}

/// Adds to what was counted for the contact of a visitor; less than nothing takes away.
pub fn add_contact_completions(
    conn: &Connection,
    account: AccountId,
    number: u32,
    completions: i64,
    value_minor: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update visitor set contact_completions = contact_completions + ?3,
             contact_value_minor = contact_value_minor + ?4
         where account_id = ?1 and number = ?2",
    )?
    .execute((account.0, number, completions, value_minor))?;
    Ok(())
}

/// Visits the dictionary ids of the sources, of the pages and of the referrers that each visitor of the account keeps.
pub fn each_text(
    conn: &Connection,
    account: AccountId,
    mut visit: impl FnMut([u32; 3], [u32; 2], [u32; 2]),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select source, first_source, latest_source, first_page, last_page, first_referrer, last_referrer
         from visitor where account_id = ?1",
    )?;
    let mut rows = statement.query([account.0])?;
    while let Some(row) = rows.next()? {
        visit(
            [row.get(0)?, row.get(1)?, row.get(2)?],
            [row.get(3)?, row.get(4)?],
            [row.get(5)?, row.get(6)?],
        );
    }
    Ok(())
}

/// Deletes all visitors of a contact that is erased. Nothing is counted anew, because the contact goes too.
pub fn delete_all(conn: &Connection, account: AccountId, numbers: &FxHashSet<u32>) -> Result<(), Error> {
    let mut delete = conn
        .prepare_cached("delete from visitor where account_id = ?1 and number = ?2 returning contact_id")?;
    let mut contacts = FxHashSet::default();
    for number in numbers {
        let contact: Option<Option<i64>> =
            delete.query_row((account.0, number), |row| row.get(0)).optional()?;
        contacts.extend(contact.flatten());
    }
    contacts.into_iter().try_for_each(|contact| contact::recount_visits(conn, account, contact))
}

/// Deletes a visitor. Its sessions and page views leave its contact with it: nothing else remembers that they were
/// this visitor's. Its completions and revenue stay: they are the contact's figures since it took them over.
pub fn delete(conn: &Connection, account: AccountId, number: VisitorNumber) -> Result<(), Error> {
    let contact: Option<Option<i64>> = conn
        .prepare_cached("delete from visitor where account_id = ?1 and number = ?2 returning contact_id")?
        .query_row((account.0, number.0), |row| row.get(0))
        .optional()?;
    match contact.flatten() {
        Some(contact) => contact::recount_visits(conn, account, contact),
        None => Ok(()),
    }
}

/// Writes visitors as they are now. Its statements are prepared once for many rows, because finding them in the cache for
/// each row would be a good part of the work.
pub struct Upsert<'c> {
    /// Changes a row whose contact stays. It is a third cheaper than inserting and finding that the row is there, and leaves
    /// the index of contacts alone.
    update: CachedStatement<'c>,
    upsert: CachedStatement<'c>,
}

impl<'c> Upsert<'c> {
    pub fn prepare(conn: &'c Connection) -> Result<Self, Error> {
        let update = conn.prepare_cached(
            "update visitor set first_ms = ?5, last_ms = ?6, session_id = ?7, session_number = ?8, source = ?9,
                    source_ms = ?10, first_source = ?11, completions = ?12, value_minor = ?13, sessions = ?14,
                    page_views = ?15, shared_session = ?16, contact_completions = ?17, contact_value_minor = ?18,
                    latest_source = ?19, latest_ms = ?20, first_page = ?21, last_page = ?22,
                    first_referrer = ?23, first_referrer_ms = ?24, last_referrer = ?25, last_referrer_ms = ?26
             where account_id = ?1 and number = ?2 and no_browser = ?3 and contact_id is ?4",
        )?;
        let upsert = conn.prepare_cached(
            "insert into visitor (account_id, number, no_browser, contact_id, first_ms, last_ms, session_id,
                                  session_number, source, source_ms, first_source, completions, value_minor,
                                  sessions, page_views, shared_session, contact_completions,
                                  contact_value_minor, latest_source, latest_ms, first_page, last_page,
                                  first_referrer, first_referrer_ms, last_referrer, last_referrer_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                     ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)
             on conflict do update set contact_id = ?4, first_ms = ?5, last_ms = ?6,
                    session_id = ?7, session_number = ?8, source = ?9,
                    source_ms = ?10, first_source = ?11, completions = ?12, value_minor = ?13,
                    sessions = ?14, page_views = ?15, shared_session = ?16,
                    contact_completions = ?17, contact_value_minor = ?18,
                    latest_source = ?19, latest_ms = ?20, first_page = ?21, last_page = ?22,
                    first_referrer = ?23, first_referrer_ms = ?24, last_referrer = ?25, last_referrer_ms = ?26",
        )?;
        Ok(Self { update, upsert })
    }

    pub fn execute(&mut self, account: AccountId, visitor: &Visitor) -> Result<(), Error> {
        // A visitor who was seen once is most likely new.
        let may_exist = visitor.last_ms > visitor.first_ms;
        if !may_exist || write(&mut self.update, account, visitor)? == 0 {
            write(&mut self.upsert, account, visitor)?;
        }
        Ok(())
    }
}

/// Runs a statement with all that is kept of a visitor. Answers how many rows it changed.
fn write(statement: &mut CachedStatement<'_>, account: AccountId, visitor: &Visitor) -> Result<usize, Error> {
    // Parameters by position, because looking up names would be most of the work.
    Ok(statement.execute(params![
        account.0,
        visitor.number.0,
        visitor.no_browser,
        visitor.contact_id,
        visitor.first_ms,
        visitor.last_ms,
        visitor.session_id,
        visitor.session_number,
        visitor.source,
        visitor.source_ms,
        visitor.first_source,
        visitor.completions,
        visitor.value_minor,
        visitor.sessions,
        visitor.page_views,
        visitor.shared_session,
        visitor.contact_completions,
        visitor.contact_value_minor,
        visitor.latest_source,
        visitor.latest_ms,
        visitor.first_page,
        visitor.last_page,
        visitor.first_referrer,
        visitor.first_referrer_ms,
        visitor.last_referrer,
        visitor.last_referrer_ms,
    ])?)
}

pub fn upsert(conn: &Connection, account: AccountId, visitor: &Visitor) -> Result<(), Error> {
    Upsert::prepare(conn)?.execute(account, visitor)
}

/// From now on the token stands for `number`; the older number keeps its past.
pub fn upsert_token(
    conn: &Connection,
    account: AccountId,
    token: &str,
    number: VisitorNumber,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into visitor_token (account_id, token, number) values (?1, ?2, ?3)
         on conflict do update set number = ?3",
    )?
    .execute((account.0, token, number.0))?;
    Ok(())
}
