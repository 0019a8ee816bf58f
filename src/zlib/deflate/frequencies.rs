//! How often each symbol occurs. Upstream: `_tr_tally` of `trees.c`.

use super::matches::Match;
use crate::zlib::codes::{
    D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, FIXED_9_BITS,
    FIXED_DISTANCE_LENGTH, FIXED_LENGTHS, L_CODES, LENGTH_CODE, LITERALS, distance_code,
};

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
    pub(super) matches: u32,
    /// How many literals, lengths and ends.
    pub(super) symbols: u32,
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
        // Most symbols are literals of 8 bits: only those behind them are looked at.
        let used = self.used_l.as_slice().iter().map(|&symbol| usize::from(symbol));
        let others = used.rev().take_while(|&symbol| symbol >= FIXED_9_BITS);
        let more =
            |symbol: usize| i32::from(self.l[symbol]) * (i32::from(FIXED_LENGTHS[symbol]) - 8);
        (8 * self.symbols).wrapping_add_signed(others.map(more).sum())
            + self.matches * u32::from(FIXED_DISTANCE_LENGTH)
            + self.extra_bits
    }
}
