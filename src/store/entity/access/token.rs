//! API tokens. Only their hash is stored.

use rusqlite::{Connection, OptionalExtension, Row};

use super::user;
use crate::base::clock::Millis;
use crate::base::secret::Hash;
use crate::domain::account::AccountId;
use crate::domain::user::{Scope, TokenId};
use crate::store::error::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub account: AccountId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: Millis,
    pub last_used: Option<Millis>,
}

const COLUMNS: &str = "id, account_id, name, scopes, created_ms, last_used_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get(3)?;
    Ok(Token {
        id: TokenId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        // A scope that this version does not know gives no right.
        scopes: scopes.split(',').filter_map(Scope::parse).collect(),
        created: Millis(row.get(4)?),
        last_used: row.get::<_, Option<i64>>(5)?.map(Millis),
    })
}

pub fn insert(
    conn: &Connection,
    account: AccountId,
    name: &str,
    scopes: &[Scope],
    hash: &Hash,
    now: Millis,
) -> Result<TokenId, Error> {
    let scopes: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
    conn.execute(
        "insert into token (account_id, name, scopes, hash, created_ms) values (?1, ?2, ?3, ?4, ?5)",
        (account.0, name, scopes.join(","), hash, now.0),
    )?;
    Ok(TokenId(conn.last_insert_rowid()))
}

pub fn find(conn: &Connection, hash: &Hash) -> Result<Option<Token>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {COLUMNS} from token where hash = ?1"))?
        .query_row([hash], read)
        .optional()?)
}

/// The tokens of an account, oldest first.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<Token>, Error> {
    let mut statement =
        conn.prepare_cached(&format!("select {COLUMNS} from token where account_id = ?1 order by id"))?;
    let rows = statement.query_map([account.0], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn count(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn.query_row("select count(*) from token where account_id = ?1", [account.0], |row| row.get(0))?)
}

pub fn update_last_used(conn: &Connection, id: TokenId, now: Millis) -> Result<(), Error> {
    conn.execute("update token set last_used_ms = ?2 where id = ?1", (id.0, now.0))?;
    Ok(())
}

/// Answers `NotFound` when it is another account's.
pub fn delete(conn: &Connection, account: AccountId, id: TokenId) -> Result<(), Error> {
    user::changed(conn.execute("delete from token where id = ?1 and account_id = ?2", (id.0, account.0))?)
}
