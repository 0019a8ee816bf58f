//! Huffman trees. Upstream: `build_tree` and `gen_bitlen` of `trees.c`.

use super::heap::{Heap, INNER, NODES, Sons};
use crate::zlib::codes::{Code, Codes, L_CODES, assign_codes};

/// The longest code of literals, lengths and distances.
pub(super) const MAX_BITS: u8 = 15;
/// The longest code of code lengths.
pub(super) const MAX_BL_BITS: u8 = 7;

/// A tree: the symbols that have a code, and how long it is.
pub(super) struct Tree<const N: usize> {
    /// In ascending order, in the first `count` places.
    symbols: [u16; N],
    count: usize,
    /// By symbol, of those that have a code, and of others what was there before; behind them the
    /// depths of the inner nodes.
    lengths: [u8; NODES],
    codes: Codes,
    /// Bits of all symbols together, each as often as it occurs, without extra bits.
    pub(super) bits: u32,
}

impl<const N: usize> Tree<N> {
    pub(super) fn new() -> Self {
        Self {
            symbols: [0; N],
            count: 0,
            lengths: [0; NODES],
            codes: [Code { bits: 0, length: 0 }; 512],
            bits: 0,
        }
    }

    /// The symbols that have a code, in ascending order.
    pub(super) fn symbols(&self) -> &[u16] {
        &self.symbols[..self.count]
    }

    /// Forgets how long codes were, so that [`Tree::length`] is 0 for symbols that have none.
    pub(super) fn clear(&mut self) {
        self.lengths[..N].fill(0);
    }

    /// How long the code of a symbol is, if it has one.
    pub(super) fn length(&self, symbol: u16) -> u8 {
        self.lengths[usize::from(symbol) % NODES]
    }

    /// The last symbol that has a code.
    pub(super) fn max_code(&self) -> usize {
        self.symbols().last().map_or(0, |&symbol| usize::from(symbol))
    }

    /// The codes, by symbol; of symbols that have none it says nothing.
    pub(super) fn codes(&mut self) -> &Codes {
        assign_codes(&self.symbols[..self.count], &self.lengths, &mut self.codes);
        &self.codes
    }
}

/// Room to build trees in.
pub(super) struct Builder {
    heap: Heap,
    sons: Sons,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { heap: Heap::new(), sons: [[0; 2]; INNER] }
    }

    /// `build_tree`: gives each symbol that occurs a code of at most `max_bits`. At least two
    /// symbols get one, whether or not they occur. `used` are those that occur, in ascending
    /// order.
    pub(super) fn build<const N: usize>(
        &mut self,
        frequencies: &[u16; N],
        used: &[u16],
        max_bits: u8,
        tree: &mut Tree<N>,
    ) {
        const { assert!(N <= L_CODES && L_CODES < INNER) };
        tree.symbols[..used.len()].copy_from_slice(used);
        self.heap.fill(frequencies, used);
        let mut count = used.len();
        while count < 2 {
            // What does not occur yet of 0 and 1, or of 0, 1 and 2, comes last in the heap.
            let symbol = match count {
                1 if tree.symbols[0] < 2 => tree.symbols[0] + 1,
                _ => 0,
            };
            tree.symbols[count] = symbol;
            self.heap.add(count, 1, symbol);
            count += 1;
        }
        tree.count = count;
        if used.len() < 2 {
            tree.symbols[..2].sort_unstable();
        }
        self.heap.order(count);
        let bits = self.heap.merge(count, &mut self.sons);
        let sons = &self.sons[..count - 1];
        // What does not occur has been counted with a bit each.
        let forced = (count - used.len()) as u32;
        tree.bits = if assign_lengths(sons, &mut tree.lengths) <= max_bits {
            bits - forced
        } else {
            limit_lengths(sons, max_bits, &mut tree.lengths);
            let bits = |&symbol: &u16| {
                let symbol = usize::from(symbol);
                u32::from(frequencies[symbol]) * u32::from(tree.lengths[symbol])
            };
            tree.symbols[..count].iter().map(bits).sum()
        };
    }
}

/// The first half of `gen_bitlen`: how deep each node is, and the deepest.
fn assign_lengths(sons: &[[u16; 2]], lengths: &mut [u8; NODES]) -> u8 {
    lengths[INNER - 1 + sons.len()] = 0;
    let mut deepest = 0;
    for (&[first, second], inner) in sons.iter().zip(INNER..INNER + sons.len()).rev() {
        let length = lengths[inner % NODES] + 1;
        deepest = deepest.max(length);
        lengths[usize::from(first) % NODES] = length;
        lengths[usize::from(second) % NODES] = length;
    }
    deepest
}

/// `gen_bitlen` where codes would get longer than `max_bits`.
fn limit_lengths(sons: &[[u16; 2]], max_bits: u8, lengths: &mut [u8; NODES]) {
    let mut counts = [0u16; MAX_BITS as usize + 1];
    let mut overflow = 0i32;
    lengths[INNER - 1 + sons.len()] = 0;
    for (pair, inner) in sons.iter().zip(INNER..INNER + sons.len()).rev() {
        for &node in pair.iter().rev() {
            let node = usize::from(node) % NODES;
            let mut length = lengths[inner] + 1;
            if length > max_bits {
                length = max_bits;
                overflow += 1;
            }
            lengths[node] = length;
            if node < INNER {
                counts[usize::from(length)] += 1;
            }
        }
    }
    move_overflow(&mut counts, overflow, usize::from(max_bits));
    // Again from the least frequent on, longest lengths first.
    let mut leaves =
        sons.iter().flatten().map(|&node| usize::from(node) % NODES).filter(|&node| node < INNER);
    for length in (1..=max_bits).rev() {
        for leaf in leaves.by_ref().take(usize::from(counts[usize::from(length)])) {
            lengths[leaf] = length;
        }
    }
}

/// Makes the number of codes of each length possible again.
fn move_overflow(counts: &mut [u16; MAX_BITS as usize + 1], mut overflow: i32, max_bits: usize) {
    while overflow > 0 {
        let mut length = max_bits - 1;
        while counts[length] == 0 {
            length -= 1;
        }
        counts[length] -= 1;
        counts[length + 1] += 2;
        counts[max_bits] -= 1;
        overflow -= 2;
    }
}
