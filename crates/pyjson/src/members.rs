//! The members of an object.

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
        let key = self.key(is_first)?;
        match &key {
            Some(key) => self.keys.stack().push(key),
            None => self.end_object()?,
        }
        Ok(key)
    }

    /// The text from the next key on, behind its quote, for [`Scanner::skip_known_key`]. `None` where
    /// the key has more white space before it than most programs write.
    #[inline(always)]
    pub fn peek_key(&self) -> Option<&'a [u8]> {
        let start = self.plain_quote(self.is_first)? + 1;
        Some(&self.text.as_bytes()[start..])
    }

    /// Steps over the next key, which `rest` begins with, if it is `name`, spelled as most programs
    /// spell it. Otherwise the cursor stays where it is, for [`Scanner::next_key`].
    ///
    /// It isn't compared with the other keys of the object: the caller sees it twice.
    #[inline(always)]
    pub fn skip_known_key(&mut self, rest: &[u8], name: &str) -> bool {
        let found = matches!(rest.strip_prefix(name.as_bytes()), Some([b'"', b':', ..]));
        if found {
            let start = self.text.len().saturating_sub(rest.len());
            // Inside the text, even if `rest` is from another one.
            self.pos = (start + name.len() + r#"":"#.len()).min(self.text.len());
            self.is_first = false;
        }
        found
    }

    /// The next key with its colon, not remembered. `None` after the closing brace.
    #[inline(always)]
    pub(crate) fn key(&mut self, is_first: bool) -> Result<Option<RawString<'a>>, Error> {
        if let Some(key) = self.plain_key(is_first) {
            return Ok(Some(key));
        }
        if self.next_item(is_first, b'}')? { self.any_key().map(Some) } else { Ok(None) }
    }

    /// The next key, if it is written as most programs do: without escapes, and with at most one
    /// space behind the comma. For any other the cursor stays where it is.
    #[inline(always)]
    fn plain_key(&mut self, is_first: bool) -> Option<RawString<'a>> {
        let offset = self.plain_quote(is_first)?;
        let rest = &self.text.as_bytes()[offset + 1..];
        let plain = string::plain_prefix(rest);
        let [b'"', b':', ..] = rest.get(plain..)? else { return None };
        let end = offset + 1 + plain;
        self.pos = end + r#"":"#.len();
        Some(RawString { source: self.text, offset, length: plain, plain })
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
    fn any_key(&mut self) -> Result<RawString<'a>, Error> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    #[inline(never)]
    fn end_object(&mut self) -> Result<(), Error> {
        self.depth -= 1;
        if self.keys.stack().end_object(self.text) {
            if self.rules == Rules::Json {
                return Err(Error::new(ErrorKind::DuplicateKey, self.pos - 1));
            }
            self.has_duplicates = true;
        }
        Ok(())
    }
}
