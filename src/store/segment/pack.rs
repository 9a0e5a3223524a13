//! Columns as bytes: whole numbers in as few bits as their range needs, with a checksum. What the numbers mean is
//! not known here, and no byte is trusted: damage is told, never guessed around.
//!
//! ```text
//! crc32 of the rest (4) · format (1) · mode (1) · width in bits (1) · 0 (1) · count (4) · base (4) · bits
//! fixed:  count values less base
//! delta:  count differences to the value before, the first to base, zigzag
//! sparse: count · base is the usual value · how many others (4) · width of their places (1) · places less the one
//!         before · values of `width` bits
//! ```

use std::cmp::Ordering;
use std::ops::Range;

use crate::store::error::Damage;

/// The one format there is.
pub const FORMAT: u8 = 1;
/// Bytes before the bits.
const HEAD: usize = 16;
/// Most values in a column: more is damage.
pub const COUNT_MAX: usize = 16 * 1024 * 1024;

const FIXED: u8 = 0;
const DELTA: u8 = 1;
const SPARSE: u8 = 2;

/// The shortest form of `values`.
#[must_use]
pub fn pack(values: &[u32]) -> Vec<u8> {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    let fixed_width = width_of(high - low);
    let delta_width = width_of(differences(values).max().unwrap_or(0));
    let (usual, others) = usual_of(values);
    let sparse = Sparse::of(values, usual, others);
    let fixed_size = size_of_bits(fixed_width, values.len());
    let delta_size = size_of_bits(delta_width, values.len());
    if sparse.as_ref().is_some_and(|sparse| sparse.bits.len() < fixed_size.min(delta_size)) {
        let (width, bits) = sparse.map_or((0, Vec::new()), |sparse| (sparse.width, sparse.bits));
        return seal(SPARSE, width, values.len(), usual, &bits);
    }
    if delta_size < fixed_size {
        return pack_delta(values, delta_width);
    }
    let mut bits = Bits::with_room(fixed_size);
    values.iter().for_each(|value| bits.put(value - low, fixed_width));
    seal(FIXED, fixed_width, values.len(), low, &bits.end())
}

fn pack_delta(values: &[u32], width: u8) -> Vec<u8> {
    let mut bits = Bits::with_room(size_of_bits(width, values.len()));
    if !values.is_empty() {
        bits.put(0, width);
    }
    differences(values).for_each(|delta| bits.put(delta, width));
    seal(DELTA, width, values.len(), values.first().copied().unwrap_or(0), &bits.end())
}

/// Appends the `wanted` values of a column to `out`.
///
/// # Errors
/// What is wrong with the bytes; `out` may have grown then.
pub fn unpack(bytes: &[u8], wanted: usize, out: &mut Vec<u32>) -> Result<(), Damage> {
    Opened::open(bytes, wanted)?.unpack(out)
}

/// A packed column of `wanted` values without those at `places` (in their order, none twice), packed again.
///
/// Of the values that go nothing stays: where one of them alone was the lowest or the widest, by which all are packed,
/// the rest is packed anew. Else the bits of the others are only moved together.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn cut(bytes: &[u8], wanted: usize, places: &[Range<usize>]) -> Result<Vec<u8>, Damage> {
    let opened = Opened::open(bytes, wanted)?;
    let cut = match opened.mode {
        FIXED => opened.cut_fixed(places)?,
        SPARSE => opened.cut_sparse(places)?,
        _ => None,
    };
    if let Some(cut) = cut {
        return Ok(cut);
    }
    let mut values = Vec::with_capacity(wanted);
    opened.unpack(&mut values)?;
    let left = without(&values, places);
    Ok(match opened.mode {
        DELTA => pack_delta(&left, width_of(differences(&left).max().unwrap_or(0))),
        _ => pack(&left),
    })
}

/// The values that are not at `places`.
pub(super) fn without(values: &[u32], places: &[Range<usize>]) -> Vec<u32> {
    let mut left = Vec::with_capacity(values.len());
    for range in between(places, values.len()) {
        left.extend(values.get(range).unwrap_or_default());
    }
    left
}

/// What lies between and beside `places`, up to `end`.
fn between(places: &[Range<usize>], end: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(places.iter().map(|range| range.end));
    let ends = places.iter().map(|range| range.start).chain(std::iter::once(end));
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty())
}

/// Does this column hold nothing but 0?
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.len() == HEAD && bytes.ends_with(&[0; 4])
}

/// A column whose checksum and count are right.
struct Opened<'a> {
    mode: u8,
    width: u8,
    base: u32,
    count: usize,
    bits: &'a [u8],
}

impl<'a> Opened<'a> {
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
            FIXED => out.extend(read(bits, width, count)?.map(|value| base.wrapping_add(value))),
            DELTA => {
                let mut last = base;
                out.extend(read(bits, width, count)?.map(|value| {
                    last = last.wrapping_add((value >> 1) ^ (value & 1).wrapping_neg());
                    last
                }));
            }
            SPARSE => {
                let (_, others) = Sparse::read(bits, width, count)?;
                let begin = out.len();
                out.resize(begin + count, base);
                let mut at = begin;
                for (gap, value) in others {
                    at += gap as usize;
                    *out.get_mut(at).ok_or(Damage::Inconsistent)? = value;
                }
            }
            _ => return Err(Damage::Inconsistent),
        }
        Ok(())
    }

    /// `None` where what is left has another lowest or widest value.
    fn cut_fixed(&self, places: &[Range<usize>]) -> Result<Option<Vec<u8>>, Damage> {
        let Self { width, base, count, bits, .. } = *self;
        verify_len(bits, width, count)?;
        let wide = usize::from(width);
        let value = |place: usize| (word_at(bits, place * wide) & mask(width)) as u32;
        let is_widest = |value: u32| width_of(value) == width;
        let has = |ranges: &mut dyn Iterator<Item = Range<usize>>, is: &dyn Fn(u32) -> bool| {
            ranges.flatten().any(|place| is(value(place)))
        };
        for is_end in [&|value| value == 0, &is_widest as &dyn Fn(u32) -> bool] {
            if has(&mut places.iter().cloned(), is_end) && !has(&mut between(places, count), is_end) {
                return Ok(None);
            }
        }
        let (mut left, mut moved) = (0, Bits::with_room(bits.len()));
        for range in between(places, count) {
            left += range.len();
            moved.copy(bits, range.start * wide..range.end * wide);
        }
        Ok(Some(seal(FIXED, width, left, base, &moved.end())))
    }

    /// `None` where the usual value is not the usual one of what is left.
    fn cut_sparse(&self, places: &[Range<usize>]) -> Result<Option<Vec<u8>>, Damage> {
        let (others, read) = Sparse::read(self.bits, self.width, self.count)?;
        let (mut gaps, mut values) = (Vec::with_capacity(others), Vec::with_capacity(others));
        let mut cuts = places.iter().peekable();
        // `place` as it was, and how many values before it are gone
        let (mut place, mut gone, mut before) = (0usize, 0usize, 0usize);
        for (gap, value) in read {
            place += gap as usize;
            while let Some(cut) = cuts.next_if(|cut| cut.end <= place) {
                gone += cut.len();
            }
            if cuts.peek().is_some_and(|cut| cut.start <= place) {
                continue;
            }
            let now = place.checked_sub(gone).filter(|_| place < self.count).ok_or(Damage::Inconsistent)?;
            gaps.push(u32::try_from(now - before).map_err(|_| Damage::Inconsistent)?);
            values.push(value);
            before = now;
        }
        let left = self.count - places.iter().map(ExactSizeIterator::len).sum::<usize>().min(self.count);
        if values.is_empty() || values.len() * 2 > left {
            return Ok(None);
        }
        let sparse = Sparse::put(&gaps, &values);
        Ok(Some(seal(SPARSE, sparse.width, left, self.base, &sparse.bits)))
    }
}

/// The values that are not the usual one.
struct Sparse {
    width: u8,
    bits: Vec<u8>,
}

impl Sparse {
    /// `None` where most values are others.
    fn of(values: &[u32], usual: u32, others: usize) -> Option<Self> {
        if others * 2 > values.len() {
            return None;
        }
        let (mut gaps, mut found) = (Vec::with_capacity(others), Vec::with_capacity(others));
        let mut before = 0;
        for (value, place) in values.iter().zip(0u32..).filter(|(value, _)| **value != usual) {
            gaps.push(place - std::mem::replace(&mut before, place));
            found.push(*value);
        }
        Some(Self::put(&gaps, &found))
    }

    /// `gaps`: places, each less the one before.
    fn put(gaps: &[u32], values: &[u32]) -> Self {
        let place_width = width_of(gaps.iter().copied().max().unwrap_or(0));
        let width = width_of(values.iter().copied().max().unwrap_or(0));
        let mut bytes = u32::try_from(values.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        bytes.push(place_width);
        for (numbers, width) in [(gaps, place_width), (values, width)] {
            let mut bits = Bits::with_room(size_of_bits(width, numbers.len()));
            numbers.iter().for_each(|number| bits.put(*number, width));
            bytes.extend(bits.end());
        }
        Self { width, bits: bytes }
    }

    /// How many others there are of `count` values, and each with its place less the one before.
    fn read(
        bits: &[u8],
        width: u8,
        count: usize,
    ) -> Result<(usize, impl Iterator<Item = (u32, u32)>), Damage> {
        let ([n0, n1, n2, n3, place_width], rest) = bits.split_first_chunk::<5>().ok_or(Damage::Short)?;
        let others = u32::from_le_bytes([*n0, *n1, *n2, *n3]) as usize;
        if others > count || *place_width > 32 {
            return Err(Damage::Inconsistent);
        }
        let places_size = size_of_bits(*place_width, others);
        let (places, values) = rest.split_at_checked(places_size).ok_or(Damage::Short)?;
        Ok((others, read(places, *place_width, others)?.zip(read(values, width, others)?)))
    }
}

/// A value that most of `values` may be, and how many are others: exact where one is held by more than half.
fn usual_of(values: &[u32]) -> (u32, usize) {
    let (mut usual, mut lead) = (0, 0usize);
    for value in values {
        // written so that it takes no branch
        usual = if lead == 0 { *value } else { usual };
        lead = if *value == usual { lead + 1 } else { lead - 1 };
    }
    (usual, values.iter().filter(|value| **value != usual).count())
}

/// Zigzag, from each value to the next.
fn differences(values: &[u32]) -> impl Iterator<Item = u32> {
    values.iter().zip(values.iter().skip(1)).map(|(last, value)| {
        let delta = value.wrapping_sub(*last).cast_signed();
        ((delta << 1) ^ (delta >> 31)).cast_unsigned()
    })
}

const fn width_of(highest: u32) -> u8 {
    (u32::BITS - highest.leading_zeros()) as u8
}

fn size_of_bits(width: u8, count: usize) -> usize {
    (usize::from(width) * count).div_ceil(8)
}

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

/// Numbers one after the other, lowest bit first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    filled: u32,
}

impl Bits {
    fn with_room(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes + 8), ..Self::default() }
    }

    fn put(&mut self, value: u32, width: u8) {
        self.pending |= u64::from(value) << self.filled;
        self.filled += u32::from(width);
        if self.filled >= 32 {
            self.bytes.extend((self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.filled -= 32;
        }
    }

    /// Appends some of the bits of `bytes`.
    fn copy(&mut self, bytes: &[u8], mut range: Range<usize>) {
        if self.filled == 0 && range.start.is_multiple_of(8) {
            let whole = range.start / 8..range.end / 8;
            self.bytes.extend(bytes.get(whole).unwrap_or_default());
            range.start = range.end / 8 * 8;
        }
        for bit in range.clone().step_by(32) {
            let width = (range.end - bit).min(32) as u8;
            self.put((word_at(bytes, bit) & mask(width)) as u32, width);
        }
    }

    fn end(mut self) -> Vec<u8> {
        let rest = self.pending.to_le_bytes();
        self.bytes.extend(rest.into_iter().take(self.filled.div_ceil(8) as usize));
        self.bytes
    }
}

#[inline]
fn read(bytes: &[u8], width: u8, count: usize) -> Result<impl Iterator<Item = u32>, Damage> {
    verify_len(bytes, width, count)?;
    let mask = mask(width);
    let width = usize::from(width);
    // Eight bytes hold any value, wherever it begins; the last ones are followed by nothing.
    let tail_from = bytes.len().saturating_sub(8);
    let mut tail = [0; 16];
    tail.iter_mut().zip(bytes.get(tail_from..).unwrap_or_default()).for_each(|(byte, last)| *byte = *last);
    Ok((0..count).map(move |place| {
        let bit = place * width;
        let at = bit >> 3;
        let word = match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            Some(word) => *word,
            None => {
                tail.get(at - tail_from..).and_then(<[u8]>::first_chunk::<8>).copied().unwrap_or_default()
            }
        };
        (u64::from_le_bytes(word) >> (bit & 7) & mask) as u32
    }))
}

fn verify_len(bytes: &[u8], width: u8, count: usize) -> Result<(), Damage> {
    match bytes.len().cmp(&size_of_bits(width, count)) {
        Ordering::Less => Err(Damage::Short),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Damage::Inconsistent),
    }
}

const fn mask(width: u8) -> u64 {
    (1 << width) - 1
}

/// The bits from `bit` on, 57 at least; 0 past the end.
#[inline]
fn word_at(bytes: &[u8], bit: usize) -> u64 {
    let rest = bytes.get(bit >> 3..).unwrap_or_default();
    let word = rest.first_chunk::<8>().copied().unwrap_or_else(|| {
        let mut word = [0; 8];
        word.iter_mut().zip(rest).for_each(|(byte, last)| *byte = *last);
        word
    });
    u64::from_le_bytes(word) >> (bit & 7)
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

        /// As if what is cut out had never been there: it is not told by how the others are packed either.
        #[test]
        fn what_is_cut_out_leaves_the_others(
            values in columns(), cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..9usize), 0..6),
        ) {
            let mut places: Vec<Range<usize>> = Vec::new();
            let mut starts: Vec<_> = cuts.iter().map(|(at, len)| (at.index(values.len() + 1), *len)).collect();
            starts.sort_unstable();
            for (start, len) in starts {
                let start = start.max(places.last().map_or(0, |before| before.end));
                places.push(start..(start + len).min(values.len()).max(start));
            }
            places.retain(|range| !range.is_empty());
            let is_cut = |place: usize| places.iter().any(|range| range.contains(&place));
            let left: Vec<u32> =
                values.iter().enumerate().filter(|(place, _)| !is_cut(*place)).map(|(_, value)| *value).collect();
            let packed = pack(&values);
            let cut = cut(&packed, values.len(), &places).unwrap();
            let mut out = Vec::new();
            unpack(&cut, left.len(), &mut out).unwrap();
            prop_assert_eq!(&out, &left);
            prop_assert_eq!(is_zero(&cut), left.iter().all(|value| *value == 0));
            if packed[5] == FIXED && cut[5] == FIXED && !left.is_empty() {
                let (low, high) = (*left.iter().min().unwrap(), *left.iter().max().unwrap());
                prop_assert_eq!(&cut[12..16], &low.to_le_bytes());
                prop_assert_eq!(cut[6], width_of(high - low));
            }
        }

        #[test]
        fn any_changed_byte_is_told(values in columns(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = pack(&values);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(unpack(&bytes, values.len(), &mut Vec::new()).is_err());
        }

        /// Bytes whose checksum is right and that are nonsense all the same: never a panic.
        #[test]
        fn nonsense_is_told(
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
    fn each_form_is_taken_where_it_is_the_shortest() {
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
    fn the_wrong_count_and_a_later_format_are_told() {
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
