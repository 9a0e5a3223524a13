//! Bringing a file to this binary's schema: numbered, forward only, one transaction each, a copy taken first.
//! A file of a newer binary is refused and left as it is.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::open;
use crate::base::clock::Millis;
use crate::store::error::Error;

/// One step of a schema.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Migration {
    pub name: &'static str,
    pub sql: &'static str,
}

/// What a step does after its SQL, in the same transaction. SQL cannot read segments, so this is how a step computes
/// what it needs of closed days. The code that opens the file passes it, because reading segments is built on top of this module.
#[derive(Clone, Copy)]
pub(in crate::store) struct Fill {
    /// Name of the step.
    pub step: &'static str,
    pub run: fn(&Connection) -> Result<(), Error>,
}

/// The steps of `guestlog.db`; the number of a step is its place, from 1. Never edited, only added to.
pub(in crate::store) const MAIN: &[Migration] = &[
    Migration { name: "0001_start", sql: include_str!("migrations/0001_start.sql") },
    Migration { name: "0002_changes", sql: include_str!("migrations/0002_changes.sql") },
    Migration { name: "0003_people", sql: include_str!("migrations/0003_people.sql") },
    Migration { name: "0004_engagement", sql: include_str!("migrations/0004_engagement.sql") },
    Migration { name: "0005_contact_limit", sql: include_str!("migrations/0005_contact_limit.sql") },
    Migration { name: "0006_text_hash", sql: include_str!("migrations/0006_text_hash.sql") },
    Migration { name: "0007_tracking", sql: include_str!("migrations/0007_tracking.sql") },
    Migration { name: "0008_value_property", sql: include_str!("migrations/0008_value_property.sql") },
    Migration { name: "0009_click_id", sql: include_str!("migrations/0009_click_id.sql") },
    Migration { name: "0010_suspected", sql: include_str!("migrations/0010_suspected.sql") },
    Migration { name: "0011_packed_rows", sql: include_str!("migrations/0011_packed_rows.sql") },
    Migration { name: "0012_rows_before", sql: include_str!("migrations/0012_rows_before.sql") },
    Migration { name: "0013_erasing", sql: include_str!("migrations/0013_erasing.sql") },
    Migration { name: "0014_list", sql: include_str!("migrations/0014_list.sql") },
    Migration { name: "0015_merging", sql: include_str!("migrations/0015_merging.sql") },
    Migration { name: "0016_forms", sql: include_str!("migrations/0016_forms.sql") },
    Migration { name: "0017_import", sql: include_str!("migrations/0017_import.sql") },
    Migration { name: "0018_company", sql: include_str!("migrations/0018_company.sql") },
    Migration { name: "0019_identity_key", sql: include_str!("migrations/0019_identity_key.sql") },
    Migration {
        name: "0020_property_definition",
        sql: include_str!("migrations/0020_property_definition.sql"),
    },
    Migration { name: "0021_contact_change", sql: include_str!("migrations/0021_contact_change.sql") },
    Migration {
        name: "0022_event_property_event",
        sql: include_str!("migrations/0022_event_property_event.sql"),
    },
    Migration { name: "0023_retention", sql: include_str!("migrations/0023_retention.sql") },
    Migration { name: "0024_exclusions", sql: include_str!("migrations/0024_exclusions.sql") },
    Migration { name: "0025_consent", sql: include_str!("migrations/0025_consent.sql") },
    Migration { name: "0026_consent_choice", sql: include_str!("migrations/0026_consent_choice.sql") },
    Migration { name: "0027_anonymous_count", sql: include_str!("migrations/0027_anonymous_count.sql") },
    Migration { name: "0028_erasure_request", sql: include_str!("migrations/0028_erasure_request.sql") },
];

/// The steps of `inbox.db`.
pub(in crate::store) const INBOX: &[Migration] = &[
    Migration { name: "0001_inbox", sql: include_str!("migrations/inbox_0001_start.sql") },
    Migration { name: "0002_batch", sql: include_str!("migrations/inbox_0002_batch.sql") },
];

/// Version of the file, 0 when it is new.
///
/// # Errors
/// `TooNew` when a newer binary wrote it.
pub(in crate::store) fn version(conn: &Connection, steps: &[Migration]) -> Result<usize, Error> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = usize::try_from(found).map_err(|_| Error::NotOurs)?;
    if found > steps.len() {
        return Err(Error::TooNew { found, known: steps.len() });
    }
    Ok(found)
}

/// Applies the missing steps. A copy of the file is put next to `path` before the first one.
pub(in crate::store) fn run(
    conn: &mut Connection,
    steps: &[Migration],
    fills: &[Fill],
    path: &Path,
    now: Millis,
) -> Result<(), Error> {
    let found = version(conn, steps)?;
    if found == steps.len() {
        return Ok(());
    }
    if found > 0 {
        copy_before(conn, path, found)?;
    }
    for (place, step) in steps.iter().enumerate().skip(found) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step.sql)?;
        for fill in fills.iter().filter(|fill| fill.step == step.name) {
            (fill.run)(&tx)?;
        }
        if place == 0 {
            tx.pragma_update(None, "application_id", open::APPLICATION_ID)?;
        }
        tx.pragma_update(None, "user_version", i64::try_from(place + 1).unwrap_or(i64::MAX))?;
        tx.commit()?;
        tracing::info!(step = step.name, at_ms = now.0, "store migrated");
    }
    Ok(())
}

/// `guestlog.db` → `guestlog.db.version-3`, once per version.
fn copy_before(conn: &Connection, path: &Path, version: usize) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".version-{version}"));
    let copy = std::path::PathBuf::from(name);
    // A copy left by a migration that was cut off may be half written; the file itself is still whole.
    match std::fs::remove_file(&copy) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    conn.execute("vacuum into ?1", [copy.to_string_lossy()])?;
    Ok(())
}
