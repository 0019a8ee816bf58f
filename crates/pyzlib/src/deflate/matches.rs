//! The matches that zlib finds. Upstream: `deflate_slow`, `longest_match` and `INSERT_STRING` of
//! `deflate.c`, with the parameters of level 6 from `configuration_table`.

use crate::codes::{MAX_MATCH, MIN_MATCH};

/// The most data that always fits into one block.
///
/// zlib ends a block after 16,383 symbols (`sym_end`), and each symbol stands for at least one
/// byte. Data of this size is also within half of zlib's window, so no match is too far away
/// (`MAX_DIST`) and the window never slides.
pub(crate) const MAX_DATA: usize = 16_383;

/// `good_length`: with a pending match of this length, search a quarter of the chain.
const GOOD_LENGTH: u16 = 8;
/// `max_lazy`: with a pending match of this length, do not search.
const MAX_LAZY: u16 = 16;
/// `nice_length`: a match of this length ends a search.
const NICE_LENGTH: u16 = 128;
/// `max_chain`: the most candidates that a search looks at.
const MAX_CHAIN: u32 = 128;
/// `TOO_FAR`: matches of three bytes at a greater distance are discarded, because they take more
/// bits than three literals.
const TOO_FAR: u16 = 4096;

/// `NIL`: the end of a chain. Position 0 has the same number, so upstream never matches it, "to
/// simplify the code".
const NIL: u16 = 0;

const HASH_SIZE: usize = 1 << 15;
const HASH_SHIFT: u32 = 5;

/// All positions of 16 bits, more than data has, so that no index needs a bounds check.
const POSITIONS: usize = 1 << 16;
/// The bytes behind a position that comparisons read: the longest match rounded up to a power of
/// two, and a word.
const PADDING: usize = 512 + 8;

/// The least number of links that are followed before `prev_prev` is worth filling.
const MIN_LINKS: u16 = 256;

/// A match. Bytes between two matches are literals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Match {
    /// Where it begins.
    pub(super) position: u16,
    /// The length minus [`MIN_MATCH`].
    pub(super) length_minus_3: u8,
    /// How far back the same bytes are, minus 1.
    pub(super) distance_minus_1: u16,
}

impl Match {
    /// The position after it.
    pub(super) fn end(self) -> usize {
        usize::from(self.position) + usize::from(self.length_minus_3) + usize::from(MIN_MATCH)
    }
}

/// Finds matches.
pub(super) struct MatchFinder {
    /// The data. Bytes after it are left from earlier data: comparisons may read them, but no match
    /// reaches beyond `lookahead`, so they make no difference.
    window: [u8; POSITIONS + PADDING],
    /// By hash: `base` plus the latest position.
    ///
    /// zlib clears this table for each stream. Here, `base` grows by the length of the data
    /// instead, so entries of earlier data are less than `base` and a subtraction that saturates
    /// makes them [`NIL`]. The table is cleared when `base` would exceed 16 bits.
    head: [u16; HASH_SIZE],
    base: u16,
    /// By position: the position before it in its chain.
    prev: [u16; POSITIONS],
    /// By position: the second position before it in its chain. See [`MatchFinder::longest_match`].
    prev_prev: [u16; POSITIONS],
    /// How many more links to follow before `prev_prev` is worth filling.
    links_left: u16,
    pub(super) matches: Vec<Match>,
}

impl MatchFinder {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            window: [0; POSITIONS + PADDING],
            head: [0; HASH_SIZE],
            base: 0,
            prev: [0; POSITIONS],
            prev_prev: [0; POSITIONS],
            links_left: 0,
            matches: Vec::new(),
        })
    }

    /// Sets `matches` to those of `data`, which has at most [`MAX_DATA`] bytes.
    pub(super) fn find_matches(&mut self, data: &[u8]) {
        debug_assert!(data.len() <= MAX_DATA);
        let end = data.len() as u16;
        self.window[..data.len()].copy_from_slice(data);
        self.matches.clear();
        if self.base.checked_add(end).is_none() {
            self.head.fill(0);
            self.base = 0;
        }
        // The last two positions are too short for a match, so zlib does not insert them.
        let inserted = end.saturating_sub(MIN_MATCH - 1);
        self.insert_strings(inserted);
        self.links_left = MIN_LINKS.max(end / 4);
        let position = self.deflate_slow::<false>(0, inserted, end);
        if position < inserted {
            for position in 0..usize::from(inserted) {
                self.prev_prev[position] = self.prev[usize::from(self.prev[position])];
            }
            self.deflate_slow::<true>(position, inserted, end);
        }
        self.base += end;
    }

    /// `deflate_slow`: takes a match unless a longer one begins at the next position. This is zlib's
    /// lazy matching: the shorter match becomes a literal, and the next position is tried too.
    ///
    /// Begins at `position`. Without `PAIRS`, it stops when no links are left, at a position where
    /// no match is pending. Returns the position it reached.
    ///
    /// If the pending match reaches the end of the data, zlib searches for a longer one too, and
    /// finds none. That search is skipped here.
    fn deflate_slow<const PAIRS: bool>(
        &mut self,
        mut position: u16,
        inserted: u16,
        end: u16,
    ) -> u16 {
        // Ends the search for the next candidate.
        self.prev[usize::from(inserted)] = !NIL;
        while position < inserted {
            while self.prev[usize::from(position)] == NIL {
                position += 1;
            }
            if position == inserted || !PAIRS && self.links_left == 0 {
                break;
            }
            let head = self.prev[usize::from(position)];
            let (mut length, mut start) =
                self.longest_match::<PAIRS>(position, head, MIN_MATCH - 1, end - position);
            position += 1;
            // The distance matters only here. At the next position, a match has to be longer than
            // the pending one, so it has more than three bytes.
            if length < MIN_MATCH || length == MIN_MATCH && position - 1 - start > TOO_FAR {
                continue;
            }
            while position < inserted && length < MAX_LAZY.min(end - position) {
                let head = self.prev[usize::from(position)];
                if head == NIL {
                    break;
                }
                let (longer, its_start) =
                    self.longest_match::<PAIRS>(position, head, length, end - position);
                if longer <= length {
                    break;
                }
                (length, start) = (longer, its_start);
                position += 1;
            }
            self.matches.push(Match {
                position: position - 1,
                length_minus_3: (length - MIN_MATCH) as u8,
                distance_minus_1: position - start - 2,
            });
            position += length - 1;
        }
        position
    }

    /// `INSERT_STRING` for the first `count` positions.
    ///
    /// zlib inserts a position when it reaches it, those inside matches too. Inserting all of them
    /// first gives the same chains, because a chain only leads back: a later position changes
    /// `head`, but no link of an earlier one.
    fn insert_strings(&mut self, count: u16) {
        let mut hash = usize::from(self.window[0]) << HASH_SHIFT ^ usize::from(self.window[1]);
        let base = self.base;
        let prev = &mut self.prev[..usize::from(count)];
        for ((prev, last), position) in prev.iter_mut().zip(&self.window[2..]).zip(base..) {
            hash = hash << HASH_SHIFT ^ usize::from(*last);
            let head = &mut self.head[hash % HASH_SIZE];
            *prev = head.saturating_sub(base);
            *head = position;
        }
    }

    fn bytes<const N: usize>(&self, position: usize) -> [u8; N] {
        std::array::from_fn(|n| self.window[position + n])
    }

    fn word(&self, position: usize) -> u32 {
        u32::from_le_bytes(self.bytes(position))
    }

    /// `longest_match`: the length and start of the longest match at `position`, if it is longer
    /// than `best`, else `best` itself. Of equally long ones the nearest, because a later candidate
    /// has to be longer.
    ///
    /// `candidate` is the first in the chain, and `lookahead` the rest of the data. zlib stops at
    /// [`NICE_LENGTH`] or at the end of the data, but a match may extend to [`MAX_MATCH`]. Chains
    /// are by hash, and candidates with other bytes count towards [`MAX_CHAIN`] too.
    ///
    /// The loop handles two candidates at a time. With `PAIRS`, the first of the next two comes from
    /// `prev_prev` and does not wait for the link of the second, which halves the sequence of loads
    /// that depend on each other. Filling `prev_prev` pays only for long chains.
    fn longest_match<const PAIRS: bool>(
        &mut self,
        position: u16,
        mut candidate: u16,
        mut best: u16,
        lookahead: u16,
    ) -> (u16, u16) {
        let mut chain = if best >= GOOD_LENGTH { MAX_CHAIN / 4 } else { MAX_CHAIN };
        let (nice, longest) = (NICE_LENGTH.min(lookahead), MAX_MATCH.min(lookahead));
        let mut start = NIL;
        if best < MIN_MATCH {
            let Some((nearest, left)) = self.nearest_match(position, candidate, chain) else {
                return (best, start);
            };
            (best, start) = (self.common_prefix(nearest, position, longest), nearest);
            if best >= nice {
                return (best, start);
            }
            (candidate, chain) = (self.prev[usize::from(nearest)], left);
        }
        // A longer match has the same four bytes up to and including the one at `best`. Comparing
        // these first rejects most candidates.
        let mut tail = usize::from(best - 3) & 511;
        let mut wanted = self.word(usize::from(position) + tail);
        loop {
            let pair = [candidate, self.prev[usize::from(candidate)]];
            let next = if PAIRS {
                self.prev_prev[usize::from(pair[0])]
            } else {
                self.links_left = self.links_left.saturating_sub(2);
                self.prev[usize::from(pair[1])]
            };
            for candidate in pair {
                if candidate == NIL || chain == 0 {
                    return (best, start);
                }
                chain -= 1;
                if self.word(usize::from(candidate) + tail) == wanted {
                    let length = self.common_prefix(candidate, position, longest);
                    if length > best {
                        (best, start) = (length, candidate);
                        if length >= nice {
                            return (best, start);
                        }
                        tail = usize::from(best - 3) & 511;
                        wanted = self.word(usize::from(position) + tail);
                    }
                }
            }
            candidate = next;
        }
    }

    /// The first of `chain` candidates that has the same three bytes, and how many are left after
    /// it. It is nearly always the first one: others only have the same hash.
    fn nearest_match(&self, position: u16, mut candidate: u16, chain: u32) -> Option<(u16, u32)> {
        let wanted = self.word(usize::from(position)) << 8;
        for left in (0..chain).rev() {
            if candidate == NIL {
                return None;
            }
            if self.word(usize::from(candidate)) << 8 == wanted {
                return Some((candidate, left));
            }
            candidate = self.prev[usize::from(candidate)];
        }
        None
    }

    /// How many bytes are the same at both positions, up to `max`.
    fn common_prefix(&self, a: u16, b: u16, max: u16) -> u16 {
        let (a, b) = (usize::from(a), usize::from(b));
        let mut length = 0;
        while length < max {
            let offset = usize::from(length) & 511;
            let [a, b] = [a, b].map(|start| u64::from_le_bytes(self.bytes(start + offset)));
            let difference = a ^ b;
            if difference != 0 {
                return max.min(length + difference.trailing_zeros() as u16 / 8);
            }
            length += 8;
        }
        max
    }
}
