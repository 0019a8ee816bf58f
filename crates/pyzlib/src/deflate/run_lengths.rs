//! Code lengths with runs shortened. Upstream: `scan_tree` of `trees.c`; RFC 1951, section 3.2.7.
//!
//! zlib encodes the lengths of the two trees separately, although the format allows a run to cross
//! from one to the other.

use super::tree::Tree;
use crate::codes::{REP_3_6, REPZ_3_10, REPZ_11_138};

/// The longest run of zeros for which one symbol stands.
pub(super) const MAX_ZERO_RUN: usize = 138;

/// A symbol of the code length alphabet, and the value of its extra bits.
#[derive(Clone, Copy, Default)]
pub(super) struct LengthSymbol {
    pub(super) symbol: u8,
    pub(super) extra: u8,
}

/// The symbols for a run of zeros: the first `count` of these.
struct ZeroRun {
    symbols: [LengthSymbol; 2],
    count: u32,
}

impl ZeroRun {
    fn new(length: usize) -> Self {
        let (symbol, min, count) = match length {
            0..3 => (0, length, length),
            3..11 => (REPZ_3_10, 3, 1),
            _ => (REPZ_11_138, 11, 1),
        };
        let symbols = [LengthSymbol { symbol, extra: (length - min) as u8 }; 2];
        Self { symbols, count: count as u32 }
    }
}

/// The encoded lengths of both trees.
pub(super) struct LengthSymbols {
    /// More than the longest list, and room for the two that [`Self::push_zeros`] writes. `% 512`
    /// is cheaper than a bounds check.
    symbols: [LengthSymbol; 514],
    count: usize,
    /// By length of the run.
    zero_runs: [ZeroRun; MAX_ZERO_RUN + 1],
}

impl LengthSymbols {
    pub(super) fn new() -> Self {
        Self {
            symbols: [LengthSymbol::default(); 514],
            count: 0,
            zero_runs: std::array::from_fn(ZeroRun::new),
        }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn as_slice(&self) -> &[LengthSymbol] {
        &self.symbols[..self.count]
    }

    /// `scan_tree`: appends the encoded lengths of a tree, up to its last code.
    ///
    /// zlib shortens a run of a length other than zero once it has four: the length itself, and
    /// repetitions of three to six. It takes as many as it can each time, and writes the last one
    /// or two out.
    pub(super) fn scan_tree<const N: usize>(&mut self, tree: &Tree<N>) {
        let symbols = tree.symbols();
        let (mut next, mut previous, mut repeated) = (0, 0, 0);
        let mut n = 0;
        while let Some(&symbol) = symbols.get(n) {
            let length = tree.length(symbol);
            self.push_zeros(usize::from(symbol - next));
            repeated = if symbol == next && length == previous { repeated + 1 } else { 0 };
            self.push(length, 0);
            (n, next, previous) = (n + 1, symbol + 1, length);
            // The fourth in a row: replace the last three.
            if repeated == 3 {
                let continues = |&(symbol, next): &(&u16, u16)| {
                    *symbol == next && tree.length(*symbol) == length
                };
                let more = symbols[n..].iter().zip(next..).take_while(continues).count();
                self.count -= 3;
                self.push_repetitions(length, 3 + more);
                (n, next) = (n + more, next + more as u16);
            }
        }
    }

    fn push(&mut self, symbol: u8, extra: u8) {
        self.symbols[self.count % 512] = LengthSymbol { symbol, extra };
        self.count += 1;
    }

    /// Repeats the previous length, which is given, `count` times.
    fn push_repetitions(&mut self, length: u8, mut count: usize) {
        while count >= 3 {
            let repeated = count.min(6);
            self.push(REP_3_6, repeated as u8 - 3);
            count -= repeated;
        }
        for _ in 0..count {
            self.push(length, 0);
        }
    }

    /// Appends a run of zeros, at most twice [`MAX_ZERO_RUN`] long.
    fn push_zeros(&mut self, mut length: usize) {
        if length > MAX_ZERO_RUN {
            self.push(REPZ_11_138, (MAX_ZERO_RUN - 11) as u8);
            length -= MAX_ZERO_RUN;
        }
        // Writing two symbols, of which 0 to 2 count, avoids an unpredictable branch.
        let run = &self.zero_runs[length];
        let at = self.count % 512;
        self.symbols[at..at + 2].copy_from_slice(&run.symbols);
        self.count += run.count as usize;
    }
}
