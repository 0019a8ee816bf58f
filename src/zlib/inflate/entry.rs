//! What codes stand for. Upstream: the entries of the tables of `inftrees.c`; RFC 1951, section
//! 3.2.5.

use crate::zlib::codes::{
    BASE_LENGTH, BL_CODES, D_CODES, EXTRA_BL_BITS, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS,
    LITERALS, MIN_MATCH, base_distance,
};

/// What a code stands for, in one word.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    pub(super) const NONE: Self = Self(0);

    const LITERAL: u32 = 1 << 15;
    const NO_LENGTH: u32 = 1 << 14;

    const fn literal(byte: u8) -> Self {
        Self((byte as u32) << 16 | Self::LITERAL)
    }

    /// A number of which the lowest bits are to follow.
    const fn number(base: u16, extra_bits: u8) -> Self {
        Self((base as u32) << 16 | (extra_bits as u32) << 8)
    }

    /// The end of a block, or, being `invalid`, what may not occur.
    const fn no_length(invalid: bool) -> Self {
        Self((invalid as u32) << 16 | Self::NO_LENGTH)
    }

    /// With the length of the code, in bits, up to 15.
    #[inline(always)]
    pub(super) fn with_code_length(self, length: usize) -> Self {
        Self(self.0 | length as u32)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    #[inline(always)]
    pub(super) fn is_length(self) -> bool {
        self.0 & Self::NO_LENGTH == 0
    }

    /// The byte, the number, or 0 for the end of a block.
    #[inline(always)]
    pub(super) fn value(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// How long the code is, in bits.
    #[inline(always)]
    pub(super) fn code_length(self) -> u32 {
        self.0 & 0xf
    }

    /// How many bits of the number follow the code.
    #[inline(always)]
    pub(super) fn extra_bits(self) -> u32 {
        self.0 >> 8 & 0xf
    }

    /// A code length, and how many times it occurs at least.
    #[inline(always)]
    pub(super) fn repeated_length(self) -> (usize, usize) {
        (self.value() & 0xff, self.value() >> 8)
    }

    /// Whether it is a code length that occurs once.
    #[inline(always)]
    pub(super) fn is_single_length(self) -> bool {
        self.0 >> 24 == 1
    }
}

/// What the symbols of literals, of the end and of lengths stand for, and such as may not occur.
pub(super) static L_ENTRIES: [Entry; 512] = {
    let mut entries = [Entry::no_length(true); 512];
    let mut symbol = 0;
    while symbol < LITERALS {
        entries[symbol] = Entry::literal(symbol as u8);
        symbol += 1;
    }
    entries[symbol] = Entry::no_length(false);
    let mut length = 0;
    while length < BASE_LENGTH.len() {
        let base = BASE_LENGTH[length] as u16 + MIN_MATCH;
        entries[LITERALS + 1 + length] = Entry::number(base, EXTRA_LENGTH_BITS[length]);
        length += 1;
    }
    entries
};

/// What the symbols of distances stand for; the last two, 0, may not occur.
pub(super) static D_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::number(0, 0); 32];
    let mut symbol = 0;
    while symbol < D_CODES {
        entries[symbol] = Entry::number(base_distance(symbol) + 1, EXTRA_DISTANCE_BITS[symbol]);
        symbol += 1;
    }
    entries
};

/// What the symbols of code lengths stand for.
pub(super) static BL_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::number(0, 0); 32];
    let mut symbol = 0;
    while symbol < BL_CODES {
        let (length, least) = match symbol {
            16 => (SAME_LENGTH, 3),
            17 => (0, 3),
            18 => (0, 11),
            length => (length, 1),
        };
        entries[symbol] = Entry::number((least << 8 | length) as u16, EXTRA_BL_BITS[symbol]);
        symbol += 1;
    }
    entries
};

/// Stands for the code length before this one.
pub(super) const SAME_LENGTH: usize = 16;
