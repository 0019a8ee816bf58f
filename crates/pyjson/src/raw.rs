//! Values as they are spelled.

use std::borrow::Cow;
use std::fmt;

use super::{Error, ErrorKind, MAX_DEPTH, Str, string};

/// A value as it is spelled in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawValue<'a> {
    /// The spelling, without white space around it.
    pub text: &'a str,
    /// How many containers are open at most inside the value, those around it counted.
    pub depth: usize,
}

impl<'a> RawValue<'a> {
    /// The string that the value is, if it is one.
    #[must_use]
    #[inline]
    pub fn as_string(&self) -> Option<RawString<'a>> {
        let text = self.text.strip_prefix('"')?.strip_suffix('"')?;
        let plain = memchr::memchr(b'\\', text.as_bytes()).unwrap_or(text.len());
        Some(RawString { source: self.text, offset: 0, length: text.len(), plain })
    }

    /// Whether more than [`MAX_DEPTH`] containers are open at once.
    pub fn is_too_deep(&self) -> bool {
        self.depth > MAX_DEPTH
    }
}

/// A string as it is spelled in a text, escapes not resolved.
#[derive(Clone, Copy)]
pub struct RawString<'a> {
    /// The scanned text. To cut the string out of it takes longer than to remember its place.
    pub(crate) source: &'a str,
    /// See [`RawString::offset`].
    pub(crate) offset: usize,
    /// How many bytes there are between the quotes.
    pub(crate) length: usize,
    /// How many bytes there are before the first escape. A length rather than a flag: a byte that
    /// is stored and then loaded together with its neighbours makes the processor wait for the
    /// store.
    pub(crate) plain: usize,
}

impl<'a> RawString<'a> {
    /// The offset of the opening quote in the scanned text, in bytes.
    #[must_use]
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The spelling between the quotes.
    #[must_use]
    #[inline]
    pub fn text(&self) -> &'a str {
        let start = self.offset + 1;
        &self.source[start..start + self.length]
    }

    #[inline]
    fn bytes(&self) -> &'a [u8] {
        let start = self.offset + 1;
        &self.source.as_bytes()[start..start + self.length]
    }

    /// Whether any backslash occurs. Without one the spelling is the value.
    #[must_use]
    #[inline]
    pub fn is_escaped(&self) -> bool {
        self.plain < self.length
    }

    /// Whether the value is this text.
    #[must_use]
    #[inline]
    pub fn is(&self, text: &str) -> bool {
        if self.is_escaped() { self.to_python() == *text } else { self.bytes() == text.as_bytes() }
    }

    /// The value as UTF-8.
    ///
    /// # Errors
    /// [`ErrorKind::LoneSurrogate`].
    #[inline]
    pub fn to_str(&self) -> Result<Cow<'a, str>, Error> {
        if !self.is_escaped() {
            return Ok(Cow::Borrowed(self.text()));
        }
        String::from_utf8(string::unescape(self.text()))
            .map(Cow::Owned)
            .map_err(|_| Error::new(ErrorKind::LoneSurrogate, self.offset))
    }

    /// The value as Python has it, lone surrogates included.
    #[must_use]
    #[inline]
    pub fn to_python(&self) -> Str<'a> {
        if !self.is_escaped() {
            return Str(Cow::Borrowed(self.bytes()));
        }
        Str(Cow::Owned(string::unescape(self.text())))
    }

    /// Appends what `json.dumps` writes for the string, quotes included.
    ///
    /// # Errors
    /// [`ErrorKind::LoneSurrogate`].
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.is_escaped() {
            string::write_string(out, &self.to_str()?);
        } else {
            // Valid JSON without a backslash holds nothing that Python would escape.
            out.push(b'"');
            out.extend_from_slice(self.bytes());
            out.push(b'"');
        }
        Ok(())
    }
}

impl fmt::Debug for RawString<'_> {
    /// Without the text around it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawString").field(&self.text()).finish()
    }
}
