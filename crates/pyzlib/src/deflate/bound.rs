//! A lower bound on the size of a dynamic block, computed before its trees are built.
//!
//! The bound may be lower than necessary, but never higher than the real size. A wrong decision
//! would follow only from the latter: a block is ruled out if even the bound is too large, and any
//! other block is built and measured. So the shortcuts here save work or fail to, and cannot
//! change a byte.
//!
//! # Symbols
//!
//! Symbols that occur `f` times each and `n` times in total take at least
//! `n log2(n) - sum(f log2(f))` bits in any prefix code. This is Shannon's bound, and also holds
//! for codes of limited length.
//!
//! # Code lengths
//!
//! The header of the block lists the lengths of the codes, with runs shortened (`run_lengths.rs`).
//! Which symbols occur is known, so the runs of zeros between them are known too, and so are their
//! extra bits. The lengths themselves are not known. A run of adjacent symbols takes the fewest
//! code length symbols if all its lengths are equal ([`run_symbols`]). The bound for symbols then
//! applies to these counts, with all lengths other than zero merged into one. It stays a lower
//! bound because merging symbols and lowering a count both reduce `n log2(n) - sum(f log2(f))`:
//! the derivative by any `f` is `log2(n / f)`, which is not negative.

use std::array::from_fn;

use super::run_lengths::MAX_ZERO_RUN;
use super::tree::Tree;
use crate::codes::{D_CODES, L_CODES};

/// Computes lower bounds.
pub(super) struct LowerBound {
    /// By n: `n log2(n)` in units of 1/[`UNIT`] bit, rounded up.
    n_log_n: [u32; 1024],
    /// By length of a run of zeros: see [`zero_symbols`].
    zero_symbols: [u64; L_CODES],
    /// By length of a run: how much [`run_symbols`] grows from a run that is one shorter. It
    /// shrinks from 3 to 4, where [`REP_3_6`](crate::codes::REP_3_6) begins to apply.
    run_increments: [i16; 512],
}

const UNIT: u32 = 1 << 10;

impl LowerBound {
    pub(super) fn new() -> Self {
        let n_log_n = |n: usize| {
            let n = n.max(1) as f64;
            (n * n.log2() * f64::from(UNIT)).ceil() as u32
        };
        let increment = |n: usize| run_symbols(n) - run_symbols(n.saturating_sub(1));
        Self {
            n_log_n: from_fn(n_log_n),
            zero_symbols: from_fn(zero_symbols),
            run_increments: from_fn(increment),
        }
    }

    /// A lower bound in bits on a dynamic block with these symbols, without its first three bits
    /// and without extra bits. `fixed` is the size of the fixed block, without extra bits too.
    /// A result above `limit` may be lower than it could be.
    pub(super) fn bits(&self, l: &Tree<L_CODES>, d: &Tree<D_CODES>, fixed: u32, limit: u32) -> u32 {
        let symbols = self.entropy(l.symbol_frequencies()) + self.entropy(d.symbol_frequencies());
        let [used_l, used_d] = [l.symbols().len(), d.symbols().len()];
        // `send_all_trees`: three counts, and the codes for code lengths.
        let begin = symbols + 5 + 5 + 4 + 3 * bl_codes(used_l.min(used_d.max(2)));
        // At least 257 lengths are listed. No symbol lists more zeros for its bits than
        // `REPZ_11_138`, which takes 7 and a code.
        let least = begin + (8 * 257usize.saturating_sub(used_l)).div_ceil(MAX_ZERO_RUN) as u32;
        // A closer bound is not worth computing if it is unlikely to exceed `fixed`: nearly all
        // headers have a lower bound below this one.
        if least > limit || symbols + 80 + 4 * (used_l as u32) < fixed {
            return least;
        }
        begin + self.header_bits(l.symbols())
    }

    /// Shannon's bound in whole bits, for symbols with these frequencies. 0 if there are too many
    /// symbols: such blocks are nearly always dynamic, so a bound would not save work.
    ///
    /// The terms are rounded up to units. This lowers the bound where they are subtracted. It raises
    /// the first term by less than one unit, which is subtracted again. The real size is a whole
    /// number of bits, so the result may be rounded up. Errors of floating-point arithmetic are far
    /// below one unit. They do not matter either, because both sides are whole numbers of units.
    pub(super) fn entropy(&self, frequencies: impl Iterator<Item = u16>) -> u32 {
        let (mut total, mut subtracted) = (0, 1);
        for frequency in frequencies.map(usize::from) {
            total += frequency;
            subtracted += self.n_log_n[frequency % self.n_log_n.len()];
        }
        let bits = self.n_log_n.get(total).map_or(0, |&bits| bits);
        bits.saturating_sub(subtracted).div_ceil(UNIT)
    }

    /// A lower bound on the bits of the code lengths.
    fn header_bits(&self, used_l: &[u16]) -> u32 {
        let (mut zeros, mut next, mut run) = (0, 0, 0);
        // The distance tree has at least two lengths, in at least two symbols. Its zeros are
        // ignored.
        let mut lengths = 2;
        for &symbol in used_l {
            zeros += self.zero_symbols[usize::from(symbol - next)];
            run = if symbol == next { run + 1 } else { 1 };
            lengths += self.run_increments[run % self.run_increments.len()];
            next = symbol + 1;
        }
        let [zero, repz_3_10, repz_11_138] = [zeros, zeros >> 16, zeros >> 32].map(|n| n as u16);
        let lengths = lengths as u16;
        3 * u32::from(repz_3_10)
            + 7 * u32::from(repz_11_138)
            + self.entropy([zero, repz_3_10, repz_11_138, lengths].into_iter())
    }
}

/// A lower bound on the number of codes for code lengths that are listed, given the leaves of
/// either tree.
///
/// A complete tree has a leaf at a depth of at most `log2(leaves)`: with all of them deeper, the
/// code space would not be filled. The code for that depth is listed, and `BL_ORDER` lists all
/// before it. Lengths from 6 on stand near the beginning of `BL_ORDER`, where the minimum of 4 is
/// close enough.
fn bl_codes(leaves: usize) -> u32 {
    const BY_DEPTH: [u32; 6] = [18, 18, 16, 14, 12, 10];
    BY_DEPTH.get(leaves.ilog2() as usize).map_or(4, |&count| count)
}

/// How often a run of zeros takes symbol 0, `REPZ_3_10` and `REPZ_11_138`. Each count has 16 bits
/// of the integer, so that one addition adds all three.
fn zero_symbols(length: usize) -> u64 {
    match length {
        0..3 => length as u64,
        3..11 => 1 << 16,
        11..=MAX_ZERO_RUN => 1 << 32,
        _ => zero_symbols(length - MAX_ZERO_RUN) + (1 << 32),
    }
}

/// The fewest code length symbols for a run of lengths other than zero: the first length, and one
/// repetition for each 3 to 6 more. So `n` symbols, for `n` above 1, cover at most `6 n - 5`
/// lengths.
fn run_symbols(length: usize) -> i16 {
    match length {
        0..4 => length as i16,
        4..8 => 2,
        _ => 2 + (length - 7).div_ceil(6) as i16,
    }
}
