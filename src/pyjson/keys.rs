//! Whether an object names a key twice.

use std::ops::Range;

use super::raw_string::Spelling;
use super::{RawString, Scanner};

/// So few keys are compared each with each.
const FEW: usize = 8;
/// So many keys are open at once in most texts: room for them is asked for in one go.
const USUAL: usize = 32;

/// So many are kept room for from one use to the next.
const KEPT: usize = 1 << 16;

/// The keys of the objects that are open, innermost last: where each stands in the text that is
/// read.
#[derive(Default)]
pub(crate) struct Keys {
    spans: Vec<Range<usize>>,
    /// Whether one of all of them was spelled with escapes.
    escaped: bool,
    innermost: Object,
}

/// What is known of an object that is open.
#[derive(Clone, Copy, Default)]
pub(crate) struct Object {
    /// How many keys stand before its own.
    begin: usize,
    last: Rank,
    /// Whether no key came behind one of a higher or the same rank. Many programs write their keys
    /// in order, of numbers or of the alphabet, and then there is nothing to look for.
    is_ranked: bool,
}

/// The length of a key, and its last eight bytes or fewer as a number: equal keys have one rank.
type Rank = (usize, u64);

fn rank(key: &[u8]) -> Rank {
    let last = match key.last_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => key.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)),
    };
    (key.len(), last)
}

impl Keys {
    /// As if nothing had been read, whatever has; keeps its space.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        (self.escaped, self.innermost) = (false, Object::default());
    }

    /// Gives back what a rare large object took.
    pub(crate) fn shrink(&mut self) {
        self.spans.clear();
        self.spans.shrink_to(KEPT);
    }

    /// Begins an object, and gives what [`Keys::end_object`] is to be given back: the object that
    /// it stands in.
    pub(crate) fn begin_object(&mut self) -> Object {
        if self.spans.capacity() == 0 {
            self.spans.reserve(USUAL);
        }
        let object = Object { begin: self.spans.len(), last: Rank::default(), is_ranked: true };
        std::mem::replace(&mut self.innermost, object)
    }

    /// Adds a key of the innermost object.
    #[inline]
    pub(crate) fn push(&mut self, key: &RawString<'_>) {
        self.escaped |= key.is_escaped();
        self.add(key.quoted.as_bytes(), key.offset);
    }

    /// Adds the key of a member that [`Scanner::members_with`] has stepped over.
    #[inline]
    pub(crate) fn push_member(&mut self, spelled: &[u8], offset: usize) {
        self.add(&spelled[1..spelled.len() - 1], offset + 1);
    }

    #[inline]
    fn add(&mut self, key: &[u8], offset: usize) {
        let rank = rank(key);
        self.innermost.is_ranked &= self.innermost.last < rank;
        self.innermost.last = rank;
        self.spans.push(offset..offset + key.len());
    }

    /// Takes away the keys of the innermost object, and says whether two of them are the same.
    pub(crate) fn end_object(&mut self, outer: Object, scanner: &Scanner<'_>) -> bool {
        let Object { begin, is_ranked, .. } = std::mem::replace(&mut self.innermost, outer);
        let found = (self.escaped || !is_ranked) && self.has_duplicates(begin, scanner);
        self.spans.truncate(begin);
        found
    }

    fn has_duplicates(&mut self, begin: usize, scanner: &Scanner<'_>) -> bool {
        let spans = &mut self.spans[begin..];
        if !self.escaped {
            return has_duplicates(spans, scanner.text().as_bytes());
        }
        // The same key may be spelled in two ways.
        let mut text = Vec::new();
        for span in &mut *spans {
            let quoted = scanner.slice(span.start, span.end);
            let start = text.len();
            let key = RawString { quoted, spelling: Spelling::Escaped, offset: span.start };
            text.extend_from_slice(&key.to_wtf8());
            *span = start..text.len();
        }
        has_duplicates(spans, &text)
    }
}

fn has_duplicates(spans: &mut [Range<usize>], text: &[u8]) -> bool {
    let key = |span: &Range<usize>| &text[span.clone()];
    if spans.iter().map(key).is_sorted_by(|a, b| a < b) {
        return false;
    }
    if spans.len() <= FEW {
        let mut later = &*spans;
        while let Some((one, rest)) = later.split_first() {
            if rest.iter().any(|other| key(one) == key(other)) {
                return true;
            }
            later = rest;
        }
        return false;
    }
    spans.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    spans.windows(2).any(|pair| key(&pair[0]) == key(&pair[1]))
}
