//! Read-only connections, lent for one page each: one read transaction, a time limit, given back by `Drop`.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::open;
use crate::store::error::{Error, TIME_LIMIT};

/// Longest a page waits for a free reader.
const WAIT: Duration = Duration::from_secs(10);
/// SQLite asks this often whether to go on, in steps of its machine.
const STEPS: i32 = 20_000;

/// The pool.
pub struct Readers {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    given_back: Condvar,
    clock: std::sync::Arc<dyn crate::base::clock::Clock>,
}

thread_local! {
    /// When the read that this thread runs must end; the monotonic clock.
    static DEADLINE: Cell<Option<Duration>> = const { Cell::new(None) };
}

impl Readers {
    pub(in crate::store) fn open(
        path: PathBuf,
        count: usize,
        clock: std::sync::Arc<dyn crate::base::clock::Clock>,
    ) -> Result<Self, Error> {
        let pool = Self { path, free: Mutex::default(), given_back: Condvar::new(), clock };
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

    /// Runs `question` in one read transaction: it sees one state of the store.
    ///
    /// # Errors
    /// The question's own; `Busy` when no reader comes free, `TimeLimit` when it took too long.
    pub fn read<T, E: From<Error>>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ask(&self.lend()?, question)
    }

    /// As `read`, if a reader is free at once; `None` when none is.
    pub(in crate::store) fn read_if_free<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(conn) = free else { return Ok(None) };
        self.ask(&Lent { conn: Some(conn), pool: self }, question).map(Some)
    }

    fn ask<T, E: From<Error>>(
        &self,
        lent: &Lent<'_>,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = lent.conn()?;
        conn.execute_batch("begin").map_err(Error::from)?;
        DEADLINE.set(Some(self.clock.monotonic() + TIME_LIMIT));
        let answer = question(conn);
        DEADLINE.set(None);
        answer
    }

    fn lend(&self) -> Result<Lent<'_>, Error> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, timeout) = self
            .given_back
            .wait_timeout_while(free, WAIT, |free| free.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        match free.pop() {
            Some(conn) => Ok(Lent { conn: Some(conn), pool: self }),
            None if timeout.timed_out() => Err(Error::Busy),
            None => Err(Error::Closed),
        }
    }
}

/// A connection on loan.
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
        // A panic may have left the transaction open; ending it twice does no harm.
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("rollback");
        }
        self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        self.pool.given_back.notify_one();
    }
}
