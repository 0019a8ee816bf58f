//! Containers that often come again: a fast path, because tokens allow the same actions on many
//! tables.

use super::string;

/// The place of an array of one or more strings without escapes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether it has no white space.
    pub(crate) is_compact: bool,
}

impl List {
    /// Reads the list that begins at `start`, if one does. `each` is given what stands between the
    /// quotes, whatever comes later.
    #[inline(always)]
    pub(crate) fn read<'a>(
        text: &'a [u8],
        start: usize,
        mut each: impl FnMut(&'a [u8]),
    ) -> Option<Self> {
        let mut rest = text.get(start..)?.strip_prefix(b"[")?;
        let mut is_compact = true;
        loop {
            let string = rest.strip_prefix(b"\"")?;
            let (string, end) = string.split_at_checked(string::plain_prefix(string))?;
            each(string);
            rest = match end {
                [b'"', b',', b' ', rest @ ..] => {
                    is_compact = false;
                    rest
                }
                [b'"', b',', rest @ ..] => rest,
                [b'"', b']', rest @ ..] => {
                    return Some(Self { start, end: text.len() - rest.len(), is_compact });
                }
                _ => return None,
            };
        }
    }
}

/// The place of the object that was read last, and how many containers are open around it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Object {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) depth: usize,
}

/// Whether the container between two positions stands once more at a third one. A container ends
/// with its bracket, so equal bytes are an equal container.
#[inline(always)]
pub(crate) fn is_same(text: &[u8], start: usize, end: usize, place: usize) -> bool {
    start < end && text.get(place..).is_some_and(|rest| rest.starts_with(&text[start..end]))
}
