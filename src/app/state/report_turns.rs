//! Turns for reports, so that nobody's requests push aside those of others: of one user, or of one token, only a few
//! reports run or wait for a connection to the store at a time. The next ones wait here, and what is beyond them is refused:
//! each that waits holds a connection of the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::user::{TokenId, UserId};

/// Reports of one user, or one token, that are under way at a time.
pub const AT_A_TIME: usize = 4;
/// Reports that wait for those.
pub const WAITING_MAX: usize = 32;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);
/// Users and tokens remembered. Beyond it those without a report under way are forgotten.
const ASKERS: usize = 1_000;

/// Who asks for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    User(UserId),
    Token(TokenId),
}

/// Too many reports of one user or token at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many reports at once: {AT_A_TIME} are made at a time, and {WAITING_MAX} wait")]
pub struct TooMany;

/// The report may be under way as long as this is held.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, Default)]
pub struct ReportTurns {
    askers: Mutex<FxHashMap<Asker, Arc<Semaphore>>>,
}

impl ReportTurns {
    /// # Errors
    /// When too many wait, or the turn does not come in time.
    pub async fn take(&self, asker: Asker) -> Result<Turn, TooMany> {
        let turns = self.of(asker)?;
        match tokio::time::timeout(WAIT, turns.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(TooMany),
        }
    }

    fn of(&self, asker: Asker) -> Result<Arc<Semaphore>, TooMany> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if askers.len() >= ASKERS {
            // Each turn under way, and each request that waits for one, holds its semaphore too.
            askers.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        let turns = askers.entry(asker).or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME)));
        if Arc::strong_count(turns) > AT_A_TIME + WAITING_MAX {
            return Err(TooMany);
        }
        Ok(Arc::clone(turns))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn the_reports_of_one_wait_for_each_other_and_those_of_another_do_not() {
        let turns = ReportTurns::default();
        let (one, other) = (Asker::User(UserId(1)), Asker::Token(TokenId(1)));
        let mut under_way = Vec::new();
        for _ in 0..AT_A_TIME {
            under_way.push(turns.take(one).await.unwrap());
        }
        let mut next = pin!(turns.take(one));
        assert!(matches!(poll_once(next.as_mut()), Poll::Pending), "one too many");
        turns.take(other).await.unwrap();
        let mut waiting: Vec<_> = (1..WAITING_MAX).map(|_| Box::pin(turns.take(one))).collect();
        assert!(waiting.iter_mut().all(|turn| poll_once(turn.as_mut()).is_pending()));
        assert!(matches!(turns.take(one).await, Err(TooMany)), "too many wait");
        drop((under_way.pop(), waiting));
        next.await.unwrap();
        turns.take(one).await.unwrap();
    }

    #[tokio::test]
    async fn who_has_nothing_under_way_is_forgotten() {
        let turns = ReportTurns::default();
        let held = turns.take(Asker::User(UserId(0))).await.unwrap();
        for id in 1..ASKERS as i64 {
            turns.take(Asker::User(UserId(id))).await.unwrap();
        }
        assert_eq!(turns.askers.lock().unwrap().len(), ASKERS);
        turns.take(Asker::User(UserId(-1))).await.unwrap();
        assert_eq!(turns.askers.lock().unwrap().len(), 2);
        drop(held);
    }

    fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    }
}
