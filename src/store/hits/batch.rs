//! A batch: the hits that were put on disk together, as one row of the inbox. A single hit is the batch itself;
//! otherwise each has its length in front, 4 bytes, the lowest first.

use rusqlite::Connection;

use crate::store::error::Error;
use crate::store::file::migrate;

/// A batch that has this many bytes is full.
const FULL_BYTES: usize = 256 * 1024;
/// Bytes of the length of a hit.
const LENGTH_BYTES: usize = 4;

/// Hits that are being put together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    hits: u32,
    body: Vec<u8>,
}

impl Batch {
    pub(super) fn push(&mut self, hit: &[u8]) {
        self.hits += 1;
        self.body.extend_from_slice(&u32::try_from(hit.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.body.extend_from_slice(hit);
    }

    pub(super) const fn hits(&self) -> u32 {
        self.hits
    }

    pub(super) fn body(&self) -> &[u8] {
        if self.hits == 1 { self.body.get(LENGTH_BYTES..).unwrap_or_default() } else { &self.body }
    }

    /// Another hit belongs into the next batch.
    pub(super) const fn is_full(&self) -> bool {
        self.body.len() >= FULL_BYTES
    }

    pub(super) fn clear(&mut self) {
        self.hits = 0;
        self.body.clear();
    }
}

/// Where the batches of an inbox that is only read are (`last_id`, `hits`, `body`). One of the version before has a row
/// for each hit.
pub(in crate::store) fn table(inbox: &Connection) -> Result<&'static str, Error> {
    Ok(match migrate::version(inbox, migrate::INBOX)? {
        0 | 1 => "(select id as last_id, 1 as hits, body from hit)",
        _ => "batch",
    })
}

/// How many hits have a higher id.
pub(in crate::store) fn count_after(inbox: &Connection, id: i64) -> Result<i64, Error> {
    let sql =
        format!("select coalesce(sum(min(hits, last_id - ?1)), 0) from {} where last_id > ?1", table(inbox)?);
    Ok(inbox.query_row(&sql, [id], |row| row.get(0))?)
}

/// The hits of a batch, each with its id. Of a damaged batch the hits that cannot be told apart are empty, but the first of
/// them has all that is left; what follows the last hit is kept with it.
pub fn hits(last_id: i64, hits: u32, body: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let mut rest = body;
    (0..hits).rev().map(move |later| {
        let first = if hits == 1 { None } else { split(rest) };
        let (hit, others) = first.filter(|(_, others)| later > 0 || others.is_empty()).unwrap_or((rest, &[]));
        rest = others;
        (last_id.saturating_sub(later.into()), hit)
    })
}

/// The first hit, and what follows it.
fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(hits: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::default();
        hits.iter().for_each(|hit| batch.push(hit));
        batch
    }

    proptest! {
        #[test]
        fn a_batch_is_read_as_it_was_written(
            all in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..20),
            last_id in 100_i64..,
        ) {
            let batch = batch(&all);
            let read: Vec<(i64, &[u8])> = hits(last_id, batch.hits(), batch.body()).collect();
            let ids = last_id + 1 - i64::from(batch.hits())..=last_id;
            prop_assert_eq!(read, ids.zip(all.iter().map(Vec::as_slice)).collect::<Vec<_>>());
        }

        #[test]
        fn a_damaged_batch_has_as_many_hits(
            count in 1_u32..20,
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let read: Vec<(i64, &[u8])> = super::hits(i64::MAX, count, &body).collect();
            prop_assert_eq!(read.len(), count as usize);
            let bytes: usize = read.iter().map(|(_, row)| row.len()).sum();
            prop_assert!(bytes <= body.len());
        }
    }

    #[test]
    fn a_single_hit_is_the_batch_itself() {
        assert_eq!(batch(&[b"a row".to_vec()]).body(), b"a row");
    }

    #[test]
    fn what_is_left_of_a_cut_batch_stays_with_its_first_unreadable_hit() {
        let whole = batch(&[b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]);
        let cut = whole.body().get(..15).unwrap();
        let read: Vec<&[u8]> = hits(3, 3, cut).map(|(_, hit)| hit).collect();
        assert_eq!(read, [&b"first"[..], b"\x06\0\0\0se", b""]);
    }

    #[test]
    fn what_follows_the_last_hit_of_a_batch_stays_with_it() {
        let whole = batch(&[b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]);
        let read: Vec<&[u8]> = hits(2, 2, whole.body()).map(|(_, hit)| hit).collect();
        assert_eq!(read, [&b"first"[..], b"\x06\0\0\0second\x05\0\0\0third"]);
    }
}
