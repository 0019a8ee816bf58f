//! Duplicate keys of the objects that a scanner reads.

/// The memory in which a [`Scanner`](crate::Scanner) remembers keys, so that several scanners can
/// reuse one allocation. See [`Scanner::with_keys`](crate::Scanner::with_keys).
///
/// A pointer that is null until there is an object: scanners are moved about, and the processor
/// waits for a large one.
#[derive(Debug, Default)]
pub struct Keys(Option<Box<Stack>>);

#[derive(Debug, Default)]
struct Stack {
    /// The keys of the open objects, innermost last: where each stands in the text.
    spans: Vec<Span>,
    /// The objects around the innermost one, outermost first.
    outer: Vec<Object>,
    innermost: Object,
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
    fn rank(self) -> (usize, u64) {
        (self.end - self.start, self.last)
    }
}

/// An open object.
#[derive(Clone, Copy, Debug, Default)]
struct Object {
    /// How many spans belong to the objects around it.
    begin: usize,
    last: (usize, u64),
    /// Whether each key so far has a higher rank than the one before it. Programs often write
    /// keys in the order of numbers or of the alphabet, and then no two keys can be equal.
    is_ascending: bool,
}

/// Spans allocated at first: enough for most texts.
const FIRST_CAPACITY: usize = 32;

/// Spans kept from one text to the next.
const KEPT_CAPACITY: usize = 1 << 14;

impl Keys {
    /// Forgets every key. Keeps the memory, unless a rare large object made it huge.
    pub(crate) fn clear(&mut self) {
        if let Some(stack) = &mut self.0 {
            stack.clear();
        }
    }

    /// How many objects are open, for [`Keys::leave_objects`].
    pub(crate) fn open_objects(&self) -> usize {
        self.0.as_ref().map_or(0, |stack| stack.outer.len())
    }

    /// Leaves objects unread until `open` are left.
    pub(crate) fn leave_objects(&mut self, open: usize) {
        let Some(stack) = &mut self.0 else { return };
        while stack.outer.len() > open {
            stack.spans.truncate(stack.innermost.begin);
            stack.innermost = stack.outer.pop().unwrap_or_default();
        }
    }

    #[inline]
    pub(crate) fn begin_object(&mut self) {
        self.0.get_or_insert_default().begin_object();
    }

    /// Adds a key of the innermost object, which stands between two positions of the text.
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8], start: usize, end: usize, is_escaped: bool) {
        if let Some(stack) = &mut self.0 {
            stack.push(Span::new(text, start, end), is_escaped);
        }
    }

    /// Ends the innermost object and says whether two of its keys are equal. `unescape` gives the
    /// value of a key that may be spelled with escapes.
    pub(crate) fn end_object(&mut self, text: &[u8], unescape: impl Fn(&[u8]) -> Vec<u8>) -> bool {
        self.0.as_mut().is_some_and(|stack| stack.end_object(text, unescape))
    }
}

impl Stack {
    fn clear(&mut self) {
        self.spans.clear();
        self.spans.shrink_to(KEPT_CAPACITY);
        self.outer.clear();
        (self.escaped, self.innermost) = (false, Object::default());
    }

    fn begin_object(&mut self) {
        if self.spans.capacity() == 0 {
            self.spans.reserve(FIRST_CAPACITY);
        }
        self.outer.push(self.innermost);
        self.innermost = Object { begin: self.spans.len(), last: (0, 0), is_ascending: true };
    }

    #[inline]
    fn push(&mut self, span: Span, is_escaped: bool) {
        let rank = span.rank();
        self.innermost.is_ascending &= self.innermost.last < rank;
        self.innermost.last = rank;
        self.escaped |= is_escaped;
        self.spans.push(span);
    }

    fn end_object(&mut self, text: &[u8], unescape: impl Fn(&[u8]) -> Vec<u8>) -> bool {
        // Not one move of it all: the processor would wait for what was just written.
        let Object { begin, is_ascending, .. } = self.innermost;
        self.innermost = self.outer.pop().unwrap_or_default();
        let keys = &self.spans[begin..];
        let found = if self.escaped {
            // One key may be spelled in two ways.
            has_equal(keys.iter().map(|span| unescape(&text[span.start..span.end])).collect())
        } else {
            !is_ascending
                && may_have_equal(keys)
                && has_equal(keys.iter().map(|span| &text[span.start..span.end]).collect())
        };
        self.spans.truncate(begin);
        found
    }
}

/// Up to this many keys, each is compared with every other.
const FEW_KEYS: usize = 8;

/// Whether two keys have one rank, or, if there are many, fall into one of 4,096 buckets. Not many
/// do, and no key has to be compared with each other.
#[inline]
fn may_have_equal(keys: &[Span]) -> bool {
    if keys.len() > FEW_KEYS {
        return may_share_bucket(keys);
    }
    let equal = |(index, key): (usize, &Span)| {
        keys[..index].iter().any(|earlier| earlier.rank() == key.rank())
    };
    keys.iter().enumerate().any(equal)
}

fn may_share_bucket(keys: &[Span]) -> bool {
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

fn has_equal<K: Ord>(mut keys: Vec<K>) -> bool {
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}
