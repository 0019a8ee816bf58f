//! The trees of a dynamic block. Upstream: `build_bl_tree` and `send_all_trees` of `trees.c`.

use super::bits::Bits;
use super::bound::Bound;
use super::frequencies::Frequencies;
use super::tokens::{self, Token, Tokens};
use super::trees::{Builder, MAX_BITS, MAX_BL_BITS, Tree};
use crate::zlib::codes::{BL_CODES, BL_ORDER, Codes, D_CODES, EXTRA_BL_BITS, L_CODES};

/// Room for all that a dynamic block begins with.
pub(super) struct Dynamic {
    builder: Builder,
    l_tree: Tree<L_CODES>,
    d_tree: Tree<D_CODES>,
    tokens: Tokens,
    bl_frequencies: [u16; BL_CODES],
    bl_tree: Tree<BL_CODES>,
}

impl Dynamic {
    pub(super) fn new() -> Self {
        Self {
            builder: Builder::new(),
            l_tree: Tree::new(),
            d_tree: Tree::new(),
            tokens: Tokens::new(),
            bl_frequencies: [0; BL_CODES],
            bl_tree: Tree::new(),
        }
    }

    /// Builds the trees of symbols; bits that the block has at least, without its first three.
    pub(super) fn build(&mut self, frequencies: &Frequencies, bound: &Bound) -> u32 {
        let Frequencies { l, d, used_l, used_d, .. } = frequencies;
        self.builder.build(l, used_l.as_slice(), MAX_BITS, &mut self.l_tree);
        self.builder.build(d, used_d.as_slice(), MAX_BITS, &mut self.d_tree);
        self.tokens.clear();
        self.tokens.push_tree(&self.l_tree);
        self.tokens.push_tree(&self.d_tree);
        self.bl_frequencies = self.tokens.frequencies();
        let tokens = self.tokens.as_slice().len() as u32;
        self.bits(frequencies, bound.entropy(tokens, self.bl_frequencies.into_iter()))
    }

    /// `build_bl_tree`, after [`Self::build`]; bits of the block, without its first three.
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

    /// Bits of the block, without its first three, if its code lengths have so many without their
    /// extra bits.
    fn bits(&self, frequencies: &Frequencies, bl_bits: u32) -> u32 {
        let header = 5 + 5 + 4 + 3 * self.bl_count() as u32;
        let trees = bl_bits + tokens::extra_bits(&self.bl_frequencies);
        header + trees + self.l_tree.bits + self.d_tree.bits + frequencies.extra_bits
    }

    /// How many code length codes are sent, at least 4.
    fn bl_count(&self) -> usize {
        let occurs = |&symbol: &u8| self.bl_frequencies[usize::from(symbol)] > 0;
        BL_ORDER.iter().rposition(occurs).map_or(4, |last| 4.max(last + 1))
    }

    /// `send_all_trees`; the codes of literals and lengths, and of distances.
    pub(super) fn write(&mut self, bits: &mut Bits<'_>) -> (&Codes, &Codes) {
        let bl_count = self.bl_count();
        bits.add((self.l_tree.max_code() + 1 - 257) as u64, 5);
        bits.add(self.d_tree.max_code() as u64, 5);
        bits.push((bl_count - 4) as u64, 4);
        for some in BL_ORDER[..bl_count].chunks(15) {
            for &symbol in some {
                bits.add(u64::from(self.bl_tree.length(u16::from(symbol))), 3);
            }
            bits.flush();
        }
        let codes = self.bl_tree.codes();
        // Of at most 14 bits each.
        let (threes, rest) = self.tokens.as_slice().as_chunks::<3>();
        for three in threes {
            for &token in three {
                add_token(bits, codes, token);
            }
            bits.flush();
        }
        for &token in rest {
            add_token(bits, codes, token);
        }
        bits.flush();
        (self.l_tree.codes(), self.d_tree.codes())
    }
}

#[inline(always)]
fn add_token(bits: &mut Bits<'_>, codes: &Codes, Token { symbol, extra }: Token) {
    let code = codes[usize::from(symbol)];
    bits.add(
        u64::from(code.bits) | u64::from(extra) << code.length,
        code.length + EXTRA_BL_BITS[usize::from(symbol) % EXTRA_BL_BITS.len()],
    );
}
