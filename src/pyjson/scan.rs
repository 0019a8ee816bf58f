//! A cursor over a JSON text: validates by RFC 8259 and borrows what it reads.

use super::raw_string::Spelling;
use super::{Error, ErrorKind, RawString, string};

/// The six kinds of JSON value, told by the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`, Python's `dict`
    Object,
    /// `[…]`, Python's `list`
    Array,
    /// `"…"`, Python's `str`
    String,
    /// Python's `int` or `float`
    Number,
    /// `true` or `false`, Python's `bool`
    Bool,
    /// `null`, Python's `None`
    Null,
}

/// A number as it was spelled.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    /// The spelling.
    pub text: &'a str,
    /// Whether Python reads a `float`: there is a fraction or an exponent.
    pub is_float: bool,
    /// Bytes from the start of the scanned text.
    pub offset: usize,
}

/// A cursor over a JSON text.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    pub(super) pos: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, pos: 0 }
    }

    /// All of the text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Bytes from the start of the text.
    #[must_use]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// What lies between two positions of this text.
    #[must_use]
    #[inline]
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The kind of the value that comes next.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where no value begins.
    #[inline]
    pub fn peek_kind(&mut self) -> Result<Kind, Error> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.syntax()),
        }
    }

    /// Steps into `{`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] when no object begins here.
    pub fn begin_object(&mut self) -> Result<(), Error> {
        self.expect(b'{')
    }

    /// Steps into `[`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] when no array begins here.
    pub fn begin_array(&mut self) -> Result<(), Error> {
        self.expect(b'[')
    }

    /// The next key of the object, the cursor then being at its value; `None` after the closing
    /// brace. `first` says that nothing of this object was read yet.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    #[inline(always)]
    pub fn next_key(&mut self, first: bool) -> Result<Option<RawString<'a>>, Error> {
        if let Some(key) = self.plain_key(first) {
            return Ok(Some(key));
        }
        if self.peek() == Some(b'}') {
            self.pos += 1;
            return Ok(None);
        }
        self.any_key(first)
    }

    /// The next key as most programs write it: without escapes, and no white space around it. For
    /// any other, and at the end, the cursor stays where it is.
    #[inline(always)]
    fn plain_key(&mut self, first: bool) -> Option<RawString<'a>> {
        let mut rest = self.text.as_bytes().get(self.pos..)?;
        if !first {
            rest = rest.strip_prefix(b",")?;
        }
        let [b'"', rest @ ..] = rest else { return None };
        let plain = string::plain_prefix(rest);
        let Some([b'"', b':', ..]) = rest.get(plain..) else { return None };
        let start = self.pos + usize::from(!first);
        let end = start + plain + 2;
        self.pos = end + 1;
        let quoted = self.slice(start, end);
        Some(RawString { quoted, spelling: Spelling::Plain, offset: start })
    }

    /// Steps over members as long as each is spelled as most programs spell it and has the text
    /// `value` for its value, at least one character; none of them is the first of its object.
    /// `each` is given a member's spelling up to its value, comma and colon included, and where that
    /// begins in the text.
    #[inline(always)]
    pub(crate) fn members_with(&mut self, value: &str, mut each: impl FnMut(&'a [u8], usize)) {
        let bytes = self.text.as_bytes();
        while let Some([b',', b'"', rest @ ..]) = bytes.get(self.pos..) {
            let plain = string::plain_prefix(rest);
            let Some((key, [b'"', b':', rest @ ..])) = rest.split_at_checked(plain) else { break };
            if !rest.starts_with(value.as_bytes()) {
                break;
            }
            let start = self.pos;
            self.pos += key.len() + 4;
            each(&bytes[start..self.pos], start);
            self.pos += value.len();
        }
    }

    fn any_key(&mut self, first: bool) -> Result<Option<RawString<'a>>, Error> {
        if !self.next_item(first, b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Whether the array has another element, the cursor then being at it; steps over the
    /// closing bracket otherwise. `first` as in [`Scanner::next_key`].
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn next_element(&mut self, first: bool) -> Result<bool, Error> {
        self.next_item(first, b']')
    }

    #[inline]
    fn next_item(&mut self, first: bool, close: u8) -> Result<bool, Error> {
        self.skip_whitespace();
        if self.peek() == Some(close) {
            self.pos += 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            self.skip_whitespace();
        }
        Ok(true)
    }

    /// Reads an array that Python would spell just so: one or more strings without escapes, and no
    /// white space; `each` is given what stands between the quotes. For any other the cursor stays
    /// where it is, whatever `each` was given.
    #[inline(always)]
    pub(crate) fn plain_strings(&mut self, mut each: impl FnMut(&'a [u8])) -> Option<&'a str> {
        let mut rest = self.text.as_bytes().get(self.pos..)?.strip_prefix(b"[")?;
        loop {
            let string = rest.strip_prefix(b"\"")?;
            let (string, end) = string.split_at_checked(string::plain_prefix(string))?;
            each(string);
            rest = match end {
                [b'"', b',', rest @ ..] => rest,
                [b'"', b']', rest @ ..] => {
                    let start = self.pos;
                    self.pos = self.text.len() - rest.len();
                    return Some(self.slice(start, self.pos));
                }
                _ => return None,
            };
        }
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn string(&mut self) -> Result<RawString<'a>, Error> {
        self.skip_whitespace();
        let start = self.pos;
        let spelling = Spelling::new(self.skip_string()?);
        Ok(RawString { quoted: self.slice(start, self.pos), spelling, offset: start })
    }

    /// Steps over the string that begins here, and says whether a backslash is in it.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Result<bool, Error> {
        let Some([b'"', rest @ ..]) = self.text.as_bytes().get(self.pos..) else {
            return Err(self.syntax());
        };
        let plain = string::plain_prefix(rest);
        self.pos += 1 + plain;
        if rest.get(plain) == Some(&b'"') {
            self.pos += 1;
            return Ok(false);
        }
        self.skip_rest_of_string()
    }

    #[cold]
    fn skip_rest_of_string(&mut self) -> Result<bool, Error> {
        let bytes = self.text.as_bytes();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return Err(self.syntax()),
            }
            self.pos += string::plain_prefix(&bytes[self.pos..]);
        }
        self.pos += 1;
        Ok(true)
    }

    fn escape(&mut self) -> Result<(), Error> {
        let rest = &self.text.as_bytes()[self.pos + 1..];
        let length = match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', digits @ ..]
                if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) =>
            {
                6
            }
            _ => return Err(self.syntax()),
        };
        self.pos += length;
        Ok(())
    }

    /// Reads a number.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn number(&mut self) -> Result<Number<'a>, Error> {
        self.skip_whitespace();
        let start = self.pos;
        let is_float = self.skip_number()?;
        Ok(Number { text: self.slice(start, self.pos), is_float, offset: start })
    }

    /// Steps over the number that begins here, and says whether it is a float.
    pub(super) fn skip_number(&mut self) -> Result<bool, Error> {
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        if self.peek() == Some(b'0') {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        let mut is_float = false;
        if self.peek() == Some(b'.') {
            is_float = true;
            self.pos += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_float = true;
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(is_float)
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.pos;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.pos += 1;
        }
        if self.pos == start { Err(self.syntax()) } else { Ok(()) }
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn bool(&mut self) -> Result<bool, Error> {
        self.skip_whitespace();
        if self.peek() == Some(b't') {
            self.literal("true").map(|()| true)
        } else {
            self.literal("false").map(|()| false)
        }
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn null(&mut self) -> Result<(), Error> {
        self.skip_whitespace();
        self.literal("null")
    }

    fn literal(&mut self, word: &str) -> Result<(), Error> {
        if self.skip_text(word) { Ok(()) } else { Err(self.syntax()) }
    }

    /// Steps over `text` if it comes next, and says whether it did.
    pub fn skip_text(&mut self, text: &str) -> bool {
        let found = self.text.as_bytes()[self.pos..].starts_with(text.as_bytes());
        if found {
            self.pos += text.len();
        }
        found
    }

    /// Checks that nothing but white space follows.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn end(&mut self) -> Result<(), Error> {
        self.skip_whitespace();
        if self.pos == self.text.len() { Ok(()) } else { Err(self.syntax()) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        self.skip_whitespace();
        if self.peek() == Some(byte) {
            self.pos += 1;
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    fn syntax(&self) -> Error {
        Error::new(ErrorKind::Syntax, self.pos)
    }
}
