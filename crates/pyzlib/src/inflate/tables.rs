//! Tables that decode one code per lookup. Upstream: `inflate_table` of `inftrees.c`; RFC 1951,
//! section 3.2.2.

use super::entry::Entry;
use crate::codes::{CODE_STEP, reverse};

/// The lengths of a code, for symbols in ascending order.
pub(super) struct CodeLengths {
    /// The symbols that have a code, the first `count`: each times 16, plus the length.
    symbols: [u16; 512],
    count: usize,
    /// How many symbols have each length.
    counts: [u16; 16],
    /// The symbols sorted by length, while [`Table::build`] runs.
    sorted: [u16; 512],
}

impl CodeLengths {
    pub(super) fn new() -> Self {
        Self { symbols: [0; 512], count: 0, counts: [0; 16], sorted: [0; 512] }
    }

    /// Sets the code lengths of the symbols from 0 on.
    pub(super) fn set(&mut self, lengths: &[u8]) {
        self.clear();
        for (symbol, &length) in lengths.iter().enumerate() {
            self.push(symbol, length.into());
        }
    }

    pub(super) fn clear(&mut self) {
        (self.count, self.counts) = (0, [0; 16]);
    }

    /// Adds a symbol with a code of this many bits, at most 15, or without a code.
    #[inline(always)]
    pub(super) fn push(&mut self, symbol: usize, length: usize) {
        // Without a branch: the next symbol overwrites one without a code.
        self.symbols[self.count % 512] = (symbol << 4 | length) as u16;
        self.count += usize::from(length != 0);
        self.counts[length % 16] += 1;
    }

    /// Whether a symbol has a code.
    pub(super) fn has(&self, symbol: usize) -> bool {
        let symbols = &self.symbols[..self.count % 512];
        symbols.iter().rev().any(|&one| usize::from(one >> 4) == symbol)
    }
}

/// Entries by the next bits. `SIZE` is a power of two.
pub(super) struct Table<const SIZE: usize> {
    entries: [Entry; SIZE],
    /// Selects as many bits as the longest code has.
    mask: u64,
}

impl<const SIZE: usize> Table<SIZE> {
    pub(super) const EMPTY: Self = Self { entries: [Entry::EMPTY; SIZE], mask: 0 };

    /// The entry for the code that comes next.
    #[inline(always)]
    pub(super) fn entry(&self, bits: u64) -> Entry {
        self.entries[(bits & self.mask) as usize % SIZE]
    }

    /// `inflate_table`: builds the table for a code. `None` if the code is not complete, or too
    /// long for the table.
    pub(super) fn build<const M: usize>(
        &mut self,
        code_lengths: &mut CodeLengths,
        entries_by_symbol: &[Entry; M],
    ) -> Option<()> {
        let longest = SIZE.ilog2() as usize;
        // By length, where its symbols begin among all, sorted by length; and how many codes of the
        // current length are free. A complete code leaves none.
        let (mut starts, mut start, mut free) = ([0u16; 16], 0, 1);
        for (length, &count) in (1..=longest).zip(&code_lengths.counts[1..]) {
            starts[length] = start;
            start += count;
            free = 2 * free - i32::from(count);
            if free < 0 {
                return None;
            }
        }
        if free != 0 || usize::from(start) != code_lengths.count {
            return None;
        }
        let CodeLengths { symbols, count, counts, sorted } = code_lengths;
        for &one in &symbols[..*count % 512] {
            let at = &mut starts[usize::from(one % 16)];
            sorted[usize::from(*at) % 512] = one >> 4;
            *at += 1;
        }
        self.fill(sorted.get(..*count)?, counts, entries_by_symbol);
        Some(())
    }

    /// Enters symbols, sorted by the length of their codes, given how many have each length.
    ///
    /// The table doubles with each length: the entries so far are the same whatever the added bit
    /// is. The codes of that length then go where they belong.
    fn fill<const M: usize>(
        &mut self,
        mut sorted: &[u16],
        counts: &[u16; 16],
        entries_by_symbol: &[Entry; M],
    ) {
        let (mut length, mut size) = (0, 1);
        // The next code, its first bit the highest of 16.
        let mut code = 0u16;
        while !sorted.is_empty() {
            if code != 0 {
                self.entries.copy_within(..size, size);
            }
            length += 1;
            size *= 2;
            let Some((symbols, rest)) = sorted.split_at_checked(counts[length % 16].into()) else {
                break;
            };
            for &symbol in symbols {
                let entry = entries_by_symbol[usize::from(symbol) % M];
                self.entries[usize::from(reverse(code)) % SIZE] = entry.with_code_length(length);
                code = code.wrapping_add(CODE_STEP[length % 16]);
            }
            sorted = rest;
        }
        self.mask = size as u64 - 1;
    }
}
