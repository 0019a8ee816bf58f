//! The matches that zlib finds. Upstream: `deflate_slow`, `longest_match` and `INSERT_STRING` of
//! `deflate.c`, with the parameters of level 6 from `configuration_table`.

use std::hint::select_unpredictable;
use std::mem::replace;

use crate::codes::{self, LENGTH_CODE, distance_code};

const MIN_MATCH: usize = codes::MIN_MATCH as usize;
const MAX_MATCH: usize = codes::MAX_MATCH as usize;

/// The most data that is compressed here: zlib's window of twice 32 KiB holds all of it, and never
/// slides, which it does at position 65,274.
pub(crate) const MAX_DATA: usize = (32 << 10) + MAX_DISTANCE - 1;

/// `MAX_DIST`: how far back the candidates are.
const MAX_DISTANCE: usize = (32 << 10) - 262;

/// `good_length`: with a pending match of this length, search a quarter of the chain.
const GOOD_LENGTH: usize = 8;
/// `max_lazy`: with a pending match of this length, do not search.
const MAX_LAZY: usize = 16;
/// `nice_length`: a match of this length ends a search.
const NICE_LENGTH: usize = 128;
/// `max_chain`: the most candidates that a search looks at.
const MAX_CHAIN: usize = 128;
/// `TOO_FAR`: matches of three bytes at a greater distance are discarded, because they take more
/// bits than three literals.
const TOO_FAR: usize = 4096;

/// `NIL`: the end of a chain. Position 0 has the same number, so upstream never matches it, "to
/// simplify the code".
const NIL: usize = 0;

const HASH_SIZE: usize = 1 << 15;
const HASH_SHIFT: u32 = 5;

/// All positions of 16 bits, more than data has, so that no index needs a bounds check.
const POSITIONS: usize = 1 << 16;
/// The bytes behind a position that comparisons read: the longest match rounded up to a power of
/// two, and a word.
const PADDING: usize = 512 + 8;
/// The bytes before position 0 that comparisons read: the longest match, rounded up too.
const FRONT: usize = 512;

/// A match. Bytes between two matches are literals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Match {
    /// Where it begins.
    pub(super) position: u16,
    /// The length minus [`MIN_MATCH`].
    pub(super) length_minus_3: u8,
    /// How far back the same bytes are, minus 1.
    pub(super) distance_minus_1: u16,
    /// The symbols of both, minus the first of their alphabet.
    pub(super) length_code: u8,
    pub(super) distance_code: u8,
}

impl Match {
    fn new(position: usize, length: usize, distance: usize) -> Self {
        let (length_minus_3, distance_minus_1) =
            ((length - MIN_MATCH) as u8, (distance - 1) as u16);
        Self {
            position: position as u16,
            length_minus_3,
            length_code: LENGTH_CODE[usize::from(length_minus_3)],
            distance_code: distance_code(distance_minus_1),
            distance_minus_1,
        }
    }

    /// The position after it.
    pub(super) fn end(self) -> usize {
        usize::from(self.position) + usize::from(self.length_minus_3) + MIN_MATCH
    }
}

/// Finds matches.
///
/// # Ranks
///
/// zlib looks at the candidates of one chain, one after the other, up to [`MAX_CHAIN`] of them. A
/// candidate's place in the chain, its rank, tells whether zlib reaches it. So
/// [`MatchFinder::longest_match`] need not follow that chain: any way that leads to the same
/// candidates, nearest first, finds the same match.
pub(super) struct MatchFinder {
    /// The data, from [`FRONT`] on. Bytes around it are left from earlier data: comparisons may read
    /// them, but no match begins before the data or reaches beyond `lookahead`, so they make no
    /// difference.
    window: [u8; FRONT + POSITIONS + PADDING],
    /// By hash: `base` plus the latest position.
    ///
    /// zlib clears this table for each stream. Here, `base` grows by the length of the data
    /// instead, so entries of earlier data are less than `base` and a subtraction that saturates
    /// makes them [`NIL`]. The table is cleared when `base` would exceed 16 bits.
    ///
    /// Only the first [`HASH_SIZE`] entries are used. With one for each number of 16 bits, no hash
    /// needs a bounds check.
    head: [u16; POSITIONS],
    base: u16,
    /// By position: the position before it in its chain.
    prev: [u16; POSITIONS],
    /// By position: how many candidates its chain has.
    rank: [u16; POSITIONS],
    pub(super) matches: Vec<Match>,
}

impl MatchFinder {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            window: [0; FRONT + POSITIONS + PADDING],
            head: [0; POSITIONS],
            base: 0,
            prev: [0; POSITIONS],
            rank: [0; POSITIONS],
            matches: Vec::new(),
        })
    }

    /// Sets `matches` to those of `data`, which has at most [`MAX_DATA`] bytes.
    pub(super) fn find_matches(&mut self, data: &[u8]) {
        debug_assert!(data.len() <= MAX_DATA);
        let end = data.len();
        self.window[FRONT..][..end].copy_from_slice(data);
        self.matches.clear();
        if self.base.checked_add(end as u16).is_none() {
            self.head[..HASH_SIZE].fill(0);
            self.base = 0;
        }
        // The last two positions are too short for a match, so zlib does not insert them.
        let inserted = end.saturating_sub(MIN_MATCH - 1);
        self.insert_strings(inserted);
        self.deflate_slow(inserted, end);
        self.base += end as u16;
    }

    /// `deflate_slow`: takes a match unless a longer one begins at the next position. This is zlib's
    /// lazy matching: the shorter match becomes a literal, and the next position is tried too.
    ///
    /// If the pending match reaches the end of the data, zlib searches for a longer one too, and
    /// finds none. That search is skipped here. Not inlined, for the same reason as
    /// [`MatchFinder::insert_strings`].
    #[inline(never)]
    fn deflate_slow(&mut self, inserted: usize, end: usize) {
        let mut position = 0;
        // The pending match, which begins at the position before. It has no length if there is none.
        let (mut length, mut start) = (0, NIL);
        loop {
            if length == 0 {
                while position < inserted && self.prev(position) == NIL {
                    position += 1;
                }
                if position >= inserted {
                    return;
                }
            }
            let (longer, its_start) = self.longest_match(position, length, end - position);
            position += 1;
            if longer > length {
                // The distance matters only without a pending match. A match that is longer than
                // another has more than three bytes.
                if longer == MIN_MATCH && position - 1 - its_start > TOO_FAR {
                    continue;
                }
                (length, start) = (longer, its_start);
                if position < inserted && length < MAX_LAZY.min(end - position) {
                    continue;
                }
                position += 1;
            } else if length == 0 {
                continue;
            }
            self.matches.push(Match::new(position - 2, length, position - 2 - start));
            position += length - 2;
            length = 0;
        }
    }

    /// `INSERT_STRING` for the first `count` positions.
    ///
    /// zlib inserts a position when it reaches it, those inside matches too. Inserting all of them
    /// first gives the same chains, because a chain only leads back: a later position changes
    /// `head`, but no link of an earlier one.
    ///
    /// Not inlined, because alone it keeps more of its state in registers.
    #[inline(never)]
    fn insert_strings(&mut self, count: usize) {
        let Self { window, head, base, prev, rank, .. } = self;
        let base = *base;
        // All hashes first, in the place of the links: the processor computes several at once.
        let [first, second, third] = [0, 1, 2].map(|n| &window[FRONT + n..][..count]);
        let bytes = first.iter().zip(second).zip(third);
        for (hash, ((&a, &b), &c)) in prev[..count].iter_mut().zip(bytes) {
            let [a, b, c] = [a, b, c].map(u16::from);
            *hash = (a << (2 * HASH_SHIFT) ^ b << HASH_SHIFT ^ c) % HASH_SIZE as u16;
        }
        // Position 0 is no candidate. It ends each chain, and adding 1 to its rank gives 0.
        head[usize::from(prev[0])] = base;
        (prev[0], rank[0]) = (NIL as u16, u16::MAX);
        for position in 1..count {
            let head = &mut head[usize::from(prev[position])];
            let latest = replace(head, base + position as u16);
            let link = u32::from(latest).saturating_sub(base.into()) as usize;
            prev[position] = link as u16;
            rank[position] = rank[link % POSITIONS].wrapping_add(1);
        }
    }

    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        std::array::from_fn(|n| self.window[at + n])
    }

    /// Four bytes at an index of the window.
    fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    fn prev(&self, position: usize) -> usize {
        self.prev[position % POSITIONS].into()
    }

    fn rank(&self, position: usize) -> usize {
        self.rank[position % POSITIONS].into()
    }

    /// `longest_match`: the length and start of the longest match at `position`, if it is longer
    /// than `best`, else `best` itself. Of equally long ones the nearest, because a later candidate
    /// has to be longer.
    ///
    /// `lookahead` is the rest of the data. zlib stops at [`NICE_LENGTH`] or at the end of the data,
    /// but a match may extend to [`MAX_MATCH`]. Chains are by hash, and candidates with other bytes
    /// count towards [`MAX_CHAIN`] too.
    ///
    /// A longer match has the same first four bytes, and the same four bytes up to the one at
    /// `best`. So there are two ways to it: the rest of the chain, or the chain of the three bytes
    /// that end at `best`. Each round takes the shorter one, and compares the word at the other end.
    #[inline(always)]
    fn longest_match(&self, position: usize, mut best: usize, lookahead: usize) -> (usize, usize) {
        let chain = if best >= GOOD_LENGTH { MAX_CHAIN / 4 } else { MAX_CHAIN };
        let (nice, longest) = (NICE_LENGTH.min(lookahead), MAX_MATCH.min(lookahead));
        // The least rank of a candidate that zlib reaches.
        let last = self.rank(position).saturating_sub(chain);
        let mut start = position;
        if best < MIN_MATCH {
            let Some(nearest) = self.nearest_match(position, last) else { return (best, start) };
            (best, start) = (self.common_prefix(nearest, position, longest), nearest);
        }
        while best < nice {
            let tail = (best - (MIN_MATCH - 1)) % 512;
            let (rest, others) = (self.rank(start) - last, self.rank(position + tail));
            if rest == 0 || others == 0 {
                break;
            }
            let choose = |by_tail, by_head| select_unpredictable(others < rest, by_tail, by_head);
            let (mut link, mut links) = (choose(position + tail, start), choose(others, rest));
            // From a link to the candidate, and to the word that is compared.
            let offset = choose(tail, 0);
            let word = (FRONT + choose(0, tail - 1) - offset) % 1024;
            let wanted = self.word(position % POSITIONS + (word + offset) % 1024);
            let (length, candidate) = loop {
                if links == 0 {
                    return (best, start);
                }
                links -= 1;
                link = self.prev(link);
                if self.word(link + word) == wanted && link > offset {
                    let candidate = link - offset;
                    let length = self.common_prefix(candidate, position, longest);
                    if length > best {
                        break (length, candidate);
                    }
                }
            };
            if !self.reaches(position, candidate, last) {
                break;
            }
            (best, start) = (length, candidate);
        }
        (best, start)
    }

    /// The first candidate that has the same three bytes, down to the rank `last`. It is nearly
    /// always the first one: others only have the same hash.
    #[inline(always)]
    fn nearest_match(&self, position: usize, last: usize) -> Option<usize> {
        let three_bytes = |position| self.word(position % POSITIONS + FRONT) << 8;
        let wanted = three_bytes(position);
        let mut candidate = position;
        for _ in last..self.rank(position) {
            candidate = self.prev(candidate);
            if three_bytes(candidate) == wanted {
                return self.reaches(position, candidate, last).then_some(candidate);
            }
        }
        None
    }

    /// Whether zlib looks at this candidate. The first one may be further away by one byte.
    fn reaches(&self, position: usize, candidate: usize, last: usize) -> bool {
        let distance = position - candidate;
        self.rank(candidate) >= last
            && (distance < MAX_DISTANCE
                || distance == MAX_DISTANCE && candidate == self.prev(position))
    }

    /// How many bytes are the same at both positions, up to `max`.
    #[inline(always)]
    fn common_prefix(&self, a: usize, b: usize, max: usize) -> usize {
        let mut length = 0;
        loop {
            let offset = FRONT + length % 512;
            let [a, b] =
                [a, b].map(|start| u64::from_le_bytes(self.bytes(start % POSITIONS + offset)));
            let difference = a ^ b;
            if difference != 0 {
                return max.min(length + difference.trailing_zeros() as usize / 8);
            }
            length += 8;
            if length >= max {
                return max;
            }
        }
    }
}
