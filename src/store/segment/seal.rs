//! What binds the parts of a segment to their places. A checksum of bytes alone says nothing when the bytes are whole
//! but of another column, another day or an earlier state: so the place goes into it. Nothing here reads a file.

use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// Numbers of a segment's row.
pub(super) const NUMBERS: usize = 15;

/// Checksum of a segment's row: of all its numbers and of whose it is.
pub(super) fn sum(account: AccountId, numbers: &[i64; NUMBERS]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&account.0.to_le_bytes());
    numbers.iter().for_each(|number| hash.update(&number.to_le_bytes()));
    hash.finalize()
}

/// What a segment is in the sum of its account (`account.segment_sum`), where all of them are put together by
/// exclusive or. A single one that is missing or changed is told by the difference, and so is its day.
pub(super) fn entry(day: LocalDay, sum: u32) -> i64 {
    i64::from(day.0) << 32 | i64::from(sum)
}

/// The day in the difference of two sums: 0 where the entries are of one day.
pub(super) fn day_of(difference: i64) -> LocalDay {
    LocalDay((difference >> 32) as i32)
}

/// Mixes the place of a column into the checksum its bytes begin with, or takes it out again.
pub(super) fn bind(bytes: &mut [u8], place: i64) {
    let place = crc32fast::hash(&place.to_le_bytes()).to_le_bytes();
    bytes.iter_mut().zip(place).for_each(|(byte, place)| *byte ^= place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::Damage;
    use crate::store::segment::pack::{pack, unpack};

    #[test]
    fn a_column_is_read_at_its_own_place_alone() {
        let values = [5, 6, 7];
        let mut stored = pack(&values);
        bind(&mut stored, 240);
        let read = |place| {
            let mut bytes = stored.clone();
            bind(&mut bytes, place);
            let mut out = Vec::new();
            unpack(&bytes, values.len(), &mut out).map(|()| out)
        };
        assert_eq!(read(240).unwrap(), values);
        for place in [241, 239, 240 + 32, 0, -240, 240 + (1 << 40)] {
            assert_eq!(read(place), Err(Damage::Checksum), "{place}");
        }
    }

    #[test]
    fn every_number_of_a_row_and_whose_it_is_are_in_its_sum() {
        let written = [7; NUMBERS];
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
            let (lost, kept) = (entry(LocalDay(day), 77), entry(LocalDay(other), u32::MAX));
            assert_eq!(day_of(lost ^ kept ^ kept), LocalDay(day));
        }
    }
}
