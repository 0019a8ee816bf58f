//! A cursor over a JSON text: validates as it goes and borrows what it reads.

use super::keys::Keys;
use super::kind::{Kind, Rules};
use super::lists::{List, Object, is_same};
use super::raw::Escapes;
use super::{Error, ErrorKind, MAX_DEPTH, RawString, string};

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
#[derive(Debug)]
pub struct Scanner<'a> {
    pub(crate) text: &'a str,
    pub(crate) pos: usize,
    pub(crate) rules: Rules,
    /// How many containers are open.
    pub(crate) depth: usize,
    /// Whether nothing has been read since a container was opened.
    pub(crate) is_first: bool,
    /// Whether the object that ended last has equal keys. Under [`Rules::Json`] that is an error.
    pub(crate) has_duplicates: bool,
    /// Whether [`Scanner::transcode`] has met a number that JSON doesn't have.
    pub(crate) has_python_number: bool,
    last_list: List,
    last_object: Object,
    pub(crate) keys: Keys,
}

/// See [`Scanner::state`].
#[derive(Clone, Copy)]
pub(crate) struct State {
    pos: usize,
    depth: usize,
    is_first: bool,
    has_python_number: bool,
    open_objects: usize,
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
        Self {
            text,
            pos: 0,
            rules,
            depth: 0,
            is_first: false,
            has_duplicates: false,
            has_python_number: false,
            last_list: List::default(),
            last_object: Object::default(),
            keys,
        }
    }

    /// The memory for another scanner.
    #[must_use]
    pub fn into_keys(self) -> Keys {
        let mut keys = self.keys;
        keys.clear();
        keys
    }

    /// The scanner's position, so that a value can be read again.
    pub(crate) fn state(&self) -> State {
        State {
            pos: self.pos,
            depth: self.depth,
            is_first: self.is_first,
            has_python_number: self.has_python_number,
            open_objects: self.keys.open_objects(),
        }
    }

    /// Goes back to where the scanner was, whatever it has read since.
    pub(crate) fn restore(&mut self, state: State) {
        self.pos = state.pos;
        self.depth = state.depth;
        self.is_first = state.is_first;
        self.has_python_number = state.has_python_number;
        self.keys.leave_objects(state.open_objects);
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Bytes from the start of the text.
    #[must_use]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// How many containers are open here.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether [`Scanner::transcode`] has written `NaN` or an infinity, which JSON doesn't have.
    #[must_use]
    pub fn has_python_number(&self) -> bool {
        self.has_python_number
    }

    /// The text between two positions.
    #[must_use]
    #[inline]
    pub fn slice(&self, start: usize, end: usize) -> &'a str {
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
        self.keys.begin_object();
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
        match self.peek() {
            Some(byte) if byte == close => {
                self.pos += 1;
                return Ok(false);
            }
            Some(b',') if !is_first => self.pos += 1,
            _ if is_first => return Ok(true),
            _ => return Err(self.syntax()),
        }
        self.skip_whitespace();
        Ok(true)
    }

    /// Reads an array of one or more strings without escapes, such as a list of actions, and remembers
    /// it for [`Scanner::same_strings`]. `each` is given what stands between the quotes. For any
    /// other value the cursor stays where it is, whatever `each` was given.
    #[inline(always)]
    pub fn plain_strings(&mut self, each: impl FnMut(&'a [u8])) -> bool {
        match List::read(self.text.as_bytes(), self.pos, each) {
            Some(list) if self.depth < MAX_DEPTH => {
                self.last_list = list;
                self.pos = list.end;
                true
            }
            _ => false,
        }
    }

    /// Steps over the list that [`Scanner::plain_strings`] has read last, if it comes once more, at
    /// most a space away. Many tables often have the same list.
    #[inline(always)]
    pub fn same_strings(&mut self) -> bool {
        let List { start, end, .. } = self.last_list;
        let at = self.pos + usize::from(self.peek() == Some(b' '));
        let is_same = self.depth < MAX_DEPTH && is_same(self.text.as_bytes(), start, end, at);
        if is_same {
            self.pos = at + (end - start);
        }
        is_same
    }

    /// Remembers the object that began at `start` and has just ended, for [`Scanner::same_object`].
    /// Around it `depth` containers are open.
    pub fn remember_object(&mut self, start: usize, depth: usize) {
        self.last_object = Object { start, end: self.pos, depth };
    }

    #[inline]
    pub(crate) fn forget_object(&mut self) {
        self.last_object = Object::default();
    }

    /// Steps over the object that was remembered last, if it comes once more. `depth` is how many
    /// containers are open here: no more than there, so that it can't be nested too deep.
    #[inline(always)]
    pub fn same_object(&mut self, depth: usize) -> bool {
        let Object { start, end, depth: known } = self.last_object;
        let is_same = depth <= known && is_same(self.text.as_bytes(), start, end, self.pos);
        if is_same {
            self.pos += end - start;
        }
        is_same
    }

    /// Whether the list that was read last is spelled as Python spells it.
    pub(crate) fn is_last_list_compact(&self) -> bool {
        self.last_list.is_compact
    }

    /// Reads a string.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    #[inline(always)]
    pub fn string(&mut self) -> Result<RawString<'a>, Error> {
        self.skip_whitespace();
        let start = self.pos;
        let escapes = if self.skip_string()? { Escapes::Some } else { Escapes::None };
        Ok(RawString { text: self.text, start, end: self.pos, escapes })
    }

    /// Reads a string without escapes, and gives what stands between its quotes. For any other value
    /// the cursor stays at it.
    #[inline(always)]
    pub fn plain_string(&mut self) -> Option<&'a str> {
        self.skip_whitespace();
        let start = self.pos + 1;
        let rest = self.text.as_bytes().get(self.pos..)?.strip_prefix(b"\"")?;
        let end = start + string::plain_prefix(rest);
        (rest.get(end - start) == Some(&b'"')).then(|| {
            self.pos = end + 1;
            self.slice(start, end)
        })
    }

    /// Steps over the string that begins here, and says whether it has a backslash.
    #[inline(always)]
    pub(crate) fn skip_string(&mut self) -> Result<bool, Error> {
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
                Some(b'\\') => self.skip_escape()?,
                _ => return Err(self.syntax()),
            }
            self.pos += string::plain_prefix(&bytes[self.pos..]);
        }
        self.pos += 1;
        Ok(true)
    }

    fn skip_escape(&mut self) -> Result<(), Error> {
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

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn bool(&mut self) -> Result<bool, Error> {
        self.skip_whitespace();
        if self.skip_text("true") {
            return Ok(true);
        }
        if self.skip_text("false") { Ok(false) } else { Err(self.syntax()) }
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    pub fn null(&mut self) -> Result<(), Error> {
        self.skip_whitespace();
        if self.skip_text("null") { Ok(()) } else { Err(self.syntax()) }
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

    #[inline(always)]
    pub(crate) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.pos += 1;
        }
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        self.skip_whitespace();
        if self.peek() == Some(byte) {
            self.pos += 1;
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    pub(crate) fn syntax(&self) -> Error {
        Error::new(ErrorKind::Syntax, self.pos)
    }
}
