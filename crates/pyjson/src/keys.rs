//! Duplicate keys of the objects that a scanner reads.

use super::{RawString, string};

/// The memory in which a [`Scanner`](crate::Scanner) remembers keys, so that several scanners can
/// reuse one allocation. See [`Scanner::with_keys`](crate::Scanner::with_keys).
///
/// A pointer that is null until there is an object: scanners are moved about, and the processor
/// waits for a large one.
#[derive(Debug, Default)]
pub struct Keys(Option<Box<Stack>>);

#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The keys of the open objects, innermost last: where each stands in the text.
    spans: Vec<Span>,
    /// How many spans belong to the objects around each open one, outermost first.
    begins: Vec<usize>,
    /// Whether any of these keys is spelled with an escape.
    escaped: bool,
    seen: Seen,
}

/// The bytes of a key between its quotes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    #[inline]
    fn len(&self) -> usize {
        self.end - self.start
    }

    #[inline]
    fn bytes<'a>(&self, text: &'a str) -> &'a [u8] {
        &text.as_bytes()[self.start..self.end]
    }

    /// The length, and the last eight bytes as a number. Equal keys have equal ranks.
    #[inline]
    fn rank(&self, text: &str) -> (usize, u64) {
        let before = &text.as_bytes()[..self.end];
        let last = match before.last_chunk() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            // Near the beginning of the text.
            None => before.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)),
        };
        // Of a key of fewer than eight bytes, this shifts out what stands before it.
        (self.len(), last << (64 - 8 * self.len().clamp(1, 8)))
    }
}

/// Spans kept from one text to the next.
const KEPT_CAPACITY: usize = 1 << 12;

impl Keys {
    #[inline]
    pub(crate) fn stack(&mut self) -> &mut Stack {
        self.0.get_or_insert_default()
    }

    /// Forgets every key. Keeps the memory, unless a rare large object made it huge.
    pub(crate) fn clear(&mut self) {
        if let Some(stack) = &mut self.0 {
            stack.spans.clear();
            stack.spans.shrink_to(KEPT_CAPACITY);
            stack.begins.clear();
            stack.escaped = false;
            stack.seen.0.clear();
        }
    }
}

impl Stack {
    pub(crate) fn begin_object(&mut self) {
        self.begins.push(self.spans.len());
    }

    /// Adds a key of the innermost object.
    #[inline]
    pub(crate) fn push(&mut self, key: &RawString<'_>) {
        let start = key.offset + 1;
        self.spans.push(Span { start, end: start + key.length });
        self.escaped |= key.is_escaped();
    }

    /// Ends the innermost object and says whether two of its keys are equal.
    pub(crate) fn end_object(&mut self, text: &str) -> bool {
        let begin = self.begins.pop().unwrap_or_default();
        let keys = &mut self.spans[begin..];
        let found = if self.escaped {
            // One key may be spelled in two ways.
            has_equal(keys, |key| string::unescape(&text[key.start..key.end]))
        } else if keys.len() <= FEW {
            has_equal_pair(keys, text)
        } else {
            self.seen.may_have_equal(keys, text)
                && has_equal(keys, |key| (key.rank(text), key.bytes(text)))
        };
        self.spans.truncate(begin);
        found
    }
}

/// Sorts keys by their values and says whether two are equal. In place: there may be millions, and
/// nobody asks for their order again.
fn has_equal<T: Ord>(keys: &mut [Span], value: impl Fn(&Span) -> T) -> bool {
    keys.sort_unstable_by_key(&value);
    keys.windows(2).any(|pair| value(&pair[0]) == value(&pair[1]))
}

/// Up to this many keys are compared in pairs, which is quicker than a set.
const FEW: usize = 8;

fn has_equal_pair(keys: &[Span], text: &str) -> bool {
    let is_equal = |a: &Span, b: &Span| a.len() == b.len() && a.bytes(text) == b.bytes(text);
    keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| is_equal(other, key)))
}

/// A Bloom filter of keys, with two bits for each. It grows with the number of keys. Among up to a
/// thousand that differ, one rarely finds both of its bits taken.
#[derive(Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    const MIN_WORDS: usize = 1 << 6;
    const MAX_WORDS: usize = 1 << 12;

    /// Whether two keys may be equal. Equal keys always may. If it says no, their bytes need not be
    /// compared.
    fn may_have_equal(&mut self, keys: &[Span], text: &str) -> bool {
        let mut ranks = keys.iter().map(|key| key.rank(text));
        // Programs often write keys in the order of numbers or of the alphabet.
        if ranks.clone().is_sorted_by(|a, b| a < b) {
            return false;
        }
        let words = keys.len().next_power_of_two().clamp(Self::MIN_WORDS, Self::MAX_WORDS);
        self.0.clear();
        self.0.resize(words, 0);
        ranks.any(|rank| {
            let hash = hash(rank);
            let is_first_taken = self.take(hash);
            self.take(hash >> 32) && is_first_taken
        })
    }

    /// Takes the bit that the lowest bits of a number stand for, and says whether it was taken.
    #[inline]
    fn take(&mut self, number: u64) -> bool {
        let at = (number >> 6) as usize & (self.0.len() - 1);
        let bit = 1 << (number & 63);
        let is_taken = self.0[at] & bit != 0;
        self.0[at] |= bit;
        is_taken
    }
}

/// Fibonacci hashing, with both halves of the product: of a short key, which is in the highest
/// bytes of the rank, the lower half keeps little.
#[inline]
fn hash((length, last): (usize, u64)) -> u64 {
    let product = u128::from(last ^ length as u64) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::{ErrorKind, transcode};
    use super::{Seen, Span};

    fn check(keys: &[String]) {
        let members: Vec<_> = keys.iter().map(|key| format!("{key:?}:0")).collect();
        let text = format!("{{{}}}", members.join(","));
        let read = transcode(&text, &mut Vec::new()).map_err(|error| error.kind());
        let has_equal = keys.iter().collect::<HashSet<_>>().len() < keys.len();
        let expected = if has_equal { Err(ErrorKind::DuplicateKey) } else { Ok(()) };
        assert_eq!(read, expected, "{text}");
    }

    proptest! {
        /// Short ones and long ones, of which many have the same length and the same end.
        #[test]
        fn equal_keys_are_found(keys in prop::collection::vec("[ab]{0,3}|[abc]{0,3}measurements", 0..40)) {
            check(&keys);
        }
    }

    #[test]
    fn equal_keys_are_found_among_many() {
        for count in [7, 8, 9, 64, 65, 300, 5000] {
            // In no order.
            let keys: Vec<_> = (0..count).map(|n| format!("key {}", n * 7919 % 10_007)).collect();
            check(&keys);
            for (from, to) in [(0, 1), (count / 2, count - 1), (0, count - 1)] {
                let mut keys = keys.clone();
                keys[to] = keys[from].clone();
                check(&keys);
            }
        }
    }

    #[test]
    fn keys_that_differ_are_seldom_compared() {
        let numbers = |format: fn(usize) -> String, count: usize| -> Vec<_> {
            (0..count).map(|n| format(n * 7919 % count)).collect()
        };
        for keys in [
            numbers(|n| char::from(b'a' + n as u8).to_string(), 26),
            numbers(|n| n.to_string(), 10),
            numbers(|n| format!("{n:02}"), 100),
            numbers(|n| format!("{n:02x}"), 200),
            numbers(|n| format!("{n:03}"), 500),
            numbers(|n| format!("table {n}"), 1000),
        ] {
            let text = keys.concat();
            let mut end = 0;
            let span = |key: &String| {
                let start = end;
                end += key.len();
                Span { start, end }
            };
            let spans: Vec<_> = keys.iter().map(span).collect();
            assert!(!spans.is_sorted_by(|a, b| a.rank(&text) < b.rank(&text)));
            assert!(!Seen::default().may_have_equal(&spans, &text), "{} keys", keys.len());
        }
    }
}
