//! The SQLite files and every line of SQL. One file per aggregate with functions over `&Connection`; none of
//! them opens a transaction: the writer and the readers do.

pub mod account;
pub mod audit;
pub mod bot;
pub mod contact;
pub mod dead_letter;
pub mod dictionary;
pub mod error;
pub mod event;
pub mod inbox;
pub mod member;
mod migrate;
pub mod one_time_link;
mod open;
pub mod readers;
pub mod session;
pub mod sign_in;
pub mod token;
pub mod user;
pub mod visitor;
pub mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub use rusqlite::Connection;
use rusqlite::OptionalExtension;

pub use error::Error;

use crate::base::clock::{Clock, Millis};

/// Name of the main file in the data directory.
pub const MAIN_FILE: &str = "guestlog.db";
/// Name of the inbox in the data directory.
pub const INBOX_FILE: &str = "inbox.db";
/// Held locked by whoever may write.
pub const LOCK_FILE: &str = "guestlog.lock";

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    /// Free bytes below which nothing is taken in; 0 = no floor.
    pub min_free: u64,
    /// Connections for pages.
    pub readers: usize,
}

/// The open store: both files, their writers and readers. Holds the lock of the data directory.
pub struct Store {
    pub writer: writer::Writer,
    pub readers: Arc<readers::Readers>,
    pub inbox: inbox::Inbox,
    data_dir: PathBuf,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: File,
}

impl Store {
    /// Opens the files in `options.data_dir`, creating what is missing.
    ///
    /// # Errors
    /// `Locked` when another process has it, `TooNew`, `Corrupt`, or what the system says.
    pub fn open(options: &Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let now = clock.now();
        create_private_dir(&options.data_dir)?;
        let lock = lock(&options.data_dir)?;
        let main = options.data_dir.join(MAIN_FILE);
        let conn = open_checked(&main, migrate::MAIN, now)?;
        conn.execute("insert or ignore into meta values (1, 0, ?1)", [now.0])?;
        let watermark = watermark(&conn)?;
        let inbox_path = options.data_dir.join(INBOX_FILE);
        let inbox_conn = open_checked(&inbox_path, migrate::INBOX, now)?;
        let readers = readers::Readers::open(main, options.readers, Arc::clone(&clock))?;
        let (writer, writer_thread) = writer::Writer::start(conn)?;
        let (inbox, inbox_thread) =
            inbox::Inbox::start(inbox_conn, &inbox_path, watermark, options.min_free, Arc::clone(&clock))?;
        Ok(Self {
            writer,
            readers: Arc::new(readers),
            inbox,
            data_dir: options.data_dir.clone(),
            threads: Mutex::new(vec![writer_thread, inbox_thread]),
            _lock: lock,
        })
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Reads on the blocking pool.
    ///
    /// # Errors
    /// As `Readers::read`.
    pub async fn read<T, E>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.read(question))
            .await
            .unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// Closes both files: what is queued is written, the logs are folded in. Waits for the threads.
    pub fn close(self) {
        let Self { writer, readers, inbox, threads, .. } = self;
        drop((writer, inbox, readers));
        for thread in threads.into_inner().unwrap_or_else(PoisonError::into_inner) {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// Last inbox id that was folded.
///
/// # Errors
/// SQLite's.
pub fn watermark(conn: &Connection) -> Result<i64, Error> {
    Ok(conn
        .query_row("select watermark from meta where id = 1", [], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Says that everything up to `inbox_id` was folded; in the transaction that folded it.
///
/// # Errors
/// SQLite's.
pub fn update_watermark(conn: &Connection, inbox_id: i64) -> Result<(), Error> {
    conn.prepare_cached("update meta set watermark = ?1 where id = 1")?.execute([inbox_id])?;
    Ok(())
}

/// A directory only its owner may enter.
fn create_private_dir(dir: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    Ok(())
}

/// Takes the lock of a data directory; it is free again when the file is dropped, however the process ends.
///
/// # Errors
/// `Locked` when another process has it.
pub fn lock(data_dir: &Path) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = data_dir.join(LOCK_FILE);
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens and migrates a file; one that is damaged is named, with the way out.
fn open_checked(path: &Path, steps: &[migrate::Migration], now: Millis) -> Result<Connection, Error> {
    let damaged = |error: Error| {
        if error.is_corruption() {
            Error::Corrupt { file: path.to_owned(), finding: error.to_string() }
        } else {
            error
        }
    };
    refuse_newer(path, steps).map_err(damaged)?;
    let mut conn = open::writer(path).map_err(damaged)?;
    restrict(path)?;
    open::verify_header(&conn).map_err(damaged)?;
    migrate::run(&mut conn, steps, path, now).map_err(damaged)?;
    if std::fs::metadata(path)?.len() <= QUICK_CHECK_MAX {
        let finding: String =
            conn.query_row("pragma quick_check(1)", [], |row| row.get(0)).map_err(|e| damaged(e.into()))?;
        if finding != "ok" {
            return Err(Error::Corrupt { file: path.to_owned(), finding });
        }
    }
    Ok(conn)
}

/// Files up to this size are checked whole at each start (some 20 ms); larger ones by `guestlog check`.
const QUICK_CHECK_MAX: u64 = 8 * 1024 * 1024;

/// Looks at an existing file without writing a byte to it.
fn refuse_newer(path: &Path, steps: &[migrate::Migration]) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > 0 => {
            let conn = open::reader(path)?;
            migrate::version(&conn, steps).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// The data is for its owner alone.
fn restrict(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}
