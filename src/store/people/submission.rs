//! What people submitted with forms: the fields, and whose they are. A submission belongs to the contact of its email;
//! without an email it belongs to whom its visitor belongs to.

use std::ops::Range;

use rusqlite::{Connection, Row, params};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::form::Way;
use crate::domain::visitor::VisitorNumber;
use crate::store::error::Error;

/// A submission as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubmission<'a> {
    /// Inbox id of its hit.
    pub id: i64,
    pub form: i64,
    pub at: Millis,
    pub visitor: Option<VisitorNumber>,
    pub contact: Option<i64>,
    /// The contact was created for it.
    pub is_new_contact: bool,
    pub way: Way,
    pub consent: Consent,
    /// The revision of the consent policy that was in force.
    pub policy: u32,
    /// Dictionary ids; 0 = none.
    pub page: u32,
    pub title: u32,
    pub fields: &'a [(String, String)],
    /// JSON; empty = none.
    pub consent_text: &'a str,
}

/// A submission as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    pub id: i64,
    pub form: i64,
    /// What the site calls the form.
    pub form_key: String,
    pub at: Millis,
    pub visitor: Option<u32>,
    /// The living contact it belongs to.
    pub contact: Option<i64>,
    pub is_new_contact: bool,
    pub way: Way,
    pub consent: Consent,
    pub policy: u32,
    pub page: u32,
    pub title: u32,
    pub fields: Vec<(String, String)>,
    pub consent_text: String,
}

/// Written as `submission.way`: never reuse a number.
const fn number_of(way: Way) -> u8 {
    match way {
        Way::Call => 0,
        Way::Token => 1,
        Way::Script => 2,
    }
}

pub(super) const fn way_of(number: u8) -> Way {
    match number {
        1 => Way::Token,
        2 => Way::Script,
        _ => Way::Call,
    }
}

pub fn insert(conn: &Connection, account: AccountId, new: &NewSubmission<'_>) -> Result<(), Error> {
    let fields = serde_json::to_string(new.fields).map_err(|error| Error::Unreadable(error.to_string()))?;
    conn.prepare_cached(
        "insert into submission (id, account_id, form_id, at_ms, visitor, contact_id, is_new_contact, way, consent,
                                 policy, page, title, fields, consent_text)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        new.id,
        account.0,
        new.form,
        new.at.0,
        new.visitor.map_or(0, |number| number.0),
        new.contact,
        new.is_new_contact,
        number_of(new.way),
        new.consent.0,
        new.policy,
        new.page,
        new.title,
        fields,
        new.consent_text,
    ])?;
    Ok(())
}

/// Submission `s` with the living contact it belongs to: that of its email, which may have been merged into another since,
/// or the one of its visitor.
const OWNER: &str = "(select c.id from contact c where c.account_id = s.account_id and c.state = 'active' and c.id = coalesce(
        (select a.contact_id from contact_alias a
             where a.account_id = s.account_id and a.alias_id = s.contact_id),
        s.contact_id,
        (select v.contact_id from visitor v where v.account_id = s.account_id and v.number = s.visitor)))";

/// What `read` reads.
fn columns() -> String {
    format!(
        "s.id, s.form_id, f.key, s.at_ms, s.visitor, {OWNER}, s.is_new_contact, s.way, s.consent, s.policy, s.page,
             s.title, s.fields, s.consent_text"
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<Submitted> {
    let visitor: u32 = row.get(4)?;
    let fields: String = row.get(12)?;
    Ok(Submitted {
        id: row.get(0)?,
        form: row.get(1)?,
        form_key: row.get(2)?,
        at: Millis(row.get(3)?),
        visitor: (visitor != 0).then_some(visitor),
        contact: row.get(5)?,
        is_new_contact: row.get(6)?,
        way: way_of(row.get(7)?),
        consent: Consent(row.get(8)?),
        policy: row.get(9)?,
        page: row.get(10)?,
        title: row.get(11)?,
        // Only `insert` writes them.
        fields: serde_json::from_str(&fields).unwrap_or_default(),
        consent_text: row.get(13)?,
    })
}

/// Where a submission stands among others: those of one millisecond differ by the last 32 bits of their id, so that it can
/// stand among the sessions of a timeline too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at_ms: i64,
    pub id: u32,
}

impl Place {
    /// Behind every submission: a list begins with the newest one.
    pub const NEWEST: Self = Self { at_ms: i64::MAX, id: u32::MAX };

    /// Parses what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at_ms, id) = text.split_once('.')?;
        Some(Self { at_ms: at_ms.parse().ok()?, id: id.parse().ok()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at_ms, self.id)
    }
}

impl Submitted {
    #[must_use]
    pub const fn place(&self) -> Place {
        let [a, b, c, d, ..] = self.id.to_le_bytes();
        Place { at_ms: self.at.0, id: u32::from_le_bytes([a, b, c, d]) }
    }
}

/// The submissions of a contact, of its aliases, and of its visitors where nobody was named, earlier than `before`, the
/// newest first.
pub fn list_of_contact(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    before: Place,
    limit: usize,
) -> Result<Vec<Submitted>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {} from submission s join form f on f.id = s.form_id
         where s.id in ({OF_CONTACT}) and (s.at_ms, s.id & 0xffffffff) < (?3, ?4)
         order by s.at_ms desc, s.id desc limit ?5",
        columns()
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((account.0, contact, before.at_ms, before.id, limit), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Bytes of fields that are read at once, approximately: a form can have many and long submissions.
pub const BYTES_MAX: usize = 32 * 1024 * 1024;

/// Submissions, and whether there are more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Submitted>,
    pub is_more: bool,
}

/// At most `limit` submissions of a form that are earlier than `before`, the newest first; fewer when they are long.
pub fn list_of_form(
    conn: &Connection,
    account: AccountId,
    form: i64,
    before: Place,
    limit: usize,
) -> Result<Page, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {} from submission s indexed by submission_form join form f on f.id = s.form_id
         where s.account_id = ?1 and s.form_id = ?2 and (s.at_ms, s.id & 0xffffffff) < (?3, ?4)
         order by s.at_ms desc, s.id desc",
        columns()
    ))?;
    let mut rows = statement.query((account.0, form, before.at_ms, before.id))?;
    let mut page = Page::default();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        if page.rows.len() >= limit || bytes >= BYTES_MAX {
            page.is_more = true;
            break;
        }
        let submitted = read(row)?;
        bytes += submitted.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        page.rows.push(submitted);
    }
    Ok(page)
}

/// The ids of all submissions of contact `?2`. Each `cross join` keeps SQLite from reading all submissions first.
const OF_CONTACT: &str = "select id from submission indexed by submission_contact
        where account_id = ?1 and contact_id = ?2
    union select o.id from contact_alias a indexed by contact_alias_contact
        cross join submission o indexed by submission_contact on o.account_id = ?1 and o.contact_id = a.alias_id
        where a.account_id = ?1 and a.contact_id = ?2
    union select o.id from visitor v indexed by visitor_contact
        cross join submission o indexed by submission_visitor on o.account_id = ?1 and o.visitor = v.number
        where v.account_id = ?1 and v.contact_id = ?2 and v.contact_id is not null and o.contact_id is null";

pub fn count_of_contact(conn: &Connection, account: AccountId, contact: i64) -> Result<u64, Error> {
    let mut statement = conn.prepare_cached(&format!("select count(*) from ({OF_CONTACT})"))?;
    let count: i64 = statement.query_row((account.0, contact), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// How many submissions of a visitor are kept.
pub fn count_of_visitor(conn: &Connection, account: AccountId, visitor: VisitorNumber) -> Result<u64, Error> {
    let mut statement = conn.prepare_cached(
        "select count(*) from submission indexed by submission_visitor
         where account_id = ?1 and visitor = ?2 and visitor <> 0",
    )?;
    let count: i64 = statement.query_row((account.0, visitor.0), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Dictionary ids of page and title of the submissions of a visitor.
pub fn list_pages_of_visitor(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
) -> Result<Vec<(u32, u32)>, Error> {
    let mut statement = conn.prepare_cached(
        "select page, title from submission indexed by submission_visitor
         where account_id = ?1 and visitor = ?2 and visitor <> 0",
    )?;
    let pages = statement.query_map((account.0, visitor.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pages.collect::<Result<_, _>>()?)
}

/// The same of a contact, as `delete_of_contact` finds its submissions.
pub fn list_pages_of_contact(
    conn: &Connection,
    account: AccountId,
    contact: i64,
) -> Result<Vec<(u32, u32)>, Error> {
    let mut statement =
        conn.prepare_cached(&format!("select page, title from submission where id in ({OF_CONTACT})"))?;
    let pages = statement.query_map((account.0, contact), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pages.collect::<Result<_, _>>()?)
}

/// Dictionary ids of page and title of all submissions and forms of an account. A form has no title.
pub fn list_pages(conn: &Connection, account: AccountId) -> Result<Vec<(u32, u32)>, Error> {
    let mut statement = conn.prepare_cached(
        "select distinct page, title from submission where account_id = ?1
         union select page, 0 from form where account_id = ?1",
    )?;
    let pages = statement.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pages.collect::<Result<_, _>>()?)
}

/// Deletes what a visitor submitted, whoever was named in it.
pub fn delete_of_visitor(
    conn: &Connection,
    account: AccountId,
    visitor: VisitorNumber,
) -> Result<usize, Error> {
    let deleted = conn
        .prepare_cached(
            "delete from submission indexed by submission_visitor
             where account_id = ?1 and visitor = ?2 and visitor <> 0",
        )?
        .execute((account.0, visitor.0))?;
    update_pages(conn, account, deleted)?;
    Ok(deleted)
}

/// After submissions were deleted: each form has the page of its newest submission that is left, because the one before may
/// have been about a person.
fn update_pages(conn: &Connection, account: AccountId, deleted: usize) -> Result<(), Error> {
    if deleted > 0 {
        conn.prepare_cached(
            "update form set page = coalesce((select s.page from submission s indexed by submission_form
                 where s.account_id = form.account_id and s.form_id = form.id and s.page <> 0
                 order by s.at_ms desc, s.id desc limit 1), 0)
             where account_id = ?1",
        )?
        .execute([account.0])?;
    }
    Ok(())
}

/// Deletes the submissions of a contact, of its aliases, and of its visitors where nobody was named. It needs the rows of
/// aliases and visitors, so it comes before they are deleted.
pub fn delete_of_contact(conn: &Connection, account: AccountId, contact: i64) -> Result<usize, Error> {
    let deleted = conn
        .prepare_cached(&format!("delete from submission where id in ({OF_CONTACT})"))?
        .execute((account.0, contact))?;
    update_pages(conn, account, deleted)?;
    Ok(deleted)
}

/// Visits the contact of each submission in a half-open range of milliseconds, of one form or of all. Those of nobody are
/// left out.
pub fn each_of_contacts(
    conn: &Connection,
    account: AccountId,
    form: Option<i64>,
    range_ms: &Range<i64>,
    mut visit: impl FnMut(u32),
) -> Result<(), Error> {
    let (index, of_form) = match form {
        Some(_) => ("submission_form", "s.form_id = ?4"),
        None => ("submission_time", "?4 is null"),
    };
    let mut statement = conn.prepare_cached(&format!(
        "select {OWNER} from submission s indexed by {index}
         where s.account_id = ?1 and {of_form} and s.at_ms >= ?2 and s.at_ms < ?3"
    ))?;
    let mut rows = statement.query((account.0, range_ms.start, range_ms.end, form))?;
    while let Some(row) = rows.next()? {
        if let Some(contact) = row.get(0)? {
            visit(contact);
        }
    }
    Ok(())
}

/// How many submissions came before `before`.
pub fn count_before(conn: &Connection, account: AccountId, before: Millis) -> Result<u64, Error> {
    Ok(conn
        .prepare_cached(
            "select count(*) from submission indexed by submission_time where account_id = ?1 and at_ms < ?2",
        )?
        .query_row((account.0, before.0), |row| row.get::<_, u32>(0))?
        .into())
}

/// Deletes submissions that are too old, at most `limit`. Answers how many there were.
pub fn delete_before(
    conn: &Connection,
    account: AccountId,
    before: Millis,
    limit: usize,
) -> Result<usize, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(conn
        .prepare_cached(
            "delete from submission where id in (select id from submission indexed by submission_time
                 where account_id = ?1 and at_ms < ?2 limit ?3)",
        )?
        .execute((account.0, before.0, limit))?)
}
