//! One answer for all who ask the same report while it waits for its turn. A hundred people who open one dashboard at the
//! same moment cost one computation, not a hundred.
//!
//! Who asks joins the waiting question, if there is one. When the computation begins, it leaves the list of waiting ones,
//! so whoever asks later starts another. An answer therefore never leaves out what was committed before it was asked for.

use std::any::{Any, TypeId};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use tokio::sync::{OnceCell, Semaphore};

/// The type of an answer, and all that it depends on in words.
type Key = (TypeId, String);
/// The answer; `None` inside when its computation failed.
type Answer = Arc<OnceCell<Option<Arc<dyn Any + Send + Sync>>>>;

/// Most who share at a time. Each makes a page of some hundred kilobytes of the answer. Whoever comes on top computes an
/// answer of his own, in his turn.
const SHARING_MAX: usize = 8;

/// The questions that wait.
#[derive(Debug)]
pub struct SharedAnswers {
    waiting: Arc<Mutex<FxHashMap<Key, Answer>>>,
    places: Semaphore,
    /// Held while one of those who share takes the answer. Making a page of it keeps a thread busy for some milliseconds;
    /// if all began at once, every other request of the thread would wait for all of them.
    taking: tokio::sync::Mutex<()>,
}

impl Default for SharedAnswers {
    fn default() -> Self {
        Self {
            waiting: Arc::default(),
            places: Semaphore::new(SHARING_MAX),
            taking: tokio::sync::Mutex::default(),
        }
    }
}

/// A waiting question of the one who computes its answer.
#[derive(Debug)]
pub struct Waiting {
    all: Arc<Mutex<FxHashMap<Key, Answer>>>,
    key: Key,
    answer: Answer,
}

impl Waiting {
    /// The computation begins: who asks from now on waits for another one.
    pub fn begin(&self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&self.key).is_some_and(|answer| Arc::ptr_eq(answer, &self.answer)) {
            all.remove(&self.key);
        }
    }
}

impl Drop for Waiting {
    /// The one who would have computed the answer has failed, or has gone.
    fn drop(&mut self) {
        self.begin();
    }
}

impl SharedAnswers {
    /// Answers a question: with the answer that others wait for as well, or by `compute`, which calls `Waiting::begin`
    /// before it reads. `failed` is the error of those whose common computation failed; the one who computed gets its own.
    pub async fn ask<T, E, F>(
        &self,
        question: String,
        compute: impl FnOnce(Arc<Waiting>) -> F,
        failed: impl FnOnce() -> E,
    ) -> Result<T, E>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let key = (TypeId::of::<T>(), question);
        let all = Arc::clone(&self.waiting);
        let Ok(_place) = self.places.try_acquire() else {
            return compute(Arc::new(Waiting { all, key, answer: Arc::default() })).await;
        };
        let answer = {
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key.clone()).or_default())
        };
        let mut own = None;
        let waiting = Waiting { all, key, answer: Arc::clone(&answer) };
        let common = answer
            .get_or_init(|| async {
                let computed = compute(Arc::new(waiting)).await;
                let shared =
                    computed.as_ref().ok().map(|found| Arc::new(found.clone()) as Arc<dyn Any + Send + Sync>);
                own = Some(computed);
                shared
            })
            .await;
        match (own, common) {
            (Some(computed), _) => computed,
            (None, Some(shared)) => {
                let _turn = self.taking.lock().await;
                tokio::task::yield_now().await;
                shared.downcast_ref::<T>().cloned().ok_or_else(failed)
            }
            (None, None) => Err(failed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Lets all other futures of the test take this many steps.
    async fn steps(count: u32) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    /// Each computation gives its own number. It waits for its turn, begins, and then takes its time.
    async fn ask(answers: &SharedAnswers, question: &str, computed: &AtomicU32) -> Result<u32, &'static str> {
        let compute = |waiting: Arc<Waiting>| async move {
            steps(10).await;
            waiting.begin();
            let number = computed.fetch_add(1, Ordering::SeqCst);
            steps(10).await;
            if question == "bad" { Err("own") } else { Ok(number) }
        };
        answers.ask(question.to_owned(), compute, || "shared").await
    }

    #[tokio::test]
    async fn who_asks_the_same_before_the_computation_begins_shares_it() {
        let (answers, computed) = (SharedAnswers::default(), AtomicU32::new(0));
        let after = async |count: u32| {
            steps(count).await;
            ask(&answers, "a", &computed).await
        };
        let (first, second, third, other, late) =
            tokio::join!(after(0), after(0), after(5), ask(&answers, "b", &computed), after(15));
        assert_eq!((first, second, third), (Ok(0), Ok(0), Ok(0)));
        assert_eq!((other, late), (Ok(1), Ok(2)), "another question, and one after the beginning");
        assert!(answers.waiting.lock().unwrap().is_empty(), "nothing is left waiting");
    }

    #[tokio::test]
    async fn so_many_share_and_one_more_computes_an_answer_of_his_own() {
        let (answers, computed) = (SharedAnswers::default(), AtomicU32::new(0));
        for (asking, computations) in [(SHARING_MAX, 1), (SHARING_MAX + 1, 2)] {
            computed.store(0, Ordering::SeqCst);
            let all = (0..asking).map(|_| ask(&answers, "a", &computed));
            let all = futures_util::future::join_all(all).await;
            assert!(all.iter().all(Result::is_ok));
            assert_eq!(computed.load(Ordering::SeqCst), computations, "{asking}");
        }
        assert!(answers.waiting.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_error_is_nobody_elses_answer() {
        let (answers, computed) = (SharedAnswers::default(), AtomicU32::new(0));
        let (first, second) = tokio::join!(ask(&answers, "bad", &computed), ask(&answers, "bad", &computed));
        assert_eq!((first, second), (Err("own"), Err("shared")));
        assert_eq!(computed.load(Ordering::SeqCst), 1);
        assert_eq!(ask(&answers, "good", &computed).await, Ok(1));
    }

    #[tokio::test]
    async fn when_the_one_who_computes_goes_away_another_computes() {
        let (answers, computed) = (SharedAnswers::default(), AtomicU32::new(0));
        let goes = async {
            tokio::select! {
                biased;
                _ = ask(&answers, "a", &computed) => false,
                () = steps(5) => true,
            }
        };
        let (is_gone, stays) = tokio::join!(goes, ask(&answers, "a", &computed));
        assert_eq!((is_gone, stays), (true, Ok(0)));
        assert!(answers.waiting.lock().unwrap().is_empty());
    }
}
