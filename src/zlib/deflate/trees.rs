//! Huffman trees. Upstream: `build_tree` and `gen_bitlen` of `trees.c`. Which of several optimal
//! trees comes out depends on the heap, so the heap is zlib's to the last swap.

use std::hint::select_unpredictable;

use crate::zlib::codes::{Code, Codes, L_CODES, assign_codes};

/// The longest code of literals, lengths and distances.
pub(super) const MAX_BITS: u8 = 15;
/// The longest code of code lengths.
pub(super) const MAX_BL_BITS: u8 = 7;

/// Leaves are numbered below, inner nodes from here on: more than any tree has, and a power of two,
/// which makes bounds checks cheap.
const INNER: usize = 512;
const NODES: usize = 2 * INNER;

/// A node as the heap orders it: frequency, depth, and number, from the highest bits down.
type Key = u32;

const NODE_BITS: u32 = 10;
const DEPTH_BITS: u32 = 6;

const fn key(frequency: u32, depth: u32, node: usize) -> Key {
    frequency << (DEPTH_BITS + NODE_BITS) | depth << NODE_BITS | node as u32
}

const fn frequency(key: Key) -> u32 {
    key >> (DEPTH_BITS + NODE_BITS)
}

/// The node above two others: as frequent as both together, one deeper than the deeper one.
const fn parent(a: Key, b: Key, number: usize) -> Key {
    const FREQUENCY: Key = !0 << (DEPTH_BITS + NODE_BITS);
    const DEPTH: Key = !FREQUENCY & !(NODES as Key - 1);
    let deeper = if a & !FREQUENCY > b & !FREQUENCY { a } else { b } & DEPTH;
    (((a & FREQUENCY) + b) & FREQUENCY) | (deeper + (1 << NODE_BITS)) | number as u32
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
    /// By symbol, 0 for those that have none; behind them the depths of the inner nodes.
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

    /// How long the code of a symbol is; 0 if it has none.
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
    /// From 1 on; twice as large as it gets, which makes bounds checks cheap.
    heap: [Key; NODES],
    /// The two below each inner node, each with its depth: all nodes but the root, in the order in
    /// which they left the heap.
    sons: [[u16; 2]; INNER],
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { heap: [0; NODES], sons: [[0; 2]; INNER] }
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
        tree.lengths[..N].fill(0);
        tree.symbols[..used.len()].copy_from_slice(used);
        for (&symbol, place) in used.iter().zip(&mut self.heap[1..]) {
            let symbol = usize::from(symbol);
            *place = key(u32::from(frequencies[symbol]), 0, symbol);
        }
        let mut count = used.len();
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
        if used.len() < 2 {
            tree.symbols[..2].sort_unstable();
        }
        // Behind the last node stands what no node is greater than, so that all nodes have sons.
        self.heap[count + 1..(count + 1).next_power_of_two()].fill(Key::MAX);
        for k in (1..=count / 2).rev() {
            let moved = self.heap[k];
            self.sift_down(k, moved, count.ilog2() - k.ilog2());
        }
        let bits = self.merge(count);
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

    /// `pqdownheap`, for what moves into the place `k`, so many levels above the lowest.
    fn sift_down(&mut self, k: usize, moved: Key, levels: u32) {
        let mut sift = Sift { k, moved };
        for _ in 0..levels {
            sift.step(&mut self.heap);
        }
        sift.end(&mut self.heap);
    }

    /// Joins the two smallest until one is left; the frequencies of all inner nodes together,
    /// which are the bits of all leaves.
    fn merge(&mut self, leaves: usize) -> u32 {
        let heap = &mut self.heap;
        let mut bits = 0;
        let mut first = heap[1];
        for (count, inner) in (2..leaves).rev().zip(0..) {
            let last = std::mem::replace(&mut heap[(count + 1) % INNER], Key::MAX);
            let mut last = Sift { k: 1, moved: last };
            let second = last.step(heap);
            self.sons[inner % INNER] = [first as u16, second as u16];
            let parent = parent(first, second, INNER + inner);
            bits += frequency(parent);
            first = sift_both(last, Sift { k: 1, moved: parent }, count.ilog2(), heap);
        }
        let (second, inner) = (heap[2], leaves - 2);
        self.sons[inner % INNER] = [first as u16, second as u16];
        bits + frequency(parent(first, second, INNER + inner))
    }
}

/// Moves two nodes down to the lowest of so many levels, the first having gone one level ahead;
/// what is then at the top.
///
/// zlib moves one after the other. When the second follows at a distance of one level, a processor
/// can work on both at once.
#[inline(always)]
fn sift_both(mut ahead: Sift, mut behind: Sift, levels: u32, heap: &mut [Key; NODES]) -> Key {
    // Written out for each level: a processor learns of each load by itself whether it has to wait
    // for the stores before it.
    macro_rules! levels_from_2 {
        ($($level:literal)*) => {
            'down: {
                $(
                    if levels == $level {
                        break 'down;
                    }
                    ahead.step(heap);
                    behind.step(heap);
                )*
            }
        };
    }
    if levels == 1 {
        ahead.end(heap);
        let top = behind.step(heap);
        behind.end(heap);
        return top;
    }
    ahead.step(heap);
    let top = behind.step(heap);
    levels_from_2!(2 3 4 5 6 7 8);
    ahead.end(heap);
    behind.step(heap);
    behind.end(heap);
    top
}

/// A node on its way down the heap.
///
/// It goes on to the lowest level where zlib stops: from there on each node moves into the place
/// where it is. How far zlib goes is not to be foreseen, by a processor neither.
struct Sift {
    k: usize,
    moved: Key,
}

impl Sift {
    /// One level; what is then in the place it came from.
    #[inline(always)]
    fn step(&mut self, heap: &mut [Key; NODES]) -> Key {
        let Self { k, moved } = *self;
        let (left, right) = (heap[2 * k], heap[2 * k + 1]);
        let is_right = is_smaller(right, left);
        let smallest = select_unpredictable(is_right, right, left);
        let stays = is_smaller(moved, smallest);
        let place = select_unpredictable(stays, moved, smallest);
        heap[k] = place;
        self.moved = select_unpredictable(stays, smallest, moved);
        self.k = 2 * k + usize::from(is_right);
        place
    }

    fn end(self, heap: &mut [Key; NODES]) {
        heap[self.k % INNER] = self.moved;
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
