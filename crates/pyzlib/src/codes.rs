//! Constants of the deflate format: the symbols of lengths and distances with their extra bits, and
//! the fixed codes. Upstream: the tables of `trees.c`; RFC 1951, sections 3.2.5 and 3.2.6.
//!
//! As upstream, `L`, `D` and `BL` name the alphabets of literals and lengths, of distances, and of
//! code lengths ("bit lengths").

use std::hint::select_unpredictable;

/// The number of literal symbols.
pub(crate) const LITERALS: usize = 256;
/// The symbol that ends a block.
pub(crate) const END_BLOCK: usize = 256;
/// The number of literal, end and length symbols.
pub(crate) const L_CODES: usize = LITERALS + 1 + 29;
/// The number of distance symbols.
pub(crate) const D_CODES: usize = 30;
/// The number of code length symbols.
pub(crate) const BL_CODES: usize = 19;

/// The length of the shortest match.
pub(crate) const MIN_MATCH: u16 = 3;
/// The length of the longest match.
pub(crate) const MAX_MATCH: u16 = 258;

/// The code length symbol that repeats the previous length 3 to 6 times.
pub(crate) const REP_3_6: u8 = 16;
/// The code length symbol for 3 to 10 zeros.
pub(crate) const REPZ_3_10: u8 = 17;
/// The code length symbol for 11 to 138 zeros.
pub(crate) const REPZ_11_138: u8 = 18;

/// `bl_order`: the order in which a block lists the lengths of the codes for code lengths.
pub(crate) const BL_ORDER: [u8; BL_CODES] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// `extra_lbits`: extra bits of the length symbols, from 257 on. Padded to a power of two, as the
/// next two tables are, because `symbol % 32` is cheaper than a bounds check.
pub(crate) const EXTRA_LENGTH_BITS: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0, 0,
];

/// `extra_dbits`: extra bits of the distance symbols.
pub(crate) const EXTRA_DISTANCE_BITS: [u8; 32] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13, 0, 0,
];

/// `extra_blbits`: extra bits of the code length symbols.
pub(crate) const EXTRA_BL_BITS: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Pads the next two tables: more than any length or distance.
const NONE: u16 = u16::MAX;

/// `base_length`: the shortest length of each symbol, minus [`MIN_MATCH`]. The last one has no
/// extra bits: length 258 has its own symbol, although the one before could express it too.
pub(crate) const BASE_LENGTH: [u16; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128,
    160, 192, 224, 255, NONE, NONE, NONE,
];

/// `base_dist`: the shortest distance of each symbol, minus 1.
pub(crate) const BASE_DISTANCE: [u16; 32] = [
    0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536,
    2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, NONE, NONE,
];

/// `_length_code`: from a length minus [`MIN_MATCH`] to its symbol minus 257.
pub(crate) const LENGTH_CODE: [u8; 256] = codes_by_base(&BASE_LENGTH, 0);

/// `d_code`: the symbol of a distance up to 32,768, which is given minus 1. From 256 on, symbols
/// begin at multiples of 128, so the upper bits are enough.
pub(crate) fn distance_code(distance_minus_1: u16) -> u8 {
    const CODES: [u8; 512] = {
        let (near, far) = (codes_by_base(&BASE_DISTANCE, 0), codes_by_base(&BASE_DISTANCE, 7));
        let mut codes = [0; 512];
        let mut n = 0;
        while n < 256 {
            (codes[n], codes[256 + n]) = (near[n], far[n]);
            n += 1;
        }
        codes
    };
    let distance = usize::from(distance_minus_1);
    CODES[select_unpredictable(distance < 256, distance, 256 + (distance >> 7)) % 512]
}

/// By `n`: the last code whose base is at most `n << shift`.
const fn codes_by_base(bases: &[u16], shift: u32) -> [u8; 256] {
    let mut codes = [0; 256];
    let (mut n, mut code) = (0, 0);
    while n < 256 {
        while code + 1 < bases.len() && bases[code + 1] as usize <= n << shift {
            code += 1;
        }
        codes[n] = code as u8;
        n += 1;
    }
    codes
}

/// The first literal whose fixed code has 9 bits.
pub(crate) const FIXED_9_BITS: usize = 144;

/// The length of a fixed code for a literal, the end or a length: `static_ltree[symbol].Len`.
pub(crate) fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        FIXED_9_BITS..END_BLOCK => 9,
        END_BLOCK..280 => 7,
        _ => 8,
    }
}

/// The number of fixed codes for literals, the end and lengths. The last two are not used.
pub(crate) const FIXED_L_CODES: usize = L_CODES + 2;

/// The length of every fixed code for distances.
pub(crate) const FIXED_DISTANCE_LENGTH: u8 = 5;

/// `bi_reverse` for 16 bits. x86-64 has no instruction for it, so a table is faster than
/// `u16::reverse_bits`.
pub(crate) const fn reverse(bits: u16) -> u16 {
    (REVERSED[bits as usize & 0xff] as u16) << 8 | REVERSED[bits as usize >> 8] as u16
}

const REVERSED: [u8; 256] = {
    let mut reversed = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        reversed[byte] = (byte as u8).reverse_bits();
        byte += 1;
    }
    reversed
};
