//! The members of an object.

use super::raw::Escapes;
use super::{Error, ErrorKind, RawString, Rules, Scanner, string};

impl<'a> Scanner<'a> {
    /// The next key of the object, with the cursor at its value. `None` after the closing brace.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`]. [`ErrorKind::DuplicateKey`] under [`Rules::Json`]; the cursor then
    /// stands behind the object, so that a caller may carry on.
    #[inline(always)]
    pub fn next_key(&mut self) -> Result<Option<RawString<'a>>, Error> {
        let is_first = std::mem::take(&mut self.is_first);
        let (start, end, escapes) = match self.plain_key(is_first) {
            Some((start, end)) => (start, end, Escapes::None),
            None if self.next_item(is_first, b'}')? => {
                let RawString { start, end, escapes, .. } = self.key()?;
                (start, end, escapes)
            }
            None => {
                self.end_object()?;
                return Ok(None);
            }
        };
        let is_escaped = escapes != Escapes::None;
        self.keys.push(self.text.as_bytes(), start + 1, end - 1, is_escaped);
        Ok(Some(RawString { text: self.text, start, end, escapes }))
    }

    /// Steps over the next key if it is `name`, spelled as most programs spell it, and says whether it
    /// did. Otherwise the cursor stays where it is, for [`Scanner::next_key`].
    ///
    /// It isn't compared with the other keys of the object: the caller sees it twice.
    #[inline(always)]
    pub fn skip_known_key(&mut self, name: &str) -> bool {
        let Some(start) = self.plain_quote(self.is_first) else { return false };
        let rest = &self.text.as_bytes()[start + 1..];
        let found = matches!(rest.strip_prefix(name.as_bytes()), Some([b'"', b':', ..]));
        if found {
            self.pos = start + name.len() + r#""":"#.len();
            self.is_first = false;
        }
        found
    }

    /// The place of the next key, if it is written as most programs do: without escapes, and with at
    /// most one space behind the comma. For any other the cursor stays where it is.
    #[inline(always)]
    fn plain_key(&mut self, is_first: bool) -> Option<(usize, usize)> {
        let start = self.plain_quote(is_first)?;
        let rest = &self.text.as_bytes()[start + 1..];
        let length = string::plain_prefix(rest);
        let [b'"', b':', ..] = rest.get(length..)? else { return None };
        let end = start + length + 2;
        self.pos = end + 1;
        Some((start, end))
    }

    /// Where the next key begins, with at most one space behind the comma.
    #[inline(always)]
    fn plain_quote(&self, is_first: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut start = self.pos;
        if !is_first {
            start += match bytes.get(start..)? {
                [b',', b' ', ..] => 2,
                [b',', ..] => 1,
                _ => return None,
            };
        }
        (bytes.get(start) == Some(&b'"')).then_some(start)
    }

    #[inline(never)]
    fn end_object(&mut self) -> Result<(), Error> {
        self.depth -= 1;
        let unescape = |key: &[u8]| string::unescape(std::str::from_utf8(key).unwrap_or_default());
        self.has_duplicates = self.keys.end_object(self.text.as_bytes(), unescape);
        if self.has_duplicates && self.rules == Rules::Json {
            return Err(Error::new(ErrorKind::DuplicateKey, self.pos - 1));
        }
        Ok(())
    }

    /// Whether the object that has just ended has two equal keys.
    pub(crate) fn has_duplicates(&self) -> bool {
        self.has_duplicates
    }

    /// Steps over the next key and its colon without remembering it; `false` after the closing brace.
    #[inline(always)]
    pub(crate) fn skip_key(&mut self, is_first: bool) -> Result<bool, Error> {
        if self.plain_key(is_first).is_some() {
            return Ok(true);
        }
        if !self.next_item(is_first, b'}')? {
            return Ok(false);
        }
        self.key().map(|_| true)
    }

    /// A key and its colon.
    #[inline(never)]
    fn key(&mut self) -> Result<RawString<'a>, Error> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }
}
