//! Values as they are spelled.

use std::borrow::Cow;

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
        let Self { text, .. } = *self;
        let has_escapes = text.as_bytes().contains(&b'\\');
        let escapes = if has_escapes { Escapes::Some } else { Escapes::None };
        text.starts_with('"').then_some(RawString { text, start: 0, end: text.len(), escapes })
    }

    /// Whether more than [`MAX_DEPTH`] containers are open at once.
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        self.depth > MAX_DEPTH
    }
}

/// A string as it is spelled in a text, escapes not resolved.
#[derive(Clone, Copy, Debug)]
pub struct RawString<'a> {
    /// The whole text, and where in it the spelling stands, with its quotes.
    pub(crate) text: &'a str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether a backslash occurs. As wide as a word, like [`ErrorKind`].
    pub(crate) escapes: Escapes,
}

/// Whether escapes occur in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Escapes {
    None,
    Some,
}

impl<'a> RawString<'a> {
    /// The spelling between the quotes.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text.get(self.start + 1..self.end - 1).unwrap_or_default()
    }

    /// The spelling with its quotes.
    #[must_use]
    pub fn quoted(&self) -> &'a str {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// The bytes of [`RawString::text`].
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.start + 1..self.end - 1]
    }

    /// Whether the value is this text.
    #[must_use]
    #[inline]
    pub fn is(&self, text: &str) -> bool {
        match self.escapes {
            Escapes::None => self.bytes() == text.as_bytes(),
            Escapes::Some => self.to_python() == *text,
        }
    }

    /// Whether any backslash occurs. Without one the spelling is the value.
    #[must_use]
    pub fn is_escaped(&self) -> bool {
        self.escapes == Escapes::Some
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
            .map_err(|_| Error::new(ErrorKind::LoneSurrogate, self.start))
    }

    /// The value as Python has it, lone surrogates included.
    #[must_use]
    #[inline]
    pub fn to_python(&self) -> Str<'a> {
        Str(match self.is_escaped() {
            true => Cow::Owned(string::unescape(self.text())),
            false => Cow::Borrowed(self.bytes()),
        })
    }

    /// Appends what `json.dumps` writes for the string, quotes included.
    ///
    /// # Errors
    /// [`ErrorKind::LoneSurrogate`].
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.is_escaped() {
            // Valid JSON without a backslash holds nothing that Python would escape.
            out.extend_from_slice(&self.text.as_bytes()[self.start..self.end]);
            return Ok(());
        }
        string::write_string(out, &self.to_str()?);
        Ok(())
    }
}
