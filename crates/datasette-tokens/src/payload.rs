//! The JSON inside a signed value, normally read once: for tokens, cookies and any other value.

use std::ops::Range;

use pyjson::{Kind, Rules, Scanner};

use crate::itsdangerous::BadPayload;

/// A payload in Python's spelling, and where some of its members stand.
///
/// The text is read as `json.loads` reads it, and written as `json.dumps` writes it, in one pass.
pub(crate) struct Payload<'p, const N: usize> {
    json: &'p [u8],
    is_object: bool,
    /// Where the values of the members stand that were asked for; nowhere, if empty.
    members: [Range<usize>; N],
    /// Whether `NaN` or an infinity occurs, so that not all of it is JSON.
    has_python_number: bool,
}

impl<'p, const N: usize> Payload<'p, N> {
    /// Nothing yet. To be read in place: the processor waits where a large value is moved.
    pub(crate) fn new() -> Self {
        let members = [const { 0..0 }; N];
        Self { json: b"", is_object: false, members, has_python_number: false }
    }

    /// Reads `text` and finds the top-level members with these names. Uses `buffer` unless the text
    /// is in Python's spelling already, as tokens are.
    pub(crate) fn read(
        &mut self,
        text: &'p str,
        names: [&str; N],
        keys: &mut pyjson::Keys,
        buffer: &'p mut Vec<u8>,
    ) -> Result<(), BadPayload> {
        buffer.clear();
        let mut scanner = Scanner::with_keys(text, Rules::Python, std::mem::take(keys));
        self.is_object = scanner.peek_kind()? == Kind::Object;
        let mut python = None;
        if self.is_object {
            let read = scanner.transcode_members(buffer, |key, place| {
                if let Some(at) = names.iter().position(|name| key.is(name)) {
                    self.members[at] = place;
                }
            });
            python = match read {
                Err(error) if error.kind() == pyjson::ErrorKind::DuplicateKey => {
                    return self.read_with_duplicates(text, names, keys, buffer);
                }
                read => read?,
            };
        } else {
            scanner.transcode(buffer)?;
        }
        scanner.end()?;
        self.has_python_number = scanner.has_python_number();
        *keys = scanner.into_keys();
        self.json = python.map_or(buffer, str::as_bytes);
        Ok(())
    }

    /// The rare object with equal keys. Once it is in Python's spelling it has none.
    #[cold]
    fn read_with_duplicates(
        &mut self,
        text: &str,
        names: [&str; N],
        keys: &mut pyjson::Keys,
        buffer: &'p mut Vec<u8>,
    ) -> Result<(), BadPayload> {
        let mut scanner = Scanner::with_keys(text, Rules::Python, std::mem::take(keys));
        buffer.clear();
        scanner.transcode(buffer)?;
        scanner.end()?;
        self.has_python_number = scanner.has_python_number();
        self.json = buffer;
        let mut unused = Vec::new();
        let mut unique = Payload::new();
        unique.read(as_str(self.json), names, keys, &mut unused)?;
        self.members = unique.members;
        Ok(())
    }

    /// The whole payload in Python's spelling, which isn't JSON where it holds NaN.
    pub(crate) fn text(&self) -> &'p str {
        as_str(self.json)
    }

    /// The whole payload; `None` where JSON can't carry it.
    pub(crate) fn json(&self) -> Option<&'p [u8]> {
        (!self.has_python_number).then_some(self.json)
    }

    pub(crate) fn is_object(&self) -> bool {
        self.is_object
    }

    /// The value of a member that was asked for, in Python's spelling.
    pub(crate) fn member(&self, at: usize) -> Option<&'p [u8]> {
        let place = &self.members[at];
        (!place.is_empty()).then(|| &self.json[place.clone()])
    }

    /// Whether JSON can carry a member, or nothing.
    pub(crate) fn is_json(&self, part: &[u8]) -> bool {
        !self.has_python_number || part.is_empty() || Scanner::new(as_str(part)).raw_value().is_ok()
    }
}

/// Python's spelling as text: it is always UTF-8.
pub(crate) fn as_str(json: &[u8]) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}
