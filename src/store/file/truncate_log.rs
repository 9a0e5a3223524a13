//! Empties the write-ahead logs. SQLite writes changed pages from a log back into the file now and then, but leaves the
//! bytes of the log until they are written over.

use std::path::Path;
use std::time::Duration;

use super::data_dir::{INBOX_FILE, MAIN_FILE};
use super::open;
use crate::base::clock::pause;
use crate::store::error::Error;

/// A log can be emptied while nobody reads an older state. Reports read for up to ten seconds.
const TRIES: u32 = 120;
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// Longest that one attempt waits. Meanwhile nobody can write.
const BUSY: Duration = Duration::from_millis(20);

/// Empties the logs of both files of an open store. Answers whether that worked.
pub(in crate::store) fn truncate_logs(data_dir: &Path) -> Result<bool, Error> {
    Ok(truncate(&data_dir.join(MAIN_FILE))? && truncate(&data_dir.join(INBOX_FILE))?)
}

fn truncate(path: &Path) -> Result<bool, Error> {
    // The writer runs everything in transactions, in which this cannot be done.
    let conn = open::checkpointer(path)?;
    conn.busy_timeout(BUSY)?;
    for _ in 0..TRIES {
        let is_busy: bool = conn.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        if !is_busy {
            return Ok(true);
        }
        pause(TRY_AGAIN);
    }
    Ok(false)
}
