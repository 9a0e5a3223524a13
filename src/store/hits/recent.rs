//! The latest hits of the inbox, in memory: the fold takes them from here and need not read their rows. What is not here,
//! after a start or because too much waits, it reads from the file.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::hit::Hit;

/// Most hits in memory, and most bytes of their rows. Further ones are only on disk.
const HITS_MAX: usize = 8_192;
const BYTES_MAX: usize = 2 * 1024 * 1024;

#[derive(Debug)]
struct Kept {
    id: i64,
    hit: Arc<Hit>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    /// Ordered by id. There may be gaps.
    hits: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Queue>);

impl Recent {
    /// Adds hits that are on disk now, each with its id and the bytes of its row, in the order of their ids.
    pub(super) fn push(&self, hits: impl Iterator<Item = (i64, Arc<Hit>, usize)>) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, hit, bytes) in hits {
            if queue.hits.len() >= HITS_MAX || queue.bytes.saturating_add(bytes) > BYTES_MAX {
                return;
            }
            queue.bytes += bytes;
            queue.hits.push_back(Kept { id, hit, bytes });
        }
    }

    /// Forgets the hits up to `after` and returns those that follow it without a gap, at most `limit`. They stay here.
    pub(super) fn list_after(&self, after: i64, limit: usize) -> Vec<(i64, Arc<Hit>)> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(bytes) = queue.hits.front().filter(|first| first.id <= after).map(|first| first.bytes)
        {
            queue.hits.pop_front();
            queue.bytes -= bytes;
        }
        let following = queue.hits.iter().zip(1..).take(limit);
        let following = following.take_while(|(kept, place)| kept.id - after == *place);
        following.map(|(kept, _)| (kept.id, Arc::clone(&kept.hit))).collect()
    }

    /// The id of the first hit here that follows `after`.
    pub(super) fn first_after(&self, after: i64) -> Option<i64> {
        let queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.hits.iter().map(|kept| kept.id).find(|id| *id > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Millis;
    use crate::domain::account::AccountId;
    use crate::domain::contact::Identity;
    use crate::domain::hit::Act;

    fn hit() -> Arc<Hit> {
        Arc::new(Hit::from_program(AccountId::FIRST, Millis(0), Act::PageView, Identity::default()))
    }

    fn push(recent: &Recent, ids: std::ops::Range<i64>, bytes: usize) {
        recent.push(ids.map(|id| (id, hit(), bytes)));
    }

    fn ids(recent: &Recent, after: i64, limit: usize) -> Vec<i64> {
        recent.list_after(after, limit).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn hits_are_given_until_they_are_folded_and_only_up_to_a_gap() {
        let recent = Recent::default();
        push(&recent, 3..6, 10);
        push(&recent, 8..10, 10);
        assert_eq!((ids(&recent, 1, 9), recent.first_after(1)), (vec![], Some(3)), "2 is only on disk");
        assert_eq!(ids(&recent, 2, 9), [3, 4, 5]);
        assert_eq!(ids(&recent, 2, 2), [3, 4], "a batch that failed is asked for again");
        assert_eq!((ids(&recent, 5, 9), recent.first_after(5)), (vec![], Some(8)));
        assert_eq!(ids(&recent, 7, 9), [8, 9]);
        assert_eq!((ids(&recent, 9, 9), recent.first_after(9)), (vec![], None));
        assert_eq!(recent.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn hits_are_kept_up_to_their_number_and_their_bytes() {
        let count = |recent: &Recent| recent.0.lock().unwrap().hits.len();
        let recent = Recent::default();
        let most = i64::try_from(HITS_MAX).unwrap();
        push(&recent, 1..most + 1, 1);
        assert_eq!(count(&recent), HITS_MAX);
        push(&recent, most + 1..most + 2, 1);
        assert_eq!(count(&recent), HITS_MAX, "one past the limit");

        let recent = Recent::default();
        push(&recent, 1..5, BYTES_MAX / 4);
        push(&recent, 5..6, 1);
        assert_eq!(count(&recent), 4, "one byte past the limit");
        assert_eq!(ids(&recent, 4, 9), [] as [i64; 0]);
        push(&recent, 6..7, BYTES_MAX);
        assert_eq!(count(&recent), 1, "what is forgotten makes room");
    }
}
