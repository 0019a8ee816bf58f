//! Tables that decode one code per lookup. Upstream: `code` and `inflate_table` of `inftrees.c`; RFC
//! 1951, sections 3.2.2 and 3.2.5.

use super::bit_reader::BitReader;
use crate::codes::{
    BASE_DISTANCE, BASE_LENGTH, D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS,
    L_CODES, MIN_MATCH, reverse,
};

/// The meaning of a code.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// The literal, or a number without its extra bits.
    pub(super) value: u16,
    pub(super) extra_bits: u8,
    /// The number of bits of the code.
    code_length: u8,
}

impl Entry {
    const fn new(value: u16, extra_bits: u8) -> Self {
        Self { value, extra_bits, code_length: 0 }
    }
}

/// Of a literal or length symbol: literals are below this value, and the end of the block has it.
pub(super) const END: u16 = END_BLOCK as u16;
/// What is added to the length of a match. It is at least [`MIN_MATCH`], so the value in between is
/// free for invalid symbols.
pub(super) const LENGTHS: u16 = END + 1;

/// By literal, end or length symbol. Symbols from 286 on are invalid. Code length symbols are their
/// own values here too.
pub(super) static L_ENTRIES: [Entry; 512] = {
    let mut entries = [Entry::new(LENGTHS, 0); 512];
    let mut symbol = 0;
    while symbol < L_CODES {
        entries[symbol] = if symbol <= END_BLOCK {
            Entry::new(symbol as u16, 0)
        } else {
            let length = symbol - END_BLOCK - 1;
            Entry::new(LENGTHS + MIN_MATCH + BASE_LENGTH[length], EXTRA_LENGTH_BITS[length])
        };
        symbol += 1;
    }
    entries
};

/// By distance symbol. Symbols 30 and 31 are invalid: their distance is 0.
pub(super) static D_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::new(0, 0); 32];
    let mut symbol = 0;
    while symbol < D_CODES {
        entries[symbol] = Entry::new(BASE_DISTANCE[symbol] + 1, EXTRA_DISTANCE_BITS[symbol]);
        symbol += 1;
    }
    entries
};

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
}

/// Entries by the next bits. `SIZE` is a power of two.
pub(super) struct Table<const SIZE: usize> {
    entries: [Entry; SIZE],
    /// Selects as many bits as the longest code has.
    mask: u64,
}

impl<const SIZE: usize> Table<SIZE> {
    pub(super) const EMPTY: Self = Self { entries: [Entry::new(0, 0); SIZE], mask: 0 };

    /// Reads a code that is ready.
    #[inline(always)]
    pub(super) fn read(&self, bits: &mut BitReader<'_>) -> Entry {
        let entry = self.entries[(bits.peek() & self.mask) as usize % SIZE];
        bits.skip(entry.code_length);
        entry
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
        // current length are free. A complete code leaves none, and once too many are taken, their
        // number stays below 0.
        let (mut starts, mut start, mut free) = ([0u16; 16], 0, 1);
        for (length, &count) in (1..=longest).zip(&code_lengths.counts[1..]) {
            starts[length] = start;
            start += count;
            free = 2 * free - i32::from(count);
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
        // The table doubles with each length: the entries so far are the same whatever the added bit
        // is. The codes of that length then go where they belong.
        let mut sorted = sorted.get(..*count)?;
        let (mut length, mut size) = (0, 1);
        // The next code, its first bit the highest of 16.
        let mut code = 0u16;
        while !sorted.is_empty() {
            if code != 0 {
                self.entries.copy_within(..size, size);
            }
            length += 1;
            size *= 2;
            let (symbols, rest) = sorted.split_at(counts[length % 16].into());
            for &symbol in symbols {
                let entry = entries_by_symbol[usize::from(symbol) % M];
                self.entries[usize::from(reverse(code)) % SIZE] =
                    Entry { code_length: length as u8, ..entry };
                code = code.wrapping_add(1 << (16 - length));
            }
            sorted = rest;
        }
        self.mask = size as u64 - 1;
        Some(())
    }
}
