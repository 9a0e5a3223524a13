//! The SQLite files and every line of SQL. One file per aggregate with functions over `&Connection`; none of
//! them opens a transaction: the writer and the readers do.

pub mod entity;
pub mod error;
pub mod file;
pub mod history;
pub mod hits;
pub mod people;
pub mod scan;
pub mod segment;
mod totals;
pub mod upkeep;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub use data_dir::{INBOX_FILE, LOCK_FILE, MAIN_FILE};
pub use entity::{
    account, audit, bot, consent, definition, element_pick, event_work, member, one_time_link, saved_view,
    script_change, sign_in, token, unexpected, user,
};
pub use error::Error;
use file::presence::Presence;
use file::truncate_log;
pub use file::{changes, data_dir, readers, writer};
use file::{migrate, open};
use history::visit_counts;
pub use history::{
    anonymous_count, contact_activity, count_back, erase_texts, erase_visitors, export, retention, timeline,
};
use hits::pack_columns;
pub use hits::watermark::{update_watermark, watermark};
pub use hits::{batch, dead_letter, dictionary, event, inbox, row, session, unpacked};
pub use open::{WriterMemory, set_writer_memory};
pub use people::{
    alias, blocked_email, company, contact, contact_change, contact_erasure, contact_joining, contact_list,
    email, form, identification, identity_key, import, list, person, property, property_definition, search,
    submission, visitor,
};
pub use upkeep::{backup, check, erased, erasure_request, restore, statistics, verify_backup, withdrawn};

use crate::base::clock::Clock;

/// A connection of the writer or a reader. Use cases pass it on to the functions of this layer; what is asked
/// of it, in SQL, stands here alone (`tests/it/style.rs` holds it).
pub type Connection = rusqlite::Connection;

/// Longest it waits until folded hits are deleted.
const PURGE_WAIT: std::time::Duration = std::time::Duration::from_secs(10);
/// Most reads that wait for a connection. One more is refused as busy.
pub const WAITING_READS_MAX: usize = 256;

/// What steps of `guestlog.db` do beyond their SQL.
const FILLS: &[migrate::Fill] = &[
    migrate::Fill { step: "0003_people", run: visit_counts::fill },
    migrate::Fill { step: "0006_text_hash", run: dictionary::fill },
    migrate::Fill { step: "0011_packed_rows", run: pack_columns::fill },
];

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
    /// Places of reads that wait for their turn.
    waiting_reads: Arc<tokio::sync::Semaphore>,
    /// One turn for each reader.
    reading: Arc<tokio::sync::Semaphore>,
    /// Turns for reads that may take long: one reader is left for the others.
    reading_long: Arc<tokio::sync::Semaphore>,
    /// What follows the changes of `guestlog.db`.
    pub changes: Arc<changes::Changes>,
    pub scanner: Arc<scan::Scanner>,
    /// Finds contacts by what one types.
    pub contact_search: Arc<search::ContactSearch>,
    /// Which contacts there are, for lists.
    pub active_contacts: Arc<contact_change::ActiveContacts>,
    /// Who was erased.
    pub erased: erased::ErasedPersons,
    /// Browsers whose visitors withdrew.
    pub withdrawn: Arc<withdrawn::WithdrawnBrowsers>,
    data_dir: PathBuf,
    threads: Mutex<Vec<JoinHandle<()>>>,
    probing: tokio::sync::Mutex<()>,
    _lock: File,
}

impl Store {
    /// Opens the files in `options.data_dir`, creating what is missing.
    ///
    /// # Errors
    /// `Locked` when another process has it, `TooNew`, `Corrupt`, or what the system says.
    pub fn open(options: &Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let now = clock.now();
        data_dir::create_data_dir(&options.data_dir)?;
        let lock = data_dir::lock(&options.data_dir)?;
        data_dir::finish_restore(&options.data_dir)?;
        data_dir::remove_permissions_of_others(&options.data_dir)?;
        data_dir::refuse_unfit(&options.data_dir)?;
        let withdrawn = Arc::new(withdrawn::WithdrawnBrowsers::open(&options.data_dir)?);
        let main = options.data_dir.join(MAIN_FILE);
        let conn = data_dir::open_checked(&main, migrate::MAIN, FILLS, open::MAIN_PAGE_BYTES, now)?;
        conn.execute("insert or ignore into meta (id, watermark, created_ms) values (1, 0, ?1)", [now.0])?;
        let watermark = watermark(&conn)?;
        let inbox_path = options.data_dir.join(INBOX_FILE);
        if watermark > 0 && data_dir::is_absent(&inbox_path)? {
            tracing::warn!(
                "{} was missing and was created again; hits that waited in it are lost",
                inbox_path.display()
            );
        }
        let inbox_conn =
            data_dir::open_checked(&inbox_path, migrate::INBOX, &[], open::INBOX_PAGE_BYTES, now)?;
        set_writer_memory(&inbox_conn, WriterMemory::Small)?;
        let file = Presence::of(&main)?;
        let readers = Arc::new(readers::Readers::open(main, options.readers, Arc::clone(&clock))?);
        let changes = Arc::new(changes::Changes::since(changes::latest(&conn)?));
        let (writer, writer_thread) = writer::Writer::start(conn, file, Arc::clone(&changes))?;
        let (inbox, inbox_thread) =
            inbox::Inbox::start(inbox_conn, &inbox_path, watermark, options.min_free, Arc::clone(&clock))?;
        Ok(Self {
            writer,
            scanner: Arc::new(scan::Scanner::new(Arc::clone(&readers))),
            contact_search: Arc::default(),
            active_contacts: Arc::default(),
            readers,
            waiting_reads: Arc::new(tokio::sync::Semaphore::new(WAITING_READS_MAX)),
            reading: Arc::new(tokio::sync::Semaphore::new(options.readers.max(1))),
            reading_long: Arc::new(tokio::sync::Semaphore::new(options.readers.saturating_sub(1).max(1))),
            inbox,
            changes,
            erased: erased::ErasedPersons::of(&options.data_dir),
            withdrawn,
            data_dir: options.data_dir.clone(),
            threads: Mutex::new(vec![writer_thread, inbox_thread]),
            probing: tokio::sync::Mutex::default(),
            _lock: lock,
        })
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Reads on the blocking pool.
    pub async fn read<T, E>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let turn = self.take_turn(&self.reading).await?;
        let readers = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || {
            let answer = readers.read(question);
            drop(turn);
            answer
        });
        done.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    /// The same for what may take long: however many of these run or wait, one reader is left for others.
    pub async fn read_long<T, E>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let turn = self.take_turn(&self.reading_long).await?;
        // The turn goes with the question: when the caller gives up, the reader is still in use.
        let in_turn = move |conn: &Connection| {
            let answer = question(conn);
            drop(turn);
            answer
        };
        self.read(in_turn).await
    }

    /// Who waits for a turn does not hold a thread: hundreds of them would take hundreds of megabytes.
    async fn take_turn(
        &self,
        turns: &Arc<tokio::sync::Semaphore>,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, Error> {
        let Ok(_place) = Arc::clone(&self.waiting_reads).try_acquire_owned() else { return Err(Error::Busy) };
        let turn = tokio::time::timeout(readers::WAIT, Arc::clone(turns).acquire_owned());
        turn.await.ok().and_then(Result::ok).ok_or(Error::Busy)
    }

    /// Writes the logs of both files back into the files and empties them, because they hold older states of changed pages,
    /// such as those with somebody who was erased. When somebody reads for so long that it cannot be done, the log is
    /// emptied by a later one, and at the latest when the store is closed.
    pub async fn truncate_logs(&self) {
        let through = self.inbox.last_id();
        if tokio::time::timeout(PURGE_WAIT, self.inbox.purged(through)).await.is_err() {
            tracing::warn!("processed hits are not deleted yet, so their log is emptied later");
        }
        let data_dir = self.data_dir.clone();
        let done = tokio::task::spawn_blocking(move || truncate_log::truncate_logs(&data_dir)).await;
        match done.map_err(|_| Error::Panicked).flatten() {
            Ok(true) => {}
            Ok(false) => tracing::warn!("a log is in use, so it is emptied later"),
            Err(error) => tracing::warn!(%error, "a log could not be emptied"),
        }
    }

    /// Writes to both files without changing what they say: is the way to the disk open?
    ///
    /// # Errors
    /// Why not.
    pub async fn probe(&self) -> Result<(), Error> {
        // One at a time: asking often must not crowd out those who have something to write.
        let _turn = self.probing.lock().await;
        self.inbox.probe().await?;
        self.writer
            .write(|conn| {
                conn.prepare_cached("update meta set watermark = watermark where id = 1")?.execute([])?;
                Ok(())
            })
            .await
    }

    /// Frees what is kept of the files in memory, as far as nobody uses it. What reports keep goes when none was asked for
    /// since the last call.
    ///
    /// # Errors
    /// Those of the writer.
    pub async fn release_memory(&self) -> Result<(), Error> {
        self.scanner.release_memory();
        self.contact_search.release_memory();
        self.active_contacts.release_memory();
        self.readers.release_memory();
        self.inbox.release_memory();
        self.writer.write(|conn| Ok(conn.release_memory()?)).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{ManualClock, Millis};

    #[tokio::test(flavor = "multi_thread")]
    async fn as_many_reads_as_may_wait_wait_and_one_more_is_sent_away() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
        let store = Arc::new(Store::open(&options, ManualClock::at(Millis(0))).unwrap());
        let (release, held) = std::sync::mpsc::channel::<()>();
        let read = |store: &Arc<Store>| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.read(|_| Ok::<_, Error>(())).await })
        };
        let holder = Arc::clone(&store);
        let holding =
            tokio::spawn(async move { holder.read(move |_| Ok::<_, Error>(held.recv().is_ok())).await });
        while store.reading.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = (0..WAITING_READS_MAX).map(|_| read(&store)).collect();
        while store.waiting_reads.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(read(&store).await.unwrap(), Err(Error::Busy)), "one past the limit");
        release.send(()).unwrap();
        assert!(holding.await.unwrap().unwrap());
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        read(&store).await.unwrap().unwrap();
    }
}
