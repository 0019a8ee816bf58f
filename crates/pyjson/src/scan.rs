//! A cursor over a JSON text: validates as it goes and borrows what it reads.

use super::{Error, ErrorKind, Keys, MAX_DEPTH, RawString, string};

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

/// Which texts are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// RFC 8259, without duplicate keys, lone surrogates and numbers that overflow a double.
    #[default]
    Json,
    /// What `json.loads` accepts: the above, and `NaN`, `Infinity` and `-Infinity`.
    Python,
}

/// A cursor over a JSON text.
///
/// Containers are read as `begin_object` and `next_key`, or `begin_array` and `next_element`, until
/// these say that the container has ended. The scanner counts how deep it is, and finds duplicates
/// of the keys that [`Scanner::next_key`] reads. [`Scanner::skip_known_key`] and
/// [`Scanner::raw_value`] leave that to the caller.
///
/// ```
/// use pyjson::{Kind, Scanner};
///
/// let mut scanner = Scanner::new(r#"{"id": 7, "tags": ["a"]}"#);
/// scanner.begin_object()?;
/// while let Some(key) = scanner.next_key()? {
///     let value = scanner.raw_value()?;
///     println!("{} is {}", key.to_str()?, value.text);
/// }
/// scanner.end()?;
/// # Ok::<(), pyjson::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Scanner<'a> {
    pub(crate) text: &'a str,
    pub(crate) pos: usize,
    pub(crate) rules: Rules,
    /// How many containers are open.
    pub(crate) depth: usize,
    /// Whether nothing has been read since a container was opened.
    pub(crate) is_first: bool,
    /// Whether an object had equal keys. Under [`Rules::Json`] that is an error.
    pub(crate) has_duplicates: bool,
    /// Whether [`Scanner::transcode`] has met a number that JSON doesn't have.
    pub(crate) has_python_number: bool,
    pub(crate) keys: Keys,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`, under [`Rules::Json`].
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::with_keys(text, Rules::Json, Keys::default())
    }

    /// The same under the given rules, with memory that another scanner gave back by
    /// [`Scanner::into_keys`].
    #[must_use]
    pub fn with_keys(text: &'a str, rules: Rules, keys: Keys) -> Self {
        Self { text, rules, keys, ..Self::default() }
    }

    /// The memory for another scanner.
    pub fn into_keys(self) -> Keys {
        let mut keys = self.keys;
        keys.clear();
        keys
    }

    /// Bytes from the start of the text.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// How many containers are open here.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether [`Scanner::transcode`] has written `NaN` or an infinity, which JSON doesn't have.
    pub fn has_python_number(&self) -> bool {
        self.has_python_number
    }

    /// The text between two positions.
    #[inline]
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The kind of the next value.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where no value begins.
    #[inline(always)]
    pub fn peek_kind(&mut self) -> Result<Kind, Error> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(b'N' | b'I') if self.rules == Rules::Python => Ok(Kind::Number),
            _ => Err(self.syntax()),
        }
    }

    /// Steps into an object.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where none begins, [`ErrorKind::TooDeep`].
    #[inline]
    pub fn begin_object(&mut self) -> Result<(), Error> {
        self.begin(b'{')?;
        self.keys.stack().begin_object();
        Ok(())
    }

    /// Steps into an array.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] where none begins, [`ErrorKind::TooDeep`].
    #[inline]
    pub fn begin_array(&mut self) -> Result<(), Error> {
        self.begin(b'[')
    }

    #[inline]
    fn begin(&mut self, open: u8) -> Result<(), Error> {
        self.expect(open)?;
        if self.depth == MAX_DEPTH {
            return Err(Error::new(ErrorKind::TooDeep, self.pos - 1));
        }
        self.depth += 1;
        self.is_first = true;
        Ok(())
    }

    /// Whether the array has another element, with the cursor at it. Steps over the closing
    /// bracket otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    #[inline]
    pub fn next_element(&mut self) -> Result<bool, Error> {
        let is_first = std::mem::take(&mut self.is_first);
        let more = self.next_item(is_first, b']')?;
        self.depth -= usize::from(!more);
        Ok(more)
    }

    /// Steps over a comma, or over what closes the container.
    #[inline]
    pub(crate) fn next_item(&mut self, is_first: bool, close: u8) -> Result<bool, Error> {
        self.skip_whitespace();
        if self.skip_one_of(&[close]) {
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
            self.skip_whitespace();
        }
        Ok(true)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    #[inline(always)]
    pub fn string(&mut self) -> Result<RawString<'a>, Error> {
        self.skip_whitespace();
        let offset = self.pos;
        let plain = self.skip_string()?;
        Ok(RawString { source: self.text, offset, length: self.pos - offset - 2, plain })
    }

    /// Steps over the string that begins here, and counts the bytes before its first escape.
    #[inline(always)]
    fn skip_string(&mut self) -> Result<usize, Error> {
        let Some([b'"', rest @ ..]) = self.text.as_bytes().get(self.pos..) else {
            return Err(self.syntax());
        };
        let plain = string::plain_prefix(rest);
        self.pos += 1 + plain;
        if rest.get(plain) != Some(&b'"') {
            self.skip_escapes()?;
        }
        self.pos += 1;
        Ok(plain)
    }

    /// Steps over the rest of a string, up to its last quote.
    #[cold]
    fn skip_escapes(&mut self) -> Result<(), Error> {
        let bytes = self.text.as_bytes();
        loop {
            self.pos += match &bytes[self.pos..] {
                [b'"', ..] => return Ok(()),
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'u', digits @ ..]
                    if digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) =>
                {
                    6
                }
                _ => return Err(self.syntax()),
            };
            self.pos += string::plain_prefix(&bytes[self.pos..]);
        }
    }

    /// Steps over the value of this kind that begins here. It is no container.
    #[inline(always)]
    pub(crate) fn skip_scalar(&mut self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::String => self.skip_string().map(drop),
            Kind::Number => self.skip_number().map(drop),
            _ if ["null", "true", "false"].iter().any(|word| self.skip_text(word)) => Ok(()),
            _ => Err(self.syntax()),
        }
    }

    /// Steps over `text` if it comes next, and says whether it did.
    pub(crate) fn skip_text(&mut self, text: &str) -> bool {
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

    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    /// Steps over one of these bytes if it comes next, and says whether it did.
    #[inline(always)]
    pub(crate) fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        let found = self.peek().is_some_and(|next| bytes.contains(&next));
        self.pos += usize::from(found);
        found
    }

    #[inline(always)]
    pub(crate) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        self.skip_whitespace();
        if self.skip_one_of(&[byte]) { Ok(()) } else { Err(self.syntax()) }
    }

    pub(crate) fn syntax(&self) -> Error {
        Error::new(ErrorKind::Syntax, self.pos)
    }
}
