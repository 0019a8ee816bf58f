//! Stock zlib's level 6 for data that fits into its window, byte for byte.
//!
//! Upstream is `deflate.c` and `trees.c` of zlib 1.3.2. Items that have a counterpart there name
//! it. The result has to be exact, so each decision that changes a byte is made as upstream makes
//! it, ties included.
//!
//! 1. `matches` finds the matches.
//! 2. `bound` rules out a dynamic block where it can, without building a tree.
//! 3. `tree` and `heap` build Huffman codes, `run_lengths` encodes their lengths.
//! 4. `bit_writer` packs codes into bytes.
//!
//! This file counts the symbols of each block, chooses its shortest kind, and writes it. It is faster
//! than zlib on small data because it clears no tables between two streams, builds no tree that the
//! bound rules out, and writes nothing if the result exceeds the caller's limit.

mod bit_writer;
mod bound;
mod heap;
mod matches;
mod run_lengths;
mod tree;

use std::array::from_fn;
use std::ops::Range;

use bit_writer::{BitWriter, Bits};
use bound::LowerBound;
use heap::{Heap, INNER, NODES};
pub(crate) use matches::MAX_DATA;
use matches::MatchFinder;
use run_lengths::{LengthSymbol, LengthSymbols};
use tree::{Code, Codes, ExtraBits, MAX_BITS, MAX_BL_BITS, Tree, assign_codes};

use crate::codes::{
    BASE_DISTANCE, BASE_LENGTH, BL_CODES, BL_ORDER, D_CODES, END_BLOCK, EXTRA_BL_BITS,
    EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_9_BITS, FIXED_DISTANCE_LENGTH, FIXED_L_CODES,
    L_CODES, LITERALS, fixed_length,
};

/// The header of a zlib stream with a 32 KiB window and the default level.
const HEADER: [u8; 2] = [0x78, 0x9c];
/// Bytes around the block: the header and the Adler-32.
const WRAPPER: usize = HEADER.len() + 4;

/// The kinds of block.
const STORED: u8 = 0;
const FIXED: u8 = 1;
const DYNAMIC: u8 = 2;

/// `sym_end`: the most literals and matches in a block.
const MAX_SYMBOLS: usize = 16_383;

/// Extra bits of lengths, of distances, and of code lengths.
const LENGTHS: ExtraBits =
    ExtraBits { first: LITERALS + 1, bases: BASE_LENGTH, counts: EXTRA_LENGTH_BITS };
const DISTANCES: ExtraBits =
    ExtraBits { first: 0, bases: BASE_DISTANCE, counts: EXTRA_DISTANCE_BITS };
const REPETITIONS: ExtraBits = ExtraBits { first: 0, bases: [0; 32], counts: EXTRA_BL_BITS };

/// What becomes one block.
#[derive(Default)]
struct Block {
    data: Range<usize>,
    /// Its matches, by index.
    matches: Range<usize>,
    is_last: bool,
}

/// Compresses up to [`MAX_DATA`] bytes.
pub(crate) struct Deflater {
    finder: Box<MatchFinder>,
    /// Literals, the end and lengths.
    l: Tree<L_CODES>,
    /// Distances.
    d: Tree<D_CODES>,
    /// The code lengths of the two trees above, and the tree that encodes them.
    lengths: LengthSymbols,
    bl: Tree<BL_CODES>,
    /// The number of literals and lengths, and the end.
    symbols: u32,
    /// The total of extra bits of lengths and distances.
    extra_bits: u32,
    heap: Heap,
    bound: LowerBound,
    /// `static_ltree` and `static_dtree`.
    fixed_codes: [Codes; 2],
}

impl Deflater {
    /// Not inlined, because the caller would then need 8 KiB of stack for it in every call.
    #[cold]
    #[inline(never)]
    pub(crate) fn new() -> Box<Self> {
        let symbols: [u16; FIXED_L_CODES] = from_fn(|symbol| symbol as u16);
        let mut fixed_codes = [[Code::default(); INNER]; 2];
        let [l_codes, d_codes] = &mut fixed_codes;
        assign_codes(&symbols, &from_fn(fixed_length), &LENGTHS, l_codes);
        assign_codes(&symbols[..32], &[FIXED_DISTANCE_LENGTH; NODES], &DISTANCES, d_codes);
        Box::new(Self {
            finder: MatchFinder::new(),
            l: Tree::new(),
            d: Tree::new(),
            lengths: LengthSymbols::new(),
            bl: Tree::new(),
            symbols: 0,
            extra_bits: 0,
            heap: Heap::new(),
            bound: LowerBound::new(),
            fixed_codes,
        })
    }

    /// Appends the compressed `data`, which has at most [`MAX_DATA`] bytes, to `out` if it takes at
    /// most `limit` bytes. Returns whether it does.
    pub(crate) fn compress(&mut self, data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let Some(limit) = limit.checked_sub(WRAPPER) else { return false };
        self.finder.find_matches(data);
        let start = out.len();
        out.extend_from_slice(&HEADER);
        let blocks = out.len();
        let (mut block, mut bits) = (Block::default(), Bits::default());
        while !block.is_last {
            block = self.tally(data, &block);
            let written = out.len();
            let room = limit.checked_sub(written - blocks);
            let Some((kind, size)) = room.and_then(|room| self.choose(&block, room)) else {
                out.truncate(start);
                return false;
            };
            // One more byte for the bits before the block.
            out.resize(written + size + 1 + BitWriter::SPARE, 0);
            let (bytes, rest) = self.write(data, &block, kind, &mut out[written..], bits);
            out.truncate(written + bytes);
            bits = rest;
        }
        if bits.count > 0 {
            out.push(bits.pending as u8);
        }
        if out.len() - blocks > limit {
            out.truncate(start);
            return false;
        }
        out.extend_from_slice(&zlib_rs::adler32::adler32(1, data).to_be_bytes());
        true
    }

    /// `_tr_tally`: counts the symbols of the next block, and returns it.
    ///
    /// zlib ends a block at [`MAX_SYMBOLS`], except after a literal that is the last byte.
    fn tally(&mut self, data: &[u8], before: &Block) -> Block {
        let data_end = data.len();
        let Self { finder, l, d, .. } = self;
        l.clear();
        d.clear();
        l.count(END_BLOCK);
        let count_literals = |l: &mut Tree<L_CODES>, literals: &[u8]| {
            literals.iter().for_each(|&byte| l.count(byte.into()));
        };
        let (mut symbols, mut position) = (0, before.data.end);
        let (mut matches, mut is_last) = (before.matches.end, true);
        for one in &finder.matches[matches..] {
            let literals = &data[..usize::from(one.position)][position..];
            if symbols + literals.len() >= MAX_SYMBOLS {
                break;
            }
            symbols += literals.len() + 1;
            count_literals(l, literals);
            position = one.end();
            matches += 1;
            l.count(LITERALS + 1 + usize::from(one.length_code));
            d.count(one.distance_code.into());
            if symbols == MAX_SYMBOLS {
                is_last = false;
                break;
            }
        }
        let next = finder.matches.get(matches).map_or(data.len(), |one| one.position.into());
        let end = next.min(position + MAX_SYMBOLS - symbols);
        count_literals(l, &data[position..end]);
        self.symbols = (1 + symbols + end - position) as u32;
        let has_matches = matches > before.matches.end;
        self.extra_bits =
            if has_matches { l.extra_bits(&LENGTHS) + d.extra_bits(&DISTANCES) } else { 0 };
        l.find_symbols();
        d.find_symbols();
        let data = before.data.end..end;
        Block { matches: before.matches.end..matches, is_last: is_last && end == data_end, data }
    }

    /// `_tr_flush_block`: chooses the shortest kind of block, given the size of the data. Returns it
    /// and its size in bytes, if that is at most `limit`.
    ///
    /// zlib compares sizes in whole bytes: a fixed block wins a tie against a dynamic one, and a
    /// stored block is taken if its data and two words for the length are not longer than the
    /// better of the two.
    ///
    /// `dynamic` begins as a lower bound and is replaced by closer ones, the last of them exact,
    /// while the answer can still change. If the bound reaches `fixed`, so does the real size. If
    /// the bound exceeds the limit, a dynamic block does not fit. The real choice may then be a
    /// stored block although it is not taken here, but that does not fit either.
    fn choose(&mut self, block: &Block, limit: usize) -> Option<(u8, usize)> {
        let stored = block.data.len();
        let bytes = |bits: u32| (bits as usize + 3).div_ceil(8);
        let fixed_bits = self.fixed_bits(block);
        let fixed = bytes(self.extra_bits + fixed_bits);
        let limit_bits = 8 * limit.min(MAX_DATA) as u32;
        let bound = self.bound.bits(&self.l, &self.d, fixed_bits, limit_bits);
        let mut dynamic = bytes(self.extra_bits + bound);
        if fixed.min(dynamic).min(stored + 5) > limit {
            return None;
        }
        if dynamic < fixed {
            let bits = self.build_trees();
            dynamic = bytes(bits + self.bound.entropy(self.bl.symbol_frequencies()));
            if dynamic < fixed && dynamic <= limit {
                dynamic = bytes(bits + self.bl.build(&mut self.heap, MAX_BL_BITS));
            }
        }
        let (kind, size) = match fixed.min(dynamic) {
            best if stored + 4 <= best => (STORED, stored + 5),
            best if best == fixed => (FIXED, best),
            best => (DYNAMIC, best),
        };
        (size <= limit).then_some((kind, size))
    }

    /// `static_len`: the bits of the symbols in a fixed block, without extra bits.
    fn fixed_bits(&self, block: &Block) -> u32 {
        // Count 8 bits for each symbol, then correct it for the symbols from `FIXED_9_BITS` on. In
        // text these are few.
        let symbols = self.l.symbols().iter().map(|&symbol| usize::from(symbol));
        let others = symbols.rev().take_while(|&symbol| symbol >= FIXED_9_BITS);
        let correction = |symbol: usize| {
            i32::from(self.l.frequencies[symbol]) * (i32::from(fixed_length(symbol)) - 8)
        };
        let distances = block.matches.len() as u32;
        (8 * self.symbols + u32::from(FIXED_DISTANCE_LENGTH) * distances)
            .wrapping_add_signed(others.map(correction).sum())
    }

    /// Builds the trees of literals and lengths, and of distances. Returns the bits of a dynamic
    /// block without its first three, and without the codes for code lengths.
    fn build_trees(&mut self) -> u32 {
        let Self { l, d, bl, lengths, heap, .. } = self;
        let bits = l.build(heap, MAX_BITS) + d.build(heap, MAX_BITS) + self.extra_bits;
        lengths.clear();
        lengths.scan_tree(l);
        lengths.scan_tree(d);
        bl.clear();
        for symbol in lengths.as_slice() {
            bl.count(symbol.symbol.into());
        }
        bl.find_symbols();
        bits + bl.extra_bits(&REPETITIONS) + 5 + 5 + 4 + 3 * self.bl_codes() as u32
    }

    /// How many codes for code lengths are listed: up to the last that is used, and at least 4.
    fn bl_codes(&self) -> usize {
        let occurs = |&symbol: &u8| self.bl.frequencies[usize::from(symbol)] > 0;
        BL_ORDER.iter().rposition(occurs).map_or(4, |last| 4.max(last + 1))
    }

    /// Writes a block of this kind to a buffer, after bits that are left from the block before it.
    /// Returns the bytes of the block, and the bits after them.
    ///
    /// Everything that takes the writer is inlined, to keep its state in registers.
    #[inline(never)]
    fn write(
        &mut self,
        data: &[u8],
        block: &Block,
        kind: u8,
        buffer: &mut [u8],
        bits: Bits,
    ) -> (usize, Bits) {
        let mut writer = BitWriter::new(buffer, bits);
        writer.add(((kind << 1 | u8::from(block.is_last)).into(), 3));
        if kind == STORED {
            // `_tr_stored_block`
            let length = block.data.len() as u16;
            writer.push_bytes(&length.to_le_bytes());
            writer.push_bytes(&(!length).to_le_bytes());
            writer.push_bytes(&data[block.data.clone()]);
            return writer.finish();
        }
        if kind == DYNAMIC {
            self.write_trees(&mut writer);
        }
        self.write_symbols(data, block, kind, &mut writer);
        writer.finish()
    }

    /// `send_all_trees`.
    #[inline(always)]
    fn write_trees(&mut self, writer: &mut BitWriter<'_>) {
        let bl_codes = self.bl_codes();
        let Self { l, d, bl, lengths, .. } = self;
        writer.add(((l.max_code() - 256) as u32, 5));
        writer.add((d.max_code() as u32, 5));
        writer.add(((bl_codes - 4) as u32, 4));
        writer.push_all(&BL_ORDER[..bl_codes], |symbol| {
            // Lengths of symbols that do not occur are stale.
            let occurs = bl.frequencies[usize::from(symbol)] > 0;
            (if occurs { bl.length(symbol.into()) } else { 0 }.into(), 3)
        });
        let codes = bl.codes(&REPETITIONS);
        writer.push_all(lengths.as_slice(), |LengthSymbol { symbol, extra }| {
            codes[usize::from(symbol)].with(extra.into())
        });
    }

    /// `compress_block`.
    #[inline(always)]
    fn write_symbols(&mut self, data: &[u8], block: &Block, kind: u8, writer: &mut BitWriter<'_>) {
        let Self { finder, l, d, fixed_codes: [l_codes, d_codes], .. } = self;
        let (l_codes, d_codes) = if kind == FIXED {
            (&*l_codes, &*d_codes)
        } else {
            (l.codes(&LENGTHS), d.codes(&DISTANCES))
        };
        let literal = |byte: u8| l_codes[usize::from(byte)].with(0);
        let mut position = block.data.start;
        for one in &finder.matches[block.matches.clone()] {
            writer.push_all(&data[..usize::from(one.position)][position..], literal);
            let length = &l_codes[LITERALS + 1 + usize::from(one.length_code % 32)];
            writer.add(length.with(one.length_minus_3.into()));
            writer.add(d_codes[usize::from(one.distance_code)].with(one.distance_minus_1));
            writer.flush();
            position = one.end();
        }
        writer.push_all(&data[position..block.data.end], literal);
        writer.add(l_codes[END_BLOCK].with(0));
        writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            let mut deflater = Deflater::new();
            deflater.finder.find_matches(&data);
            let block = deflater.tally(&data, &Block::default());
            let fixed = deflater.fixed_bits(&block);
            let bound = |limit| {
                let bits = deflater.bound.bits(&deflater.l, &deflater.d, fixed, limit);
                bits + deflater.extra_bits
            };
            let bounds = [bound(0), bound(u32::MAX)];
            let bits = deflater.build_trees();
            let closer = bits + deflater.bound.entropy(deflater.bl.symbol_frequencies());
            let exact = bits + deflater.bl.build(&mut deflater.heap, MAX_BL_BITS);
            let ordered = [0, bounds[0], bounds[1], closer, exact];
            prop_assert!(ordered.is_sorted() && 0 < bounds[0], "{ordered:?}");
            let mut buffer = vec![0; exact as usize / 8 + 1 + BitWriter::SPARE];
            let (bytes, bits) =
                deflater.write(&data, &block, DYNAMIC, &mut buffer, Bits::default());
            prop_assert_eq!(8 * bytes + bits.count as usize, exact as usize + 3);
        }
    }
}
