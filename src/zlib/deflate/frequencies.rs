//! How often each symbol occurs, and what can be told from that alone.

use super::codes::{
    D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_DISTANCE_LENGTH, L_CODES,
    FIXED_LENGTHS, LENGTH_CODE, LITERALS, distance_code,
};
use super::matches::Match;
use super::tokens::{MOST_ZEROS, ZERO_TOKENS, ZEROS_3_10, ZEROS_11_138, ZeroTokens};

/// Symbols in ascending order. There is room for more than there can be, and a power of two, which
/// makes bounds checks cheap.
pub(super) struct Symbols {
    symbols: [u16; 512],
    count: usize,
}

impl Symbols {
    pub(super) fn new() -> Self {
        Self { symbols: [0; 512], count: 0 }
    }

    fn push(&mut self, symbol: usize) {
        self.symbols[self.count % 512] = symbol as u16;
        self.count += 1;
    }

    pub(super) fn as_slice(&self) -> &[u16] {
        &self.symbols[..self.count]
    }
}

/// How often each symbol of a block occurs.
pub(super) struct Frequencies {
    /// Of literals, lengths and the end.
    pub(super) l: [u16; L_CODES],
    /// Of distances.
    pub(super) d: [u16; D_CODES],
    /// The symbols that occur.
    pub(super) used_l: Symbols,
    pub(super) used_d: Symbols,
    /// Extra bits of lengths and distances together.
    pub(super) extra_bits: u32,
    /// How many matches there are.
    matches: u32,
    /// How many literals, lengths and ends.
    symbols: u32,
    /// 1 for each literal, length and end that occurs: to write a byte is quicker than to set a
    /// bit among others.
    seen: [u8; L_CODES.next_multiple_of(8)],
}

impl Frequencies {
    pub(super) fn new() -> Self {
        Self {
            l: [0; L_CODES],
            d: [0; D_CODES],
            used_l: Symbols::new(),
            used_d: Symbols::new(),
            extra_bits: 0,
            matches: 0,
            symbols: 0,
            seen: [0; L_CODES.next_multiple_of(8)],
        }
    }

    /// Counts the symbols of data with these matches.
    pub(super) fn count(&mut self, data: &[u8], matches: &[Match]) {
        self.l.fill(0);
        self.d.fill(0);
        self.seen.fill(0);
        self.extra_bits = 0;
        self.matches = matches.len() as u32;
        self.symbols = 1 + self.matches;
        self.count_l(END_BLOCK);
        let mut seen_d = 0u32;
        let mut at = 0;
        for one in matches {
            self.count_literals(&data[at..usize::from(one.at)]);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_less_3)]);
            let distance = distance_code(one.distance_less_1);
            self.count_l(LITERALS + 1 + length);
            self.d[distance] += 1;
            seen_d |= 1 << distance;
            self.extra_bits += u32::from(EXTRA_LENGTH_BITS[length] + EXTRA_DISTANCE_BITS[distance]);
            at = one.end();
        }
        self.count_literals(&data[at..]);
        self.list_used(seen_d);
    }

    fn count_literals(&mut self, literals: &[u8]) {
        self.symbols += literals.len() as u32;
        for &byte in literals {
            self.count_l(usize::from(byte));
        }
    }

    fn count_l(&mut self, symbol: usize) {
        self.l[symbol] += 1;
        self.seen[symbol] = 1;
    }

    fn list_used(&mut self, mut seen_d: u32) {
        self.used_l.count = 0;
        let (eights, _) = self.seen.as_chunks();
        for (&eight, base) in eights.iter().zip((0..).step_by(8)) {
            let mut eight = u64::from_le_bytes(eight);
            while eight != 0 {
                self.used_l.push(base + eight.trailing_zeros() as usize / 8);
                eight &= eight - 1;
            }
        }
        self.used_d.count = 0;
        while seen_d != 0 {
            self.used_d.push(seen_d.trailing_zeros() as usize);
            seen_d &= seen_d - 1;
        }
    }

    /// Bits of a fixed block, without its first three.
    pub(super) fn fixed_bits(&self) -> u32 {
        let bits = |&symbol: &u16| {
            u32::from(self.l[usize::from(symbol)]) * u32::from(FIXED_LENGTHS[usize::from(symbol)])
        };
        self.used_l.as_slice().iter().map(bits).sum::<u32>()
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
        let frequency_l = |&symbol: &u16| l[usize::from(symbol)];
        let frequency_d = |&symbol: &u16| d[usize::from(symbol)];
        self.entropy(frequencies.symbols, used_l.as_slice().iter().map(frequency_l))
            + self.entropy(frequencies.matches, used_d.as_slice().iter().map(frequency_d))
            + frequencies.extra_bits
            + self.header_bits(used_l.as_slice(), used_d.as_slice())
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
