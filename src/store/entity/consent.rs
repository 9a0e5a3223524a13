//! The revisions of consent policies. The latest one is in force.

pub mod choice;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::policy::{InForce, Policy};
use crate::domain::user::UserId;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// One revision of a policy, as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub number: u32,
    pub made: Millis,
    /// Email of the user who made it; `None` for the command line and for users who are gone.
    pub user: Option<String>,
    /// Choices of earlier revisions became void by it.
    pub asks_again: bool,
    pub policy: Policy,
}

const COLUMNS: &str = "r.number, r.made_ms, u.email, r.asks_again, r.policy";

/// Makes a revision, which is in force from now on. Returns its number.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    policy: &Policy,
    asks_again: bool,
    user: Option<UserId>,
    now: Millis,
) -> Result<u32, Error> {
    let json = serde_json::to_string(policy).map_err(|_| Error::Unreadable("a consent policy".to_owned()))?;
    let number = conn
        .prepare_cached(
            "insert into consent_revision (account_id, number, made_ms, user_id, asks_again, policy)
             select :account, 1 + coalesce(max(number), 0), :now, :user, :again, :policy
             from consent_revision where account_id = :account
             returning number",
        )?
        .query_row(
            named_params! {
                ":account": account.0, ":now": now.0, ":user": user.map(|user| user.0),
                ":again": asks_again, ":policy": json,
            },
            |row| row.get(0),
        )?;
    changes::raise(conn, account, Kind::Account)?;
    Ok(number)
}

/// The revision in force; `None` when the account has no policy.
pub fn find(conn: &Connection, account: AccountId) -> Result<Option<Revision>, Error> {
    Ok(list(conn, account, u32::MAX, 1)?.pop())
}

/// Revisions with numbers below `before`, the newest first.
pub fn list(
    conn: &Connection,
    account: AccountId,
    before: u32,
    limit: usize,
) -> Result<Vec<Revision>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from consent_revision r left join user u on u.id = r.user_id
         where r.account_id = ?1 and r.number < ?2 order by r.number desc limit ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query((account.0, before, limit))?;
    let mut revisions = Vec::new();
    while let Some(row) = rows.next()? {
        revisions.push(read(row)?);
    }
    Ok(revisions)
}

/// One revision by its number.
pub fn find_number(conn: &Connection, account: AccountId, number: u32) -> Result<Option<Revision>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from consent_revision r left join user u on u.id = r.user_id
         where r.account_id = ?1 and r.number = ?2"
    ))?;
    let mut rows = statement.query((account.0, number))?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<Revision, Error> {
    let policy: String = row.get(4)?;
    let policy =
        serde_json::from_str(&policy).map_err(|_| Error::Unreadable("a consent policy".to_owned()))?;
    Ok(Revision {
        number: row.get(0)?,
        made: Millis(row.get(1)?),
        user: row.get(2)?,
        asks_again: row.get(3)?,
        policy,
    })
}

/// The revision by which the account last asked again, and when.
pub fn find_asked(conn: &Connection, account: AccountId) -> Result<Option<(u32, Millis)>, Error> {
    Ok(conn
        .prepare_cached(
            "select number, made_ms from consent_revision
             where account_id = ?1 and asks_again = 1 order by number desc limit 1",
        )?
        .query_row([account.0], |row| Ok((row.get(0)?, Millis(row.get(1)?))))
        .optional()?)
}

/// The policy that decides from now on, compiled; `None` when the account has none.
pub fn find_in_force(conn: &Connection, account: AccountId) -> Result<Option<InForce>, Error> {
    let Some(latest) = find(conn, account)? else { return Ok(None) };
    let asked = find_asked(conn, account)?;
    Ok(Some(InForce::new(latest.policy, latest.number, asked)))
}
