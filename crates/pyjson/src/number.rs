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
        self.to_float(Rules::Json)
    }

    /// What Python makes of a float. An infinity or `NaN` is an error under [`Rules::Json`].
    pub(crate) fn to_float(self, rules: Rules) -> Result<f64, Error> {
        let value = self.text.parse().unwrap_or(f64::NAN);
        if rules == Rules::Json && !value.is_finite() {
            return Err(Error::new(ErrorKind::NumberOverflow, self.offset));
        }
        Ok(value)
    }

    /// What Python's `int` makes of a number that is no float.
    ///
    /// # Errors
    /// [`ErrorKind::IntegerTooLong`].
    pub fn to_integer(&self) -> Result<Integer, Error> {
        Integer::from_digits(self.integer_text()?.as_bytes())
            .ok_or(Error::new(ErrorKind::IntegerTooLong, self.offset))
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
        let is_negative = self.skip_one_of(b"-");
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'N' | b'I') => return self.skip_python_word(is_negative).map(|()| true),
            _ => self.skip_digits()?,
        }
        let has_fraction = self.skip_one_of(b".");
        if has_fraction {
            self.skip_digits()?;
        }
        let has_exponent = self.skip_one_of(b"eE");
        if has_exponent {
            self.skip_one_of(b"+-");
            self.skip_digits()?;
        }
        Ok(has_fraction || has_exponent)
    }

    /// `NaN` or `Infinity`. The latter alone may have a minus sign, which was read already.
    #[cold]
    fn skip_python_word(&mut self, is_negative: bool) -> Result<(), Error> {
        let has_words = self.rules == Rules::Python;
        let found =
            has_words && (self.skip_text("Infinity") || !is_negative && self.skip_text("NaN"));
        if found { Ok(()) } else { Err(self.syntax()) }
    }

    fn skip_digits(&mut self) -> Result<(), Error> {
        let start = self.pos;
        while let Some(b'0'..=b'9') = self.peek() {
            self.pos += 1;
        }
        if self.pos == start { Err(self.syntax()) } else { Ok(()) }
    }
}
