//! Numbers as they are spelled.

use super::{Error, ErrorKind, Integer, Rules, Scanner};

/// The most digits that CPython converts between `str` and `int`
/// (`sys.int_info.default_max_str_digits`).
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// A number as it is spelled in a text.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    /// The spelling.
    pub text: &'a str,
    /// Whether Python reads a `float`: there is a fraction or an exponent, or it is one of the
    /// words `NaN`, `Infinity` and `-Infinity`.
    pub is_float: bool,
    /// Bytes from the start of the scanned text.
    pub offset: usize,
}

impl<'a> Number<'a> {
    /// What `float()` makes of the number: the nearest double.
    ///
    /// # Errors
    /// [`ErrorKind::NumberOverflow`] for an infinity or `NaN`, [`ErrorKind::IntegerTooLong`].
    pub fn to_f64(&self) -> Result<f64, Error> {
        if !self.is_float {
            self.integer_text()?;
        }
        match self.to_python_float() {
            value if value.is_finite() => Ok(value),
            _ => Err(Error::new(ErrorKind::NumberOverflow, self.offset)),
        }
    }

    /// What Python makes of a float: an infinity where it overflows, and its words.
    pub(crate) fn to_python_float(self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// What Python's `int` makes of a number that is no float.
    ///
    /// # Errors
    /// [`ErrorKind::IntegerTooLong`].
    pub fn to_integer(&self) -> Result<Integer, Error> {
        self.integer_text()?.parse().map_err(|_| Error::new(ErrorKind::IntegerTooLong, self.offset))
    }

    /// How `str()` of the integer spells it. JSON allows one other spelling: `-0`.
    pub(crate) fn integer_text(&self) -> Result<&'a str, Error> {
        let digits = self.text.len() - usize::from(self.text.starts_with('-'));
        if digits > MAX_INTEGER_DIGITS {
            return Err(Error::new(ErrorKind::IntegerTooLong, self.offset));
        }
        Ok(if self.text == "-0" { "0" } else { self.text })
    }
}

impl<'a> Scanner<'a> {
    /// Reads a number.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`].
    #[inline]
    pub fn number(&mut self) -> Result<Number<'a>, Error> {
        self.skip_whitespace();
        let start = self.pos;
        let is_float = self.skip_number()?;
        Ok(Number { text: self.slice(start, self.pos), is_float, offset: start })
    }

    /// Steps over the number that begins here, and says whether it is a float.
    pub(crate) fn skip_number(&mut self) -> Result<bool, Error> {
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'N' | b'I') => return self.skip_python_word().map(|()| true),
            _ => self.skip_digits()?,
        }
        let mut is_float = false;
        if self.peek() == Some(b'.') {
            is_float = true;
            self.pos += 1;
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_float = true;
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.skip_digits()?;
        }
        Ok(is_float)
    }

    /// `NaN` or `Infinity`. The latter alone may have a minus sign, which was read already.
    #[cold]
    fn skip_python_word(&mut self) -> Result<(), Error> {
        let has_sign = self.pos > 0 && self.text().as_bytes()[self.pos - 1] == b'-';
        if self.rules == Rules::Python
            && (self.skip_text("Infinity") || (!has_sign && self.skip_text("NaN")))
        {
            return Ok(());
        }
        Err(self.syntax())
    }

    fn skip_digits(&mut self) -> Result<(), Error> {
        let rest = self.text().as_bytes().get(self.pos..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.pos += count;
        if count == 0 { Err(self.syntax()) } else { Ok(()) }
    }
}
