//! Containers that often come again: a fast path, because tokens allow the same actions on many
//! tables, and the same tables in many databases.

use super::{MAX_DEPTH, Scanner, string};

/// The place of a container that was read, and how many others are open around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    start: usize,
    end: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// The place of the container that began at `start` and has just ended.
    #[must_use]
    pub fn place(&self, start: usize) -> Place {
        Place { start, end: self.pos, depth: self.depth }
    }

    /// Steps over a container that was read, if it comes once more. A container ends with its
    /// bracket, so equal bytes are an equal container.
    ///
    /// At a greater depth it is not stepped over, because something in it may be too deep there.
    #[inline(always)]
    pub fn skip_same(&mut self, known: Place) -> bool {
        let Place { start, end, depth } = known;
        let bytes = self.text.as_bytes();
        let is_same =
            start < end && self.depth <= depth && bytes[self.pos..].starts_with(&bytes[start..end]);
        if is_same {
            self.pos += end - start;
        }
        is_same
    }

    /// Reads an array of one or more strings without escapes, such as a list of actions. `each` is
    /// given what stands between the quotes. For any other value the cursor stays where it is,
    /// whatever `each` was given.
    #[inline(always)]
    pub fn plain_strings(&mut self, mut each: impl FnMut(&'a [u8])) -> Option<Place> {
        let bytes = self.text.as_bytes();
        let mut rest = bytes[self.pos..].strip_prefix(b"[")?;
        if self.depth >= MAX_DEPTH {
            return None;
        }
        loop {
            let string = rest.strip_prefix(b"\"")?;
            let (string, end) = string.split_at_checked(string::plain_prefix(string))?;
            each(string);
            rest = match end {
                [b'"', b',', b' ', rest @ ..] | [b'"', b',', rest @ ..] => rest,
                [b'"', b']', rest @ ..] => {
                    let start = std::mem::replace(&mut self.pos, bytes.len() - rest.len());
                    return Some(self.place(start));
                }
                _ => return None,
            };
        }
    }
}
