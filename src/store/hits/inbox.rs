//! The inbox: accepted hits that are not folded yet, in the file `inbox.db`.
//!
//! One thread writes it. It takes all requests that have queued up, appends their hits in one transaction, syncs it to
//! disk, and only then are the requests answered (group commit). The hits of a transaction share a few rows, called
//! batches. Ids never restart below the watermark, because the fold would take a hit with such an id for one that it has
//! counted already.

use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::batch::{self, Batch};
use super::recent::Recent;
use crate::base::clock::{Clock, SECOND};
use crate::domain::hit::Hit;
use crate::store::error::Error;
use crate::store::file::open;
use crate::store::file::presence::Presence;

/// Most requests that wait for their commit. One more is refused.
pub const QUEUE: usize = 4_096;
/// Most bytes of hits that wait for their commit. One more is refused.
pub const QUEUE_BYTES: usize = 8 * 1024 * 1024;
/// `list` stops after this many bytes of hits.
const LIST_BYTES: usize = 4 * 1024 * 1024;
/// Page cache of the connection that lists hits. It hardly ever reads one twice.
const LIST_CACHE_KIB: i64 = 1_024;
/// Most requests in one commit.
const REQUESTS_MAX: usize = 1_024;
/// How often other threads may run before a commit.
const YIELDS: usize = 4;
/// Most hits that wait to be folded. Beyond it nothing is accepted until the fold has caught up.
pub const WAITING_MAX: i64 = 2_000_000;
/// Folded hits are deleted this many at once, in whole batches, so that no commit waits long for it. It happens when no
/// request waits, and under load when this many can be deleted.
const PURGE_STEP: i64 = 2_000;
/// How often it is looked whether hits are deleted.
const PURGED_AGAIN: Duration = Duration::from_millis(10);
/// How often the free space of the disk is read.
const SPACE_EVERY_MS: i64 = SECOND;

type Answer = oneshot::Sender<Result<(), Error>>;
/// The entries of one request, its answer, and its share of `QUEUE_BYTES`.
type Append = (Vec<Entry>, Answer, QueueShare);

/// What is to be appended.
#[derive(Debug)]
pub struct Entry {
    row: Vec<u8>,
    /// What the row says, if it is a hit: the fold then need not read the row.
    hit: Option<Arc<Hit>>,
}

impl Entry {
    #[must_use]
    pub fn of_hit(row: Vec<u8>, hit: Arc<Hit>) -> Self {
        Self { row, hit: Some(hit) }
    }

    #[must_use]
    pub fn of_row(row: Vec<u8>) -> Self {
        Self { row, hit: None }
    }
}

enum Job {
    /// Append the hits, all or none.
    Append(Append),
    /// Delete folded hits.
    Purge {
        through: i64,
    },
    /// Write one row, to find out whether writing works.
    Probe {
        answer: Answer,
    },
    CheckSpace,
    ReleaseMemory,
}

/// What the thread shares with its callers.
struct State {
    /// The highest id on disk.
    last: AtomicI64,
    /// All batches that end at this id or before it are deleted.
    purged: AtomicI64,
    /// The disk has less free space than `min_free`.
    no_space: AtomicBool,
    min_free: u64,
    free: AtomicU64,
    /// Bytes of hits that wait for their commit.
    queued: Arc<AtomicUsize>,
    recent: Recent,
    alive: AtomicBool,
}

/// A share of `QUEUE_BYTES`, returned when dropped.
struct QueueShare {
    queued: Arc<AtomicUsize>,
    bytes: usize,
}

impl QueueShare {
    /// `None` when it would exceed `QUEUE_BYTES`.
    fn reserve(queued: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let add = |now: usize| now.checked_add(bytes).filter(|sum| *sum <= QUEUE_BYTES);
        queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Self { queued: Arc::clone(queued), bytes })
    }
}

impl Drop for QueueShare {
    fn drop(&mut self) {
        self.queued.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A handle on the inbox; cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    queue: mpsc::Sender<Job>,
    state: Arc<State>,
    reader: Arc<Mutex<Connection>>,
    arrived: Arc<tokio::sync::Notify>,
}

/// A hit or a letter that waits to be folded.
#[derive(Debug)]
pub struct Waiting {
    pub id: i64,
    pub what: Content,
}

#[derive(Debug)]
pub enum Content {
    Hit(Arc<Hit>),
    Row(Vec<u8>),
}

impl Inbox {
    pub(in crate::store) fn start(
        conn: Connection,
        path: &Path,
        watermark: i64,
        min_free: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, JoinHandle<()>), Error> {
        let highest = highest(&conn)?;
        let state = Arc::new(State {
            last: AtomicI64::new(highest.max(watermark)),
            purged: AtomicI64::new(watermark),
            no_space: AtomicBool::new(false),
            min_free,
            free: AtomicU64::new(u64::MAX),
            queued: Arc::default(),
            recent: Recent::default(),
            alive: AtomicBool::new(true),
        });
        let (queue, jobs) = mpsc::channel(QUEUE);
        let arrived = Arc::new(tokio::sync::Notify::new());
        let reader = open::reader(path)?;
        reader.pragma_update(None, "cache_size", -LIST_CACHE_KIB)?;
        let reader = Arc::new(Mutex::new(reader));
        let mut thread = Thread {
            conn,
            path: path.to_owned(),
            file: Presence::of(path)?,
            state: Arc::clone(&state),
            arrived: Arc::clone(&arrived),
            clock,
            space_checked: None,
            purge_to: watermark,
        };
        let join = std::thread::Builder::new().name("inbox".into()).spawn(move || {
            let mut jobs = jobs;
            // After a panic the requests of the commit get no answer and are sent again; the inbox continues.
            while catch_unwind(AssertUnwindSafe(|| thread.serve(&mut jobs))).is_err() {
                tracing::error!("the inbox panicked; it continues");
                if !thread.conn.is_autocommit() {
                    let _ = thread.conn.execute_batch("rollback");
                }
                thread.find_last();
            }
            thread.state.alive.store(false, Ordering::SeqCst);
            let _ = thread.conn.execute_batch("pragma wal_checkpoint(truncate)");
        })?;
        Ok((Self { queue, state, reader, arrived }, join))
    }

    /// Appends all entries or none, and answers when they are on disk. Answers `Busy` when the queue or the inbox is full
    /// or the disk has too little space. After an error nothing was stored.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<(), Error> {
        if self.state.no_space.load(Ordering::Relaxed) || self.is_full() {
            // While everything is refused the thread gets no other job, and would never see that space is free again.
            let _ = self.queue.try_send(Job::CheckSpace);
            return Err(Error::Busy);
        }
        let bytes = entries.iter().map(|entry| entry.row.len()).sum();
        let share = QueueShare::reserve(&self.state.queued, bytes).ok_or(Error::Busy)?;
        let (answer, receive) = oneshot::channel();
        self.queue.try_send(Job::Append((entries, answer, share))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })?;
        receive.await.unwrap_or(Err(Error::Closed))
    }

    /// Frees the pages that both connections keep in memory.
    pub(in crate::store) fn release_memory(&self) {
        let _ = self.queue.try_send(Job::ReleaseMemory);
        let _ = self.reader.lock().unwrap_or_else(PoisonError::into_inner).release_memory();
    }

    /// Writes one row, to find out whether the disk can be written.
    pub async fn probe(&self) -> Result<(), Error> {
        let (answer, receive) = oneshot::channel();
        self.queue.send(Job::Probe { answer }).await.map_err(|_| Error::Closed)?;
        receive.await.unwrap_or(Err(Error::Closed))
    }

    /// What waits after `after`, oldest first. What is not in memory is read from the file.
    pub fn list(&self, after: i64, limit: usize) -> Result<Vec<Waiting>, Error> {
        let recent = self.state.recent.list_after(after, limit);
        if !recent.is_empty() {
            let waiting = |(id, hit)| Waiting { id, what: Content::Hit(hit) };
            return Ok(recent.into_iter().map(waiting).collect());
        }
        let before = self.state.recent.first_after(after).unwrap_or(i64::MAX);
        let conn = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement =
            conn.prepare_cached("select last_id, hits, body from batch where last_id > ?1 order by last_id")?;
        let mut batches = statement.query([after])?;
        let (mut hits, mut bytes) = (Vec::new(), 0);
        while let Some(found) = batches.next()? {
            let body = found.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            for (id, row) in batch::hits(found.get(0)?, found.get(1)?, body) {
                if hits.len() >= limit || bytes >= LIST_BYTES || id >= before {
                    return Ok(hits);
                }
                if id > after {
                    bytes += row.len();
                    hits.push(Waiting { id, what: Content::Row(row.to_owned()) });
                }
            }
        }
        Ok(hits)
    }

    /// Deletes the batches that are folded to their end, after the requests that wait already.
    pub fn purge(&self, through: i64) {
        // If the queue is full this call is skipped. The next one deletes these hits too.
        let _ = self.queue.try_send(Job::Purge { through });
    }

    /// The highest id on disk.
    #[must_use]
    pub fn last_id(&self) -> i64 {
        self.state.last.load(Ordering::SeqCst)
    }

    /// Continues after `id`, because the ids up to it belong to hits that were folded without having been here. Allowed
    /// only while nothing waits and nobody appends.
    pub fn skip_to(&self, id: i64) {
        self.state.last.fetch_max(id, Ordering::SeqCst);
        self.state.purged.fetch_max(id, Ordering::Relaxed);
    }

    /// An upper bound for the hits that wait: folded ones may be included.
    #[must_use]
    pub fn waiting(&self) -> i64 {
        self.last_id() - self.state.purged.load(Ordering::Relaxed)
    }

    /// Do as many hits wait as may?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting() >= WAITING_MAX
    }

    /// Resolves when something was appended since the last call.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.state.alive.load(Ordering::SeqCst)
    }

    /// Has the disk less free space than it should?
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        self.state.no_space.load(Ordering::Relaxed)
    }

    /// Resolves when all hits up to this id are folded and deleted.
    pub async fn purged(&self, through: i64) {
        while self.state.purged.load(Ordering::Relaxed) < through {
            tokio::time::sleep(PURGED_AGAIN).await;
        }
    }

    /// Free bytes of the disk when it was last checked.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.state.free.load(Ordering::Relaxed)
    }
}

struct Thread {
    conn: Connection,
    path: PathBuf,
    file: Presence,
    state: Arc<State>,
    arrived: Arc<tokio::sync::Notify>,
    clock: Arc<dyn Clock>,
    space_checked: Option<i64>,
    /// Hits up to this id may be deleted.
    purge_to: i64,
}

impl Thread {
    fn serve(&mut self, jobs: &mut mpsc::Receiver<Job>) {
        self.check_space();
        let mut taken = Vec::with_capacity(REQUESTS_MAX);
        loop {
            // What is left when the server stops is deleted after the next start.
            while jobs.is_empty()
                && !jobs.is_closed()
                && self.purge_to > self.state.purged.load(Ordering::Relaxed)
            {
                self.purge();
            }
            if jobs.blocking_recv_many(&mut taken, REQUESTS_MAX) == 0 {
                return;
            }
            if taken.len() < REQUESTS_MAX && taken.iter().any(|job| matches!(job, Job::Append(_))) {
                gather(jobs, &mut taken);
            }
            self.check_space();
            let mut appends = Vec::with_capacity(taken.len());
            let mut probes = Vec::new();
            for job in taken.drain(..) {
                match job {
                    Job::Append(append) => appends.push(append),
                    Job::Purge { through } => self.purge_to = self.purge_to.max(through),
                    Job::Probe { answer } => probes.push(answer),
                    Job::CheckSpace => {}
                    Job::ReleaseMemory => drop(self.conn.release_memory()),
                }
            }
            if !appends.is_empty() {
                self.append(appends);
            }
            if !probes.is_empty() {
                self.probe(probes);
            }
            if self.purge_to.saturating_sub(self.state.purged.load(Ordering::Relaxed)) >= PURGE_STEP {
                self.purge();
            }
        }
    }

    fn append(&mut self, mut appends: Vec<Append>) {
        // What is not where it was opened is gone with this process, so it is not acknowledged.
        let written = self.insert_all(&appends).and_then(|ids| self.file.check().map(|()| ids));
        if let Err(error) = &written {
            tracing::error!(error = %error, requests = appends.len(), "the inbox could not be written");
            if !self.conn.is_autocommit() {
                let _ = self.conn.execute_batch("rollback");
            }
            self.find_last();
        }
        if let Ok(ids) = &written {
            let entries = appends.iter_mut().flat_map(|(entries, ..)| entries).zip(ids.clone());
            self.state
                .recent
                .push(entries.filter_map(|(entry, id)| Some((id, entry.hit.take()?, entry.row.len()))));
            self.state.last.store(*ids.end(), Ordering::SeqCst);
            self.arrived.notify_one();
        }
        for (_, answer, _) in appends {
            let _ = answer.send(match &written {
                Ok(_) => Ok(()),
                Err(error) => Err(error.again()),
            });
        }
    }

    /// After a failed commit the hits may be on disk or not, so the file is asked.
    fn find_last(&self) {
        if let Ok(highest) = highest(&self.conn) {
            self.state.last.fetch_max(highest, Ordering::SeqCst);
        }
    }

    /// Answers the ids of the entries.
    fn insert_all(&self, appends: &[Append]) -> Result<RangeInclusive<i64>, Error> {
        self.conn.execute_batch("begin immediate")?;
        // The file decides: of two hits with the same id the fold would count only the first.
        let last = self.state.last.load(Ordering::SeqCst).max(highest(&self.conn)?);
        let mut id = last;
        let mut batch = Batch::default();
        for entry in appends.iter().flat_map(|(entries, ..)| entries) {
            batch.push(&entry.row);
            id += 1;
            if batch.is_full() {
                self.insert(id, &batch)?;
                batch.clear();
            }
        }
        if batch.hits() > 0 {
            self.insert(id, &batch)?;
        }
        self.conn.execute_batch("commit")?;
        Ok(last + 1..=id)
    }

    fn insert(&self, last_id: i64, batch: &Batch) -> Result<(), Error> {
        let mut insert =
            self.conn.prepare_cached("insert into batch (last_id, hits, body) values (?1, ?2, ?3)")?;
        insert.execute((last_id, batch.hits(), batch.body()))?;
        Ok(())
    }

    /// Deletes one step of folded hits. After a failure the next `Purge` tries again. A step is so many hits and not so
    /// many ids, because the ids of a store that was put together by hand may have a gap.
    fn purge(&mut self) {
        match self.delete_step() {
            Ok(through) => self.state.purged.store(through, Ordering::Relaxed),
            Err(error) => {
                self.purge_to = self.state.purged.load(Ordering::Relaxed);
                tracing::warn!(error = %error, "processed hits could not be deleted from the inbox yet");
            }
        }
    }

    /// Answers the id through which all hits are deleted.
    fn delete_step(&self) -> Result<i64, Error> {
        let mut statement = self
            .conn
            .prepare_cached("select last_id, hits from batch where last_id <= ?1 order by last_id")?;
        let mut batches = statement.query([self.purge_to])?;
        let (mut through, mut hits) = (self.purge_to, 0);
        while let Some(found) = batches.next()? {
            hits += found.get::<_, i64>(1)?;
            if hits >= PURGE_STEP {
                through = found.get(0)?;
                break;
            }
        }
        drop(batches);
        self.conn.prepare_cached("delete from batch where last_id <= ?1")?.execute([through])?;
        Ok(through)
    }

    /// Answers all probes that were taken together by one write, so that frequent probes do not delay requests.
    fn probe(&self, probes: Vec<Answer>) {
        let now = self.clock.now().0;
        let written = match self.state.no_space.load(Ordering::Relaxed) {
            true => Err(Error::Busy),
            false => self.file.check().and_then(|()| {
                let probe = "insert into probe values (1, ?1) on conflict do update set at_ms = ?1";
                self.conn.execute(probe, [now])?;
                Ok(())
            }),
        };
        for answer in probes {
            let _ = answer.send(match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(error.again()),
            });
        }
    }

    fn check_space(&mut self) {
        let now = self.clock.now().0;
        let recent = |checked: i64| now.saturating_sub(checked).saturating_abs() < SPACE_EVERY_MS;
        if self.state.min_free == 0 || self.space_checked.is_some_and(recent) {
            return;
        }
        self.space_checked = Some(now);
        let dir = self.path.parent().unwrap_or(&self.path);
        match rustix::fs::statvfs(dir) {
            Ok(stat) => {
                let free = stat.f_bavail.saturating_mul(stat.f_frsize);
                self.state.free.store(free, Ordering::Relaxed);
                let low = free < self.state.min_free;
                if low != self.state.no_space.swap(low, Ordering::Relaxed) {
                    tracing::warn!(free_bytes = free, low, "free disk space crossed [store] min_free");
                }
            }
            Err(error) => tracing::warn!(error = %error, "free disk space cannot be read"),
        }
    }
}

/// The highest id in the file; 0 when there is none.
fn highest(conn: &Connection) -> Result<i64, Error> {
    let mut statement = conn.prepare_cached("select coalesce(max(last_id), 0) from batch")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Lets other threads run, and takes what they bring. On a busy machine the threads that read requests have work waiting.
/// What they bring goes into the same commit, whose fsync costs the same for any number of hits. When no other thread wants
/// the processor, this takes no time.
fn gather(jobs: &mut mpsc::Receiver<Job>, taken: &mut Vec<Job>) {
    for _ in 0..YIELDS {
        std::thread::yield_now();
    }
    while taken.len() < REQUESTS_MAX
        && let Ok(job) = jobs.try_recv()
    {
        taken.push(job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_waiting_hits_are_bounded_and_returned() {
        let queued = Arc::default();
        let all = QueueShare::reserve(&queued, QUEUE_BYTES).unwrap();
        assert!(QueueShare::reserve(&queued, 1).is_none(), "one past the limit");
        drop(all);
        assert!(QueueShare::reserve(&queued, 1).is_some());
        assert!(QueueShare::reserve(&queued, usize::MAX).is_none());
        assert_eq!(queued.load(Ordering::Relaxed), 0);
    }
}
