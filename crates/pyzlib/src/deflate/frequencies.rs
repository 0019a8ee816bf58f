//! How often each symbol occurs. Upstream: `_tr_tally` of `trees.c`.

use super::matches::Match;
use crate::codes::{
    D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_9_BITS,
    FIXED_DISTANCE_LENGTH, FIXED_LENGTHS, L_CODES, LENGTH_CODE, LITERALS, distance_code,
};

/// A list of symbols in ascending order. Its capacity is a power of two, because `count % 512` is
/// cheaper than a bounds check.
pub(super) struct Symbols {
    symbols: [u16; 512],
    count: usize,
}

impl Symbols {
    fn new() -> Self {
        Self { symbols: [0; 512], count: 0 }
    }

    pub(super) fn as_slice(&self) -> &[u16] {
        &self.symbols[..self.count]
    }
}

/// How often each symbol of a block occurs.
pub(super) struct Frequencies {
    /// By literal, end or length symbol: `dyn_ltree[symbol].Freq`.
    pub(super) l: [u16; L_CODES],
    /// By distance symbol: `dyn_dtree[symbol].Freq`.
    pub(super) d: [u16; D_CODES],
    /// The literal, end and length symbols that occur.
    pub(super) used_l: Symbols,
    /// The distance symbols that occur.
    pub(super) used_d: Symbols,
    /// The total of extra bits of lengths and distances.
    pub(super) extra_bits: u32,
    /// The number of matches, and so of distances.
    pub(super) matches: u32,
    /// The number of literals and lengths, and the end.
    pub(super) symbols: u32,
    /// 1 for each literal, end and length symbol that occurs. Bytes, because writing one is faster
    /// than setting a bit.
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

    /// `_tr_tally`: counts the symbols of `data` with these matches.
    pub(super) fn tally(&mut self, data: &[u8], matches: &[Match]) {
        self.l.fill(0);
        self.d.fill(0);
        self.seen.fill(0);
        self.extra_bits = 0;
        self.matches = matches.len() as u32;
        self.symbols = 1 + self.matches;
        self.tally_l(END_BLOCK);
        let mut seen_d = 0u32;
        let mut position = 0;
        for one in matches {
            self.tally_literals(&data[position..usize::from(one.position)]);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_minus_3)]);
            let distance = distance_code(one.distance_minus_1);
            self.tally_l(LITERALS + 1 + length);
            self.d[distance] += 1;
            seen_d |= 1 << distance;
            self.extra_bits += u32::from(EXTRA_LENGTH_BITS[length] + EXTRA_DISTANCE_BITS[distance]);
            position = one.end();
        }
        self.tally_literals(&data[position..]);
        self.list_used(seen_d);
    }

    fn tally_literals(&mut self, literals: &[u8]) {
        self.symbols += literals.len() as u32;
        for &byte in literals {
            self.tally_l(usize::from(byte));
        }
    }

    fn tally_l(&mut self, symbol: usize) {
        self.l[symbol] += 1;
        self.seen[symbol] = 1;
    }

    /// Fills `used_l` and `used_d`.
    fn list_used(&mut self, mut seen_d: u32) {
        let Self { used_l, used_d, seen, .. } = self;
        let mut count = 0;
        let (words, _) = seen.as_chunks();
        for (&word, first) in words.iter().zip((0..).step_by(8)) {
            let mut word = u64::from_le_bytes(word);
            while word != 0 {
                used_l.symbols[count % 512] = first + word.trailing_zeros() as u16 / 8;
                count += 1;
                word &= word - 1;
            }
        }
        used_l.count = count;
        count = 0;
        while seen_d != 0 {
            used_d.symbols[count % 512] = seen_d.trailing_zeros() as u16;
            count += 1;
            seen_d &= seen_d - 1;
        }
        used_d.count = count;
    }

    /// `static_len`: the bits of a fixed block without its first three.
    pub(super) fn fixed_bits(&self) -> u32 {
        // Count 8 bits for each symbol, then correct it for the symbols from `FIXED_9_BITS` on. In
        // text these are few.
        let used = self.used_l.as_slice().iter().map(|&symbol| usize::from(symbol));
        let others = used.rev().take_while(|&symbol| symbol >= FIXED_9_BITS);
        let correction =
            |symbol: usize| i32::from(self.l[symbol]) * (i32::from(FIXED_LENGTHS[symbol]) - 8);
        (8 * self.symbols).wrapping_add_signed(others.map(correction).sum())
            + self.matches * u32::from(FIXED_DISTANCE_LENGTH)
            + self.extra_bits
    }
}
