//! Replaying dead letters. A row of the inbox names the letter. The letter itself stays in its table until the
//! transaction that counts it deletes it. So it counts once, wherever a replay is cut off and however often it is
//! repeated, with an event id or without.

use crate::app::core::App;
use crate::store::{self, Connection, dead_letter};

/// Letters queued at once.
const PAGE: u32 = 500;
/// An inbox row that names a letter begins so. No hit does: a hit begins with its account.
const MARK: &str = "{\"dl\":";

fn row_of(letter: i64) -> Vec<u8> {
    format!("{MARK}{letter}}}").into_bytes()
}

/// The letter that an inbox row names; `None` when the row is a hit.
pub(super) fn letter_of(row: &[u8]) -> Option<i64> {
    let number = row.strip_prefix(MARK.as_bytes())?.strip_suffix(b"}")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Deletes a letter and returns it, in the transaction that folds it. `None` when it is gone because it was counted
/// or erased.
pub(super) fn take(conn: &Connection, letter: i64) -> Result<Option<Vec<u8>>, store::Error> {
    let body = dead_letter::find_body(conn, letter)?;
    dead_letter::delete(conn, letter)?;
    Ok(body)
}

/// Queues all dead letters, oldest first, and returns how many. After an error no letter is lost, and none counts
/// twice.
pub async fn replay_dead_letters(app: &App) -> Result<usize, store::Error> {
    let (mut replayed, mut after) = (0, 0);
    // Letters that fail again keep their ids, so this loop meets no letter twice.
    let end = app.store.inbox.last_id();
    loop {
        let letters = app.store.read(move |conn| dead_letter::list_ids(conn, after, end, PAGE)).await?;
        let Some(last) = letters.last() else { return Ok(replayed) };
        after = *last;
        let count = letters.len();
        app.store.inbox.append(letters.into_iter().map(row_of).collect()).await?;
        // They are counted as received a second time, so that the counters add up.
        app.counters.receive(u64::try_from(count).unwrap_or(u64::MAX));
        replayed += count;
    }
}

/// Deletes all dead letters there are now, and with them acknowledged hits: a person has decided so. Returns how many.
pub async fn delete_dead_letters(app: &App) -> Result<usize, store::Error> {
    let (mut deleted, end) = (0, app.store.inbox.last_id());
    loop {
        let some = app.store.writer.write(move |conn| dead_letter::delete_oldest(conn, end, PAGE)).await?;
        deleted += some;
        if some == 0 {
            count_dead_letters(app).await?;
            return Ok(deleted);
        }
    }
}

/// Counts the letters again, after some came or went.
pub(super) async fn count_dead_letters(app: &App) -> Result<(), store::Error> {
    // On the writer's connection, because the fold waits for no reader.
    let totals = app.store.writer.write(dead_letter::totals).await?;
    app.dead_letters.set(totals);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_names_a_letter_is_told_from_everything_else() {
        for letter in [1, 7_000_000_000, i64::MAX] {
            assert_eq!(letter_of(&row_of(letter)), Some(letter));
        }
        for other in
            ["", "{}", "{\"dl\":", "{\"dl\":}", "{\"dl\":1", "{\"dl\":x}", "{\"a\":1000001,\"dl\":1}"]
        {
            assert_eq!(letter_of(other.as_bytes()), None, "{other}");
        }
        assert_eq!(letter_of(b"{\"dl\":\xff}"), None);
    }
}
