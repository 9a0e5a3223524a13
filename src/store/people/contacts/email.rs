//! The emails of contacts. Each belongs to one contact of its account. Its primary email stands in `contact`, because most
//! contacts have no other and lists sort by it; further ones stand in `contact_email`.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// An email of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactEmail {
    pub email: String,
    pub is_primary: bool,
    /// Proven by a token or a signature, not only said (rules.md 22).
    pub is_verified: bool,
    /// When the contact got it.
    pub created: Millis,
}

/// The contact that has this email, as its primary or a further one.
pub fn find_owner(conn: &Connection, account: AccountId, email: &str) -> Result<Option<i64>, Error> {
    let primary = conn
        .prepare_cached(
            "select id from contact indexed by contact_list where account_id = ?1 and email = ?2",
        )?
        .query_row((account.0, email), |row| row.get(0))
        .optional()?;
    if primary.is_some() {
        return Ok(primary);
    }
    Ok(conn
        .prepare_cached("select contact_id from contact_email where account_id = ?1 and email = ?2")?
        .query_row((account.0, email), |row| row.get(0))
        .optional()?)
}

/// Visits every email of an account with its contact.
pub fn each(conn: &Connection, account: AccountId, mut visit: impl FnMut(u32, &str)) -> Result<(), Error> {
    for sql in [
        "select id, email from contact indexed by contact_list where account_id = ?1 and email > ''",
        "select contact_id, email from contact_email where account_id = ?1",
    ] {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query([account.0])?;
        while let Some(row) = rows.next()? {
            let email = row.get_ref(1)?;
            visit(row.get(0)?, email.as_str().map_err(|error| Error::Sqlite(error.into()))?);
        }
    }
    Ok(())
}

/// The emails of a contact, the primary one first.
pub fn list(conn: &Connection, account: AccountId, contact: i64) -> Result<Vec<ContactEmail>, Error> {
    let mut statement = conn.prepare_cached(
        "select email, 1 as is_primary, email_verified, email_ms from contact
             where account_id = ?1 and id = ?2 and email <> ''
         union all
         select email, 0, verified, created_ms from contact_email indexed by contact_email_contact
             where account_id = ?1 and contact_id = ?2
         order by is_primary desc, email",
    )?;
    let emails = statement.query_map((account.0, contact), |row| {
        Ok(ContactEmail {
            email: row.get(0)?,
            is_primary: row.get(1)?,
            is_verified: row.get(2)?,
            created: Millis(row.get(3)?),
        })
    })?;
    Ok(emails.collect::<Result<_, _>>()?)
}

/// Gives a contact an email.
///
/// # Errors
/// `Conflict` when a contact has the email already, or it is a primary one and this contact has another.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    email: &ContactEmail,
) -> Result<(), Error> {
    if find_owner(conn, account, &email.email)?.is_some() {
        return Err(Error::Conflict);
    }
    let sql = match email.is_primary {
        true => {
            changes::raise(conn, account, Kind::Emails)?;
            "update contact set email = ?3, email_verified = ?4, email_ms = ?5
             where account_id = ?1 and id = ?2 and email = ''"
        }
        false => {
            "insert into contact_email (account_id, contact_id, email, verified, created_ms)
             values (?1, ?2, ?3, ?4, ?5)"
        }
    };
    let changed = conn.prepare_cached(sql)?.execute((
        account.0,
        contact,
        &email.email,
        email.is_verified,
        email.created.0,
    ))?;
    if changed == 0 { Err(Error::Conflict) } else { Ok(()) }
}

/// Marks an email as proven.
pub fn update_verified(conn: &Connection, account: AccountId, email: &str) -> Result<(), Error> {
    for sql in [
        "update contact indexed by contact_list set email_verified = 1
         where account_id = ?1 and email = ?2 and email_verified = 0",
        "update contact_email set verified = 1 where account_id = ?1 and email = ?2 and verified = 0",
    ] {
        conn.prepare_cached(sql)?.execute((account.0, email))?;
    }
    Ok(())
}

/// Makes a further email of a contact its primary one; the one before becomes a further one. An email that is the
/// primary one, or none of the contact's, changes nothing.
pub fn update_primary(conn: &Connection, account: AccountId, contact: i64, email: &str) -> Result<(), Error> {
    let further = conn
        .prepare_cached(
            "delete from contact_email where account_id = ?1 and contact_id = ?2 and email = ?3
             returning verified, created_ms",
        )?
        .query_row((account.0, contact, email), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((is_verified, created_ms)): Option<(bool, i64)> = further else { return Ok(()) };
    keep_primary_as_further(conn, account, contact, contact)?;
    conn.prepare_cached(
        "update contact set email = ?3, email_verified = ?4, email_ms = ?5 where account_id = ?1 and id = ?2",
    )?
    .execute((account.0, contact, email, is_verified, created_ms))?;
    changes::raise(conn, account, Kind::Emails)?;
    Ok(())
}

/// Copies the primary email of a contact, if it has one, to the further ones of `owner`. The caller replaces it.
pub(super) fn keep_primary_as_further(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    owner: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into contact_email (account_id, contact_id, email, verified, created_ms)
             select account_id, ?3, email, email_verified, email_ms from contact
             where account_id = ?1 and id = ?2 and email <> ''",
    )?
    .execute((account.0, contact, owner))?;
    Ok(())
}

/// Gives a contact without a primary email the one that was primary of `alias`, which was merged into it.
pub(super) fn fill_primary(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    alias: i64,
) -> Result<(), Error> {
    let email: Option<String> = conn
        .prepare_cached(
            "select e.email from contact_alias_email e
                 join contact c on c.account_id = e.account_id and c.id = ?3
             where e.account_id = ?1 and e.alias_id = ?2 and e.was_primary = 1 and c.email = ''",
        )?
        .query_row((account.0, alias, contact), |row| row.get(0))
        .optional()?;
    email.map_or(Ok(()), |email| update_primary(conn, account, contact, &email))
}

/// Gives `alias`, which has no email, those of `emails` that `contact` has; the first of them becomes its primary one. A
/// contact that loses its primary email so gets the oldest of those left to it.
pub(super) fn take_back(
    conn: &Connection,
    account: AccountId,
    contact: i64,
    alias: i64,
    emails: &[(String, bool)],
) -> Result<(), Error> {
    let held = list(conn, account, contact)?;
    let is_back = |held: &ContactEmail| emails.iter().any(|(email, _)| *email == held.email);
    if held.iter().any(|held| held.is_primary && is_back(held)) {
        keep_primary_as_further(conn, account, contact, contact)?;
        conn.prepare_cached("update contact set email = '' where account_id = ?1 and id = ?2")?
            .execute((account.0, contact))?;
    }
    let mut give = conn.prepare_cached(
        "update contact_email set contact_id = ?3 where account_id = ?1 and contact_id = ?2 and email = ?4",
    )?;
    let mut primary = None;
    for (email, _) in emails {
        if give.execute((account.0, contact, alias, email))? > 0 {
            primary = primary.or(Some(email));
        }
    }
    if let Some(primary) = primary {
        update_primary(conn, account, alias, primary)?;
    }
    let mut left = list(conn, account, contact)?;
    left.sort_by(|a, b| (a.created, &a.email).cmp(&(b.created, &b.email)));
    match left.first() {
        Some(oldest) if left.iter().all(|email| !email.is_primary) => {
            update_primary(conn, account, contact, &oldest.email)
        }
        _ => Ok(()),
    }
}
