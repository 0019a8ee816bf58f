//! The choice between the three kinds of block. Upstream: `_tr_flush_block` of `trees.c`.

use super::bit_writer::{BitWriter, Buffer};
use super::bound::LowerBound;
use super::dynamic::DynamicTrees;
use super::frequencies::Frequencies;
use super::matches::Match;
use crate::codes::{FIXED_D_CODES, FIXED_L_CODES};

const STORED: u64 = 0;
const FIXED: u64 = 1;
const DYNAMIC: u64 = 2;
/// The bit that marks the last block of a stream.
const LAST: u64 = 1;

/// Writes blocks.
pub(super) struct BlockWriter {
    frequencies: Frequencies,
    bound: LowerBound,
    trees: DynamicTrees,
    buffer: Box<Buffer>,
}

impl BlockWriter {
    pub(super) fn new() -> Self {
        Self {
            frequencies: Frequencies::new(),
            bound: LowerBound::new(),
            trees: DynamicTrees::new(),
            buffer: Box::new([0; size_of::<Buffer>()]),
        }
    }

    /// Writes `data` with these matches as the only block of a stream, if it has at most `limit`
    /// bytes.
    ///
    /// zlib compares sizes in whole bytes: a fixed block wins a tie against a dynamic one, and a
    /// stored block is taken if its data and two words for the length are not longer than the
    /// better of the two.
    ///
    /// `dynamic` begins as a lower bound and is replaced by closer ones, the last of them exact,
    /// while the answer can still change. If the bound reaches `fixed`, so does the real size. If
    /// the bound exceeds the limit, a dynamic block does not fit. The real choice may then be a
    /// stored block although `stored` is false, but that does not fit either.
    pub(super) fn write(&mut self, data: &[u8], matches: &[Match], limit: usize) -> Option<&[u8]> {
        let Self { frequencies, bound, trees, buffer } = self;
        frequencies.tally(data, matches);
        let bytes = |bits: u32| (bits as usize + 3).div_ceil(8);
        let fixed_bits = frequencies.fixed_bits();
        let fixed = bytes(fixed_bits);
        let mut dynamic = bytes(bound.dynamic_bits(frequencies, fixed_bits));
        if fixed.min(dynamic).min(data.len() + 5) > limit {
            return None;
        }
        if dynamic < fixed {
            dynamic = bytes(trees.build(frequencies, bound));
        }
        if dynamic < fixed && dynamic <= limit {
            dynamic = bytes(trees.build_bl_tree(frequencies));
        }
        let best = fixed.min(dynamic);
        let stored = data.len() + 4 <= best;
        if limit < if stored { data.len() + 5 } else { best } {
            return None;
        }
        let mut writer = BitWriter::new(buffer);
        if stored {
            write_stored(data, &mut writer);
            return Some(writer.finish());
        }
        let (l_codes, d_codes) = if fixed <= dynamic {
            writer.push(FIXED << 1 | LAST, 3);
            (&FIXED_L_CODES, &FIXED_D_CODES)
        } else {
            writer.push(DYNAMIC << 1 | LAST, 3);
            trees.write(&mut writer)
        };
        writer.push_symbols(data, matches, l_codes, d_codes);
        Some(writer.finish())
    }
}

/// `_tr_stored_block`.
fn write_stored(data: &[u8], writer: &mut BitWriter<'_>) {
    writer.push(STORED << 1 | LAST, 8);
    let length = data.len() as u16;
    writer.push(u64::from(length), 16);
    writer.push(u64::from(!length), 16);
    for &byte in data {
        writer.push(u64::from(byte), 8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::matches::MatchFinder;
    use super::*;

    proptest! {
        /// Each estimate of a dynamic block is at most the next one, and the last one is exact.
        #[test]
        fn bounds_are_lower_bounds(
            data in prop::collection::vec(0u8..40, 1..500),
            alphabet in 1u8..40,
            step in 1u8..7,
        ) {
            let data: Vec<_> = data.iter().map(|byte| byte % alphabet * step).collect();
            let (mut finder, mut writer) = (MatchFinder::new(), BlockWriter::new());
            finder.find_matches(&data);
            writer.frequencies.tally(&data, &finder.matches);
            let fixed = writer.frequencies.fixed_bits();
            let bound = writer.bound.dynamic_bits(&writer.frequencies, fixed);
            let closer = writer.trees.build(&writer.frequencies, &writer.bound);
            let exact = writer.trees.build_bl_tree(&writer.frequencies);
            prop_assert!(0 < bound && bound <= closer && closer <= exact, "{bound} {closer} {exact}");
            let mut bits = BitWriter::new(&mut writer.buffer);
            let (l_codes, d_codes) = writer.trees.write(&mut bits);
            bits.push_symbols(&data, &finder.matches, l_codes, d_codes);
            prop_assert_eq!(bits.finish().len(), exact.div_ceil(8) as usize);
        }
    }
}
