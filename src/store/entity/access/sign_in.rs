//! Signed-in browsers. Only the hash of the cookie is stored.

use rusqlite::{Connection, OptionalExtension, Row};

use super::user::{self, User};
use crate::base::clock::Millis;
use crate::base::secret::Hash;
use crate::domain::user::UserId;
use crate::store::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignInId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub id: SignInId,
    /// Must be sent with every form of this browser.
    pub csrf: String,
    /// The User-Agent header, shortened.
    pub browser: String,
    pub created: Millis,
    /// When it was last seen, accurate to a few minutes.
    pub last: Millis,
}

const COLUMNS: &str = "sign_in.id, csrf, browser, sign_in.created_ms, last_ms";

fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<SignIn> {
    Ok(SignIn {
        id: SignInId(row.get(at)?),
        csrf: row.get(at + 1)?,
        browser: row.get(at + 2)?,
        created: Millis(row.get(at + 3)?),
        last: Millis(row.get(at + 4)?),
    })
}

pub fn insert(
    conn: &Connection,
    hash: &Hash,
    user: UserId,
    csrf: &str,
    browser: &str,
    now: Millis,
) -> Result<SignInId, Error> {
    conn.execute(
        "insert into sign_in (hash, user_id, csrf, browser, created_ms, last_ms)
         values (?1, ?2, ?3, ?4, ?5, ?5)",
        (hash, user.0, csrf, browser, now.0),
    )?;
    Ok(SignInId(conn.last_insert_rowid()))
}

/// Finds a sign-in and its user by the hash of the cookie, also when it is too old to be used.
pub fn find(conn: &Connection, hash: &Hash) -> Result<Option<(SignIn, User)>, Error> {
    let of_user = user::COLUMNS;
    Ok(conn
        .prepare_cached(&format!(
            "select {of_user}, {COLUMNS} from sign_in join user on user.id = sign_in.user_id where hash = ?1"
        ))?
        .query_row([hash], |row| Ok((read(row, 6)?, user::read(row)?)))
        .optional()?)
}

pub fn update_last(conn: &Connection, id: SignInId, now: Millis) -> Result<(), Error> {
    conn.execute("update sign_in set last_ms = ?2 where id = ?1", (id.0, now.0))?;
    Ok(())
}

/// Replaces the cookie of a browser.
pub fn update_hash(conn: &Connection, id: SignInId, hash: &Hash, csrf: &str) -> Result<(), Error> {
    user::changed(conn.execute("update sign_in set hash = ?2, csrf = ?3 where id = ?1", (id.0, hash, csrf))?)
}

/// The browsers of a user, the one seen last first.
pub fn list(conn: &Connection, user: UserId) -> Result<Vec<SignIn>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from sign_in where user_id = ?1 order by last_ms desc, id desc"
    ))?;
    let rows = statement.query_map([user.0], |row| read(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Answers `NotFound` when it is another user's.
pub fn delete(conn: &Connection, user: UserId, id: SignInId) -> Result<(), Error> {
    user::changed(conn.execute("delete from sign_in where id = ?1 and user_id = ?2", (id.0, user.0))?)
}

/// Deletes all of a user, except `keep`; answers how many.
pub fn delete_of_user(conn: &Connection, user: UserId, keep: Option<SignInId>) -> Result<usize, Error> {
    Ok(conn
        .execute("delete from sign_in where user_id = ?1 and id is not ?2", (user.0, keep.map(|id| id.0)))?)
}

/// Deletes those that began before `created` or were last seen before `last`.
pub fn delete_older(conn: &Connection, created: Millis, last: Millis) -> Result<usize, Error> {
    Ok(conn.execute("delete from sign_in where created_ms < ?1 or last_ms < ?2", (created.0, last.0))?)
}

/// Deletes all but the newest `keep` of a user.
pub fn delete_beyond(conn: &Connection, user: UserId, keep: i64) -> Result<usize, Error> {
    Ok(conn.execute(
        "delete from sign_in where user_id = ?1 and id not in
         (select id from sign_in where user_id = ?1 order by id desc limit ?2)",
        (user.0, keep),
    )?)
}
