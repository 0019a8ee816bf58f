//! Finding matches. Upstream: `deflate_slow` and `longest_match` of `deflate.c`, with the
//! parameters of level 6.

use super::MAX_DATA;
use crate::zlib::codes::{MAX_MATCH, MIN_MATCH};

/// From a match of this length on fewer candidates are looked at.
const GOOD_LENGTH: u16 = 8;
/// From a match of this length on no better one is looked for.
const MAX_LAZY: u16 = 16;
/// A match of this length is good enough to stop looking.
const NICE_LENGTH: u16 = 128;
/// How many candidates are looked at.
const MAX_CHAIN: u32 = 128;
/// A match of three bytes from farther away costs more than its literals.
const TOO_FAR: u16 = 4096;

/// Chains count as long when so many candidates have been looked at, and one for four bytes.
const PATIENCE: u16 = 256;

const HASH_SIZE: usize = 1 << 15;
const HASH_SHIFT: u32 = 5;

/// As many positions as 16 bits can tell apart: more than data has, but then no index needs to be
/// checked. What data does not reach is never touched.
const POSITIONS: usize = 1 << 16;
/// What is read beyond the data: as far as a match reaches, and a word.
const PADDING: usize = 512 + 8;

/// A match; the bytes between two of them are literals.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Match {
    /// Where it begins.
    pub(super) at: u16,
    /// Its length less [`MIN_MATCH`].
    pub(super) length_less_3: u8,
    /// How far back, less 1.
    pub(super) distance_less_1: u16,
}

impl Match {
    /// The position behind it.
    pub(super) fn end(self) -> usize {
        usize::from(self.at) + usize::from(self.length_less_3) + usize::from(MIN_MATCH)
    }
}

/// Finds the matches that zlib finds.
pub(super) struct Finder {
    window: [u8; POSITIONS + PADDING],
    /// By hash: `base` and the position of its last occurrence. What is not above `base` is of
    /// earlier data, so that nothing needs to be cleared, or position 0, which never matches.
    head: [u16; HASH_SIZE],
    base: u16,
    /// By position: the one before it in its chain, 0 for none.
    prev: [u16; POSITIONS],
    /// The one before that, so that two can be looked at at once. Filled where chains turn out to
    /// be long.
    prev_but_one: [u16; POSITIONS],
    /// How many candidates may still be looked at before chains count as long.
    patience: u16,
    pub(super) matches: Vec<Match>,
}

impl Finder {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            window: [0; POSITIONS + PADDING],
            head: [0; HASH_SIZE],
            base: 0,
            prev: [0; POSITIONS],
            prev_but_one: [0; POSITIONS],
            patience: 0,
            matches: Vec::new(),
        })
    }

    /// Fills `matches` with those of `data`, at most [`MAX_DATA`] bytes.
    pub(super) fn find(&mut self, data: &[u8]) {
        debug_assert!(data.len() <= MAX_DATA);
        let end = data.len() as u16;
        self.window[..data.len()].copy_from_slice(data);
        // A hash that goes beyond the data is that of zeros.
        self.window[data.len()..data.len() + 8].fill(0);
        self.matches.clear();
        if self.base.checked_add(end).is_none() {
            self.head.fill(0);
            self.base = 0;
        }
        // The last two bytes are not inserted: no match begins there.
        let inserted = end.saturating_sub(MIN_MATCH - 1);
        self.insert_strings(inserted);
        self.patience = PATIENCE.max(end / 4);
        let at = self.deflate_slow::<false>(0, inserted, end);
        if at < inserted {
            self.link_pairs(inserted);
            self.deflate_slow::<true>(at, inserted, end);
        }
        self.base += end;
    }

    /// `deflate_slow`: a match is taken unless a longer one begins at the next position. Goes on
    /// from `at`, without `prev_but_one` only as far as patience goes; how far it got.
    fn deflate_slow<const PAIRS: bool>(&mut self, mut at: u16, inserted: u16, end: u16) -> u16 {
        while at < inserted {
            let head = self.prev[usize::from(at)];
            if head == 0 {
                at += 1;
                continue;
            }
            if !PAIRS && self.patience == 0 {
                break;
            }
            let (mut length, mut start) =
                self.longest_match::<PAIRS>(at, head, MIN_MATCH - 1, end - at);
            at += 1;
            if length < MIN_MATCH || length == MIN_MATCH && at - 1 - start > TOO_FAR {
                continue;
            }
            while at < inserted && length < MAX_LAZY.min(end - at) {
                let head = self.prev[usize::from(at)];
                if head == 0 {
                    break;
                }
                let (longer, its_start) = self.longest_match::<PAIRS>(at, head, length, end - at);
                if longer <= length {
                    break;
                }
                (length, start) = (longer, its_start);
                at += 1;
            }
            self.push(at - 1, length, start);
            at += length - 1;
        }
        at
    }

    fn push(&mut self, at: u16, length: u16, start: u16) {
        self.matches.push(Match {
            at,
            length_less_3: (length - MIN_MATCH) as u8,
            distance_less_1: at - start - 1,
        });
    }

    /// `INSERT_STRING` for that many positions from the first on. zlib inserts each when it gets
    /// there, but a chain only leads back, so that it is the same chain.
    fn insert_strings(&mut self, count: u16) {
        let mut hash = usize::from(self.window[0]) << HASH_SHIFT ^ usize::from(self.window[1]);
        let base = self.base;
        for at in 0..count {
            let last = self.window[usize::from(at) + 2];
            hash = hash << HASH_SHIFT ^ usize::from(last);
            let head = &mut self.head[hash % HASH_SIZE];
            let prev = head.saturating_sub(base);
            *head = base.wrapping_add(at);
            self.prev[usize::from(at)] = prev;
        }
    }

    /// Fills `prev_but_one`, of so many positions.
    fn link_pairs(&mut self, count: u16) {
        for at in 0..usize::from(count) {
            self.prev_but_one[at] = self.prev[usize::from(self.prev[at])];
        }
    }

    /// The candidate behind two others.
    #[inline(always)]
    fn behind<const PAIRS: bool>(&mut self, [first, second]: [u16; 2]) -> u16 {
        if PAIRS {
            self.prev_but_one[usize::from(first)]
        } else {
            self.patience = self.patience.saturating_sub(2);
            self.prev[usize::from(second)]
        }
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = &self.window[at..at + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn long_word(&self, at: usize) -> u64 {
        let bytes = &self.window[at..at + 8];
        u64::from_le_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ])
    }

    /// The length and the start of the longest match at `at` that is longer than `best`; of equal
    /// ones the latest; `best` itself if there is none. `candidate` is the first of the chain,
    /// `lookahead` what is left of the data.
    fn longest_match<const PAIRS: bool>(
        &mut self,
        at: u16,
        mut candidate: u16,
        mut best: u16,
        lookahead: u16,
    ) -> (u16, u16) {
        let mut chain = if best >= GOOD_LENGTH { MAX_CHAIN / 4 } else { MAX_CHAIN };
        let nice = NICE_LENGTH.min(lookahead);
        let longest = MAX_MATCH.min(lookahead);
        let mut start = 0;
        if best < MIN_MATCH {
            let Some((nearest, left)) = self.nearest_match(at, candidate, chain) else {
                return (best, start);
            };
            (best, start) = (self.common_length(nearest, at, longest), nearest);
            if best >= nice {
                return (best, start);
            }
            (candidate, chain) = (self.prev[usize::from(nearest)], left);
        }
        // The last bytes of what would be better are compared first.
        let mut tail = usize::from(best - 3) & 511;
        let mut wanted = self.word(usize::from(at) + tail);
        loop {
            let pair = [candidate, self.prev[usize::from(candidate)]];
            let next = self.behind::<PAIRS>(pair);
            for candidate in pair {
                if candidate == 0 || chain == 0 {
                    return (best, start);
                }
                chain -= 1;
                if self.word(usize::from(candidate) + tail) == wanted {
                    let length = self.common_length(candidate, at, longest);
                    if length > best {
                        (best, start) = (length, candidate);
                        if length >= nice {
                            return (best, start);
                        }
                        tail = usize::from(best - 3) & 511;
                        wanted = self.word(usize::from(at) + tail);
                    }
                }
            }
            candidate = next;
        }
    }

    /// The first candidate of a chain that has the same three bytes, and how many may be looked at
    /// after it. Nearly always it is the first one: others have the same hash only.
    fn nearest_match(&self, at: u16, mut candidate: u16, chain: u32) -> Option<(u16, u32)> {
        let wanted = self.word(usize::from(at)) << 8;
        for left in (0..chain).rev() {
            if candidate == 0 {
                return None;
            }
            if self.word(usize::from(candidate)) << 8 == wanted {
                return Some((candidate, left));
            }
            candidate = self.prev[usize::from(candidate)];
        }
        None
    }

    /// How many bytes are the same at both positions, `longest` at most.
    fn common_length(&self, a: u16, b: u16, longest: u16) -> u16 {
        let (a, b) = (usize::from(a), usize::from(b));
        let mut length = 0;
        while length < longest {
            let place = usize::from(length) & 511;
            let difference = self.long_word(a + place) ^ self.long_word(b + place);
            if difference != 0 {
                return longest.min(length + difference.trailing_zeros() as u16 / 8);
            }
            length += 8;
        }
        longest
    }
}
