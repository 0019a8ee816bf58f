//! One block: how large it gets in each form, and its bits. Upstream: `_tr_flush_block` of `trees.c`.

use super::bits::{self, Bits, Room};
use super::bound::Bound;
use super::dynamic::Dynamic;
use super::frequencies::Frequencies;
use super::matches::Match;
use crate::zlib::codes::{FIXED_D_CODES, FIXED_L_CODES};

const STORED: u64 = 0;
const FIXED: u64 = 1;
const DYNAMIC: u64 = 2;
/// The bit that says that a block is the last one.
const LAST: u64 = 1;

/// Writes blocks; keeps its room from one to the next.
pub(super) struct BlockWriter {
    frequencies: Frequencies,
    bound: Bound,
    dynamic: Dynamic,
    room: Box<Room>,
}

impl BlockWriter {
    pub(super) fn new() -> Self {
        Self {
            frequencies: Frequencies::new(),
            bound: Bound::new(),
            dynamic: Dynamic::new(),
            room: bits::room(),
        }
    }

    /// The last and only block, for data with these matches, if it has at most `limit` bytes.
    pub(super) fn write(&mut self, data: &[u8], matches: &[Match], limit: usize) -> Option<&[u8]> {
        let Self { frequencies, bound, dynamic: trees, room } = self;
        frequencies.count(data, matches);
        let bytes = |bits: u32| (bits as usize + 3).div_ceil(8);
        let fixed_bits = frequencies.fixed_bits();
        let fixed = bytes(fixed_bits);
        // No tree is built where it is certain that it would not be used.
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
        let mut bits = Bits::new(room);
        if stored {
            write_stored(data, &mut bits);
            return Some(bits.finish());
        }
        let (l_codes, d_codes) = if fixed <= dynamic {
            bits.push(FIXED << 1 | LAST, 3);
            (&FIXED_L_CODES, &FIXED_D_CODES)
        } else {
            bits.push(DYNAMIC << 1 | LAST, 3);
            trees.write(&mut bits)
        };
        bits.push_symbols(data, matches, l_codes, d_codes);
        Some(bits.finish())
    }
}

/// `_tr_stored_block`.
fn write_stored(data: &[u8], bits: &mut Bits<'_>) {
    bits.push(STORED << 1 | LAST, 8);
    let length = data.len() as u16;
    bits.push(u64::from(length), 16);
    bits.push(u64::from(!length), 16);
    for &byte in data {
        bits.push(u64::from(byte), 8);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::matches::Finder;
    use super::*;

    proptest! {
        /// Where it says that a tree would not be used, none is built.
        #[test]
        fn the_bound_is_one(data in prop::collection::vec(0u8..40, 1..500), kinds in 1u8..40) {
            let data: Vec<_> = data.iter().map(|byte| byte % kinds * 5).collect();
            let (mut finder, mut writer) = (Finder::new(), BlockWriter::new());
            finder.find(&data);
            writer.frequencies.count(&data, &finder.matches);
            let fixed = writer.frequencies.fixed_bits();
            let bound = writer.bound.dynamic_bits(&writer.frequencies, fixed);
            let nearer = writer.dynamic.build(&writer.frequencies, &writer.bound);
            let actual = writer.dynamic.build_bl_tree(&writer.frequencies);
            prop_assert!(0 < bound && bound <= nearer && nearer <= actual, "{bound}, {nearer}, {actual}");
        }
    }
}
