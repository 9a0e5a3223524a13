//! What binds the parts of a segment to their places. A checksum of bytes alone says nothing when the bytes are whole
//! but of another column, another day or an earlier state: so the place goes into it. Nothing here reads a file.

use super::columns::{Col, Extent};
use super::{COLUMNS_MAX, Segment};
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::figures::Figures;

/// Numbers of a segment's row.
pub(super) const NUMBERS: usize = 15;

/// The numbers of a segment in the order of its row.
pub(super) fn numbers(segment: &Segment) -> [i64; NUMBERS] {
    let Extent { runs, rows, listed, first_ms, last_ms, stored } = segment.extent;
    let Figures { visitors, sessions, page_views, completions, value_minor, engaged_ms, bounces } =
        segment.figures;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    [
        segment.id,
        segment.day.0.into(),
        runs.into(),
        rows.into(),
        listed.into(),
        first_ms,
        last_ms,
        stored.into(),
        count(visitors),
        count(sessions),
        count(page_views),
        count(completions),
        value_minor,
        count(engaged_ms),
        count(bounces),
    ]
}

/// Checksum of a segment's row: of all its numbers and of whose it is.
pub(super) fn sum(account: AccountId, numbers: &[i64; NUMBERS]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&account.0.to_le_bytes());
    numbers.iter().for_each(|number| hash.update(&number.to_le_bytes()));
    hash.finalize()
}

/// What a segment is in the sum of its account (`account.segment_sum`), where all of them are put together by
/// exclusive or. A single one that is missing or changed is told by the difference, and so is its day.
pub(super) fn entry(account: AccountId, segment: &Segment) -> i64 {
    i64::from(segment.day.0) << 32 | i64::from(sum(account, &numbers(segment)))
}

/// The day in the difference of two sums: 0 where the entries are of one day.
pub(super) fn day_of(difference: i64) -> LocalDay {
    LocalDay((difference >> 32) as i32)
}

/// Mixes the place of a column into the checksum its bytes begin with, or takes it out again.
pub(super) fn bind(bytes: &mut [u8], id: i64, col: Col) {
    let place = (id * COLUMNS_MAX + col as i64).to_le_bytes();
    let place = crc32fast::hash(&place).to_le_bytes();
    bytes.iter_mut().zip(place).for_each(|(byte, place)| *byte ^= place);
}

#[cfg(test)]
mod tests {
    use super::super::pack::{pack, unpack};
    use super::*;
    use crate::store::error::Damage;

    #[test]
    fn a_column_is_read_at_its_own_place_alone() {
        let values = [5, 6, 7];
        let mut stored = pack(&values);
        bind(&mut stored, 7, Col::Page);
        let read = |id, col| {
            let mut bytes = stored.clone();
            bind(&mut bytes, id, col);
            let mut out = Vec::new();
            unpack(&bytes, values.len(), &mut out).map(|()| out)
        };
        assert_eq!(read(7, Col::Page).unwrap(), values);
        for (id, col) in [(7, Col::Event), (8, Col::Page), (7 + (1 << 40), Col::Page), (6, Col::Policy)] {
            assert_eq!(read(id, col), Err(Damage::Checksum), "{id} {col:?}");
        }
    }

    fn segment(id: i64, day: i32) -> Segment {
        let extent = Extent { runs: 1, rows: 2, listed: 3, first_ms: 4, last_ms: 5, stored: 6 };
        Segment { id, day: LocalDay(day), extent, figures: Figures::default(), is_whole: true }
    }

    #[test]
    fn every_number_of_a_row_and_whose_it_is_are_in_its_sum() {
        let written = numbers(&segment(7, 20_500));
        let known = sum(AccountId(1), &written);
        assert_ne!(sum(AccountId(2), &written), known);
        for place in 0..NUMBERS {
            let mut changed = written;
            changed[place] ^= 1 << 40;
            assert_ne!(sum(AccountId(1), &changed), known, "{place}");
        }
    }

    #[test]
    fn a_difference_tells_the_day() {
        for (day, other) in [(20_500, 20_501), (20_500, -3), (-1, 7)] {
            let [lost, kept] = [(1, day), (2, other)].map(|(id, day)| entry(AccountId(1), &segment(id, day)));
            assert_eq!(day_of(lost ^ kept ^ kept), LocalDay(day));
        }
    }
}
