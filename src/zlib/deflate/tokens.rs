//! How the code lengths of trees are sent. Upstream: `scan_tree` of `trees.c`.

use super::trees::Tree;
use crate::zlib::codes::{BL_CODES, EXTRA_BL_BITS};

/// Repeats the code length before it 3 to 6 times.
const REPEAT_3_6: u8 = 16;
/// Codes of length 0, 3 to 10 of them.
pub(super) const ZEROS_3_10: u8 = 17;
/// Codes of length 0, 11 to 138 of them.
pub(super) const ZEROS_11_138: u8 = 18;
/// The most zeros that one token stands for.
pub(super) const MOST_ZEROS: usize = 138;

/// A symbol of the code length alphabet, and what its extra bits hold.
#[derive(Clone, Copy, Default)]
pub(super) struct Token {
    pub(super) symbol: u8,
    pub(super) extra: u8,
}

/// The code lengths of both trees as they are sent.
pub(super) struct Tokens {
    /// There is room for more than there can be, and a power of two, which makes bounds checks
    /// cheap.
    tokens: [Token; 512],
    count: usize,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self { tokens: [Token::default(); 512], count: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn as_slice(&self) -> &[Token] {
        &self.tokens[..self.count]
    }

    /// How often each symbol occurs.
    pub(super) fn frequencies(&self) -> [u16; BL_CODES] {
        // Room for any symbol that a byte could name by its lower five bits.
        let mut frequencies = [0; 32];
        for token in self.as_slice() {
            frequencies[usize::from(token.symbol % 32)] += 1;
        }
        let mut symbols = [0; BL_CODES];
        symbols.copy_from_slice(&frequencies[..BL_CODES]);
        symbols
    }

    /// `scan_tree`: the code lengths of a tree, with repetitions shortened.
    pub(super) fn push_tree<const N: usize>(&mut self, tree: &Tree<N>) {
        let symbols = tree.symbols();
        let (mut next, mut previous, mut repeated) = (0, 0, 0);
        let mut at = 0;
        while let Some(&symbol) = symbols.get(at) {
            let length = tree.length(symbol);
            self.push_zeros(usize::from(symbol - next));
            repeated = if symbol == next && length == previous { repeated + 1 } else { 0 };
            self.push(length, 0);
            (at, next, previous) = (at + 1, symbol + 1, length);
            // Three in a row after the first: from here on it is shorter to count them.
            if repeated == 3 {
                let same = |&(symbol, next): &(&u16, u16)| {
                    *symbol == next && tree.length(*symbol) == length
                };
                let more = symbols[at..].iter().zip(next..).take_while(same).count();
                self.count -= 3;
                self.push_repetitions(length, 3 + more);
                (at, next) = (at + more, next + more as u16);
            }
        }
    }

    fn push(&mut self, symbol: u8, extra: u8) {
        self.tokens[self.count % 512] = Token { symbol, extra };
        self.count += 1;
    }

    /// So many more codes of the length before.
    fn push_repetitions(&mut self, length: u8, mut count: usize) {
        while count >= 3 {
            let repeated = count.min(6);
            self.push(REPEAT_3_6, repeated as u8 - 3);
            count -= repeated;
        }
        for _ in 0..count {
            self.push(length, 0);
        }
    }

    /// So many symbols without a code, at most twice [`MOST_ZEROS`].
    fn push_zeros(&mut self, mut count: usize) {
        if count > MOST_ZEROS {
            self.push(ZEROS_11_138, (MOST_ZEROS - 11) as u8);
            count -= MOST_ZEROS;
        }
        // Both places are written, and as many count as are meant: no branch to foresee.
        let zeros = &ZERO_TOKENS[count];
        self.tokens[self.count % 512] = zeros.tokens[0];
        self.tokens[(self.count + 1) % 512] = zeros.tokens[1];
        self.count += usize::from(zeros.count);
    }
}

/// Bits that follow the codes of these tokens.
pub(super) fn extra_bits(frequencies: &[u16; BL_CODES]) -> u32 {
    frequencies.iter().zip(EXTRA_BL_BITS).map(|(&f, bits)| u32::from(f) * u32::from(bits)).sum()
}

/// What a run of zeros is sent as: so many of these tokens.
#[derive(Clone, Copy)]
pub(super) struct ZeroTokens {
    pub(super) tokens: [Token; 2],
    pub(super) count: u8,
}

/// By how many zeros there are.
pub(super) const ZERO_TOKENS: [ZeroTokens; MOST_ZEROS + 1] = {
    let zero = Token { symbol: 0, extra: 0 };
    let mut tokens = [ZeroTokens { tokens: [zero; 2], count: 0 }; MOST_ZEROS + 1];
    let mut count = 1;
    while count < tokens.len() {
        let (symbol, least) = match count {
            1 | 2 => (0, count),
            3..11 => (ZEROS_3_10, 3),
            _ => (ZEROS_11_138, 11),
        };
        let token = Token { symbol, extra: (count - least) as u8 };
        tokens[count] =
            ZeroTokens { tokens: [token; 2], count: if symbol == 0 { count as u8 } else { 1 } };
        count += 1;
    }
    tokens
};
