//! One block: how large it gets in each form, and its bits. Upstream: `_tr_flush_block`,
//! `scan_tree`, `send_tree` and `compress_block` of `trees.c`.

use super::codes::{
    BASE_LENGTH, BL_CODES, BL_ORDER, Code, Codes, D_CODES, END_BLOCK, EXTRA_BL_BITS,
    EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_D_CODES, FIXED_L_CODES, L_CODES, LENGTH_CODE,
    LITERALS, base_distance, distance_code,
};
use super::frequencies::{Bound, Frequencies};
use super::matches::Match;
use super::tokens::{self, Token, Tokens};
use super::trees::{Builder, MAX_BITS, MAX_BL_BITS, Tree};

const STORED: u64 = 0;
const FIXED: u64 = 1;
const DYNAMIC: u64 = 2;
/// The bit that says that a block is the last one.
const LAST: u64 = 1;

/// Writes blocks; keeps its room from one to the next.
pub(super) struct BlockWriter {
    frequencies: Frequencies,
    bound: Bound,
    builder: Builder,
    l_tree: Tree<L_CODES>,
    d_tree: Tree<D_CODES>,
    bl_tree: Tree<BL_CODES>,
    tokens: Tokens,
    bl_frequencies: [u16; BL_CODES],
    bits: Bits,
}

impl BlockWriter {
    pub(super) fn new() -> Self {
        Self {
            frequencies: Frequencies::new(),
            bound: Bound::new(),
            builder: Builder::new(),
            l_tree: Tree::new(),
            d_tree: Tree::new(),
            bl_tree: Tree::new(),
            tokens: Tokens::new(),
            bl_frequencies: [0; BL_CODES],
            bits: Bits::default(),
        }
    }

    /// The last and only block, for data with these matches, if it has at most `limit` bytes.
    pub(super) fn write(&mut self, data: &[u8], matches: &[Match], limit: usize) -> Option<&[u8]> {
        self.frequencies.count(data, matches);
        let bytes = |bits: u32| (bits as usize + 3).div_ceil(8);
        let fixed = bytes(self.frequencies.fixed_bits());
        // No tree is built where it is certain that it would not be used.
        let mut dynamic = bytes(self.bound.dynamic_bits(&self.frequencies));
        if fixed.min(dynamic).min(data.len() + 5) > limit {
            return None;
        }
        if dynamic < fixed {
            dynamic = bytes(self.build_trees());
        }
        if dynamic < fixed && dynamic <= limit {
            dynamic = bytes(self.build_bl_tree());
        }
        let best = fixed.min(dynamic);
        let stored = data.len() + 4 <= best;
        if limit < if stored { data.len() + 5 } else { best } {
            return None;
        }
        self.bits.clear(best.max(data.len()) + 5);
        if stored {
            self.write_stored(data);
        } else if fixed <= dynamic {
            self.bits.push(FIXED << 1 | LAST, 3);
            self.bits.push_symbols(data, matches, &FIXED_L_CODES, &FIXED_D_CODES);
        } else {
            self.bits.push(DYNAMIC << 1 | LAST, 3);
            self.write_trees();
            self.bits.push_symbols(data, matches, self.l_tree.codes(), self.d_tree.codes());
        }
        Some(self.bits.finish())
    }

    /// Builds the trees of symbols; bits that a dynamic block with them has at least, without its
    /// first three.
    fn build_trees(&mut self) -> u32 {
        let Frequencies { l, d, used_l, used_d, .. } = &self.frequencies;
        self.builder.build(l, used_l.as_slice(), MAX_BITS, &mut self.l_tree);
        self.builder.build(d, used_d.as_slice(), MAX_BITS, &mut self.d_tree);
        self.tokens.clear();
        self.tokens.push_tree(&self.l_tree);
        self.tokens.push_tree(&self.d_tree);
        self.bl_frequencies = self.tokens.frequencies();
        let tokens = self.tokens.as_slice().len() as u32;
        self.dynamic_bits(self.bound.entropy(tokens, self.bl_frequencies.into_iter()))
    }

    /// Builds the tree of code lengths, after [`Self::build_trees`]; bits of a dynamic block, without
    /// its first three.
    fn build_bl_tree(&mut self) -> u32 {
        let (mut used, mut count) = ([0; BL_CODES], 0);
        for symbol in (0..BL_CODES).filter(|&symbol| self.bl_frequencies[symbol] > 0) {
            used[count] = symbol as u16;
            count += 1;
        }
        self.builder.build(&self.bl_frequencies, &used[..count], MAX_BL_BITS, &mut self.bl_tree);
        self.dynamic_bits(self.bl_tree.bits)
    }

    /// Bits of a dynamic block, without its first three, if its code lengths have so many without
    /// their extra bits.
    fn dynamic_bits(&self, bl_bits: u32) -> u32 {
        let header = 5 + 5 + 4 + 3 * self.bl_count() as u32;
        let trees = bl_bits + tokens::extra_bits(&self.bl_frequencies);
        header + trees + self.l_tree.bits + self.d_tree.bits + self.frequencies.extra_bits
    }

    /// How many code length codes are sent, at least 4.
    fn bl_count(&self) -> usize {
        let occurs = |&symbol: &u8| self.bl_frequencies[usize::from(symbol)] > 0;
        BL_ORDER.iter().rposition(occurs).map_or(4, |last| 4.max(last + 1))
    }

    /// `send_all_trees`.
    fn write_trees(&mut self) {
        let bl_count = self.bl_count();
        self.bits.push((self.l_tree.max_code() + 1 - 257) as u64, 5);
        self.bits.push(self.d_tree.max_code() as u64, 5);
        self.bits.push((bl_count - 4) as u64, 4);
        for &symbol in &BL_ORDER[..bl_count] {
            self.bits.push(u64::from(self.bl_tree.length(u16::from(symbol))), 3);
        }
        let codes = self.bl_tree.codes();
        // Of at most 14 bits each.
        for three in self.tokens.as_slice().chunks(3) {
            for &Token { symbol, extra } in three {
                let code = codes[usize::from(symbol)];
                let bits = u64::from(code.bits) | u64::from(extra) << code.length;
                self.bits.add(bits, code.length + EXTRA_BL_BITS[usize::from(symbol) % BL_CODES]);
            }
            self.bits.flush();
        }
    }

    fn write_stored(&mut self, data: &[u8]) {
        self.bits.push(STORED << 1 | LAST, 8);
        let length = data.len() as u16;
        self.bits.push(u64::from(length), 16);
        self.bits.push(u64::from(!length), 16);
        for &byte in data {
            self.bits.push(u64::from(byte), 8);
        }
    }
}

/// Bits on their way to bytes, the first the lowest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    written: usize,
    /// Those not yet written, fewer than 8 after [`Bits::flush`].
    pending: u64,
    count: u32,
}

impl Bits {
    /// Makes room for `bytes` bytes.
    fn clear(&mut self, bytes: usize) {
        self.bytes.resize(bytes + 16, 0);
        self.written = 0;
        self.pending = 0;
        self.count = 0;
    }

    /// At most 48 bits between two calls of [`Bits::flush`].
    fn add(&mut self, bits: u64, count: u8) {
        self.pending |= bits << self.count;
        self.count += u32::from(count);
    }

    fn flush(&mut self) {
        if let Some(place) = self.bytes.get_mut(self.written..self.written + 8) {
            place.copy_from_slice(&self.pending.to_le_bytes());
        }
        self.written += self.count as usize / 8;
        self.pending >>= self.count & !7;
        self.count &= 7;
    }

    fn push(&mut self, bits: u64, count: u8) {
        self.add(bits, count);
        self.flush();
    }

    fn add_code(&mut self, code: Code) {
        self.add(u64::from(code.bits), code.length);
    }

    fn push_code(&mut self, code: Code) {
        self.add_code(code);
        self.flush();
    }

    fn push_literals(&mut self, literals: &[u8], l_codes: &Codes) {
        let three = literals.chunks_exact(3);
        let rest = three.remainder();
        for three in three {
            for &byte in three {
                self.add_code(l_codes[usize::from(byte)]);
            }
            self.flush();
        }
        for &byte in rest {
            self.add_code(l_codes[usize::from(byte)]);
        }
        self.flush();
    }

    /// `compress_block`.
    fn push_symbols(&mut self, data: &[u8], matches: &[Match], l_codes: &Codes, d_codes: &Codes) {
        let mut at = 0;
        for one in matches {
            self.push_literals(&data[at..usize::from(one.at)], l_codes);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_less_3)]);
            self.add_code(l_codes[LITERALS + 1 + length]);
            let extra = one.length_less_3 - BASE_LENGTH[length];
            self.add(u64::from(extra), EXTRA_LENGTH_BITS[length]);
            let distance = distance_code(one.distance_less_1);
            self.add_code(d_codes[distance]);
            let extra = one.distance_less_1 - base_distance(distance);
            self.add(u64::from(extra), EXTRA_DISTANCE_BITS[distance]);
            self.flush();
            at = one.end();
        }
        self.push_literals(&data[at..], l_codes);
        self.push_code(l_codes[END_BLOCK]);
    }

    /// `bi_windup`: fills the last byte up.
    fn finish(&mut self) -> &[u8] {
        self.count = self.count.next_multiple_of(8);
        self.flush();
        &self.bytes[..self.written]
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
            let bound = writer.bound.dynamic_bits(&writer.frequencies);
            let nearer = writer.build_trees();
            let actual = writer.build_bl_tree();
            prop_assert!(0 < bound && bound <= nearer && nearer <= actual, "{bound}, {nearer}, {actual}");
        }
    }
}
