//! Huffman trees. Upstream: `build_tree` and `gen_bitlen` of `trees.c`. Which of several optimal
//! trees comes out depends on the heap, so the heap is zlib's to the last swap.

use super::codes::{Code, L_CODES, assign_codes};

/// The longest code of literals, lengths and distances.
pub(super) const MAX_BITS: usize = 15;
/// The longest code of code lengths.
pub(super) const MAX_BL_BITS: usize = 7;

/// More than leaves and nodes of a tree; powers of two make bounds checks cheap.
const LEAVES: usize = 512;
const NODES: usize = 1024;

/// A node as the heap orders it: frequency, depth, and number, from the highest bits down.
type Key = u32;

const NODE_BITS: u32 = 10;
const DEPTH_BITS: u32 = 6;

const fn key(frequency: u32, depth: u32, node: usize) -> Key {
    frequency << (DEPTH_BITS + NODE_BITS) | depth << NODE_BITS | node as u32
}

const fn node(key: Key) -> usize {
    key as usize & (NODES - 1)
}

const fn frequency(key: Key) -> u32 {
    key >> (NODE_BITS + DEPTH_BITS)
}

const fn depth(key: Key) -> u32 {
    key >> NODE_BITS & ((1 << DEPTH_BITS) - 1)
}

/// `smaller`: equal ones count as smaller, whatever their numbers.
const fn is_smaller(a: Key, b: Key) -> bool {
    const NUMBER: Key = (1 << NODE_BITS) - 1;
    a & !NUMBER <= b
}

/// A tree: the symbols that have a code, and how long it is.
pub(super) struct Tree<const N: usize> {
    /// In ascending order, in the first `count` places.
    symbols: [u16; N],
    count: usize,
    /// By symbol, 0 for those that have none.
    pub(super) lengths: [u8; N],
    codes: [Code; N],
    /// Bits of all symbols together, each as often as it occurs, without extra bits.
    pub(super) bits: u32,
}

impl<const N: usize> Tree<N> {
    pub(super) fn new() -> Self {
        Self {
            symbols: [0; N],
            count: 0,
            lengths: [0; N],
            codes: [Code { bits: 0, length: 0 }; N],
            bits: 0,
        }
    }

    /// The symbols that have a code, in ascending order.
    pub(super) fn symbols(&self) -> &[u16] {
        &self.symbols[..self.count]
    }

    /// The last symbol that has a code.
    pub(super) fn max_code(&self) -> usize {
        self.symbols().last().map_or(0, |&symbol| usize::from(symbol))
    }

    /// The codes, by symbol; of symbols that have none it says nothing.
    pub(super) fn codes(&mut self) -> &[Code; N] {
        assign_codes(&self.symbols[..self.count], &self.lengths, &mut self.codes);
        &self.codes
    }
}

/// Room to build trees in.
pub(super) struct Builder {
    /// From 1 on.
    heap: [Key; LEAVES],
    /// The nodes in the order in which they left the heap.
    order: [u16; NODES],
    parent: [u16; NODES],
    depth: [u8; NODES],
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { heap: [0; LEAVES], order: [0; NODES], parent: [0; NODES], depth: [0; NODES] }
    }

    /// `build_tree`: gives each symbol that occurs a code of at most `max_bits`. At least two
    /// symbols get one, whether or not they occur. `used` are those that occur, in ascending
    /// order.
    pub(super) fn build<const N: usize>(
        &mut self,
        frequencies: &[u16; N],
        used: impl Iterator<Item = usize>,
        max_bits: usize,
        tree: &mut Tree<N>,
    ) {
        const { assert!(N <= L_CODES) };
        tree.lengths.fill(0);
        let mut count = 0;
        for symbol in used {
            tree.symbols[count] = symbol as u16;
            count += 1;
            self.heap[count & (LEAVES - 1)] = key(u32::from(frequencies[symbol]), 0, symbol);
        }
        let occurring = count;
        while count < 2 {
            // What does not occur yet of 0 and 1, or of 0, 1 and 2, comes last in the heap.
            let symbol = match count {
                1 if tree.symbols[0] < 2 => tree.symbols[0] + 1,
                _ => 0,
            };
            tree.symbols[count] = symbol;
            count += 1;
            self.heap[count] = key(1, 0, usize::from(symbol));
        }
        tree.count = count;
        if occurring < 2 {
            tree.symbols[..2].sort_unstable();
        }
        // Behind the last node stands what no node is greater than, so that all nodes have sons.
        self.heap[count + 1..(count + 1).next_power_of_two()].fill(Key::MAX);
        for k in (1..=count / 2).rev() {
            let moved = self.heap[k];
            self.sift_down(k, moved, count.ilog2() - k.ilog2());
        }
        let removed = self.merge(count, N);
        // What does not occur has been counted with a bit each.
        let forced = (count - occurring) as u32;
        tree.bits = self.assign_lengths(removed, max_bits, frequencies, &mut tree.lengths) - forced;
    }

    /// `pqdownheap`, for what moves into the place `k`, so many levels above the lowest.
    ///
    /// It goes on to the lowest where zlib stops: from there on each node moves into the place
    /// where it is. How far zlib goes is not to be foreseen, by a processor neither.
    fn sift_down(&mut self, mut k: usize, mut moved: Key, levels: u32) {
        const MASK: usize = LEAVES - 1;
        for _ in 0..levels {
            let son = 2 * k;
            let (left, right) = (self.heap[son & MASK], self.heap[(son + 1) & MASK]);
            let is_right = is_smaller(right, left);
            let smallest = if is_right { right } else { left };
            let stays = is_smaller(moved, smallest);
            self.heap[k & MASK] = if stays { moved } else { smallest };
            moved = if stays { smallest } else { moved };
            k = son + usize::from(is_right);
        }
        self.heap[k & MASK] = moved;
    }

    /// Joins the two smallest until one is left; how many nodes left the heap. New nodes are
    /// numbered from `next` on.
    fn merge(&mut self, mut count: usize, mut next: usize) -> usize {
        const MASK: usize = NODES - 1;
        let mut removed = 0;
        while count >= 2 {
            let first = self.heap[1];
            let last = std::mem::replace(&mut self.heap[count & (LEAVES - 1)], Key::MAX);
            count -= 1;
            let levels = count.ilog2();
            self.sift_down(1, last, levels);
            let second = self.heap[1];
            self.order[removed & MASK] = node(first) as u16;
            self.order[(removed + 1) & MASK] = node(second) as u16;
            removed += 2;
            self.parent[node(first)] = next as u16;
            self.parent[node(second)] = next as u16;
            let deeper = depth(first).max(depth(second)) + 1;
            self.sift_down(1, key(frequency(first) + frequency(second), deeper, next), levels);
            next += 1;
        }
        self.order[removed & MASK] = node(self.heap[1]) as u16;
        removed + 1
    }

    /// `gen_bitlen`; the bits of all leaves together.
    fn assign_lengths<const N: usize>(
        &mut self,
        removed: usize,
        max_bits: usize,
        frequencies: &[u16; N],
        lengths: &mut [u8; N],
    ) -> u32 {
        const MASK: usize = NODES - 1;
        let frequency = |symbol: usize| u32::from(frequencies[symbol]).max(1);
        let mut counts = [0u16; MAX_BITS + 1];
        let mut overflow = 0i32;
        let mut bits = 0;
        let order = &self.order[..removed];
        let [order @ .., root] = order else { return 0 };
        self.depth[usize::from(*root) & MASK] = 0;
        for &node in order.iter().rev() {
            let node = usize::from(node);
            let parent = usize::from(self.parent[node & MASK]);
            let mut length = usize::from(self.depth[parent & MASK]) + 1;
            if length > max_bits {
                length = max_bits;
                overflow += 1;
            }
            self.depth[node & MASK] = length as u8;
            if node < N {
                lengths[node] = length as u8;
                counts[length & MAX_BITS] += 1;
                bits += frequency(node) * length as u32;
            }
        }
        if overflow > 0 {
            move_overflow(&mut counts, overflow, max_bits);
            // Again from the least frequent on, longest lengths first.
            let mut leaves = order.iter().map(|&node| usize::from(node)).filter(|&node| node < N);
            bits = 0;
            for length in (1..=max_bits).rev() {
                for leaf in leaves.by_ref().take(usize::from(counts[length])) {
                    lengths[leaf] = length as u8;
                    bits += frequency(leaf) * length as u32;
                }
            }
        }
        bits
    }
}

/// Makes the number of codes of each length possible again.
fn move_overflow(counts: &mut [u16; MAX_BITS + 1], mut overflow: i32, max_bits: usize) {
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
