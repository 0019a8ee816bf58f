//! Tables that decode one code per lookup. Upstream: `code` and `inflate_table` of `inftrees.c`; RFC
//! 1951, sections 3.2.2 and 3.2.5.

use super::bit_reader::BitReader;
use crate::codes::{
    BASE_DISTANCE, BASE_LENGTH, D_CODES, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS,
    L_CODES, MIN_MATCH, reverse,
};

/// The meaning of a code: a literal, or a number that extra bits may increase.
///
/// * The lowest byte is the number of bits that the code and its extra bits have together, for
///   [`BitReader::skip`].
/// * The next byte is the number of bits that the code has alone.
/// * The upper half is the number without its extra bits, or [`LITERAL`] and the literal.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

const LITERAL: u32 = 1 << 31;

/// The number of the symbol that ends a block.
pub(super) const END: usize = 0;
/// The number of invalid length symbols. No match is so short.
const INVALID_LENGTH: u16 = 1;
/// The number of invalid distance symbols.
pub(super) const INVALID_DISTANCE: usize = 0;

impl Entry {
    const fn literal(byte: u8) -> Self {
        Self(LITERAL | (byte as u32) << 16)
    }

    const fn number(base: u16, extra_bits: u8) -> Self {
        Self((base as u32) << 16 | extra_bits as u32)
    }

    /// The entry for a code of this many bits.
    #[inline(always)]
    fn with_code_length(self, length: usize) -> Self {
        Self(self.0 + (length << 8 | length) as u32)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & LITERAL != 0
    }

    /// Skips the code of a literal, and returns the literal.
    #[inline(always)]
    pub(super) fn take_literal(self, bits: &mut BitReader<'_>) -> u8 {
        bits.skip(self.0);
        (self.0 >> 16) as u8
    }

    /// Skips the code of a number, and returns the number with its extra bits.
    #[inline(always)]
    pub(super) fn take_number(self, bits: &mut BitReader<'_>) -> usize {
        let before = bits.peek();
        bits.skip(self.0);
        // Only the skipped bits: shifting back and forth made the others equal.
        let skipped = before ^ bits.peek().wrapping_shl(self.0);
        (self.0 >> 16) as usize + skipped.wrapping_shr(self.0 >> 8) as usize
    }
}

/// By literal, end or length symbol. Symbols from 286 on are invalid. Code length symbols are their
/// own values here too.
pub(super) static L_ENTRIES: [Entry; 512] = {
    let mut entries = [Entry::number(INVALID_LENGTH, 0); 512];
    let mut symbol = 0;
    while symbol < L_CODES {
        entries[symbol] = if symbol < END_BLOCK {
            Entry::literal(symbol as u8)
        } else if symbol == END_BLOCK {
            Entry::number(END as u16, 0)
        } else {
            let length = symbol - END_BLOCK - 1;
            Entry::number(MIN_MATCH + BASE_LENGTH[length], EXTRA_LENGTH_BITS[length])
        };
        symbol += 1;
    }
    entries
};

/// By distance symbol. Symbols 30 and 31 are invalid.
pub(super) static D_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::number(INVALID_DISTANCE as u16, 0); 32];
    let mut symbol = 0;
    while symbol < D_CODES {
        entries[symbol] = Entry::number(BASE_DISTANCE[symbol] + 1, EXTRA_DISTANCE_BITS[symbol]);
        symbol += 1;
    }
    entries
};

/// The symbols of a code, listed by the length of their codes. Each list is in ascending order.
pub(super) struct CodeLengths {
    /// For each length, space for a list.
    symbols: [u16; 16 * MAX_SYMBOLS],
    /// Where the list of each length ends.
    ends: [u16; 16],
}

/// More than any code has.
const MAX_SYMBOLS: usize = 512;

/// Where the list of each length begins.
const STARTS: [u16; 16] = [
    0x0000, 0x0200, 0x0400, 0x0600, 0x0800, 0x0a00, 0x0c00, 0x0e00, 0x1000, 0x1200, 0x1400, 0x1600,
    0x1800, 0x1a00, 0x1c00, 0x1e00,
];

impl CodeLengths {
    pub(super) fn new() -> Self {
        Self { symbols: [0; _], ends: STARTS }
    }

    /// Sets the code lengths of the symbols from 0 on.
    pub(super) fn set(&mut self, lengths: &[u8]) {
        self.clear();
        for (symbol, &length) in lengths.iter().enumerate() {
            self.push(symbol, length.into());
        }
    }

    pub(super) fn clear(&mut self) {
        self.ends = STARTS;
    }

    /// Adds a symbol with a code of this many bits, at most 15, or without a code.
    #[inline(always)]
    pub(super) fn push(&mut self, symbol: usize, length: usize) {
        let end = &mut self.ends[length % 16];
        self.symbols[usize::from(*end) % (16 * MAX_SYMBOLS)] = symbol as u16;
        *end += 1;
    }
}

/// Entries by the next bits. `SIZE` is a power of two.
pub(super) struct Table<const SIZE: usize> {
    entries: [Entry; SIZE],
    /// Selects as many bits as the longest code has.
    mask: u64,
}

impl<const SIZE: usize> Table<SIZE> {
    pub(super) const EMPTY: Self = Self { entries: [Entry(0); SIZE], mask: 0 };

    /// Finds the code that comes next, which is ready.
    #[inline(always)]
    pub(super) fn find(&self, bits: &BitReader<'_>) -> Entry {
        self.entries[(bits.peek() & self.mask) as usize % SIZE]
    }

    /// `inflate_table`: builds the table for a code. `None` if the code is not complete, or too
    /// long for the table.
    pub(super) fn build<const M: usize>(
        &mut self,
        code_lengths: &CodeLengths,
        entries_by_symbol: &[Entry; M],
    ) -> Option<()> {
        /// One more than the last code of 16 bits: where the codes end if they are complete.
        const COMPLETE: u32 = 1 << 16;
        let CodeLengths { symbols, ends } = code_lengths;
        // The next code, its first bit the highest of 16.
        let mut code = 0;
        let (mut length, mut size) = (0, 1);
        while code < COMPLETE {
            if size == SIZE {
                return None;
            }
            // The table doubles with each length: the entries so far are the same whatever the added
            // bit is. The codes of that length then go where they belong.
            if code != 0 {
                self.entries.copy_within(..size, size);
            }
            (length, size) = (length + 1, 2 * size);
            let list = usize::from(STARTS[length % 16])..usize::from(ends[length % 16]);
            for &symbol in symbols.get(list)? {
                let entry = entries_by_symbol[usize::from(symbol) % M];
                self.entries[usize::from(reverse(code as u16)) % SIZE] =
                    entry.with_code_length(length);
                code += COMPLETE >> length;
            }
        }
        self.mask = size as u64 - 1;
        // Too many codes exceed the last one, or are left.
        (code == COMPLETE && ends[length + 1..] == STARTS[length + 1..]).then_some(())
    }
}
