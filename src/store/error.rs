//! Errors of the store, with the variants that callers distinguish.

use std::path::PathBuf;
use std::time::Duration;

/// How long a read may take. The write-ahead log cannot shrink while an old state is read.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Why a segment cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("it is cut off")]
    Short,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("the numbers in its row were changed")]
    Row,
    #[error("its format {0} is unknown")]
    Format(u8),
    #[error("it contains {found} values instead of {wanted}")]
    Count { found: usize, wanted: usize },
    #[error("it contradicts itself")]
    Inconsistent,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the store is busy; try again")]
    Busy,
    #[error("the store is closed")]
    Closed,
    #[error("the report took longer than {} s; choose a shorter period", TIME_LIMIT.as_secs())]
    TimeLimit,
    #[error("an internal task panicked")]
    Panicked,
    #[error("nothing was stored: the transaction was rolled back")]
    RolledBack,
    #[error("{0} was removed or replaced while the server uses it; put it back, or restart the server")]
    Gone(PathBuf),
    #[error("not found")]
    NotFound,
    #[error("it already exists")]
    Conflict,
    #[error("another Guestlog process is using {0}")]
    Locked(PathBuf),
    #[error("cannot use the data directory {path}: {source}")]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error(
        "the store has version {found} and this program needs version {known}; start the server once to \
         update the store"
    )]
    NotMigrated { found: usize, known: usize },
    #[error("this file is not a Guestlog store")]
    NotOurs,
    #[error(
        "the store has version {found} and this program supports version {known}; use the newer Guestlog \
         that wrote it"
    )]
    TooNew { found: usize, known: usize },
    #[error(
        "{file} is damaged ({finding}); nothing was changed. Restore a backup with: guestlog restore FILE"
    )]
    Corrupt { file: PathBuf, finding: String },
    #[error("{file} is not a usable backup: {finding}")]
    BadBackup { file: PathBuf, finding: String },
    #[error("{0} already exists; use --force to replace a regular file")]
    Exists(PathBuf),
    #[error("a hit in the inbox cannot be read: {0}")]
    Unreadable(String),
    #[error("a segment is damaged: {0}")]
    Damaged(#[from] Damage),
    #[error("SQLite: {0}")]
    Sqlite(rusqlite::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TimeLimit,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ConstraintViolation) if is_unique(&error) => Self::Conflict,
            _ => Self::Sqlite(error),
        }
    }
}

fn is_unique(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_extended_error_code(),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}

impl Error {
    /// The error for the other callers of a batch that failed. SQLite's error cannot be cloned.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Closed => Self::Closed,
            Self::Gone(path) => Self::Gone(path.clone()),
            _ => Self::RolledBack,
        }
    }

    /// Names the file if the error means that it is damaged.
    #[must_use]
    pub(super) fn of_file(self, file: &std::path::Path) -> Self {
        match self {
            Self::Corrupt { .. } => self,
            error if error.is_corruption() => {
                Self::Corrupt { file: file.to_owned(), finding: error.to_string() }
            }
            error => error,
        }
    }

    /// Does the error mean that the file is damaged?
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        use rusqlite::ErrorCode;
        match self {
            Self::NotOurs | Self::Corrupt { .. } => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }

    /// Would the next job fail too, because the disk or the queue is the cause?
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        use rusqlite::ErrorCode;
        match self {
            Self::Busy | Self::Closed | Self::RolledBack | Self::Gone(_) | Self::Io(_) => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::ReadOnly
                        | ErrorCode::CannotOpen
                        | ErrorCode::OutOfMemory
                )
            ),
            _ => false,
        }
    }
}
