//! Strings as they were spelled.

use std::borrow::Cow;

use super::{Error, ErrorKind, string};

/// A string as it was spelled, escapes not yet resolved.
#[derive(Clone, Copy, Debug)]
pub struct RawString<'a> {
    /// The spelling with its quotes.
    pub(super) quoted: &'a str,
    pub(super) spelling: Spelling,
    pub(super) offset: usize,
}

/// Whether escapes occur. As wide as a word, like [`ErrorKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Spelling {
    Plain,
    Escaped,
}

impl Spelling {
    pub(super) fn new(is_escaped: bool) -> Self {
        if is_escaped { Self::Escaped } else { Self::Plain }
    }
}

impl<'a> RawString<'a> {
    /// A text that is known to be JSON, if it is a string.
    #[must_use]
    pub fn of_json(text: &'a str) -> Option<Self> {
        let is_string = text.len() >= 2 && text.starts_with('"');
        let spelling = Spelling::new(memchr::memchr(b'\\', text.as_bytes()).is_some());
        is_string.then_some(Self { quoted: text, spelling, offset: 0 })
    }

    /// The spelling between the quotes.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.quoted.get(1..self.quoted.len() - 1).unwrap_or_default()
    }

    /// Whether any backslash occurs; without one the spelling is the value.
    #[must_use]
    pub fn is_escaped(&self) -> bool {
        self.spelling == Spelling::Escaped
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
        String::from_utf8(self.unescape())
            .map(Cow::Owned)
            .map_err(|_| Error::new(ErrorKind::LoneSurrogate, self.offset))
    }

    /// The value as WTF-8, that is UTF-8 in which lone surrogates have their three bytes: any
    /// two strings that Python tells apart differ here too.
    #[must_use]
    #[inline]
    pub fn to_wtf8(&self) -> Cow<'a, [u8]> {
        if self.is_escaped() {
            return Cow::Owned(self.unescape());
        }
        let quoted = self.quoted.as_bytes();
        Cow::Borrowed(quoted.get(1..quoted.len() - 1).unwrap_or_default())
    }

    #[cold]
    fn unescape(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.quoted.len());
        string::for_each_char(self.text(), |code| string::push_wtf8(&mut out, code));
        out
    }

    /// Appends what `json.dumps` writes for this string, quotes included.
    ///
    /// # Errors
    /// [`ErrorKind::LoneSurrogate`].
    #[inline]
    pub fn transcode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if !self.is_escaped() {
            // Valid JSON without a backslash holds nothing that Python would escape.
            out.extend_from_slice(self.quoted.as_bytes());
            return Ok(());
        }
        self.transcode_escaped(out)
    }

    fn transcode_escaped(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let mut lone = false;
        out.push(b'"');
        string::for_each_char(self.text(), |code| match char::from_u32(code) {
            Some(c) => string::push_escaped(out, c),
            None => lone = true,
        });
        out.push(b'"');
        if lone { Err(Error::new(ErrorKind::LoneSurrogate, self.offset)) } else { Ok(()) }
    }
}
