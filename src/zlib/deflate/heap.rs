//! The heap that trees are built with. Upstream: `pqdownheap` and `build_tree` of `trees.c`. Which
//! of several optimal trees comes out depends on it, so it is zlib's to the last swap.

use std::hint::select_unpredictable;

/// Leaves are numbered below, inner nodes from here on: more than any tree has, and a power of two,
/// which makes bounds checks cheap.
pub(super) const INNER: usize = 512;
pub(super) const NODES: usize = 2 * INNER;

/// The two below each inner node: all nodes but the root, in the order in which they left the heap.
pub(super) type Sons = [[u16; 2]; INNER];

/// A node as the heap orders it: frequency, depth, and number, from the highest bits down.
type Key = u32;

const NODE_BITS: u32 = 10;
const DEPTH_BITS: u32 = 6;

/// No node has this number.
const NUMBER: Key = (1 << NODE_BITS) - 1;
const FREQUENCY: Key = !0 << (DEPTH_BITS + NODE_BITS);
const DEPTH: Key = !FREQUENCY & !NUMBER;

/// Behind the last node stands what no node is greater than, so that all nodes have sons.
const NONE: Key = Key::MAX;

const fn key(frequency: u16, node: u16) -> Key {
    (frequency as Key) << (DEPTH_BITS + NODE_BITS) | node as Key
}

/// The node above two others: as frequent as both together, one deeper than the deeper one.
const fn parent(a: Key, b: Key, number: usize) -> Key {
    let deeper = if b & !FREQUENCY < a & !FREQUENCY { a } else { b } & DEPTH;
    (((a & FREQUENCY) + b) & FREQUENCY) | (deeper + (1 << NODE_BITS)) | number as Key
}

/// The heap.
pub(super) struct Heap {
    /// From 1 on; twice as many as it gets, which makes bounds checks cheap.
    nodes: [Key; NODES],
}

impl Heap {
    pub(super) fn new() -> Self {
        Self { nodes: [0; NODES] }
    }

    /// The leaves for symbols, not yet in order.
    pub(super) fn fill<const N: usize>(&mut self, frequencies: &[u16; N], symbols: &[u16]) {
        for (&symbol, node) in symbols.iter().zip(&mut self.nodes[1..]) {
            *node = key(frequencies[usize::from(symbol)], symbol);
        }
    }

    /// One more leaf, behind so many.
    pub(super) fn add(&mut self, leaves: usize, frequency: u16, symbol: u16) {
        self.nodes[leaves + 1] = key(frequency, symbol);
    }

    /// Puts so many leaves in order.
    pub(super) fn order(&mut self, leaves: usize) {
        self.nodes[leaves + 1..(leaves + 1).next_power_of_two()].fill(NONE);
        for k in (1..=leaves / 2).rev() {
            let mut sift = Sift { k, moved: self.nodes[k] };
            for _ in k.ilog2()..leaves.ilog2() {
                sift.step(&mut self.nodes);
            }
            sift.end(&mut self.nodes);
        }
    }

    /// Joins the two smallest until one is left; the frequencies of all inner nodes together,
    /// which are the bits of all leaves.
    pub(super) fn merge(&mut self, leaves: usize, sons: &mut Sons) -> u32 {
        let nodes = &mut self.nodes;
        let [_, mut first, left, right, ..] = *nodes;
        let mut top = Top { left, right };
        let mut bits = 0;
        for (count, inner) in (2..leaves).rev().zip(0..) {
            let place = if count == 2 { &mut top.right } else { &mut nodes[(count + 1) % INNER] };
            let last = std::mem::replace(place, NONE);
            let (second, last) = top.step(last);
            sons[inner % INNER] = [first as u16, second as u16];
            let parent = parent(first, second, INNER + inner);
            bits += parent >> (DEPTH_BITS + NODE_BITS);
            first = sift_both(last, parent, count.ilog2(), &mut top, nodes);
        }
        sons[(leaves - 2) % INNER] = [first as u16, top.left as u16];
        bits + (((first & FREQUENCY) + top.left) >> (DEPTH_BITS + NODE_BITS))
    }
}

/// Moves two nodes down to the lowest of so many levels, the first having gone one level ahead;
/// what is then at the top.
///
/// zlib moves one after the other. When the second follows at a distance of one level, a processor
/// can work on both at once.
#[inline(always)]
fn sift_both(ahead: Sift, moved: Key, levels: u32, top: &mut Top, nodes: &mut [Key; NODES]) -> Key {
    // Written out for each level: a processor learns of each load by itself whether it has to wait
    // for the stores before it.
    macro_rules! levels_from_3 {
        ($ahead:ident, $behind:ident, $($level:literal)*) => {
            'down: {
                $(
                    if levels == $level {
                        break 'down;
                    }
                    $ahead.step(nodes);
                    $behind.step(nodes);
                )*
            }
        };
    }
    if levels == 1 {
        top.set(ahead.k, ahead.moved);
        let (first, behind) = top.step(moved);
        top.set(behind.k, behind.moved);
        return first;
    }
    let mut ahead = top.second_step(ahead, nodes);
    let (first, behind) = top.step(moved);
    if levels == 2 {
        ahead.end(nodes);
        top.second_step(behind, nodes).end(nodes);
        return first;
    }
    ahead.step(nodes);
    let mut behind = top.second_step(behind, nodes);
    levels_from_3!(ahead, behind, 3 4 5 6 7 8);
    ahead.end(nodes);
    behind.step(nodes);
    behind.end(nodes);
    first
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
    /// One level, given the nodes below; what is then in the place it came from.
    ///
    /// `smaller` of zlib: equal ones count as smaller, whatever their numbers. Written with `<`
    /// alone, which a processor finds in one flag.
    #[inline(always)]
    fn past(self, left: Key, right: Key) -> (Key, Self) {
        let is_right = right < left | NUMBER;
        let smallest = select_unpredictable(is_right, right, left);
        let goes = smallest < self.moved & !NUMBER;
        let place = select_unpredictable(goes, smallest, self.moved);
        let moved = select_unpredictable(goes, self.moved, smallest);
        (place, Self { k: 2 * self.k + usize::from(is_right), moved })
    }

    #[inline(always)]
    fn step(&mut self, nodes: &mut [Key; NODES]) {
        let Self { k, moved } = *self;
        (nodes[k], *self) = Self { k, moved }.past(nodes[2 * k], nodes[2 * k + 1]);
    }

    fn end(self, nodes: &mut [Key; NODES]) {
        nodes[self.k % INNER] = self.moved;
    }
}

/// The nodes 2 and 3, which each sift passes: held here, a sift does not have to wait for what the
/// one before it wrote to memory.
struct Top {
    left: Key,
    right: Key,
}

impl Top {
    /// The first level, of what moves into the place 1; what is then there.
    #[inline(always)]
    fn step(&self, moved: Key) -> (Key, Sift) {
        Sift { k: 1, moved }.past(self.left, self.right)
    }

    /// The second level.
    #[inline(always)]
    fn second_step(&mut self, sift: Sift, nodes: &[Key; NODES]) -> Sift {
        let k = sift.k;
        let (place, sift) = sift.past(nodes[2 * k], nodes[2 * k + 1]);
        self.set(k, place);
        sift
    }

    #[inline(always)]
    fn set(&mut self, k: usize, key: Key) {
        self.left = select_unpredictable(k == 2, key, self.left);
        self.right = select_unpredictable(k == 2, self.right, key);
    }
}
