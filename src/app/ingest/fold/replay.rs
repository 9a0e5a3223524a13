//! Replaying dead letters. A row of the inbox names the letter. The letter itself stays in its table until the
//! transaction that counts it deletes it. So it counts once, wherever a replay is cut off and however often it is
//! repeated, with an event id or without.

use crate::app::core::App;
use crate::store::inbox::Entry;
use crate::store::{self, Connection, dead_letter, row};

/// Letters queued at once.
const PAGE: u32 = 500;

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
        let rows = letters.into_iter().map(|letter| Entry::of_row(row::of_letter(letter)));
        app.store.inbox.append(rows.collect()).await?;
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
