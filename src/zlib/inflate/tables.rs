//! From codes to what they stand for. Upstream: `inftrees.c`; RFC 1951, section 3.2.2.

use super::entry::Entry;
use crate::zlib::codes::{STEPS, reverse};

/// The symbols that have codes, in ascending order.
pub(super) struct Coded {
    /// Each symbol times 16, and the length of its code in bits.
    symbols: [u16; 512],
    count: usize,
    /// How many there are of each length.
    lengths: [u16; 16],
}

impl Coded {
    pub(super) fn new() -> Self {
        Self { symbols: [0; 512], count: 0, lengths: [0; 16] }
    }

    /// With the lengths of the codes of the first symbols.
    pub(super) fn with_lengths(lengths: &[u8]) -> Self {
        let mut coded = Self::new();
        for (symbol, &length) in lengths.iter().enumerate() {
            coded.push(symbol, length.into());
        }
        coded
    }

    pub(super) fn clear(&mut self) {
        (self.count, self.lengths) = (0, [0; 16]);
    }

    /// Adds a symbol with a code of so many bits, up to 15; with none it is left out.
    #[inline(always)]
    pub(super) fn push(&mut self, symbol: usize, length: usize) {
        // One that is left out is written over.
        self.symbols[self.count % 512] = (symbol << 4 | length) as u16;
        self.count += usize::from(length != 0);
        self.lengths[length % 16] += 1;
    }

    pub(super) fn has(&self, symbol: usize) -> bool {
        let symbols = &self.symbols[..self.count % 512];
        symbols.iter().rev().any(|&one| usize::from(one >> 4) == symbol)
    }
}

/// Entries by the bits that come next; `SIZE` is a power of two.
pub(super) struct Table<const SIZE: usize> {
    entries: [Entry; SIZE],
    mask: u64,
}

impl<const SIZE: usize> Table<SIZE> {
    pub(super) const EMPTY: Self = Self { entries: [Entry::NONE; SIZE], mask: 0 };

    /// What the code that comes next stands for.
    #[inline(always)]
    pub(super) fn entry(&self, bits: u64) -> Entry {
        self.entries[(bits & self.mask) as usize % SIZE]
    }

    /// `inflate_table`; `meanings` are by symbol. `None` where the codes are not complete, or
    /// longer than the table has room for.
    pub(super) fn build<const M: usize>(
        &mut self,
        coded: &Coded,
        meanings: &[Entry; M],
    ) -> Option<()> {
        let longest = SIZE.ilog2() as usize;
        // Where the codes of each length begin among all, the shortest first; and how many codes
        // of that length are left.
        let (mut starts, mut start, mut left) = ([0u16; 16], 0, 1);
        for (length, &count) in (1..=longest).zip(&coded.lengths[1..]) {
            starts[length] = start;
            start += count;
            left = 2 * left - i32::from(count);
            if left < 0 {
                return None;
            }
        }
        if left != 0 || usize::from(start) != coded.count {
            return None;
        }
        let mut sorted = [0; 512];
        for &one in &coded.symbols[..coded.count % 512] {
            let at = &mut starts[usize::from(one % 16)];
            sorted[usize::from(*at) % 512] = one >> 4;
            *at += 1;
        }
        self.fill(sorted.get(..coded.count)?, &coded.lengths, meanings);
        Some(())
    }

    /// Enters symbols, those with the shortest codes first, by how many there are of each length.
    fn fill<const M: usize>(
        &mut self,
        mut sorted: &[u16],
        lengths: &[u16; 16],
        meanings: &[Entry; M],
    ) {
        let (mut length, mut size) = (0, 1);
        // The code that comes next, its first bit the highest.
        let mut code = 0u16;
        while !sorted.is_empty() {
            if code != 0 {
                // What is entered so far holds whatever the next bit is.
                self.entries.copy_within(..size, size);
            }
            length += 1;
            size *= 2;
            let Some((these, rest)) = sorted.split_at_checked(lengths[length % 16].into()) else {
                break;
            };
            for &symbol in these {
                let meaning = meanings[usize::from(symbol) % M];
                self.entries[usize::from(reverse(code)) % SIZE] = meaning.with_code_length(length);
                code = code.wrapping_add(STEPS[length % 16]);
            }
            sorted = rest;
        }
        self.mask = size as u64 - 1;
    }
}
