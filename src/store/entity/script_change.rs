//! Changes of the custom JavaScript of events, each with the old and the new code. The audit log cannot hold them,
//! because its details are short.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::user::UserId;
use crate::store::error::Error;

/// Most changes that are listed of an event.
const LISTED_MAX: i64 = 100;

/// Longest code that is listed, in characters. Of a longer one only the beginning is, followed by a line with `…`.
pub const TEXT_MAX: usize = 20_000;

/// One change. An empty text means that there was no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub at: Millis,
    /// `None` for the command line.
    pub user: Option<UserId>,
    pub old_hash: String,
    pub old: String,
    pub new_hash: String,
    pub new: String,
}

pub fn insert(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    change: &Change,
) -> Result<(), Error> {
    conn.prepare_cached(
        "insert into event_script_change (account_id, number, at_ms, user_id, old_hash, old_code, new_hash, new_code)
         values (:account, :number, :at, :user, :old_hash, :old, :new_hash, :new)",
    )?
    .execute(named_params! {
        ":account": account.0, ":number": event.0, ":at": change.at.0, ":user": change.user.map(|user| user.0),
        ":old_hash": change.old_hash, ":old": change.old, ":new_hash": change.new_hash, ":new": change.new,
    })?;
    Ok(())
}

/// The code with this hash, if it was replaced later than `since`.
pub fn find_replaced(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    hash: &str,
    since: Millis,
) -> Result<Option<String>, Error> {
    Ok(conn
        .prepare_cached(
            "select old_code from event_script_change
             where account_id = ?1 and number = ?2 and old_hash = ?3 and at_ms > ?4 limit 1",
        )?
        .query_row((account.0, event.0, hash, since.0), |row| row.get(0))
        .optional()?)
}

/// The newest first, with their code up to `TEXT_MAX`.
pub fn list(conn: &Connection, account: AccountId, event: EventNumber) -> Result<Vec<Change>, Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms, user_id, old_hash, substr(old_code, 1, ?4), new_hash, substr(new_code, 1, ?4)
         from event_script_change where account_id = ?1 and number = ?2 order by id desc limit ?3",
    )?;
    let most = i64::try_from(TEXT_MAX + 1).unwrap_or(i64::MAX);
    let changes = statement.query_map((account.0, event.0, LISTED_MAX, most), |row| {
        Ok(Change {
            at: Millis(row.get(0)?),
            user: row.get::<_, Option<i64>>(1)?.map(UserId),
            old_hash: row.get(2)?,
            old: shorten(row.get(3)?),
            new_hash: row.get(4)?,
            new: shorten(row.get(5)?),
        })
    })?;
    Ok(changes.collect::<Result<_, _>>()?)
}

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
        text.truncate(end);
        text.push_str("\n…");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_shortened_one_past_the_limit() {
        let text = |n: usize| "é".repeat(n);
        assert_eq!(shorten(text(TEXT_MAX)), text(TEXT_MAX));
        assert_eq!(shorten(text(TEXT_MAX + 1)), text(TEXT_MAX) + "\n…");
    }
}
