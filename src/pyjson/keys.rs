//! Whether an object names a key twice.

use std::ops::Range;

use super::{RawString, Scanner};

/// So few keys are compared each with each.
const FEW: usize = 8;
/// So many keys are open at once in most texts: room for them is asked for in one go.
const USUAL: usize = 32;

/// The keys of the objects that are open, innermost last: where each stands in the text that is
/// read.
#[derive(Default)]
pub(crate) struct Keys {
    spans: Vec<Range<usize>>,
    /// Whether one of all of them was spelled with escapes.
    escaped: bool,
}

impl Keys {
    /// How many there are: what [`Keys::end_object`] is to be given.
    pub(crate) fn begin_object(&mut self) -> usize {
        if self.spans.capacity() == 0 {
            self.spans.reserve(USUAL);
        }
        self.spans.len()
    }

    /// Adds a key of the innermost object.
    #[inline]
    pub(crate) fn push(&mut self, key: &RawString<'_>) {
        self.escaped |= key.is_escaped();
        self.spans.push(key.offset..key.offset + key.quoted.len());
    }

    /// Adds a key of the innermost object that is spelled without escapes, by where it stands.
    #[inline]
    pub(crate) fn push_plain(&mut self, span: Range<usize>) {
        self.spans.push(span);
    }

    /// Takes away the keys of the innermost object, and says whether two of them are the same.
    pub(crate) fn end_object(&mut self, begin: usize, scanner: &Scanner<'_>) -> bool {
        let spans = &mut self.spans[begin..];
        let found = if self.escaped {
            // The same key may be spelled in two ways.
            let mut text = Vec::new();
            for span in &mut *spans {
                let quoted = scanner.slice(span.start, span.end);
                let start = text.len();
                let key = RawString { quoted, escaped: true, offset: span.start };
                text.extend_from_slice(&key.to_wtf8());
                *span = start..text.len();
            }
            has_duplicates(spans, &text)
        } else {
            has_duplicates(spans, scanner.text().as_bytes())
        };
        self.spans.truncate(begin);
        found
    }
}

fn has_duplicates(spans: &mut [Range<usize>], text: &[u8]) -> bool {
    let key = |span: &Range<usize>| &text[span.clone()];
    // Many programs write their keys in order, of numbers or of the alphabet.
    let rank = |span: &Range<usize>| (span.len(), last_bytes(key(span)));
    if spans.iter().map(rank).is_sorted_by(|a, b| a < b)
        || spans.iter().map(key).is_sorted_by(|a, b| a < b)
    {
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

/// The last eight bytes or fewer, as a number.
fn last_bytes(key: &[u8]) -> u64 {
    match key.last_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => key.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)),
    }
}
