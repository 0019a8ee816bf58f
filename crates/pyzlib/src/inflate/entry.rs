//! The meaning of each code. Upstream: `code` of `inftrees.h`; RFC 1951, section 3.2.5.

use crate::codes::{
    BASE_DISTANCE, BASE_LENGTH, BL_CODES, D_CODES, EXTRA_BL_BITS, EXTRA_DISTANCE_BITS,
    EXTRA_LENGTH_BITS, LITERALS, MIN_MATCH, REP_3_6, REPZ_3_10, REPZ_11_138,
};

/// The meaning of a code, packed into one word: the value in the upper half, then two flags, the
/// number of extra bits, and the length of the code.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    pub(super) const EMPTY: Self = Self(0);
    const END_BLOCK: Self = Self(Self::NO_LENGTH);
    const INVALID: Self = Self(1 << 16 | Self::NO_LENGTH);

    const LITERAL: u32 = 1 << 15;
    const NO_LENGTH: u32 = 1 << 14;

    const fn literal(byte: u8) -> Self {
        Self((byte as u32) << 16 | Self::LITERAL)
    }

    /// A number that extra bits are added to.
    const fn number(base: u16, extra_bits: u8) -> Self {
        Self((base as u32) << 16 | (extra_bits as u32) << 8)
    }

    /// Sets the length of the code in bits, at most 15.
    #[inline(always)]
    pub(super) fn with_code_length(self, length: usize) -> Self {
        Self(self.0 | length as u32)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Self::LITERAL != 0
    }

    /// Whether an entry that is no literal is the length of a match.
    #[inline(always)]
    pub(super) fn is_length(self) -> bool {
        self.0 & Self::NO_LENGTH == 0
    }

    /// Whether an entry that is no literal and no length is the end of the block, and not an
    /// invalid symbol.
    #[inline(always)]
    pub(super) fn is_end_of_block(self) -> bool {
        self.value() == 0
    }

    /// The literal, or the number without its extra bits.
    #[inline(always)]
    pub(super) fn value(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// The length of the code in bits.
    #[inline(always)]
    pub(super) fn code_length(self) -> u32 {
        self.0 & 0xf
    }

    /// How many extra bits follow the code.
    #[inline(always)]
    pub(super) fn extra_bits(self) -> u32 {
        self.0 >> 8 & 0xf
    }

    /// Of an entry for code lengths: the length, and how often it occurs at least. For
    /// [`REP_3_6`], the length is not 0.
    #[inline(always)]
    pub(super) fn repeated_length(self) -> (usize, usize) {
        (self.value() & 0xff, self.value() >> 8)
    }

    /// Of an entry for code lengths: whether it is a single length.
    #[inline(always)]
    pub(super) fn is_single_length(self) -> bool {
        self.0 >> 24 == 1
    }
}

/// By literal, end or length symbol. Symbols from 286 on are invalid.
pub(super) static L_ENTRIES: [Entry; 512] = {
    let mut entries = [Entry::INVALID; 512];
    let mut symbol = 0;
    while symbol < LITERALS {
        entries[symbol] = Entry::literal(symbol as u8);
        symbol += 1;
    }
    entries[symbol] = Entry::END_BLOCK;
    let mut length = 0;
    while length < BASE_LENGTH.len() {
        let base = BASE_LENGTH[length] + MIN_MATCH;
        entries[LITERALS + 1 + length] = Entry::number(base, EXTRA_LENGTH_BITS[length]);
        length += 1;
    }
    entries
};

/// By distance symbol. Symbols 30 and 31 are invalid: their distance is 0.
pub(super) static D_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::number(0, 0); 32];
    let mut symbol = 0;
    while symbol < D_CODES {
        entries[symbol] = Entry::number(BASE_DISTANCE[symbol] + 1, EXTRA_DISTANCE_BITS[symbol]);
        symbol += 1;
    }
    entries
};

/// By code length symbol.
pub(super) static BL_ENTRIES: [Entry; 32] = {
    let mut entries = [Entry::number(0, 0); 32];
    let mut symbol = 0;
    while symbol < BL_CODES as u8 {
        let (length, min_repeat) = match symbol {
            REP_3_6 => (REP_3_6, 3),
            REPZ_3_10 => (0, 3),
            REPZ_11_138 => (0, 11),
            length => (length, 1),
        };
        let repeated_length = min_repeat << 8 | length as u16;
        entries[symbol as usize] = Entry::number(repeated_length, EXTRA_BL_BITS[symbol as usize]);
        symbol += 1;
    }
    entries
};
