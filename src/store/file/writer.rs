//! The one writer of `guestlog.db`: a thread with a bounded queue. It takes what has piled up, runs each job
//! in a savepoint of one transaction, commits, has the caches follow what changed (`changes`), and only then answers all
//! of them. No timer: what piles up during one fsync is the next batch. A job never waits on anything.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::changes::{AGAIN, Changes};
use super::presence::Presence;
use crate::base::clock::pause;
use crate::store::error::Error;

/// Jobs waiting; one more is refused as busy.
pub const QUEUE: usize = 1_024;
/// Most jobs in one transaction.
const BATCH: usize = 64;

type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Runs with a connection inside a savepoint; without one it only makes its answer.
type Run = Box<dyn FnOnce(Option<&Connection>) -> (bool, Answer) + Send>;

/// A handle on the writer thread; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Run>,
    alive: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread over an open connection. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// When the system starts no thread.
    pub(in crate::store) fn start(
        conn: Connection,
        file: Presence,
        changes: Arc<Changes>,
    ) -> Result<(Self, JoinHandle<()>), Error> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let alive = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&alive);
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || {
            let mut jobs = jobs;
            // Jobs are caught one by one; this is for what runs between them.
            while catch_unwind(AssertUnwindSafe(|| serve(&conn, &file, &mut jobs, &changes))).is_err() {
                tracing::error!("the writer panicked; it continues");
                if !conn.is_autocommit() {
                    let _ = conn.execute_batch("rollback");
                }
            }
            flag.store(false, Ordering::SeqCst);
            // The last connection that writes truncates the log behind it.
            let _ = conn.execute_batch("pragma wal_checkpoint(truncate)");
        })?;
        Ok((Self { queue, alive }, thread))
    }

    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    /// Runs `job` and answers when its change is on disk. An `Err` of the job undoes what it wrote.
    ///
    /// # Errors
    /// The job's own, or the store's: `Busy` (queue full), `Closed`, `Panicked`, or that of the commit.
    pub async fn write<T, E>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (run, answer) = package(job);
        self.queue.try_send(run).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// The same for threads that are not async; waits for room in the queue.
    pub fn write_blocking<T, E>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (run, answer) = package(job);
        self.queue.blocking_send(run).map_err(|_| Error::Closed)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(Error::Closed.into()))
    }
}

/// Wraps a job so that the thread need not know its types: it is run, and answered after the commit.
fn package<T, E>(
    job: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
) -> (Run, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (send, receive) = oneshot::channel();
    let run = move |conn: Option<&Connection>| -> (bool, Answer) {
        let result = match conn {
            None => Err(Error::RolledBack.into()),
            Some(conn) => catch_unwind(AssertUnwindSafe(|| job(conn))).unwrap_or_else(|panic| {
                tracing::error!(panic = panic_text(&*panic), "a task of the writer panicked");
                Err(Error::Panicked.into())
            }),
        };
        let keep = result.is_ok();
        let answer: Answer = Box::new(move |commit: Result<(), Error>| {
            // The caller may have gone; what was committed stays.
            let _ = send.send(match (result, commit) {
                (Ok(value), Ok(())) => Ok(value),
                (Ok(_), Err(error)) => Err(error.into()),
                (Err(error), _) => Err(error),
            });
        });
        (keep, answer)
    };
    (Box::new(run), receive)
}

/// Runs `step` inside a job so that its failure undoes what it wrote and nothing else of the job.
///
/// # Errors
/// The step's own; `RolledBack` when the failure took the whole transaction with it: the job must end then.
pub fn attempt<T>(
    conn: &Connection,
    step: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<Result<T, Error>, Error> {
    conn.execute_batch("savepoint step")?;
    let result = step(conn);
    if conn.is_autocommit() {
        return Err(Error::RolledBack);
    }
    conn.execute_batch(if result.is_ok() { "release step" } else { "rollback to step; release step" })?;
    Ok(result)
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

fn serve(conn: &Connection, file: &Presence, jobs: &mut mpsc::Receiver<Run>, changes: &Changes) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        // While a follower fails the writer must not sleep until somebody has something to write.
        if changes.is_behind() && jobs.is_empty() {
            if jobs.is_closed() {
                return;
            }
            pause(AGAIN);
            changes.publish(conn);
            continue;
        }
        if jobs.blocking_recv_many(&mut batch, BATCH) == 0 {
            return;
        }
        let mut waiting = std::mem::take(&mut batch).into_iter();
        // An error may end the whole transaction in the middle of a batch: the rest gets a new one.
        while waiting.len() > 0 {
            transaction(conn, file, &mut waiting, changes);
        }
    }
}

fn transaction(conn: &Connection, file: &Presence, jobs: &mut std::vec::IntoIter<Run>, changes: &Changes) {
    let begun = file.check().and_then(|()| Ok(conn.execute_batch("begin immediate")?));
    if let Err(error) = begun {
        tracing::error!(%error, "the store cannot start a transaction");
        let answers = jobs.by_ref().map(|job| job(None).1).collect();
        finish(answers, &Err(error.again()));
        return;
    }
    let mut answers = Vec::new();
    for job in jobs.by_ref() {
        let ready = conn.execute_batch("savepoint job").is_ok();
        let (keep, answer) = job(ready.then_some(conn));
        // `is_autocommit`: an error (disk full, I/O) rolled everything back behind the job's back.
        let whole = !conn.is_autocommit();
        if whole && ready {
            let end = if keep { "release job" } else { "rollback to job; release job" };
            let _ = conn.execute_batch(end);
        }
        answers.push(answer);
        if !whole {
            finish(answers, &Err(Error::RolledBack));
            return;
        }
    }
    let commit = conn.execute_batch("commit").map_err(Error::from);
    if commit.is_err() && !conn.is_autocommit() {
        let _ = conn.execute_batch("rollback");
    }
    if commit.is_ok() {
        changes.publish(conn);
    }
    finish(answers, &commit);
}

fn finish(answers: Vec<Answer>, commit: &Result<(), Error>) {
    if let Err(error) = commit {
        tracing::error!(error = %error, jobs = answers.len(), "the store could not commit a transaction");
    }
    for answer in answers {
        answer(match commit {
            Ok(()) => Ok(()),
            Err(error) => Err(error.again()),
        });
    }
}
