//! The symbols of a block and their Huffman codes. Upstream: `build_tree` and `gen_bitlen` of
//! `trees.c`.

use super::heap::{Heap, INNER, NODES};
use crate::codes::reverse;

/// The longest code for literals, lengths and distances.
pub(super) const MAX_BITS: u8 = 15;
/// The longest code for code lengths.
pub(super) const MAX_BL_BITS: u8 = 7;

/// A symbol as it is written: its code, and the extra bits after it.
#[derive(Clone, Copy, Default)]
pub(super) struct Code {
    /// The code, the first bit lowest, minus the symbol's smallest value in the place of the extra
    /// bits. So adding any value in that place gives the code and the extra bits.
    bits: u32,
    /// 2 to the length of the code. Multiplying a value by it moves the value to its place.
    factor: u16,
    /// The number of bits, extra bits included.
    length: u8,
}

impl Code {
    /// The bits of the symbol with this value, which is 0 if it has no extra bits, and their number.
    #[inline(always)]
    pub(super) fn with(self, value: u16) -> (u32, u8) {
        (self.bits.wrapping_add(u32::from(value) * u32::from(self.factor)), self.length)
    }
}

/// Codes by symbol. Padded to a power of two, because `symbol % 512` is cheaper than a bounds check.
pub(super) type Codes = [Code; INNER];

/// The extra bits of the symbols of an alphabet, from `first` on: the arrays begin with that symbol.
pub(super) struct ExtraBits {
    pub(super) first: usize,
    /// The smallest value of each symbol.
    pub(super) bases: [u16; 32],
    /// The number of extra bits of each symbol.
    pub(super) counts: [u8; 32],
}

/// One of the three alphabets of a block: how often each symbol occurs, and its Huffman code.
pub(super) struct Tree<const N: usize> {
    /// By symbol: `Freq` of upstream.
    pub(super) frequencies: [u16; INNER],
    /// 1 for each symbol that was counted since the last [`Tree::find_symbols`]. Bytes, because
    /// writing one is faster than setting a bit.
    seen: [u8; INNER],
    /// The symbols that occur, or have a code, in ascending order: the first `used`.
    symbols: [u16; INNER],
    used: usize,
    /// By node. Entries of symbols without a code are stale.
    lengths: [u8; NODES],
    codes: Codes,
}

impl<const N: usize> Tree<N> {
    /// The number of symbols, rounded up to whole chunks of `seen`.
    const SIZE: usize = N.next_multiple_of(32);

    pub(super) fn new() -> Self {
        Self {
            frequencies: [0; INNER],
            seen: [0; INNER],
            symbols: [0; INNER],
            used: 0,
            lengths: [0; NODES],
            codes: [Code::default(); INNER],
        }
    }

    /// Sets all frequencies to 0.
    pub(super) fn clear(&mut self) {
        self.frequencies[..Self::SIZE].fill(0);
    }

    /// Counts a symbol.
    pub(super) fn count(&mut self, symbol: usize) {
        self.frequencies[symbol % INNER] += 1;
        self.seen[symbol % INNER] = 1;
    }

    /// Finds the symbols that occur, when all are counted.
    pub(super) fn find_symbols(&mut self) {
        let (chunks, _) = self.seen[..Self::SIZE].as_chunks_mut::<32>();
        let mut used = 0;
        for (chunk, first) in chunks.iter_mut().zip((0..).step_by(32)) {
            // Most chunks of text are empty.
            if *chunk == [0; 32] {
                continue;
            }
            let (words, _) = chunk.as_chunks_mut();
            for (word, first) in words.iter_mut().zip((first..).step_by(8)) {
                let mut word = u64::from_le_bytes(std::mem::take(word));
                while word != 0 {
                    self.symbols[used % INNER] = first + word.trailing_zeros() as u16 / 8;
                    used += 1;
                    word &= word - 1;
                }
            }
        }
        self.used = used;
    }

    /// The symbols that occur, in ascending order; after [`Tree::build`], the symbols with a code.
    pub(super) fn symbols(&self) -> &[u16] {
        &self.symbols[..self.used]
    }

    /// How often each of the [`Tree::symbols`] occurs.
    pub(super) fn symbol_frequencies(&self) -> impl Iterator<Item = u16> {
        self.symbols().iter().map(|&symbol| self.frequencies[usize::from(symbol) % INNER])
    }

    /// How many extra bits all symbols have together.
    pub(super) fn extra_bits(&self, extra: &ExtraBits) -> u32 {
        let frequencies = &self.frequencies[extra.first..extra.first + extra.counts.len()];
        frequencies.iter().zip(extra.counts).map(|(&f, bits)| u32::from(f) * u32::from(bits)).sum()
    }

    /// The last symbol that has a code.
    pub(super) fn max_code(&self) -> usize {
        self.symbols().last().map_or(0, |&symbol| usize::from(symbol))
    }

    /// The length of a symbol's code.
    pub(super) fn length(&self, symbol: u16) -> u8 {
        self.lengths[usize::from(symbol) % NODES]
    }

    /// The codes by symbol. Entries of symbols without a code are stale.
    pub(super) fn codes(&mut self, extra: &ExtraBits) -> &Codes {
        assign_codes(&self.symbols[..self.used], &self.lengths, extra, &mut self.codes);
        &self.codes
    }

    /// `build_tree`: gives each symbol that occurs a code of at most `max_bits`. Returns the total
    /// length of all, without extra bits: this tree's share of `opt_len`.
    pub(super) fn build(&mut self, heap: &mut Heap, max_bits: u8) -> u32 {
        // zlib gives at least two symbols a code. Each of two has one bit, however often it occurs.
        if self.used < 2 {
            let (first, second) = match self.symbols() {
                [] => (0, 1),
                &[only @ 0..2] => (only, only + 1),
                &[only, ..] => (0, only),
            };
            (self.symbols[0], self.symbols[1], self.used) = (first, second, 2);
        }
        let (children, bits, height) = heap.combine(self.symbols(), &self.frequencies);
        assign_lengths(children, &mut self.lengths);
        if height <= max_bits {
            return bits;
        }
        limit_lengths(children, max_bits, &mut self.lengths);
        let lengths = self.symbols().iter().map(|&symbol| u32::from(self.length(symbol)));
        self.symbol_frequencies().zip(lengths).map(|(f, length)| u32::from(f) * length).sum()
    }
}

/// `gen_codes`: assigns canonical codes to `symbols`, which are in ascending order and have these
/// lengths.
///
/// While codes are assigned, their first bit is the highest of 16 bits, whatever their length. So
/// one reversal of 16 bits brings any code into the order in which it is written.
pub(super) fn assign_codes(
    symbols: &[u16],
    lengths: &[u8; NODES],
    extra: &ExtraBits,
    codes: &mut Codes,
) {
    let all = symbols.iter().map(|&symbol| usize::from(symbol));
    let mut counts = [0u16; 16];
    for symbol in all.clone() {
        counts[usize::from(lengths[symbol % INNER] % 16)] += 1;
    }
    let mut next = [0u16; 16];
    for length in 1..15 {
        next[length + 1] = next[length].wrapping_add(counts[length] << (16 - length));
    }
    for symbol in all.clone() {
        let length = lengths[symbol % INNER] % 16;
        let code = &mut next[usize::from(length)];
        let bits = reverse(*code).into();
        codes[symbol % INNER] = Code { bits, factor: (1u32 << length) as u16, length };
        *code = code.wrapping_add((0x10000u32 >> length) as u16);
    }
    for symbol in all.rev().take_while(|&symbol| symbol >= extra.first) {
        let code = &mut codes[symbol % INNER];
        let index = (symbol - extra.first) % extra.bases.len();
        code.bits = code.bits.wrapping_sub(u32::from(extra.bases[index]) * u32::from(code.factor));
        code.length += extra.counts[index];
    }
}

/// The first pass of `gen_bitlen` without a limit: sets the length of each node from its parent's.
fn assign_lengths(children: &[[u16; 2]], lengths: &mut [u8; NODES]) {
    lengths[INNER - 1 + children.len()] = 0;
    for (&[first, second], inner) in children.iter().zip(INNER..INNER + children.len()).rev() {
        let length = lengths[inner % NODES] + 1;
        lengths[usize::from(first) % NODES] = length;
        lengths[usize::from(second) % NODES] = length;
    }
}

/// `gen_bitlen`, if codes have to be shortened to `max_bits`.
///
/// zlib first cuts all lengths, then moves leaves until their number at each length is possible,
/// and then assigns the lengths again. The overflow it counts is not the number of leaves that were
/// cut, because inner nodes deeper than `max_bits` add to it too.
fn limit_lengths(children: &[[u16; 2]], max_bits: u8, lengths: &mut [u8; NODES]) {
    let mut counts = [0u16; MAX_BITS as usize + 1];
    let mut overflow = 0i32;
    let nodes = children.iter().flatten().map(|&node| usize::from(node) % NODES);
    for node in nodes.clone() {
        overflow += i32::from(lengths[node] > max_bits);
        if node < INNER {
            counts[usize::from(lengths[node].min(max_bits))] += 1;
        }
    }
    // Each round takes the deepest leaf above the limit, puts an inner node in its place, and makes
    // it and one leaf from the limit the children. The sibling of the latter takes their parent's
    // place, so the overflow decreases by two.
    while overflow > 0 {
        let mut length = usize::from(max_bits) - 1;
        while counts[length] == 0 {
            length -= 1;
        }
        counts[length] -= 1;
        counts[length + 1] += 2;
        counts[usize::from(max_bits)] -= 1;
        overflow -= 2;
    }
    // The longest codes go to the leaves that left the heap first, which are the least frequent.
    let mut leaves = nodes.filter(|&node| node < INNER);
    for length in (1..=max_bits).rev() {
        for leaf in leaves.by_ref().take(usize::from(counts[usize::from(length)])) {
            lengths[leaf] = length;
        }
    }
}
