//! Finding matches. Upstream: `deflate_slow` and `longest_match` of `deflate.c`, with the
//! parameters of level 6.

use super::MAX_DATA;
use super::codes::{MAX_MATCH, MIN_MATCH};

/// From a match of this length on fewer candidates are looked at.
const GOOD_LENGTH: usize = 8;
/// From a match of this length on no better one is looked for.
const MAX_LAZY: usize = 16;
/// A match of this length is good enough to stop looking.
const NICE_LENGTH: usize = 128;
/// How many candidates are looked at.
const MAX_CHAIN: u32 = 128;
/// A match of three bytes from farther away costs more than its literals.
const TOO_FAR: usize = 4096;

const HASH_SIZE: usize = 1 << 15;
const HASH_SHIFT: u32 = 5;

/// What [`Finder::find`] reads beyond the data.
const PADDING: usize = 8;
/// The data, with padding; a power of two makes bounds checks cheap.
const WINDOW_SIZE: usize = 1 << 14;
const MASK: usize = WINDOW_SIZE - 1;

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

/// Finds the matches that zlib finds.
pub(super) struct Finder {
    window: [u8; WINDOW_SIZE + PADDING],
    /// By hash: `base` and the position of its last occurrence. What is not above `base` is of
    /// earlier data, so that nothing needs to be cleared, or position 0, which never matches.
    head: [u16; HASH_SIZE],
    base: u16,
    /// By position: the one before it in its chain, 0 for none.
    prev: [u16; WINDOW_SIZE],
    pub(super) matches: Vec<Match>,
}

impl Finder {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            window: [0; WINDOW_SIZE + PADDING],
            head: [0; HASH_SIZE],
            base: 0,
            prev: [0; WINDOW_SIZE],
            matches: Vec::new(),
        })
    }

    /// Fills `matches` with those of `data`, at most [`MAX_DATA`] bytes.
    pub(super) fn find(&mut self, data: &[u8]) {
        debug_assert!(data.len() <= MAX_DATA);
        self.window[..data.len()].copy_from_slice(data);
        self.window[data.len()..data.len() + PADDING].fill(0);
        self.matches.clear();
        let end = data.len();
        if usize::from(self.base) + end > usize::from(u16::MAX) {
            self.head.fill(0);
            self.base = 0;
        }
        // The last two bytes are not inserted: no match begins there.
        let inserted = end.saturating_sub(MIN_MATCH - 1);
        self.insert_strings(inserted);
        let (mut length, mut start) = (MIN_MATCH - 1, 0);
        let mut at = 0;
        while at < inserted {
            let head = usize::from(self.prev[at & MASK]);
            let (previous_length, previous_start) = (length, start);
            length = MIN_MATCH - 1;
            if head != 0 && previous_length < MAX_LAZY.min(end - at) {
                (length, start) = self.longest_match(at, head, previous_length, end - at);
                if length == MIN_MATCH && at - start > TOO_FAR {
                    length = MIN_MATCH - 1;
                }
            }
            if previous_length >= MIN_MATCH && length <= previous_length {
                self.push(at - 1, previous_length, previous_start);
                length = MIN_MATCH - 1;
                at += previous_length - 1;
            } else {
                at += 1;
            }
        }
        if length >= MIN_MATCH {
            self.push(at - 1, length, start);
        }
        self.base += end as u16;
    }

    fn push(&mut self, at: usize, length: usize, start: usize) {
        self.matches.push(Match {
            at: at as u16,
            length_less_3: (length - MIN_MATCH) as u8,
            distance_less_1: (at - start - 1) as u16,
        });
    }

    /// `INSERT_STRING` for that many positions from the first on. zlib inserts each when it gets
    /// there, but a chain only leads back, so that it is the same chain.
    fn insert_strings(&mut self, count: usize) {
        let Self { window, head, prev, base, .. } = self;
        let mut hash = usize::from(window[0]) << HASH_SHIFT ^ usize::from(window[1]);
        let mut stamp = *base;
        for (&byte, prev) in window[MIN_MATCH - 1..].iter().zip(&mut prev[..count & MASK]) {
            hash = (hash << HASH_SHIFT ^ usize::from(byte)) & (HASH_SIZE - 1);
            *prev = head[hash].saturating_sub(*base);
            head[hash] = stamp;
            stamp = stamp.wrapping_add(1);
        }
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = &self.window[at & MASK..][..4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    fn long_word(&self, at: usize) -> u64 {
        let bytes = &self.window[at & MASK..][..8];
        u64::from_le_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ])
    }

    /// The length and the start of the longest match at `at` that is longer than `best`; of equal
    /// ones the latest; `best` itself if there is none. `candidate` is the first of the chain,
    /// `lookahead` what is left of the data.
    fn longest_match(
        &self,
        at: usize,
        mut candidate: usize,
        mut best: usize,
        lookahead: usize,
    ) -> (usize, usize) {
        let mut chain = if best >= GOOD_LENGTH { MAX_CHAIN / 4 } else { MAX_CHAIN };
        let nice = NICE_LENGTH.min(lookahead);
        let longest = MAX_MATCH.min(lookahead);
        let mut start = 0;
        // The last bytes of what would be better are compared first.
        let (mut tail, mut mask) = if best < MIN_MATCH { (0, 0x00ff_ffff) } else { (best - 3, !0) };
        let mut wanted = self.word(at + tail);
        loop {
            if (self.word(candidate + tail) ^ wanted) & mask == 0 {
                let length = self.common_length(candidate, at, longest);
                if length > best {
                    (best, start) = (length, candidate);
                    if length >= nice {
                        break;
                    }
                    (tail, mask) = (best - 3, !0);
                    wanted = self.word(at + tail);
                }
            }
            candidate = usize::from(self.prev[candidate & MASK]);
            chain -= 1;
            if candidate == 0 || chain == 0 {
                break;
            }
        }
        (best, start)
    }

    /// How many bytes are the same at both positions, `longest` at most.
    fn common_length(&self, a: usize, b: usize, longest: usize) -> usize {
        let mut length = 0;
        while length < longest {
            let difference = self.long_word(a + length) ^ self.long_word(b + length);
            if difference != 0 {
                return longest.min(length + difference.trailing_zeros() as usize / 8);
            }
            length += 8;
        }
        longest
    }
}
