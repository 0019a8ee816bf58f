//! The fixed parts of the format: which code stands for a length or a distance, how many extra
//! bits it has, and the code lengths of fixed blocks. Upstream: the tables of `trees.c`; RFC
//! 1951, sections 3.2.5 and 3.2.6.

/// Symbols of literals.
pub(super) const LITERALS: usize = 256;
/// The symbol that ends a block.
pub(super) const END_BLOCK: usize = 256;
/// Symbols of literals, of the end and of lengths.
pub(super) const L_CODES: usize = LITERALS + 1 + 29;
/// Symbols of distances.
pub(super) const D_CODES: usize = 30;
/// Symbols that code lengths are sent with.
pub(super) const BL_CODES: usize = 19;

/// The shortest match.
pub(super) const MIN_MATCH: u16 = 3;
/// The longest match.
pub(super) const MAX_MATCH: u16 = 258;

/// In this order the lengths of the code length codes are sent.
pub(super) const BL_ORDER: [u8; BL_CODES] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// `extra_lbits`, of length codes from 257 on.
pub(super) const EXTRA_LENGTH_BITS: [u8; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// `extra_dbits`.
pub(super) const EXTRA_DISTANCE_BITS: [u8; D_CODES] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
];

/// `extra_blbits`. There is room for what five bits can tell apart, which makes bounds checks cheap.
pub(super) const EXTRA_BL_BITS: [u8; 32] = {
    let mut bits = [0; 32];
    (bits[16], bits[17], bits[18]) = (2, 3, 7);
    bits
};

/// `_length_code`: from a length less [`MIN_MATCH`] to its code less 257.
pub(super) const LENGTH_CODE: [u8; 256] = length_codes();

/// `base_length`: the shortest length of each code, less [`MIN_MATCH`].
pub(super) const BASE_LENGTH: [u8; 29] = base_lengths();

const fn base_lengths() -> [u8; 29] {
    let mut bases = [0; 29];
    let mut length: u8 = 0;
    let mut code = 0;
    while code < 28 {
        bases[code] = length;
        length = length.wrapping_add(1 << EXTRA_LENGTH_BITS[code]);
        code += 1;
    }
    // 258 has a code of its own, without extra bits.
    bases[28] = (MAX_MATCH - MIN_MATCH) as u8;
    bases
}

const fn length_codes() -> [u8; 256] {
    let mut codes = [0; 256];
    let mut code = 0;
    while code < 29 {
        let mut n = 0;
        while n < 1 << EXTRA_LENGTH_BITS[code] {
            codes[BASE_LENGTH[code] as usize + n] = code as u8;
            n += 1;
        }
        code += 1;
    }
    codes
}

/// `d_code`: the code of a distance less 1.
pub(super) fn distance_code(distance_less_1: u16) -> usize {
    if distance_less_1 < 4 {
        return usize::from(distance_less_1);
    }
    let top = 15 - distance_less_1.leading_zeros();
    (2 * top) as usize + usize::from(distance_less_1 >> (top - 1) & 1)
}

/// `base_dist`: the shortest distance of a code, less 1.
pub(super) const fn base_distance(code: usize) -> u16 {
    if code < 4 {
        return code as u16;
    }
    (2 | (code as u16 & 1)) << (code / 2 - 1)
}

/// The first literal that has more than 8 bits in a fixed block.
pub(super) const FIXED_9_BITS: usize = 144;

/// `static_ltree[symbol].Len`.
const fn fixed_length(symbol: usize) -> u8 {
    match symbol {
        0..FIXED_9_BITS => 8,
        FIXED_9_BITS..256 => 9,
        256..280 => 7,
        _ => 8,
    }
}

/// [`fixed_length`], by symbol.
pub(super) const FIXED_LENGTHS: [u8; L_CODES + 2] = {
    let mut lengths = [0; L_CODES + 2];
    let mut symbol = 0;
    while symbol < lengths.len() {
        lengths[symbol] = fixed_length(symbol);
        symbol += 1;
    }
    lengths
};

/// Bits of a distance in a fixed block.
pub(super) const FIXED_DISTANCE_LENGTH: u8 = 5;

/// How a symbol is written: its bits, the first to be sent lowest, and how many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// Codes by symbol. More than there are symbols, and a power of two, which makes bounds checks
/// cheap.
pub(super) type Codes = [Code; 512];

/// `static_ltree`.
pub(super) const FIXED_L_CODES: Codes = fixed_codes(&FIXED_LENGTHS);

/// `static_dtree`.
pub(super) const FIXED_D_CODES: Codes = fixed_codes(&[FIXED_DISTANCE_LENGTH; D_CODES]);

const fn fixed_codes<const N: usize>(lengths: &[u8; N]) -> Codes {
    let mut symbols = [0; N];
    let mut symbol = 0;
    while symbol < N {
        symbols[symbol] = symbol as u16;
        symbol += 1;
    }
    let mut codes = [Code { bits: 0, length: 0 }; 512];
    assign_codes(&symbols, lengths, &mut codes);
    codes
}

/// `gen_codes`: the canonical codes of symbols, given in ascending order, with their lengths.
pub(super) const fn assign_codes<const N: usize>(
    symbols: &[u16],
    lengths: &[u8; N],
    codes: &mut Codes,
) {
    let mut counts = [0u16; 16];
    let mut at = 0;
    while at < symbols.len() {
        counts[lengths[symbols[at] as usize % N] as usize % 16] += 1;
        at += 1;
    }
    // The next code of each length, its first bit the highest of 16, which are turned around later.
    let mut next = [0u16; 16];
    let mut length = 1;
    while length < 15 {
        next[length + 1] = next[length].wrapping_add(counts[length] << (16 - length));
        length += 1;
    }
    at = 0;
    while at < symbols.len() {
        let symbol = symbols[at] as usize;
        let length = lengths[symbol % N];
        let code = &mut next[length as usize % 16];
        codes[symbol % codes.len()] = Code { bits: reverse(*code), length };
        *code = code.wrapping_add(STEPS[length as usize % 16]);
        at += 1;
    }
}

/// From a code of some length to the next, the first bit being the highest of 16.
pub(super) const STEPS: [u16; 16] = {
    let mut steps = [0; 16];
    let mut length = 1;
    while length < 16 {
        steps[length] = 1 << (16 - length);
        length += 1;
    }
    steps
};

/// `bi_reverse`, of 16 bits. By a table, since there is no instruction for it.
pub(super) const fn reverse(bits: u16) -> u16 {
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
