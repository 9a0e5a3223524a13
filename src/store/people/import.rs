//! Imports of contacts: what is known of each file, how far it has come, and which of its rows were refused. Nothing here
//! holds what stands in a file.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::import::{Column, Reason, Refusal};
use crate::store::error::Error;

/// Imports that are kept of an account, the latest ones.
pub const IMPORTS_MAX: usize = 100;
/// Refused rows that are deleted in one step.
const STEP: i64 = 10_000;

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum State {
    /// The file is there, and nothing was done with it.
    Uploaded,
    /// Its rows are compared with the contacts, and nothing is changed.
    Checking,
    Checked,
    /// Its rows are imported.
    Running,
    Done,
    /// It ended before its last row.
    Stopped,
}

impl State {
    const ALL: [Self; 6] =
        [Self::Uploaded, Self::Checking, Self::Checked, Self::Running, Self::Done, Self::Stopped];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Is there work to do?
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Checking | Self::Running)
    }

    /// Does nothing follow any more?
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Stopped)
    }
}

/// Why an import ended before its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody of the account was erased, and the file may have named them.
    Erased,
    /// The file is not there any more, or cannot be read.
    Lost,
}

impl Stop {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Lost => "lost",
        }
    }
}

/// What became of the rows so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub created: u64,
    pub changed: u64,
    pub same: u64,
    pub refused: u64,
}

impl Tally {
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.created + self.changed + self.same + self.refused
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: i64,
    pub account: AccountId,
    /// Name of the file as it was uploaded.
    pub name: String,
    /// Its name in the folder of imports; empty = it is deleted.
    pub file: String,
    pub state: State,
    pub stop: Option<Stop>,
    pub encoding: String,
    pub separator: u8,
    pub columns: Vec<Column>,
    pub rows: u64,
    /// Last line of the file that was checked or imported.
    pub line: u64,
    pub tally: Tally,
    pub created: Millis,
    pub finished: Option<Millis>,
}

const FIELDS: &str =
    "id, account_id, name, file, state, stop, encoding, separator, columns, rows, line, created, changed,
    same, refused, created_ms, finished_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Import> {
    let text = |column| row.get::<_, String>(column);
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Import {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        file: row.get(3)?,
        // The schema lets in no others.
        state: State::parse(&text(4)?).unwrap_or(State::Stopped),
        stop: match &*text(5)? {
            "erased" => Some(Stop::Erased),
            "lost" => Some(Stop::Lost),
            _ => None,
        },
        encoding: row.get(6)?,
        separator: text(7)?.bytes().next().unwrap_or(b','),
        // Only `insert` and `update_columns` write them.
        columns: serde_json::from_str(&text(8)?).unwrap_or_default(),
        rows: count(9)?,
        line: count(10)?,
        tally: Tally { created: count(11)?, changed: count(12)?, same: count(13)?, refused: count(14)? },
        created: Millis(row.get(15)?),
        finished: row.get::<_, Option<i64>>(16)?.map(Millis),
    })
}

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImport<'a> {
    pub user: Option<i64>,
    pub name: &'a str,
    pub file: &'a str,
    pub encoding: &'a str,
    pub separator: u8,
    pub columns: &'a [Column],
    pub rows: u64,
}

fn json_of(columns: &[Column]) -> Result<String, Error> {
    serde_json::to_string(columns).map_err(|error| Error::Unreadable(error.to_string()))
}

pub fn insert(conn: &Connection, account: AccountId, new: &NewImport<'_>, now: Millis) -> Result<i64, Error> {
    conn.prepare_cached(
        "insert into import (account_id, user_id, name, file, state, encoding, separator, columns, rows, created_ms)
         values (?1, ?2, ?3, ?4, 'uploaded', ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        account.0,
        new.user,
        new.name,
        new.file,
        new.encoding,
        char::from(new.separator).to_string(),
        json_of(new.columns)?,
        signed(new.rows),
        now.0,
    ])?;
    Ok(conn.last_insert_rowid())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn find(conn: &Connection, account: AccountId, id: i64) -> Result<Option<Import>, Error> {
    Ok(conn
        .prepare_cached(&format!("select {FIELDS} from import where account_id = ?1 and id = ?2"))?
        .query_row((account.0, id), read)
        .optional()?)
}

/// The imports of an account, the latest first.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<Import>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from import indexed by import_account where account_id = ?1 order by id desc"
    ))?;
    let imports = statement.query_map([account.0], read)?;
    Ok(imports.collect::<Result<_, _>>()?)
}

/// Of all accounts, those that have a file or have something to do, the oldest first.
pub fn list_open(conn: &Connection) -> Result<Vec<Import>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {FIELDS} from import where file <> '' or state in ('checking', 'running') order by id"
    ))?;
    let imports = statement.query_map([], read)?;
    Ok(imports.collect::<Result<_, _>>()?)
}

pub fn update_columns(conn: &Connection, id: i64, columns: &[Column]) -> Result<(), Error> {
    conn.prepare_cached("update import set columns = ?2 where id = ?1")?.execute((id, json_of(columns)?))?;
    Ok(())
}

/// Lets an import begin from the first row. Its refused rows must be deleted before.
pub fn begin(conn: &Connection, id: i64, state: State) -> Result<(), Error> {
    conn.prepare_cached(
        "update import set state = ?2, line = 0, created = 0, changed = 0, same = 0, refused = 0, finished_ms = null
         where id = ?1",
    )?
    .execute((id, state.as_str()))?;
    Ok(())
}

/// Writes down what became of further rows, up to this line.
pub fn add_rows(
    conn: &Connection,
    id: i64,
    line: u64,
    tally: &Tally,
    refusals: &[Refusal],
) -> Result<(), Error> {
    conn.prepare_cached(
        "update import set line = ?2, created = created + ?3, changed = changed + ?4, same = same + ?5,
             refused = refused + ?6
         where id = ?1",
    )?
    .execute((
        id,
        signed(line),
        signed(tally.created),
        signed(tally.changed),
        signed(tally.same),
        signed(tally.refused),
    ))?;
    let mut insert = conn.prepare_cached(
        "insert into import_refusal (import_id, line, column, reason, other) values (?1, ?2, ?3, ?4, ?5)",
    )?;
    for refusal in refusals {
        let column = refusal.column.map(|column| column as u32);
        insert.execute((id, signed(refusal.line), column, refusal.reason.as_str(), refusal.other))?;
    }
    Ok(())
}

/// Ends the work on an import.
pub fn finish(
    conn: &Connection,
    id: i64,
    state: State,
    stop: Option<Stop>,
    now: Millis,
) -> Result<(), Error> {
    conn.prepare_cached("update import set state = ?2, stop = ?3, finished_ms = ?4 where id = ?1")?
        .execute((id, state.as_str(), stop.map_or("", Stop::as_str), now.0))?;
    Ok(())
}

/// The file of an import is deleted.
pub fn update_without_file(conn: &Connection, id: i64) -> Result<(), Error> {
    conn.prepare_cached("update import set file = '' where id = ?1")?.execute([id])?;
    Ok(())
}

/// Stops all imports of an account that are not over.
pub fn stop_all(conn: &Connection, account: AccountId, stop: Stop, now: Millis) -> Result<(), Error> {
    conn.prepare_cached(
        "update import set state = 'stopped', stop = ?2, finished_ms = ?3
         where account_id = ?1 and state not in ('done', 'stopped')",
    )?
    .execute((account.0, stop.as_str(), now.0))?;
    Ok(())
}

/// Deletes a step of the refused rows of an import. Answers whether there are more.
pub fn delete_refusals(conn: &Connection, id: i64) -> Result<bool, Error> {
    let deleted = conn
        .prepare_cached(
            "delete from import_refusal where import_id = ?1 and line in
                 (select line from import_refusal where import_id = ?1 limit ?2)",
        )?
        .execute((id, STEP))?;
    Ok(signed(deleted as u64) == STEP)
}

/// Deletes an import that has no refused rows any more.
pub fn delete(conn: &Connection, id: i64) -> Result<(), Error> {
    conn.prepare_cached("delete from import where id = ?1")?.execute([id])?;
    Ok(())
}

/// The refused rows of an import after this line, in order.
pub fn list_refusals(conn: &Connection, id: i64, after: u64, limit: usize) -> Result<Vec<Refusal>, Error> {
    let mut statement = conn.prepare_cached(
        "select line, column, reason, other from import_refusal where import_id = ?1 and line > ?2
         order by line limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let refusals = statement.query_map((id, signed(after), limit), |row| {
        let reason: String = row.get(2)?;
        Ok(Refusal {
            line: row.get::<_, i64>(0)?.unsigned_abs(),
            column: row.get::<_, Option<u32>>(1)?.map(|column| column as usize),
            // Only `add_rows` writes them.
            reason: Reason::parse(&reason).unwrap_or(Reason::NobodyNamed),
            other: row.get(3)?,
        })
    })?;
    Ok(refusals.collect::<Result<_, _>>()?)
}
