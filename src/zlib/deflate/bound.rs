//! What can be told of a dynamic block before its trees are built.

use super::frequencies::Frequencies;
use super::tokens::{MOST_ZEROS, ZERO_TOKENS, ZEROS_3_10, ZEROS_11_138, ZeroTokens};
use crate::zlib::codes::L_CODES;

/// A lower bound for dynamic blocks: no code is shorter than entropy allows.
pub(super) struct Bound {
    /// n times the binary logarithm of n, in units of 1/[`UNIT`], rounded up.
    n_log_n: Vec<u32>,
}

const UNIT: u32 = 1 << 10;
/// Blocks of so many symbols nearly always pay, and are not looked at.
const MAX_SYMBOLS: u32 = 512;

impl Bound {
    pub(super) fn new() -> Self {
        let n_log_n = |n: u32| (f64::from(n) * f64::from(n).log2() * f64::from(UNIT)).ceil() as u32;
        Self { n_log_n: [0].into_iter().chain((1..=MAX_SYMBOLS).map(n_log_n)).collect() }
    }

    /// Bits that a dynamic block has at least, without its first three; 0 where nothing is known.
    /// What the trees take is not looked at where that could hardly make it more than `fixed`.
    pub(super) fn dynamic_bits(&self, frequencies: &Frequencies, fixed: u32) -> u32 {
        // More than the trees of nearly all blocks take by this bound.
        const HEADER: u32 = 80;
        const HEADER_PER_SYMBOL: u32 = 4;
        if frequencies.symbols > MAX_SYMBOLS {
            return 0;
        }
        let Frequencies { l, d, used_l, used_d, .. } = frequencies;
        let frequency_l = |&symbol: &u16| l[usize::from(symbol)];
        let frequency_d = |&symbol: &u16| d[usize::from(symbol)];
        let symbols = self.entropy(frequencies.symbols, used_l.as_slice().iter().map(frequency_l))
            + self.entropy(frequencies.matches, used_d.as_slice().iter().map(frequency_d))
            + frequencies.extra_bits;
        if symbols + HEADER + HEADER_PER_SYMBOL * (used_l.as_slice().len() as u32) < fixed {
            return symbols;
        }
        symbols + self.header_bits(used_l.as_slice(), used_d.as_slice())
    }

    /// Bits that so many symbols of these frequencies have at least, in any code.
    pub(super) fn entropy(&self, total: u32, frequencies: impl Iterator<Item = u16>) -> u32 {
        let parts: u32 = frequencies.map(|f| self.n_log_n[usize::from(f)]).sum();
        // What was rounded up may be one too many.
        self.n_log_n[total as usize].saturating_sub(parts + 1).div_ceil(UNIT)
    }

    /// Bits that the trees themselves take at least.
    fn header_bits(&self, used_l: &[u16], used_d: &[u16]) -> u32 {
        const COUNTS: u32 = 5 + 5 + 4;
        let mut zeros = Zeros::default();
        let (mut next, mut run) = (0, 0);
        // Of the other tree only two lengths are looked at.
        let mut lengths = 2;
        for &symbol in used_l {
            zeros.add(ZEROS[usize::from(symbol - next)]);
            run = if symbol == next { run + 1 } else { 1 };
            lengths += LENGTH_TOKENS[run % LENGTH_TOKENS.len()];
            next = symbol + 1;
        }
        let Zeros { ones, few, many } = zeros;
        let lengths = lengths as u16;
        let total = u32::from(ones + few + many + lengths);
        COUNTS
            + 3 * code_length_codes(used_l.len().min(used_d.len().max(2)))
            + 3 * u32::from(few)
            + 7 * u32::from(many)
            + self.entropy(total, [ones, few, many, lengths].into_iter())
    }
}

/// How many code length codes are sent at least for a tree of so many leaves: one of them is no
/// deeper than their logarithm, and the shorter a length, the later it comes in `BL_ORDER`.
fn code_length_codes(leaves: usize) -> u32 {
    match leaves.ilog2() {
        0 | 1 => 18,
        2 => 16,
        3 => 14,
        4 => 12,
        5 => 10,
        _ => 4,
    }
}

/// The tokens that code lengths of 0 are sent with, of each kind: those for one, for 3 to 10 and for
/// 11 to 138.
#[derive(Clone, Copy, Default)]
struct Zeros {
    ones: u16,
    few: u16,
    many: u16,
}

impl Zeros {
    const fn of(count: usize) -> Self {
        if count > MOST_ZEROS {
            let rest = Self::of(count - MOST_ZEROS);
            return Self { many: rest.many + 1, ..rest };
        }
        let ZeroTokens { tokens, count } = ZERO_TOKENS[count];
        let count = count as u16;
        match tokens[0].symbol {
            ZEROS_3_10 => Self { ones: 0, few: count, many: 0 },
            ZEROS_11_138 => Self { ones: 0, few: 0, many: count },
            _ => Self { ones: count, few: 0, many: 0 },
        }
    }

    fn add(&mut self, other: Self) {
        self.ones += other.ones;
        self.few += other.few;
        self.many += other.many;
    }
}

/// By how many code lengths are 0.
const ZEROS: [Zeros; L_CODES] = {
    let mut zeros = [Zeros::of(0); L_CODES];
    let mut count = 0;
    while count < L_CODES {
        zeros[count] = Zeros::of(count);
        count += 1;
    }
    zeros
};

/// By how many code lengths that are not 0 stand side by side: the fewest tokens that the last of
/// them can have cost, all being alike.
const LENGTH_TOKENS: [i16; 512] = {
    let mut tokens = [0; 512];
    let mut run = 1;
    while run < tokens.len() {
        tokens[run] = tokens_of_run(run) - tokens_of_run(run - 1);
        run += 1;
    }
    tokens
};

/// The fewest tokens that so many code lengths, none of them 0, are sent with.
const fn tokens_of_run(count: usize) -> i16 {
    match count {
        0..4 => count as i16,
        4..8 => 2,
        _ => 2 + (count - 7).div_ceil(6) as i16,
    }
}
