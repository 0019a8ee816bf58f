//! The trees of a dynamic block, and how they are written. Upstream: `build_bl_tree` and
//! `send_all_trees` of `trees.c`.

use super::bit_writer::BitWriter;
use super::bound::LowerBound;
use super::frequencies::Frequencies;
use super::run_lengths::{self, LengthSymbol, LengthSymbols};
use super::trees::{MAX_BITS, MAX_BL_BITS, Tree, TreeBuilder};
use crate::codes::{BL_CODES, BL_ORDER, Codes, D_CODES, EXTRA_BL_BITS, L_CODES};

/// The three trees of a dynamic block.
pub(super) struct DynamicTrees {
    builder: TreeBuilder,
    l_tree: Tree<L_CODES>,
    d_tree: Tree<D_CODES>,
    /// The code lengths of the two trees above, which `bl_tree` encodes.
    lengths: LengthSymbols,
    bl_frequencies: [u16; BL_CODES],
    bl_tree: Tree<BL_CODES>,
}

impl DynamicTrees {
    pub(super) fn new() -> Self {
        Self {
            builder: TreeBuilder::new(),
            l_tree: Tree::new(),
            d_tree: Tree::new(),
            lengths: LengthSymbols::new(),
            bl_frequencies: [0; BL_CODES],
            bl_tree: Tree::new(),
        }
    }

    /// Builds the trees of literals and lengths, and of distances. Returns a lower bound on the
    /// bits of the block without its first three, which is exact but for the third tree.
    pub(super) fn build(&mut self, frequencies: &Frequencies, bound: &LowerBound) -> u32 {
        let Frequencies { l, d, used_l, used_d, .. } = frequencies;
        self.builder.build(l, used_l.as_slice(), MAX_BITS, &mut self.l_tree);
        self.builder.build(d, used_d.as_slice(), MAX_BITS, &mut self.d_tree);
        self.lengths.clear();
        self.lengths.scan_tree(&self.l_tree);
        self.lengths.scan_tree(&self.d_tree);
        self.bl_frequencies = self.lengths.frequencies();
        let symbols = self.lengths.as_slice().len() as u32;
        self.bits(frequencies, bound.entropy(symbols, self.bl_frequencies.into_iter()))
    }

    /// `build_bl_tree`: builds the third tree, after [`Self::build`]. Returns the bits of the block
    /// without its first three.
    pub(super) fn build_bl_tree(&mut self, frequencies: &Frequencies) -> u32 {
        let (mut used, mut count) = ([0; BL_CODES], 0);
        for symbol in (0..BL_CODES).filter(|&symbol| self.bl_frequencies[symbol] > 0) {
            used[count] = symbol as u16;
            count += 1;
        }
        self.bl_tree.clear();
        self.builder.build(&self.bl_frequencies, &used[..count], MAX_BL_BITS, &mut self.bl_tree);
        self.bits(frequencies, self.bl_tree.bits)
    }

    /// The bits of the block without its first three, given those of the codes for code lengths.
    fn bits(&self, frequencies: &Frequencies, bl_bits: u32) -> u32 {
        let header = 5 + 5 + 4 + 3 * self.bl_codes() as u32;
        let lengths = bl_bits + run_lengths::extra_bits(&self.bl_frequencies);
        header + lengths + self.l_tree.bits + self.d_tree.bits + frequencies.extra_bits
    }

    /// How many codes for code lengths are listed: up to the last that is used, and at least 4.
    fn bl_codes(&self) -> usize {
        let occurs = |&symbol: &u8| self.bl_frequencies[usize::from(symbol)] > 0;
        BL_ORDER.iter().rposition(occurs).map_or(4, |last| 4.max(last + 1))
    }

    /// `send_all_trees`. Returns the codes of literals and lengths, and of distances.
    pub(super) fn write(&mut self, writer: &mut BitWriter<'_>) -> (&Codes, &Codes) {
        let bl_codes = self.bl_codes();
        writer.add((self.l_tree.max_code() + 1 - 257) as u64, 5);
        writer.add(self.d_tree.max_code() as u64, 5);
        writer.push((bl_codes - 4) as u64, 4);
        for symbols in BL_ORDER[..bl_codes].chunks(15) {
            for &symbol in symbols {
                writer.add(u64::from(self.bl_tree.length(u16::from(symbol))), 3);
            }
            writer.flush();
        }
        let codes = self.bl_tree.codes();
        // Each has at most 7 + 7 bits.
        let (chunks, rest) = self.lengths.as_slice().as_chunks::<3>();
        for chunk in chunks {
            for &symbol in chunk {
                add_length_symbol(writer, codes, symbol);
            }
            writer.flush();
        }
        for &symbol in rest {
            add_length_symbol(writer, codes, symbol);
        }
        writer.flush();
        (self.l_tree.codes(), self.d_tree.codes())
    }
}

#[inline(always)]
fn add_length_symbol(writer: &mut BitWriter<'_>, codes: &Codes, symbol: LengthSymbol) {
    let LengthSymbol { symbol, extra } = symbol;
    let code = codes[usize::from(symbol)];
    writer.add(
        u64::from(code.bits) | u64::from(extra) << code.length,
        code.length + EXTRA_BL_BITS[usize::from(symbol) % EXTRA_BL_BITS.len()],
    );
}
