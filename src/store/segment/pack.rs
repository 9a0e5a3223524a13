//! A column as bytes: 32-bit numbers in as few bits as their range needs, behind a header with a checksum. This module
//! does not know what the numbers mean. It trusts no byte it reads: damaged bytes are an error, never a wrong value.
//!
//! There are three modes, and `pack` takes the one with the shortest result:
//!
//! ```text
//! header: crc32 of the rest (4) · format (1) · mode (1) · width in bits (1) · 0 (1) · count (4) · base (4)
//! fixed:  each value less `base`, the lowest value
//! delta:  each value less the one before (the first less `base`), zigzag encoded
//! sparse: most values equal `base`. The exceptions follow: their count (4) · width of their gaps (1) · the gap from
//!         each exception to the one before · their values
//! ```

mod bits;

use std::ops::Range;

use crate::store::error::Damage;
use bits::{Bits, bytes_of, mask, read, verify_len, word_at};

/// The format this version writes.
pub const FORMAT: u8 = 1;
/// Length of the header.
const HEAD: usize = 16;
/// Most values in a column. A higher count is damage, and must not decide how much memory is allocated.
pub const COUNT_MAX: usize = 16 * 1024 * 1024;

const FIXED: u8 = 0;
const DELTA: u8 = 1;
const SPARSE: u8 = 2;

/// Packs values in the mode with the shortest result.
#[must_use]
pub fn pack(values: &[u32]) -> Vec<u8> {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    let fixed_width = width_of(high - low);
    let delta_width = width_of(differences(values).max().unwrap_or(0));
    let (usual, exceptions) = usual_of(values);
    let sparse = Sparse::of(values, usual, exceptions);
    let fixed_size = bytes_of(fixed_width, values.len());
    let delta_size = bytes_of(delta_width, values.len());
    if let Some(sparse) = sparse.filter(|sparse| sparse.bits.len() < fixed_size.min(delta_size)) {
        return seal(SPARSE, sparse.width, values.len(), usual, &sparse.bits);
    }
    if delta_size < fixed_size {
        return pack_delta(values, delta_width);
    }
    let mut bits = Bits::with_capacity(fixed_size);
    values.iter().for_each(|value| bits.push(value - low, fixed_width));
    seal(FIXED, fixed_width, values.len(), low, &bits.into_bytes())
}

fn pack_delta(values: &[u32], width: u8) -> Vec<u8> {
    let mut bits = Bits::with_capacity(bytes_of(width, values.len()));
    if !values.is_empty() {
        bits.push(0, width);
    }
    differences(values).for_each(|delta| bits.push(delta, width));
    seal(DELTA, width, values.len(), values.first().copied().unwrap_or(0), &bits.into_bytes())
}

/// Appends the `wanted` values of a column to `out`. After an error `out` may have grown.
pub fn unpack(bytes: &[u8], wanted: usize, out: &mut Vec<u32>) -> Result<(), Damage> {
    Column::open(bytes, wanted)?.unpack(out)
}

/// A packed column of `wanted` values without those in `removed` (ascending, disjoint ranges), packed again.
///
/// The result must not give away the removed values. Where one of them decided how the others are packed (it alone was
/// the lowest or needed the full width), the others are packed anew. Otherwise their bits are moved without being
/// unpacked, which is much faster.
pub(super) fn remove(bytes: &[u8], wanted: usize, removed: &[Range<usize>]) -> Result<Vec<u8>, Damage> {
    let column = Column::open(bytes, wanted)?;
    let moved = match column.mode {
        FIXED => column.remove_fixed(removed)?,
        SPARSE => column.remove_sparse(removed)?,
        _ => None,
    };
    if let Some(moved) = moved {
        return Ok(moved);
    }
    let mut values = Vec::with_capacity(wanted);
    column.unpack(&mut values)?;
    let remaining = without(&values, removed);
    Ok(match column.mode {
        DELTA => pack_delta(&remaining, width_of(differences(&remaining).max().unwrap_or(0))),
        _ => pack(&remaining),
    })
}

/// The values that are not in `removed`.
pub(super) fn without(values: &[u32], removed: &[Range<usize>]) -> Vec<u32> {
    let mut remaining = Vec::with_capacity(values.len());
    for range in kept(removed, values.len()) {
        remaining.extend(values.get(range).unwrap_or_default());
    }
    remaining
}

/// The ranges before, between and after those in `removed`, up to `end`.
fn kept(removed: &[Range<usize>], end: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(removed.iter().map(|range| range.end));
    let ends = removed.iter().map(|range| range.start).chain(std::iter::once(end));
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty())
}

/// Is every value of this column 0?
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.len() == HEAD && bytes.ends_with(&[0; 4])
}

/// A column whose checksum and count are correct.
struct Column<'a> {
    mode: u8,
    width: u8,
    base: u32,
    count: usize,
    bits: &'a [u8],
}

impl<'a> Column<'a> {
    fn open(bytes: &'a [u8], wanted: usize) -> Result<Self, Damage> {
        let (sum, rest) = bytes.split_first_chunk::<4>().ok_or(Damage::Short)?;
        if u32::from_le_bytes(*sum) != crc32fast::hash(rest) {
            return Err(Damage::Checksum);
        }
        let (head, bits) = rest.split_first_chunk::<{ HEAD - 4 }>().ok_or(Damage::Short)?;
        let [format, mode, width, _, c0, c1, c2, c3, b0, b1, b2, b3] = *head;
        if format != FORMAT {
            return Err(Damage::Format(format));
        }
        let (count, base) = (u32::from_le_bytes([c0, c1, c2, c3]), u32::from_le_bytes([b0, b1, b2, b3]));
        if count as usize != wanted || wanted > COUNT_MAX {
            return Err(Damage::Count { found: count as usize, wanted });
        }
        if width > 32 {
            return Err(Damage::Inconsistent);
        }
        Ok(Self { mode, width, base, count: wanted, bits })
    }

    fn unpack(&self, out: &mut Vec<u32>) -> Result<(), Damage> {
        let Self { mode, width, base, count, bits } = *self;
        match mode {
            FIXED => bits::unpack(bits, width, count, base, out)?,
            DELTA => {
                let begin = out.len();
                bits::unpack(bits, width, count, 0, out)?;
                let mut last = base;
                for value in out.iter_mut().skip(begin) {
                    last = last.wrapping_add((*value >> 1) ^ (*value & 1).wrapping_neg());
                    *value = last;
                }
            }
            SPARSE => {
                let (_, exceptions) = Sparse::read(bits, width, count)?;
                let begin = out.len();
                out.resize(begin + count, base);
                let mut index = begin;
                for (gap, value) in exceptions {
                    index += gap as usize;
                    *out.get_mut(index).ok_or(Damage::Inconsistent)? = value;
                }
            }
            _ => return Err(Damage::Inconsistent),
        }
        Ok(())
    }

    /// `None` when the remaining values have another lowest or another widest value.
    fn remove_fixed(&self, removed: &[Range<usize>]) -> Result<Option<Vec<u8>>, Damage> {
        let Self { width, base, count, bits, .. } = *self;
        verify_len(bits, width, count)?;
        let wide = usize::from(width);
        let value = |index: usize| (word_at(bits, index * wide) & mask(width)) as u32;
        let is_widest = |value: u32| width_of(value) == width;
        let has = |ranges: &mut dyn Iterator<Item = Range<usize>>, is: &dyn Fn(u32) -> bool| {
            ranges.flatten().any(|index| is(value(index)))
        };
        for is_end in [&|value| value == 0, &is_widest as &dyn Fn(u32) -> bool] {
            if has(&mut removed.iter().cloned(), is_end) && !has(&mut kept(removed, count), is_end) {
                return Ok(None);
            }
        }
        let (mut remaining, mut moved) = (0, Bits::with_capacity(bits.len()));
        for range in kept(removed, count) {
            remaining += range.len();
            moved.push_bits_of(bits, range.start * wide..range.end * wide);
        }
        Ok(Some(seal(FIXED, width, remaining, base, &moved.into_bytes())))
    }

    /// `None` when the usual value is not the usual one of the remaining values.
    fn remove_sparse(&self, removed: &[Range<usize>]) -> Result<Option<Vec<u8>>, Damage> {
        let (exceptions, read) = Sparse::read(self.bits, self.width, self.count)?;
        let (mut gaps, mut values) = (Vec::with_capacity(exceptions), Vec::with_capacity(exceptions));
        let mut ranges = removed.iter().peekable();
        let (mut old_index, mut removed_before, mut last_index) = (0usize, 0usize, 0usize);
        for (gap, value) in read {
            old_index += gap as usize;
            while let Some(range) = ranges.next_if(|range| range.end <= old_index) {
                removed_before += range.len();
            }
            if ranges.peek().is_some_and(|range| range.start <= old_index) {
                continue;
            }
            let index = old_index.checked_sub(removed_before).filter(|_| old_index < self.count);
            let index = index.ok_or(Damage::Inconsistent)?;
            gaps.push(u32::try_from(index - last_index).map_err(|_| Damage::Inconsistent)?);
            values.push(value);
            last_index = index;
        }
        let removed = removed.iter().map(ExactSizeIterator::len).sum::<usize>();
        let remaining = self.count - removed.min(self.count);
        if values.is_empty() || values.len() * 2 > remaining {
            return Ok(None);
        }
        let sparse = Sparse::pack(&gaps, &values);
        Ok(Some(seal(SPARSE, sparse.width, remaining, self.base, &sparse.bits)))
    }
}

/// The exceptions of a sparse column: all values other than the usual one.
struct Sparse {
    width: u8,
    bits: Vec<u8>,
}

impl Sparse {
    /// `None` when most values are exceptions.
    fn of(values: &[u32], usual: u32, exceptions: usize) -> Option<Self> {
        if exceptions * 2 > values.len() {
            return None;
        }
        let (mut gaps, mut found) = (Vec::with_capacity(exceptions), Vec::with_capacity(exceptions));
        let mut before = 0;
        for (value, index) in values.iter().zip(0u32..).filter(|(value, _)| **value != usual) {
            gaps.push(index - std::mem::replace(&mut before, index));
            found.push(*value);
        }
        Some(Self::pack(&gaps, &found))
    }

    fn pack(gaps: &[u32], values: &[u32]) -> Self {
        let gap_width = width_of(gaps.iter().copied().max().unwrap_or(0));
        let width = width_of(values.iter().copied().max().unwrap_or(0));
        let mut bytes = u32::try_from(values.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        bytes.push(gap_width);
        for (numbers, width) in [(gaps, gap_width), (values, width)] {
            let mut bits = Bits::with_capacity(bytes_of(width, numbers.len()));
            numbers.iter().for_each(|number| bits.push(*number, width));
            bytes.extend(bits.into_bytes());
        }
        Self { width, bits: bytes }
    }

    /// How many exceptions there are among `count` values, and each with its gap.
    fn read(
        bits: &[u8],
        width: u8,
        count: usize,
    ) -> Result<(usize, impl Iterator<Item = (u32, u32)>), Damage> {
        let ([n0, n1, n2, n3, gap_width], rest) = bits.split_first_chunk::<5>().ok_or(Damage::Short)?;
        let exceptions = u32::from_le_bytes([*n0, *n1, *n2, *n3]) as usize;
        if exceptions > count || *gap_width > 32 {
            return Err(Damage::Inconsistent);
        }
        let gaps_size = bytes_of(*gap_width, exceptions);
        let (gaps, values) = rest.split_at_checked(gaps_size).ok_or(Damage::Short)?;
        Ok((exceptions, read(gaps, *gap_width, exceptions)?.zip(read(values, width, exceptions)?)))
    }
}

/// A candidate for the usual value, and how many values differ from it. The candidate is right whenever one value makes
/// up more than half of all (Boyer-Moore majority vote).
fn usual_of(values: &[u32]) -> (u32, usize) {
    let (mut usual, mut lead) = (0, 0usize);
    for value in values {
        // Written so that the compiler makes no branch of it.
        usual = if lead == 0 { *value } else { usual };
        lead = if *value == usual { lead + 1 } else { lead - 1 };
    }
    (usual, values.iter().filter(|value| **value != usual).count())
}

/// The zigzag encoded difference from each value to the next.
fn differences(values: &[u32]) -> impl Iterator<Item = u32> {
    values.iter().zip(values.iter().skip(1)).map(|(last, value)| {
        let delta = value.wrapping_sub(*last).cast_signed();
        ((delta << 1) ^ (delta >> 31)).cast_unsigned()
    })
}

const fn width_of(highest: u32) -> u8 {
    (u32::BITS - highest.leading_zeros()) as u8
}

/// Puts the header before the bits.
fn seal(mode: u8, width: u8, count: usize, base: u32, bits: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + bits.len());
    bytes.extend([0; 4]);
    bytes.extend([FORMAT, mode, width, 0]);
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(base.to_le_bytes());
    bytes.extend(bits);
    let sum = crc32fast::hash(bytes.get(4..).unwrap_or_default());
    bytes.iter_mut().zip(sum.to_le_bytes()).for_each(|(byte, sum)| *byte = sum);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns() -> impl Strategy<Value = Vec<u32>> {
        let len = 0..300usize;
        prop_oneof![
            prop::collection::vec(any::<u32>(), len.clone()),
            prop::collection::vec(0..40u32, len.clone()),
            prop::collection::vec(prop_oneof![20 => Just(7u32), 1 => any::<u32>()], len.clone()),
            (any::<u32>(), prop::collection::vec(0..9u32, len)).prop_map(|(start, steps)| {
                let mut at = start;
                steps
                    .into_iter()
                    .map(|step| {
                        at = at.wrapping_add(step).wrapping_sub(3);
                        at
                    })
                    .collect()
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(values in columns()) {
            let mut out = vec![1];
            unpack(&pack(&values), values.len(), &mut out).unwrap();
            prop_assert_eq!(&out[1..], &values);
        }

        /// The result is as if the removed values had never been there: the way the others are packed does not give
        /// them away either.
        #[test]
        fn removing_values_leaves_the_others(
            values in columns(), cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..9usize), 0..6),
        ) {
            let mut ranges: Vec<Range<usize>> = Vec::new();
            let mut starts: Vec<_> = cuts.iter().map(|(at, len)| (at.index(values.len() + 1), *len)).collect();
            starts.sort_unstable();
            for (start, len) in starts {
                let start = start.max(ranges.last().map_or(0, |before| before.end));
                ranges.push(start..(start + len).min(values.len()).max(start));
            }
            ranges.retain(|range| !range.is_empty());
            let is_removed = |index: usize| ranges.iter().any(|range| range.contains(&index));
            let kept: Vec<u32> =
                values.iter().enumerate().filter(|(index, _)| !is_removed(*index)).map(|(_, value)| *value).collect();
            let packed = pack(&values);
            let removed = remove(&packed, values.len(), &ranges).unwrap();
            let mut out = Vec::new();
            unpack(&removed, kept.len(), &mut out).unwrap();
            prop_assert_eq!(&out, &kept);
            prop_assert_eq!(is_zero(&removed), kept.iter().all(|value| *value == 0));
            if packed[5] == FIXED && removed[5] == FIXED && !kept.is_empty() {
                let (low, high) = (*kept.iter().min().unwrap(), *kept.iter().max().unwrap());
                prop_assert_eq!(&removed[12..16], &low.to_le_bytes());
                prop_assert_eq!(removed[6], width_of(high - low));
            }
        }

        #[test]
        fn any_changed_byte_is_an_error(values in columns(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = pack(&values);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(unpack(&bytes, values.len(), &mut Vec::new()).is_err());
        }

        /// Bytes that are nonsense although their checksum is right never cause a panic.
        #[test]
        fn nonsense_is_an_error_or_has_the_right_count(
            mode in 0..5u8, width in 0..40u8, count in 0..300u32, base in any::<u32>(),
            bits in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = seal(mode, width, count as usize, base, &bits);
            let mut out = Vec::new();
            if unpack(&bytes, count as usize, &mut out).is_ok() {
                prop_assert_eq!(out.len(), count as usize);
            }
        }
    }

    #[test]
    fn each_mode_is_used_where_it_is_the_shortest() {
        let mode = |values: &[u32]| pack(values)[5];
        assert_eq!(mode(&[]), FIXED);
        assert_eq!(mode(&(1_000..2_000).collect::<Vec<_>>()), DELTA);
        assert_eq!(mode(&(0..1_000).map(|n| n * 7919 % 1_009).collect::<Vec<_>>()), FIXED);
        let mut rare = vec![0; 1_000];
        rare[500] = 90_000;
        assert_eq!(mode(&rare), SPARSE);
        assert_eq!(pack(&[3; 100_000]).len(), HEAD, "one value costs nothing");
    }

    #[test]
    fn a_wrong_count_and_a_later_format_are_errors() {
        let bytes = pack(&[1, 2, 3]);
        assert_eq!(unpack(&bytes, 4, &mut Vec::new()), Err(Damage::Count { found: 3, wanted: 4 }));
        assert_eq!(unpack(&bytes[..3], 3, &mut Vec::new()), Err(Damage::Short));
        let mut later = bytes;
        later[4] = FORMAT + 1;
        let sum = crc32fast::hash(&later[4..]);
        later[..4].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(unpack(&later, 3, &mut Vec::new()), Err(Damage::Format(FORMAT + 1)));
    }
}
