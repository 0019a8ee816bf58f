//! How often each symbol occurs, and what can be told from that alone.

use super::codes::{
    D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_DISTANCE_LENGTH, L_CODES,
    LENGTH_CODE, LITERALS, MIN_MATCH, distance_code, fixed_length,
};
use super::matches::Match;

/// A set of symbols.
#[derive(Default)]
pub(super) struct Symbols([u64; 8]);

impl Symbols {
    fn insert(&mut self, symbol: usize) {
        // A power of two, so that there is no bounds check.
        self.0[symbol / 64 % 8] |= 1 << (symbol % 64);
    }

    /// In ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(word, &bits)| Bits(bits).map(move |bit| word * 64 + bit))
    }
}

/// The bits that are set, the lowest first.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (bit < 64).then_some(bit)
    }
}

/// How often each symbol of a block occurs.
pub(super) struct Frequencies {
    /// Of literals, lengths and the end.
    pub(super) l: [u16; L_CODES],
    /// Of distances.
    pub(super) d: [u16; D_CODES],
    pub(super) used_l: Symbols,
    pub(super) used_d: Symbols,
    /// Extra bits of lengths and distances together.
    pub(super) extra_bits: u32,
    /// How many matches there are.
    matches: u32,
    /// How many literals, lengths and ends.
    symbols: u32,
}

impl Default for Frequencies {
    fn default() -> Self {
        Self {
            l: [0; L_CODES],
            d: [0; D_CODES],
            used_l: Symbols::default(),
            used_d: Symbols::default(),
            extra_bits: 0,
            matches: 0,
            symbols: 0,
        }
    }
}

impl Frequencies {
    /// Counts the symbols of data with these matches.
    pub(super) fn count(&mut self, data: &[u8], matches: &[Match]) {
        *self = Self::default();
        self.l[END_BLOCK] = 1;
        self.used_l.insert(END_BLOCK);
        self.matches = matches.len() as u32;
        self.symbols = 1 + self.matches;
        let mut at = 0;
        for one in matches {
            self.count_literals(&data[at..usize::from(one.at)]);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_less_3)]);
            let distance = distance_code(one.distance_less_1);
            self.l[LITERALS + 1 + length] += 1;
            self.used_l.insert(LITERALS + 1 + length);
            self.d[distance] += 1;
            self.used_d.insert(distance);
            self.extra_bits += u32::from(EXTRA_LENGTH_BITS[length] + EXTRA_DISTANCE_BITS[distance]);
            at = usize::from(one.at) + usize::from(one.length_less_3) + MIN_MATCH;
        }
        self.count_literals(&data[at..]);
    }

    fn count_literals(&mut self, literals: &[u8]) {
        self.symbols += literals.len() as u32;
        for &byte in literals {
            self.l[usize::from(byte)] += 1;
            self.used_l.insert(usize::from(byte));
        }
    }

    /// Bits of a fixed block, without its first three.
    pub(super) fn fixed_bits(&self) -> u32 {
        let bits = |symbol| u32::from(self.l[symbol]) * u32::from(fixed_length(symbol));
        self.used_l.iter().map(bits).sum::<u32>()
            + self.matches * u32::from(FIXED_DISTANCE_LENGTH)
            + self.extra_bits
    }
}

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
    pub(super) fn dynamic_bits(&self, frequencies: &Frequencies) -> u32 {
        if frequencies.symbols > MAX_SYMBOLS {
            return 0;
        }
        let Frequencies { l, d, used_l, used_d, .. } = frequencies;
        let l_bits = self.entropy(frequencies.symbols, used_l.iter().map(|s| l[s]));
        let d_bits = self.entropy(frequencies.matches, used_d.iter().map(|s| d[s]));
        l_bits + d_bits + frequencies.extra_bits + self.header_bits(frequencies)
    }

    /// Bits that so many symbols of these frequencies have at least, in any code.
    fn entropy(&self, total: u32, frequencies: impl Iterator<Item = u16>) -> u32 {
        let parts: u32 = frequencies.map(|f| self.n_log_n[usize::from(f)]).sum();
        // What was rounded up may be one too many.
        self.n_log_n[total as usize].saturating_sub(parts + 1).div_ceil(UNIT)
    }

    /// Bits that the trees themselves take at least.
    fn header_bits(&self, frequencies: &Frequencies) -> u32 {
        const COUNTS: u32 = 5 + 5 + 4;
        // Tokens for zeros, of each kind, which are certain, and for lengths.
        let (mut ones, mut few, mut many, mut lengths) = (0u16, 0u16, 0u16, 0);
        let (mut symbols, mut next, mut run) = (0u32, 0, 0);
        for symbol in frequencies.used_l.iter() {
            let zeros = symbol - next;
            if zeros > 0 {
                lengths += tokens_of_run(run);
                run = 0;
                many += (zeros / 138) as u16;
                match zeros % 138 {
                    zeros @ 0..3 => ones += zeros as u16,
                    3..11 => few += 1,
                    _ => many += 1,
                }
            }
            symbols += 1;
            run += 1;
            next = symbol + 1;
        }
        let distances = frequencies.used_d.iter().count().max(2) as u32;
        // Two lengths of the other tree, and what follows of them is not looked at.
        lengths += tokens_of_run(run) + 2;
        let total = u32::from(ones + few + many + lengths);
        COUNTS
            + 3 * code_length_codes(symbols.min(distances))
            + 3 * u32::from(few)
            + 7 * u32::from(many)
            + self.entropy(total, [ones, few, many, lengths].into_iter())
    }
}

/// How many code length codes are sent at least for a tree of so many leaves: one of them is no
/// deeper than their logarithm, and the shorter a length, the later it comes in `BL_ORDER`.
fn code_length_codes(leaves: u32) -> u32 {
    match leaves.ilog2() {
        0 | 1 => 18,
        2 => 16,
        3 => 14,
        4 => 12,
        5 => 10,
        _ => 4,
    }
}

/// The fewest tokens that so many code lengths, none of them 0, are sent with.
fn tokens_of_run(count: u16) -> u16 {
    match count {
        0..4 => count,
        4..8 => 2,
        _ => 2 + (count - 7).div_ceil(6),
    }
}
