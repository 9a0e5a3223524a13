//! A pool of read-only connections. Each use is one read transaction, sees one state of the store and has a time limit,
//! because the write-ahead log cannot shrink while an old state is in use.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::open;
use crate::store::error::{Error, TIME_LIMIT};

/// How long a caller waits for a free connection.
pub(in crate::store) const WAIT: Duration = Duration::from_secs(10);
/// How often SQLite checks the time limit, in instructions of its virtual machine.
const STEPS: i32 = 20_000;

pub struct Readers {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
    clock: std::sync::Arc<dyn crate::base::clock::Clock>,
}

thread_local! {
    /// When the read on this thread must end, by the monotonic clock.
    static DEADLINE: Cell<Option<Duration>> = const { Cell::new(None) };
}

impl Readers {
    pub(in crate::store) fn open(
        path: PathBuf,
        count: usize,
        clock: std::sync::Arc<dyn crate::base::clock::Clock>,
    ) -> Result<Self, Error> {
        let pool = Self { path, free: Mutex::default(), returned: Condvar::new(), clock };
        let connections = (0..count.max(1)).map(|_| pool.connect()).collect::<Result<Vec<_>, _>>()?;
        *pool.free.lock().unwrap_or_else(PoisonError::into_inner) = connections;
        Ok(pool)
    }

    fn connect(&self) -> Result<Connection, Error> {
        let mut conn = open::reader(&self.path)?;
        let clock = std::sync::Arc::clone(&self.clock);
        conn.progress_handler(
            STEPS,
            Some(move || DEADLINE.get().is_some_and(|deadline| clock.monotonic() > deadline)),
        )?;
        Ok(conn)
    }

    /// Runs `query` in one read transaction. Answers `Busy` when no connection becomes free, and `TimeLimit` when the
    /// query takes too long.
    pub fn read<T, E: From<Error>>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.run(&self.lend()?, query)
    }

    /// Like `read`, but answers `None` when no connection, or only the last one, is free now: that one is for short reads.
    pub(in crate::store) fn read_if_spare<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < 2 {
            return Ok(None);
        }
        let Some(conn) = free.pop() else { return Ok(None) };
        drop(free);
        self.run(&Lent { conn: Some(conn), pool: self }, query).map(Some)
    }

    /// Frees the pages that connections without work keep in memory.
    pub(in crate::store) fn release_memory(&self) {
        for conn in self.free.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = conn.release_memory();
        }
    }

    fn run<T, E: From<Error>>(
        &self,
        lent: &Lent<'_>,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = lent.conn()?;
        conn.execute_batch("begin").map_err(Error::from)?;
        DEADLINE.set(Some(self.clock.monotonic() + TIME_LIMIT));
        let answer = query(conn);
        DEADLINE.set(None);
        answer
    }

    fn lend(&self) -> Result<Lent<'_>, Error> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, timeout) = self
            .returned
            .wait_timeout_while(free, WAIT, |free| free.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        match free.pop() {
            Some(conn) => Ok(Lent { conn: Some(conn), pool: self }),
            None if timeout.timed_out() => Err(Error::Busy),
            None => Err(Error::Closed),
        }
    }
}

/// A connection in use, which is returned to the pool when dropped.
struct Lent<'a> {
    conn: Option<Connection>,
    pool: &'a Readers,
}

impl Lent<'_> {
    fn conn(&self) -> Result<&Connection, Error> {
        self.conn.as_ref().ok_or(Error::Closed)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        DEADLINE.set(None);
        let Some(conn) = self.conn.take() else { return };
        // A panic may have left the transaction open.
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("rollback");
        }
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        self.pool.returned.notify_one();
    }
}
