//! Dead letters put in line again. A row of the inbox names the letter; the letter itself stays where it lies until
//! the transaction that counts it takes it away. So it counts once, wherever a replay is cut off and however often
//! it is asked for, with an event id or without.

use crate::app::core::App;
use crate::store::{self, Connection, dead_letter};

/// Letters put in line at once.
const PAGE: u32 = 500;
/// How a row that names a letter begins. No hit begins so: its account comes first.
const MARK: &str = "{\"dl\":";

fn row_of(letter: i64) -> Vec<u8> {
    format!("{MARK}{letter}}}").into_bytes()
}

/// The letter a row of the inbox names; `None` of a hit.
pub(super) fn letter_of(row: &[u8]) -> Option<i64> {
    let number = row.strip_prefix(MARK.as_bytes())?.strip_suffix(b"}")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Takes a letter away to be folded, in the transaction that folds it. `None` when it is gone: it was counted, or
/// erased.
pub(super) fn take(conn: &Connection, letter: i64) -> Result<Option<Vec<u8>>, store::Error> {
    let body = dead_letter::find_body(conn, letter)?;
    dead_letter::delete(conn, letter)?;
    Ok(body)
}

/// Puts all dead letters in line, oldest first; answers how many.
///
/// # Errors
/// The store's; whatever was put in line by then, no letter is lost and none counts twice.
pub async fn replay_dead_letters(app: &App) -> Result<usize, store::Error> {
    let (mut replayed, mut after) = (0, 0);
    // Those that cannot be folded this time either keep their ids: no letter is met twice.
    let end = app.store.inbox.last_id();
    loop {
        let letters = app.store.read(move |conn| dead_letter::list_ids(conn, after, end, PAGE)).await?;
        let Some(last) = letters.last() else { return Ok(replayed) };
        after = *last;
        let count = letters.len();
        app.store.inbox.append(letters.into_iter().map(row_of).collect()).await?;
        // Received a second time, for the sum of the counters.
        app.counters.receive(u64::try_from(count).unwrap_or(u64::MAX));
        replayed += count;
    }
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
