//! Numbers as they are spelled, and CPython's `repr` of floats.

use super::integer::MAX_INTEGER_DIGITS;
use super::{Error, ErrorKind, Integer, Rules, Scanner};

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
    #[inline(always)]
    pub(crate) fn skip_number(&mut self) -> Result<bool, Error> {
        let is_negative = self.skip_one_of(b"-");
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'N' | b'I') if self.skip_python_word(is_negative) => return Ok(true),
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
    fn skip_python_word(&mut self, is_negative: bool) -> bool {
        self.rules == Rules::Python
            && (self.skip_text("Infinity") || !is_negative && self.skip_text("NaN"))
    }

    fn skip_digits(&mut self) -> Result<(), Error> {
        let start = self.pos;
        while let Some(b'0'..=b'9') = self.peek() {
            self.pos += 1;
        }
        if self.pos == start { Err(self.syntax()) } else { Ok(()) }
    }
}

/// Appends `repr(value)` of a finite `float`.
///
/// ```
/// let mut out = Vec::new();
/// pyjson::write_float(&mut out, 2f64.powi(-25));
/// assert_eq!(out, b"2.9802322387695312e-08");
/// ```
///
/// The digits are the shortest that read back as the same double, the nearest of them in a tie
/// (CPython's `dtoa` in mode 0, here `ryu`; Rust's own formatting differs in ties). The layout
/// is `float_repr_style = 'short'` of CPython's `PyOS_double_to_string`: an exponent below 1e-4
/// and from 1e16, at least two digits of it, and always a `.0` or an exponent. The layout of
/// `ryu` differs in two things: its exponents are short, and they begin below 1e-5.
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let digits = text.trim_start_matches('-');
    if let Some((mantissa, exponent)) = text.split_once('e') {
        // From 1e-7 to 1e-07, and from 1e16 to 1e+16.
        let exponent: i32 = exponent.parse().unwrap_or_default();
        out.extend_from_slice(format!("{mantissa}e{exponent:+03}").as_bytes());
    } else if let Some(digits) = digits.strip_prefix("0.0000") {
        // From 0.0000123 to 1.23e-05.
        let (first, rest) = digits.split_at(1);
        let sign = if value < 0.0 { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        out.extend_from_slice(format!("{sign}{first}{point}{rest}e-05").as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Appends what `json.dumps` writes for any `float`.
pub(crate) fn write_python_float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        write_float(out, value);
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else {
        out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    /// Both sides of each limit of the layout.
    #[test]
    fn the_layout_is_that_of_repr() {
        for text in [
            "0.0",
            "-0.0",
            "1.0",
            "-12.5",
            "0.1",
            "0.001234",
            "0.0001",
            "-0.00012",
            "1e-05",
            "-1.2e-05",
            "9.999e-05",
            "1e-06",
            "1.5e-07",
            "5e-324",
            "123456789012345.6",
            "1234567890123456.0",
            "9999999999999998.0",
            "1e+16",
            "-1.2345678901234568e+16",
            "1e+22",
            "1.7976931348623157e+308",
        ] {
            assert_eq!(repr(text.parse().unwrap()), text);
        }
    }

    /// `(bits, repr)` pairs would be hand-written; the oracle's are in `compat-fixtures/`. Here:
    /// what is written reads back as the same double.
    #[test]
    fn reads_back() {
        let mut bits = 1u64;
        for _ in 0..200_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits);
            if !value.is_finite() {
                continue;
            }
            let text = repr(value);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{text}");
            assert!(text.contains(['.', 'e']), "{text}");
        }
    }
}
