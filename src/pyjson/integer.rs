//! Integers of any size, as Python's `int` reads and writes them.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::{Error, ErrorKind, Number};

/// The most digits that CPython converts between `str` and `int`
/// (`sys.int_info.default_max_str_digits`).
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// Where the runs of ten decimal digits of Unicode 14.0 begin, the version of CPython 3.11
/// (general category `Nd`; every run is 0 to 9 in order).
const DECIMAL_ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
    0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
    0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// A Python `int`, kept as the decimal text that `str()` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integer<'a>(Cow<'a, str>);

impl<'a> Integer<'a> {
    /// Takes a JSON number that has no fraction and no exponent.
    ///
    /// # Errors
    /// [`ErrorKind::IntegerTooLong`].
    pub fn from_number(number: Number<'a>) -> Result<Self, Error> {
        let digits = number.text.len() - usize::from(number.text.starts_with('-'));
        if digits > MAX_INTEGER_DIGITS {
            return Err(Error::new(ErrorKind::IntegerTooLong, number.offset));
        }
        // JSON allows no other spelling that Python would change.
        let text = if number.text == "-0" { "0" } else { number.text };
        Ok(Self(Cow::Borrowed(text)))
    }

    /// `int(value)` of a finite float: towards zero, all digits exact.
    #[must_use]
    pub fn from_float(value: f64) -> Integer<'static> {
        let text = match exact_i64(value) {
            Some(value) => value.to_string(),
            None => format!("{:.0}", value.trunc()),
        };
        Integer(Cow::Owned(text))
    }

    /// The decimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether Python calls this number false.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == "0"
    }

    /// The number itself.
    #[must_use]
    pub fn to_big(&self) -> BigInt {
        // The text is made of digits and one sign at most, so parsing does not fail.
        self.0.parse().unwrap_or_default()
    }
}

/// Appends `str(int(value))` of a finite float.
pub fn write_truncated(out: &mut Vec<u8>, value: f64) {
    match exact_i64(value) {
        Some(value) => write_i64(out, value),
        None => out.extend_from_slice(Integer::from_float(value).as_str().as_bytes()),
    }
}

/// Every time of day, towards zero: many times as fast as the exact digits of any float.
fn exact_i64(value: f64) -> Option<i64> {
    (value.abs() < 9e18).then_some(value as i64)
}

/// Appends `str(value)`.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

impl From<u64> for Integer<'static> {
    fn from(value: u64) -> Self {
        Self(Cow::Owned(value.to_string()))
    }
}

impl Number<'_> {
    /// What `float()` makes of this number: the nearest double.
    ///
    /// # Errors
    /// [`ErrorKind::NumberOverflow`], and [`ErrorKind::IntegerTooLong`] for an integer that
    /// Python refuses to read.
    pub fn to_f64(&self) -> Result<f64, Error> {
        if !self.is_float {
            Integer::from_number(*self)?;
        }
        match self.text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(Error::new(ErrorKind::NumberOverflow, self.offset)),
        }
    }
}

/// `int(text)` as a command line applies it: white space around, a sign, single underscores
/// between digits, decimal digits of any script.
///
/// Returns `None` where Python raises `ValueError`.
#[must_use]
pub fn parse_python_int(text: &str) -> Option<Integer<'static>> {
    let text = text.trim_matches(char::is_whitespace);
    let (sign, text) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let mut digits = String::with_capacity(text.len());
    let mut count = 0;
    let mut after_digit = false;
    for c in text.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = decimal_digit(c)?;
        after_digit = true;
        count += 1;
        if digit != '0' || !digits.is_empty() {
            digits.push(digit);
        }
    }
    if !after_digit || count > MAX_INTEGER_DIGITS {
        return None;
    }
    Some(Integer(Cow::Owned(match (digits.is_empty(), sign) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{digits}"),
        (false, false) => digits,
    })))
}

fn decimal_digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let run = DECIMAL_ZEROS.partition_point(|&zero| zero <= code).checked_sub(1)?;
    char::from_digit(code - DECIMAL_ZEROS[run], 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Option<String> {
        parse_python_int(text).map(|n| n.as_str().to_owned())
    }

    /// The expectations are what CPython 3.11 answered for `int(text)`.
    #[test]
    fn reads_what_int_reads() {
        for (text, value) in [
            ("007", "7"),
            ("-00", "0"),
            ("+5", "5"),
            (" 1_000\t", "1000"),
            ("\u{a0}5", "5"),
            ("\u{85}5", "5"),
            ("\u{663}_\u{664}", "34"),
            ("\u{ff11}\u{ff12}", "12"),
        ] {
            assert_eq!(int(text).as_deref(), Some(value), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_int_refuses() {
        let long = "1".repeat(4301);
        for text in [
            "",
            "_1",
            "1_",
            "1__0",
            "+ 5",
            "--5",
            "0x10",
            "5\0",
            "\u{1c}5",
            "\u{200b}5",
            "1.0",
            &long,
        ] {
            assert_eq!(int(text), None, "{text:?}");
        }
        assert!(int(&"1".repeat(4300)).is_some());
    }

    #[test]
    fn floats_become_exact_integers() {
        assert_eq!(Integer::from_float(-0.5).as_str(), "0");
        assert_eq!(Integer::from_float(-0.0).as_str(), "0");
        assert_eq!(
            Integer::from_float(8_999_999_999_999_998_976.0).as_str(),
            "8999999999999998976"
        );
        assert_eq!(Integer::from_float(-9e18).as_str(), "-9000000000000000000");
        assert_eq!(Integer::from_float(1e23).as_str(), "99999999999999991611392");
        assert_eq!(Integer::from_float(-1_700_000_000.9).as_str(), "-1700000000");
    }
}
