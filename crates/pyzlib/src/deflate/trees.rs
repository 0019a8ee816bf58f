//! Huffman codes. Upstream: `build_tree` and `gen_bitlen` of `trees.c`.

use super::heap::{Children, Heap, INNER, NODES};
use crate::codes::{Code, Codes, L_CODES, assign_codes};

/// The longest code for literals, lengths and distances.
pub(super) const MAX_BITS: u8 = 15;
/// The longest code for code lengths.
pub(super) const MAX_BL_BITS: u8 = 7;

/// A Huffman code: which symbols have a code, and its length.
pub(super) struct Tree<const N: usize> {
    /// The symbols that have a code, in ascending order: the first `count`.
    symbols: [u16; N],
    count: usize,
    /// By node. Entries of symbols without a code are stale, see [`Tree::clear`].
    lengths: [u8; NODES],
    codes: Codes,
    /// The total length of the codes of all symbols that occur, without extra bits: this tree's
    /// share of `opt_len`.
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

    /// Clears the lengths, so that after the next build those of symbols without a code are 0.
    pub(super) fn clear(&mut self) {
        self.lengths[..N].fill(0);
    }

    /// The length of a symbol's code.
    pub(super) fn length(&self, symbol: u16) -> u8 {
        self.lengths[usize::from(symbol) % NODES]
    }

    /// The last symbol that has a code.
    pub(super) fn max_code(&self) -> usize {
        self.symbols().last().map_or(0, |&symbol| usize::from(symbol))
    }

    /// The codes by symbol. Entries of symbols without a code are stale.
    pub(super) fn codes(&mut self) -> &Codes {
        assign_codes(&self.symbols[..self.count], &self.lengths, &mut self.codes);
        &self.codes
    }
}

/// Builds trees.
pub(super) struct TreeBuilder {
    heap: Heap,
    children: Children,
}

impl TreeBuilder {
    pub(super) fn new() -> Self {
        Self { heap: Heap::new(), children: [[0; 2]; INNER] }
    }

    /// `build_tree`: gives each symbol that occurs a code of at most `max_bits`. `used` lists these
    /// symbols in ascending order.
    ///
    /// zlib gives at least two symbols a code. If fewer occur, it adds symbol 0, or the one after
    /// the last if that is below 2, with a frequency of 1 that is not counted in `opt_len`.
    pub(super) fn build<const N: usize>(
        &mut self,
        frequencies: &[u16; N],
        used: &[u16],
        max_bits: u8,
        tree: &mut Tree<N>,
    ) {
        const { assert!(N <= L_CODES && L_CODES < INNER) };
        tree.symbols[..used.len()].copy_from_slice(used);
        self.heap.push_leaves(frequencies, used);
        let mut count = used.len();
        while count < 2 {
            let symbol = match count {
                1 if tree.symbols[0] < 2 => tree.symbols[0] + 1,
                _ => 0,
            };
            tree.symbols[count] = symbol;
            self.heap.push_leaf(count, 1, symbol);
            count += 1;
        }
        tree.count = count;
        if used.len() < 2 {
            tree.symbols[..2].sort_unstable();
        }
        self.heap.heapify(count);
        let bits = self.heap.combine(count, &mut self.children);
        let children = &self.children[..count - 1];
        // Each of two symbols has a code of one bit.
        let not_counted = (count - used.len()) as u32;
        tree.bits = if assign_lengths(children, &mut tree.lengths) <= max_bits {
            bits - not_counted
        } else {
            limit_lengths(children, max_bits, &mut tree.lengths);
            let bits = |&symbol: &u16| {
                let symbol = usize::from(symbol);
                u32::from(frequencies[symbol]) * u32::from(tree.lengths[symbol])
            };
            tree.symbols[..count].iter().map(bits).sum()
        };
    }
}

/// The first pass of `gen_bitlen` without a limit: sets the length of each node from its parent's.
/// Returns the greatest length.
fn assign_lengths(children: &[[u16; 2]], lengths: &mut [u8; NODES]) -> u8 {
    lengths[INNER - 1 + children.len()] = 0;
    let mut max = 0;
    for (&[first, second], inner) in children.iter().zip(INNER..INNER + children.len()).rev() {
        let length = lengths[inner % NODES] + 1;
        max = max.max(length);
        lengths[usize::from(first) % NODES] = length;
        lengths[usize::from(second) % NODES] = length;
    }
    max
}

/// `gen_bitlen`, if codes have to be shortened to `max_bits`.
///
/// zlib first cuts all lengths, then moves leaves until their number at each length is possible,
/// and then assigns the lengths again. The overflow it counts is not the number of leaves that were
/// cut, because inner nodes deeper than `max_bits` add to it too.
fn limit_lengths(children: &[[u16; 2]], max_bits: u8, lengths: &mut [u8; NODES]) {
    let mut counts = [0u16; MAX_BITS as usize + 1];
    let mut overflow = 0i32;
    lengths[INNER - 1 + children.len()] = 0;
    for (pair, inner) in children.iter().zip(INNER..INNER + children.len()).rev() {
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
    // The longest codes go to the leaves that left the heap first, which are the least frequent.
    let mut leaves = children
        .iter()
        .flatten()
        .map(|&node| usize::from(node) % NODES)
        .filter(|&node| node < INNER);
    for length in (1..=max_bits).rev() {
        for leaf in leaves.by_ref().take(usize::from(counts[usize::from(length)])) {
            lengths[leaf] = length;
        }
    }
}

/// Corrects the number of leaves at each length.
///
/// Each round takes the deepest leaf above the limit, puts an inner node in its place, and makes it
/// and one leaf from the limit the children. The sibling of the latter takes their parent's place,
/// so the overflow decreases by two.
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
