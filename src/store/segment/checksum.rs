//! Checksums that cover not only bytes but also where they belong. Without that, a column that is intact but stands in
//! the place of another column, another day or an earlier state would go unnoticed.
//!
//! There are three of them. The checksum of a row of `segment` covers its numbers and its account. All segments of an
//! account are combined by exclusive or in `account.segment_sum`, which detects a missing row. The checksum in a column
//! is mixed with the id of that column.

use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// How many numbers a row of `segment` has.
pub(super) const NUMBERS: usize = 15;

pub(super) fn of_row(account: AccountId, numbers: &[i64; NUMBERS]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&account.0.to_le_bytes());
    numbers.iter().for_each(|number| hash.update(&number.to_le_bytes()));
    hash.finalize()
}

/// What a segment contributes to `account.segment_sum`. The day is part of it, so that the difference between the
/// stored and the computed sum says which day is missing.
pub(super) fn account_entry(day: LocalDay, row_checksum: u32) -> i64 {
    i64::from(day.0) << 32 | i64::from(row_checksum)
}

/// The day in the difference of two account sums; 0 when the entries are of the same day.
pub(super) fn day_of(difference: i64) -> LocalDay {
    LocalDay((difference >> 32) as i32)
}

/// Mixes the id of a column into the checksum at the start of its bytes. A second call removes it again.
pub(super) fn bind(bytes: &mut [u8], column_id: i64) {
    let mask = crc32fast::hash(&column_id.to_le_bytes()).to_le_bytes();
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::Damage;
    use crate::store::segment::pack::{pack, unpack};

    #[test]
    fn a_column_can_only_be_read_under_its_own_id() {
        let values = [5, 6, 7];
        let mut stored = pack(&values);
        bind(&mut stored, 240);
        let read = |id| {
            let mut bytes = stored.clone();
            bind(&mut bytes, id);
            let mut out = Vec::new();
            unpack(&bytes, values.len(), &mut out).map(|()| out)
        };
        assert_eq!(read(240).unwrap(), values);
        for id in [241, 239, 240 + 32, 0, -240, 240 + (1 << 40)] {
            assert_eq!(read(id), Err(Damage::Checksum), "{id}");
        }
    }

    #[test]
    fn every_number_and_the_account_change_the_checksum_of_a_row() {
        let written = [7; NUMBERS];
        let known = of_row(AccountId(1), &written);
        assert_ne!(of_row(AccountId(2), &written), known);
        for index in 0..NUMBERS {
            let mut changed = written;
            changed[index] ^= 1 << 40;
            assert_ne!(of_row(AccountId(1), &changed), known, "{index}");
        }
    }

    #[test]
    fn a_difference_gives_the_day() {
        for (day, other) in [(20_500, 20_501), (20_500, -3), (-1, 7)] {
            let (lost, kept) = (account_entry(LocalDay(day), 77), account_entry(LocalDay(other), u32::MAX));
            assert_eq!(day_of(lost ^ kept ^ kept), LocalDay(day));
        }
    }
}
