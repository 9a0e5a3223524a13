//! Numbers of any width one after the other, lowest bit first.

use std::cmp::Ordering;
use std::ops::Range;

use crate::store::error::Damage;

/// Values that are unpacked together: such a block takes as many words of 32 bits as a value has bits, so with the width
/// known when this is compiled, every shift is a constant.
const BLOCK: usize = 32;

/// Appends `count` values of `width` bits, each increased by `base`, to `out`.
pub(super) fn unpack(
    bytes: &[u8],
    width: u8,
    count: usize,
    base: u32,
    out: &mut Vec<u32>,
) -> Result<(), Damage> {
    verify_len(bytes, width, count)?;
    let whole = count / BLOCK;
    let (blocks, rest) =
        bytes.split_at_checked(whole * usize::from(width) * size_of::<u32>()).ok_or(Damage::Short)?;
    out.reserve(count);
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => out.resize(out.len() + whole * BLOCK, base),
                $($width => append_blocks::<$width>(blocks, base, out),)*
                _ => return Err(Damage::Inconsistent),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
    out.extend(read(rest, width, count - whole * BLOCK)?.map(|value| base.wrapping_add(value)));
    Ok(())
}

fn append_blocks<const WIDTH: usize>(bytes: &[u8], base: u32, out: &mut Vec<u32>) {
    for block in bytes.chunks_exact(WIDTH * size_of::<u32>()) {
        let mut words = [0; WIDTH];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        macro_rules! values {
            ($($place:literal)*) => { [$(base.wrapping_add(value::<WIDTH, $place>(&words))),*] };
        }
        // Written out, because the compiler does not unroll a loop over them.
        let values: [u32; BLOCK] =
            values!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
        out.extend_from_slice(&values);
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "a block of values of WIDTH bits fills WIDTH words of 32 bits")]
const fn value<const WIDTH: usize, const PLACE: usize>(words: &[u32; WIDTH]) -> u32 {
    let (word, shift) = (PLACE * WIDTH / 32, PLACE * WIDTH % 32);
    let low = words[word] >> shift;
    let value = if shift + WIDTH > 32 { low | words[word + 1] << (32 - shift) } else { low };
    value & mask(WIDTH as u8) as u32
}

/// Bytes that `count` values of `width` bits take.
pub(super) fn bytes_of(width: u8, count: usize) -> usize {
    (usize::from(width) * count).div_ceil(8)
}

/// Writes numbers of any width one after the other, lowest bit first.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    filled: u32,
}

impl Bits {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes + 8), ..Self::default() }
    }

    pub(super) fn push(&mut self, value: u32, width: u8) {
        self.pending |= u64::from(value) << self.filled;
        self.filled += u32::from(width);
        if self.filled >= 32 {
            self.bytes.extend((self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.filled -= 32;
        }
    }

    /// Appends a range of the bits of `bytes`.
    pub(super) fn push_bits_of(&mut self, bytes: &[u8], mut range: Range<usize>) {
        if self.filled == 0 && range.start.is_multiple_of(8) {
            let whole = range.start / 8..range.end / 8;
            self.bytes.extend(bytes.get(whole).unwrap_or_default());
            range.start = range.end / 8 * 8;
        }
        for bit in range.clone().step_by(32) {
            let width = (range.end - bit).min(32) as u8;
            self.push((word_at(bytes, bit) & mask(width)) as u32, width);
        }
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        let rest = self.pending.to_le_bytes();
        self.bytes.extend(rest.into_iter().take(self.filled.div_ceil(8) as usize));
        self.bytes
    }
}

#[inline]
pub(super) fn read(bytes: &[u8], width: u8, count: usize) -> Result<impl Iterator<Item = u32>, Damage> {
    verify_len(bytes, width, count)?;
    let mask = mask(width);
    let width = usize::from(width);
    // Eight bytes hold any value, wherever it begins. `tail` holds the last eight with zeros behind them.
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

pub(super) fn verify_len(bytes: &[u8], width: u8, count: usize) -> Result<(), Damage> {
    match bytes.len().cmp(&bytes_of(width, count)) {
        Ordering::Less => Err(Damage::Short),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Damage::Inconsistent),
    }
}

pub(super) const fn mask(width: u8) -> u64 {
    (1 << width) - 1
}

/// At least 57 bits from `bit` on, with zeros past the end.
#[inline]
pub(super) fn word_at(bytes: &[u8], bit: usize) -> u64 {
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
    use super::*;

    #[test]
    fn every_width_is_unpacked_in_whole_blocks_and_what_is_left() {
        for width in 0..=32_u8 {
            for count in [0, 1, 31, 32, 33, 63, 64, 65, 1_000] {
                // The highest value has all bits set, and neighbours differ.
                let mask = mask(width) as u32;
                let value = |n: u32| if n == 1 { mask } else { n.wrapping_mul(0x9E37_79B1) & mask };
                let mut bits = Bits::with_capacity(0);
                (0..count).for_each(|n| bits.push(value(n), width));
                let bytes = bits.into_bytes();
                let mut out = vec![9];
                unpack(&bytes, width, count as usize, 5, &mut out).unwrap();
                assert_eq!(out[0], 9);
                let expected: Vec<u32> = (0..count).map(|n| value(n).wrapping_add(5)).collect();
                assert_eq!(out[1..], expected, "{count} values of {width} bits");
                let shorter = bytes.split_last().map(|(_, shorter)| shorter);
                assert!(
                    shorter
                        .is_none_or(|shorter| unpack(shorter, width, count as usize, 0, &mut out).is_err())
                );
            }
        }
    }
}
