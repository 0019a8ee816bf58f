//! Integers of any size.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Add;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

/// The most digits that CPython converts between `str` and `int`
/// (`sys.int_info.default_max_str_digits`).
pub const MAX_INTEGER_DIGITS: usize = 4300;

/// A Python `int`.
///
/// ```
/// use pyjson::Integer;
///
/// let sum = &Integer::from(i64::MAX) + &Integer::from(1);
/// assert_eq!(sum.to_string(), "9223372036854775808");
/// assert!(sum.is_less_than_f64(9.3e18));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Integer(Size);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Size {
    Small(i64),
    /// Only what doesn't fit an `i64`, so that equal numbers are equal values.
    Big(Box<BigInt>),
}

impl Integer {
    /// `int(value)` of a finite float: towards zero, every digit exact. `None` for an infinity or
    /// NaN.
    pub fn from_f64(value: f64) -> Option<Self> {
        // Any time of day is below this, and far cheaper to convert.
        if value.abs() < 9e18 {
            return Some(Self::from(value as i64));
        }
        BigInt::from_f64(value.trunc()).map(Self::from_big)
    }

    fn from_big(value: BigInt) -> Self {
        Self(value.to_i64().map_or_else(|| Size::Big(Box::new(value)), Size::Small))
    }

    fn to_big(&self) -> BigInt {
        match &self.0 {
            Size::Small(value) => BigInt::from(*value),
            Size::Big(value) => (**value).clone(),
        }
    }

    /// Reads decimal digits with an optional minus sign, and nothing else: what `str()` of an `int`
    /// writes. Python's `int()` reads more.
    pub fn from_digits(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let value = digits.iter().try_fold(0i64, |value, digit| {
            let next = value.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0')));
            digit.is_ascii_digit().then_some(next)
        })?;
        match digits.len() {
            0 => None,
            // This many digits always fit.
            1..=18 => Some(Self::from(if digits.len() < text.len() { -value } else { value })),
            _ => BigInt::parse_bytes(text, 10).map(Self::from_big),
        }
    }

    /// The number, if it fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Size::Small(value) => Some(value),
            Size::Big(_) => None,
        }
    }

    /// `float(self)`, the nearest double. `None` where Python raises `OverflowError`.
    pub fn to_f64(&self) -> Option<f64> {
        match &self.0 {
            Size::Small(value) => Some(*value as f64),
            // `BigInt::to_f64` of num-bigint 0.4.8 rounds wrongly from 129 bits on. Parsing digits
            // doesn't.
            Size::Big(value) => {
                value.to_string().parse().ok().filter(|float: &f64| float.is_finite())
            }
        }
    }

    /// Whether Python calls the number false.
    pub fn is_zero(&self) -> bool {
        self.0 == Size::Small(0)
    }

    /// `self < float`, exact as in Python: neither side is rounded. False for NaN.
    pub fn is_less_than_f64(&self, float: f64) -> bool {
        match Self::from_f64(float.floor()) {
            Some(floor) => *self < floor || (*self == floor && float > float.floor()),
            None => float > 0.0,
        }
    }

    /// Whether Python writes the number in decimal: `str()` raises `ValueError` from 4,301 digits on.
    pub fn has_python_str(&self) -> bool {
        match &self.0 {
            Size::Small(_) => true,
            // A limit on bits would be cheaper, and inexact. Such numbers are rare.
            Size::Big(value) => value.magnitude().to_string().len() <= MAX_INTEGER_DIGITS,
        }
    }

    /// Appends `str(self)`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Size::Small(value) => {
                out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes());
            }
            Size::Big(value) => out.extend_from_slice(value.to_string().as_bytes()),
        }
    }
}

impl Add for &Integer {
    type Output = Integer;

    fn add(self, other: Self) -> Integer {
        if let (Size::Small(a), Size::Small(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Integer::from(sum);
        }
        Integer::from_big(self.to_big() + other.to_big())
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Size::Small(a), Size::Small(b)) => a.cmp(b),
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self(Size::Small(value))
    }
}

impl From<i32> for Integer {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::from_big(value.into()), Self::from)
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Size::Small(value) => value.fmt(f),
            Size::Big(value) => value.fmt(f),
        }
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Integer {
        Integer::from_digits(text.as_bytes()).unwrap()
    }

    #[test]
    fn floats_become_exact_integers() {
        for (float, text) in [
            (-0.5, "0"),
            (-0.0, "0"),
            (8_999_999_999_999_998_976.0, "8999999999999998976"),
            (-9e18, "-9000000000000000000"),
            (9_223_372_036_854_775_808.0, "9223372036854775808"),
            (1e23, "99999999999999991611392"),
            (-1_700_000_000.9, "-1700000000"),
        ] {
            assert_eq!(Integer::from_f64(float).unwrap().to_string(), text);
        }
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Integer::from_f64(float), None);
        }
    }

    #[test]
    fn comparison_with_a_float_rounds_neither() {
        // 2^53 + 1 has no double: the nearest one is 2^53.
        let above = int("9007199254740993");
        assert!(!above.is_less_than_f64(9_007_199_254_740_992.0));
        assert!(int("9007199254740991").is_less_than_f64(9_007_199_254_740_992.0));
        assert!(int("3").is_less_than_f64(3.5) && !int("3").is_less_than_f64(3.0));
        assert!(int("-4").is_less_than_f64(-3.5) && !int("-3").is_less_than_f64(-3.5));
        let huge = int(&"9".repeat(400));
        assert!(huge.is_less_than_f64(f64::INFINITY) && !huge.is_less_than_f64(f64::MAX));
        assert!(!huge.is_less_than_f64(f64::NEG_INFINITY) && !huge.is_less_than_f64(f64::NAN));
    }

    #[test]
    fn the_two_sizes_are_one_number() {
        let max = Integer::from(i64::MAX);
        let beyond = &max + &Integer::from(1);
        assert_eq!(beyond, int("9223372036854775808"));
        assert!(max < beyond && beyond.to_i64().is_none());
        assert_eq!(&beyond + &Integer::from(-1), max);
        assert_eq!(Integer::from(u64::MAX).to_string(), u64::MAX.to_string());
        assert_eq!(int(&"9".repeat(400)).to_f64(), None);
        assert_eq!(int("-0"), Integer::from(0));
        for text in ["", "-", "+1", "1_0", " 1", "1.0", "0x1"] {
            assert_eq!(Integer::from_digits(text.as_bytes()), None, "{text}");
        }
        // Beside halfway between two doubles, as Python rounds them.
        let rounded = int("2084722230137490864346304649420146212864").to_f64();
        assert_eq!(rounded, Some(2.084722230137491e39));
        let rounded = int("-49000818579269185485105444544693836063965184").to_f64();
        assert_eq!(rounded, Some(-4.900081857926919e43));
    }
}
