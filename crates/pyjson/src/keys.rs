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
}

/// The bytes of a key between its quotes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    /// The last eight bytes of the key as a number.
    last: u64,
}

impl Span {
    #[inline]
    fn new(text: &[u8], start: usize, end: usize) -> Self {
        let last = match text.get(..end).and_then(|before| before.last_chunk()) {
            Some(bytes) => u64::from_be_bytes(*bytes),
            // Near the beginning of the text.
            None => text[..end].iter().fold(0, |number, &byte| number << 8 | u64::from(byte)),
        };
        // Of a key of fewer than eight bytes, this shifts out what stands before it.
        Self { start, end, last: last << (64 - 8 * (end - start).clamp(1, 8)) }
    }

    /// Equal keys have equal ranks.
    #[inline]
    fn rank(&self) -> (usize, u64) {
        (self.end - self.start, self.last)
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
        }
    }
}

impl Stack {
    pub(crate) fn begin_object(&mut self) {
        self.begins.push(self.spans.len());
    }

    /// Adds a key of the innermost object.
    #[inline]
    pub(crate) fn push(&mut self, text: &str, key: &RawString<'_>) {
        let start = key.offset + 1;
        self.spans.push(Span::new(text.as_bytes(), start, start + key.text.len()));
        self.escaped |= key.is_escaped();
    }

    /// Ends the innermost object and says whether two of its keys are equal.
    pub(crate) fn end_object(&mut self, text: &str) -> bool {
        let begin = self.begins.pop().unwrap_or_default();
        let keys = &mut self.spans[begin..];
        // Sorted in place: there may be millions, and nobody asks for their order again.
        let found = if self.escaped {
            // One key may be spelled in two ways.
            let value = |key: &Span| string::unescape(&text[key.start..key.end]);
            keys.sort_unstable_by_key(value);
            keys.windows(2).any(|pair| value(&pair[0]) == value(&pair[1]))
        } else {
            let value = |key: &Span| (key.rank(), &text.as_bytes()[key.start..key.end]);
            may_have_equal(keys) && {
                keys.sort_unstable_by(|a, b| value(a).cmp(&value(b)));
                keys.windows(2).any(|pair| value(&pair[0]) == value(&pair[1]))
            }
        };
        self.spans.truncate(begin);
        found
    }
}

/// Whether two keys fall into one of 4,096 buckets. Equal keys do, others rarely, so that keys
/// seldom have to be compared.
#[inline]
fn may_have_equal(keys: &[Span]) -> bool {
    // Programs often write keys in the order of numbers or of the alphabet.
    if keys.is_sorted_by(|a, b| a.rank() < b.rank()) {
        return false;
    }
    let mut seen = [0u64; 64];
    keys.iter().any(|key| {
        let (length, last) = key.rank();
        // Fibonacci hashing: the upper bits of the product depend on all bits of the key.
        let hash = (last ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (word, bit) = ((hash >> 58) as usize, 1 << (hash >> 52 & 63));
        let is_taken = seen[word] & bit != 0;
        seen[word] |= bit;
        is_taken
    })
}
