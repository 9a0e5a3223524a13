//! Forms of an account: each is made by its first submission and knows the page it was sent from last.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::form::{FORMS_MAX, FormKey};
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// Whether a submission of this form has a place: the form is there, or there may be one more.
pub fn has_room(conn: &Connection, account: AccountId, key: &FormKey) -> Result<bool, Error> {
    Ok(find_id(conn, account, key)?.is_some() || count(conn, account)? < FORMS_MAX)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    let mut statement = conn.prepare_cached("select count(*) from form where account_id = ?1")?;
    Ok(statement.query_row([account.0], |row| row.get(0))?)
}

fn find_id(conn: &Connection, account: AccountId, key: &FormKey) -> Result<Option<i64>, Error> {
    let mut statement = conn.prepare_cached("select id from form where account_id = ?1 and key = ?2")?;
    Ok(statement.query_row((account.0, key.as_str()), |row| row.get(0)).optional()?)
}

/// The form with this key, which was sent at this time from this page; made when there is none.
pub fn upsert(
    conn: &Connection,
    account: AccountId,
    key: &FormKey,
    page: u32,
    at: Millis,
) -> Result<i64, Error> {
    let known = conn
        .prepare_cached(
            "update form set page = case when ?3 <> 0 and ?4 >= last_ms then ?3 else page end,
                 last_ms = max(last_ms, ?4), created_ms = min(created_ms, ?4)
             where account_id = ?1 and key = ?2 returning id",
        )?
        .query_row((account.0, key.as_str(), page, at.0), |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    // Not as one statement: each conflict would use up a number.
    conn.prepare_cached(
        "insert into form (account_id, key, page, created_ms, last_ms) values (?1, ?2, ?3, ?4, ?4)",
    )?
    .execute((account.0, key.as_str(), page, at.0))?;
    Ok(conn.last_insert_rowid())
}

/// A form with its figures, of all submissions that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFigures {
    pub id: i64,
    /// As the site names it.
    pub key: String,
    /// Dictionary id of the page it was sent from last; 0 = unknown.
    pub page: u32,
    pub created: Millis,
    pub last: Millis,
    pub submissions: u64,
    /// Different visitors who submitted it.
    pub visitors: u64,
    /// Contacts that were created for a submission of it.
    pub new_contacts: u64,
}

/// Forms `f` with their figures. The index of submissions holds all that is counted.
const FIGURES: &str = "select f.id, f.key, f.page, f.created_ms, f.last_ms, count(s.id),
        count(distinct nullif(s.visitor, 0)), coalesce(sum(s.is_new_contact), 0)
    from form f left join submission s indexed by submission_form
        on s.account_id = f.account_id and s.form_id = f.id
    where f.account_id = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<FormFigures> {
    let count = |column| row.get(column).map(|count: i64| u64::try_from(count).unwrap_or(0));
    Ok(FormFigures {
        id: row.get(0)?,
        key: row.get(1)?,
        page: row.get(2)?,
        created: Millis(row.get(3)?),
        last: Millis(row.get(4)?),
        submissions: count(5)?,
        visitors: count(6)?,
        new_contacts: count(7)?,
    })
}

/// The forms of an account, the oldest first. They are at most one more than `FORMS_MAX`.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<FormFigures>, Error> {
    let mut statement = conn.prepare_cached(&format!("{FIGURES} group by f.id order by f.id"))?;
    let forms = statement.query_map([account.0], read)?;
    Ok(forms.collect::<Result<_, _>>()?)
}

/// Number and key of every form of an account, by key.
pub fn list_keys(conn: &Connection, account: AccountId) -> Result<Vec<(i64, String)>, Error> {
    let mut statement =
        conn.prepare_cached("select id, key from form where account_id = ?1 order by key, id")?;
    let keys = statement.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

pub fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Option<FormFigures>, Error> {
    let mut statement = conn.prepare_cached(&format!("{FIGURES} and f.id = ?2 group by f.id"))?;
    Ok(statement.query_row((account.0, id), read).optional()?)
}

/// Submissions of a form deleted per step.
const STEP: usize = 1_000;

/// Deletes a step of what was submitted with a form, and then the form. Answers whether there is more to do.
pub fn delete_step(conn: &Connection, account: AccountId, id: i64) -> Result<bool, Error> {
    let deleted = conn
        .prepare_cached(
            "delete from submission where id in (select id from submission indexed by submission_form
                 where account_id = ?1 and form_id = ?2 limit ?3)",
        )?
        .execute((account.0, id, STEP as i64))?;
    if deleted == STEP {
        return Ok(true);
    }
    conn.prepare_cached("delete from form where account_id = ?1 and id = ?2")?.execute((account.0, id))?;
    // Lists may look at who submitted it, so they have to be asked again.
    changes::raise(conn, account, Kind::Account)?;
    Ok(false)
}

/// Deletes the forms that were not sent since and have no submissions left: their places are free again.
pub fn delete_unused(conn: &Connection, account: AccountId, before: Millis) -> Result<(), Error> {
    conn.prepare_cached(
        "delete from form where account_id = ?1 and last_ms < ?2 and not exists
             (select 1 from submission where account_id = ?1 and form_id = form.id)",
    )?
    .execute((account.0, before.0))?;
    Ok(())
}
