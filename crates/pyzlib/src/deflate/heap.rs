//! The heap that Huffman trees are built with. Upstream: `build_tree`, `pqdownheap` and `smaller`
//! of `trees.c`.
//!
//! Several Huffman trees have the same, minimal cost. Which one zlib finds depends on the order in
//! which nodes leave its heap. Nodes are equal to it if their frequency and depth are, and then
//! their places in the heap decide, so only a heap that moves nodes as zlib's does gives the same
//! tree. Sorting, or merging two queues, gives codes of other lengths.
//!
//! # Keys
//!
//! A node is one integer: frequency, depth and number, from the highest bits down. Comparing two
//! integers compares frequencies, then depths. The number must not take part, so it is masked on
//! one side: `a < b | NUMBER` if a's frequency and depth are less than or equal to b's, and
//! `a < b & !NUMBER` if they are less. Both are zlib's `smaller`, the second one negated. The parts
//! never overflow: frequencies add up to at most 16,384, and a tree of that weight is less than 24
//! deep.
//!
//! # A sift without early exit
//!
//! `pqdownheap` moves a node down from place `k`: the smaller child moves up, until no child is
//! smaller than the node, which then stays. Where it stops is unpredictable, and a mispredicted
//! branch costs more than a level. So [`Sift`] always continues to the lowest level. At the place
//! where zlib stops, it puts its node down and picks up the smaller child instead. From there on,
//! the heap is in order, so each node it holds is put down where it came from.
//!
//! All places on the lowest level exist: those behind the last node hold [`SENTINEL`], which is
//! never smaller than a node.
//!
//! # Two sifts at once
//!
//! To combine the two smallest nodes, zlib moves the last node to the root and sifts it down
//! (`pqremove`), takes the node that is now at the root, puts the parent of the two there, and
//! sifts it down too. A sift at level `j` reads level `j + 1`, writes level `j` and is then done
//! with level `j`. So the second sift may follow the first one at a distance of one level: each
//! level it reads is one that the first sift has completed. The result is the same as one after the
//! other. The parent is known in time, because the first level of the first sift brings the second
//! smallest node to the root. A processor can work on both sifts in parallel.

use std::hint::select_unpredictable;

/// The number of the first inner node. Leaves are numbered by their symbols. It is more than any
/// tree has of either. A power of two, because `% INNER` is cheaper than a bounds check.
pub(super) const INNER: usize = 512;
pub(super) const NODES: usize = 2 * INNER;

type Key = u32;

const NODE_BITS: u32 = 10;
const DEPTH_BITS: u32 = 6;

/// The bits of the number. No node has this number.
const NUMBER: Key = (1 << NODE_BITS) - 1;
const FREQUENCY: Key = !0 << (DEPTH_BITS + NODE_BITS);
const DEPTH: Key = !FREQUENCY & !NUMBER;

const SENTINEL: Key = Key::MAX;

/// The parent of two nodes: as frequent as both together, and one deeper than the deeper one.
const fn parent(a: Key, b: Key, number: usize) -> Key {
    let depth = if b & !FREQUENCY < a & !FREQUENCY { a } else { b } & DEPTH;
    (((a & FREQUENCY) + b) & FREQUENCY) | (depth + (1 << NODE_BITS)) | number as Key
}

/// The heap of nodes, and the tree that is made of it.
pub(super) struct Heap {
    /// The root is at 1, and the children of `k` are at `2 k` and `2 k + 1`.
    nodes: [Key; NODES],
    /// The children of each inner node. Together, all nodes but the root, in the order in which
    /// they left the heap: zlib's `heap[heap_max..]`, backwards. The number of a node is the
    /// remainder by [`NODES`]. The bits above it are left from its key.
    children: [[u16; 2]; INNER],
}

impl Heap {
    pub(super) fn new() -> Self {
        Self { nodes: [0; NODES], children: [[0; 2]; INNER] }
    }

    /// Combines the two smallest nodes until one is left, beginning with the leaves for `symbols`,
    /// at least two. Returns the children of each inner node, the sum of the frequencies of all inner
    /// nodes, and the height of the tree.
    ///
    /// The sum is the bits of all leaves: a leaf has as many bits as inner nodes above it, and adds
    /// its frequency to each.
    pub(super) fn combine(
        &mut self,
        symbols: &[u16],
        frequencies: &[u16; INNER],
    ) -> (&[[u16; 2]], u32, u8) {
        for (&symbol, node) in symbols.iter().zip(&mut self.nodes[1..]) {
            let frequency = frequencies[usize::from(symbol) % INNER];
            *node = Key::from(frequency) << (DEPTH_BITS + NODE_BITS) | Key::from(symbol);
        }
        let leaves = symbols.len();
        self.heapify(leaves);
        let Self { nodes, children } = self;
        let [_, mut first, left, right, ..] = *nodes;
        let mut top = Top { left, right };
        let mut bits = 0;
        for (count, inner) in (2..leaves).rev().zip(0..) {
            let place = if count == 2 { &mut top.right } else { &mut nodes[(count + 1) % INNER] };
            let last = std::mem::replace(place, SENTINEL);
            let (second, last) = top.step(last);
            children[inner % INNER] = [first as u16, second as u16];
            let parent = parent(first, second, INNER + inner);
            bits += parent >> (DEPTH_BITS + NODE_BITS);
            first = sift_both(last, parent, count.ilog2(), &mut top, nodes);
        }
        children[(leaves - 2) % INNER] = [first as u16, top.left as u16];
        let root = parent(first, top.left, 0);
        bits += root >> (DEPTH_BITS + NODE_BITS);
        (&children[..leaves - 1], bits, ((root & DEPTH) >> NODE_BITS) as u8)
    }

    /// Orders a heap of this many leaves: sifts each node down that has children, the last one
    /// first.
    fn heapify(&mut self, leaves: usize) {
        self.nodes[leaves + 1..(leaves + 1).next_power_of_two()].fill(SENTINEL);
        for k in (1..=leaves / 2).rev() {
            let mut sift = Sift { k, node: self.nodes[k] };
            for _ in k.ilog2()..leaves.ilog2() {
                sift.step(&mut self.nodes);
            }
            sift.finish(&mut self.nodes);
        }
    }
}

/// Continues the sift that is one level ahead and sifts `parent` down behind it, both to the lowest
/// of `levels`. Returns the node that ends up at the root.
#[inline(always)]
fn sift_both(
    mut ahead: Sift,
    parent: Key,
    levels: u32,
    top: &mut Top,
    nodes: &mut [Key; NODES],
) -> Key {
    if levels == 1 {
        top.set(ahead.k, ahead.node);
        let (first, behind) = top.step(parent);
        top.set(behind.k, behind.node);
        return first;
    }
    ahead = top.second_step(ahead, nodes);
    let (first, behind) = top.step(parent);
    if levels == 2 {
        ahead.finish(nodes);
        top.second_step(behind, nodes).finish(nodes);
        return first;
    }
    ahead.step(nodes);
    let mut behind = top.second_step(behind, nodes);
    // The compiler unrolls this loop. That is faster, because a processor predicts for each load
    // instruction whether it depends on an earlier store, and that differs between levels.
    for level in 3..=8 {
        if level == levels {
            break;
        }
        ahead.step(nodes);
        behind.step(nodes);
    }
    ahead.finish(nodes);
    behind.step(nodes);
    behind.finish(nodes);
    first
}

/// A node on its way down, held above place `k`, which is empty.
struct Sift {
    k: usize,
    node: Key,
}

impl Sift {
    /// Goes one level down, given the children of `k`. Returns what stays at `k`.
    ///
    /// The comparisons are written with `<`, which takes a processor fewer instructions than `<=`.
    #[inline(always)]
    fn descend(self, left: Key, right: Key) -> (Key, Self) {
        let is_right = right < left | NUMBER;
        let child = select_unpredictable(is_right, right, left);
        let moves_up = child < self.node & !NUMBER;
        let stays = select_unpredictable(moves_up, child, self.node);
        let node = select_unpredictable(moves_up, self.node, child);
        (stays, Self { k: 2 * self.k + usize::from(is_right), node })
    }

    #[inline(always)]
    fn step(&mut self, nodes: &mut [Key; NODES]) {
        let Self { k, node } = *self;
        (nodes[k], *self) = Self { k, node }.descend(nodes[2 * k], nodes[2 * k + 1]);
    }

    fn finish(self, nodes: &mut [Key; NODES]) {
        nodes[self.k % INNER] = self.node;
    }
}

/// The nodes at 2 and 3, which every sift passes. Held in registers, so that a sift does not wait
/// for the stores of the one before.
struct Top {
    left: Key,
    right: Key,
}

impl Top {
    /// Takes a node from the root down one level. Returns what stays at the root.
    #[inline(always)]
    fn step(&self, node: Key) -> (Key, Sift) {
        Sift { k: 1, node }.descend(self.left, self.right)
    }

    /// Takes a node from place 2 or 3 down one level.
    #[inline(always)]
    fn second_step(&mut self, sift: Sift, nodes: &[Key; NODES]) -> Sift {
        let k = sift.k;
        let (stays, sift) = sift.descend(nodes[2 * k], nodes[2 * k + 1]);
        self.set(k, stays);
        sift
    }

    #[inline(always)]
    fn set(&mut self, k: usize, node: Key) {
        self.left = select_unpredictable(k == 2, node, self.left);
        self.right = select_unpredictable(k == 2, self.right, node);
    }
}
