//! The rows of hits that are put on disk together, as one row of the inbox. A single one is the batch itself; otherwise
//! each has its length in front, 4 bytes, the lowest first.

/// A batch is closed when it has this many bytes.
const BYTES: usize = 256 * 1024;

/// Rows of hits that are being put together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    hits: u32,
    body: Vec<u8>,
}

impl Batch {
    pub(super) fn push(&mut self, row: &[u8]) {
        self.hits += 1;
        self.body.extend_from_slice(&u32::try_from(row.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.body.extend_from_slice(row);
    }

    pub(super) const fn hits(&self) -> u32 {
        self.hits
    }

    pub(super) fn body(&self) -> &[u8] {
        if self.hits == 1 { self.body.get(LENGTH..).unwrap_or_default() } else { &self.body }
    }

    /// Another row belongs into the next batch.
    pub(super) const fn is_full(&self) -> bool {
        self.body.len() >= BYTES
    }

    pub(super) fn clear(&mut self) {
        self.hits = 0;
        self.body.clear();
    }
}

/// Bytes of the length of a row.
const LENGTH: usize = 4;

/// The rows of a batch, each with its id. Of a damaged batch the rows that cannot be told apart are empty, but the first
/// of them has all that is left.
pub fn rows(last_id: i64, hits: u32, body: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let mut rest = body;
    (0..hits).rev().map(move |later| {
        let row = if hits == 1 { None } else { split(rest) };
        let (row, others) = row.unwrap_or((rest, &[]));
        rest = others;
        (last_id.saturating_sub(later.into()), row)
    })
}

/// The first row, and what follows it.
fn split(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<LENGTH>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(rows: &[Vec<u8>]) -> Batch {
        let mut batch = Batch::default();
        rows.iter().for_each(|row| batch.push(row));
        batch
    }

    proptest! {
        #[test]
        fn a_batch_is_read_as_it_was_written(
            all in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..20),
            last_id in 100_i64..,
        ) {
            let batch = batch(&all);
            let read: Vec<(i64, &[u8])> = rows(last_id, batch.hits(), batch.body()).collect();
            let ids = last_id + 1 - i64::from(batch.hits())..=last_id;
            prop_assert_eq!(read, ids.zip(all.iter().map(Vec::as_slice)).collect::<Vec<_>>());
        }

        #[test]
        fn a_damaged_batch_has_as_many_rows(
            hits in 1_u32..20,
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let read: Vec<(i64, &[u8])> = rows(i64::MAX, hits, &body).collect();
            prop_assert_eq!(read.len(), hits as usize);
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
        let read: Vec<&[u8]> = rows(3, 3, cut).map(|(_, row)| row).collect();
        assert_eq!(read, [&b"first"[..], b"\x06\0\0\0se", b""]);
    }
}
