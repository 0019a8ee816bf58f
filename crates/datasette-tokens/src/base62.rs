//! The base62 of cookies, in both forms that Datasette has had.
//!
//! Up to 0.61.1 that is the package python-baseconv, which divides integers exactly. Since then
//! `datasette/utils/baseconv.py` has another alphabet and divides by `int(number / base)`. From 2^53
//! on that quotient is rounded to a float, so that digits come out wrong, and every cookie has these
//! digits.

use num_bigint::BigUint;
use num_traits::{FromPrimitive, ToPrimitive};
use pyjson::Integer;

/// A number with more base62 digits than this has more than `pyjson::MAX_INTEGER_DIGITS` decimal
/// digits: 62^2400 is over 10^4300. Decoding reads one digit more, which is enough to refuse it.
const MAX_DIGITS_62: usize = 2400;

/// An implementation of base62.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base62 {
    /// The package python-baseconv 1.2.2.
    Baseconv,
    /// `datasette/utils/baseconv.py`.
    Datasette,
}

impl Base62 {
    fn alphabet(self) -> &'static [u8; 62] {
        match self {
            Self::Baseconv => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Datasette => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz",
        }
    }

    /// `int(baseconv.base62.decode(text))`. `None` where Python raises.
    pub(crate) fn decode(self, text: &[u8]) -> Option<Integer> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let place = |digit| self.alphabet().iter().position(|known| known == digit);
        let values = digits.iter().map(|digit| Some(place(digit)? as u8));
        let values = values.skip_while(|value| *value == Some(0)).take(MAX_DIGITS_62 + 1);
        let values: Vec<u8> = values.collect::<Option<_>>()?;
        let number = BigUint::from_radix_be(&values, 62)?;
        let decoded = match self {
            Self::Baseconv => number,
            Self::Datasette => to_decimal_and_back(number)?,
        };
        let sign = if digits.len() < text.len() { "-" } else { "" };
        let decoded = Integer::from_digits(format!("{sign}{decoded}").as_bytes());
        decoded.filter(Integer::has_python_str)
    }

    /// Appends `baseconv.base62.encode(number)`. `false` where Python raises.
    pub(crate) fn write(self, number: &Integer, out: &mut Vec<u8>) -> bool {
        if !number.has_python_str() {
            return false;
        }
        let number = number.to_string();
        let absolute: BigUint = number.trim_start_matches('-').parse().unwrap_or_default();
        let digits = match self {
            Self::Baseconv => Some(absolute.to_radix_be(62)),
            Self::Datasette => divided_digits(absolute),
        };
        let Some(digits) = digits else { return false };
        out.extend(number.starts_with('-').then_some(b'-'));
        out.extend(digits.iter().map(|&digit| self.alphabet()[usize::from(digit)]));
        true
    }

    /// Why [`write`](Self::write) can't write a number.
    pub(crate) fn too_large(self) -> &'static str {
        match self {
            Self::Baseconv => "is too large: Python writes integers of at most 4,300 digits",
            Self::Datasette => "is too large for a 64-bit float",
        }
    }
}

/// Converts to decimal digits with float division, and back to a number.
fn to_decimal_and_back(mut number: BigUint) -> Option<BigUint> {
    let mut decoded = BigUint::ZERO;
    let mut place = BigUint::from(1u32);
    while number != BigUint::ZERO {
        decoded += (&number % 10u32) * &place;
        place *= 10u32;
        number = true_divide(&number, 10)?;
    }
    Some(decoded)
}

/// The base62 digits by float division, most significant first.
fn divided_digits(mut number: BigUint) -> Option<Vec<u8>> {
    let mut digits = Vec::new();
    while number != BigUint::ZERO || digits.is_empty() {
        digits.push((&number % 62u32).to_u8()?);
        number = true_divide(&number, 62)?;
    }
    digits.reverse();
    Some(digits)
}

/// Python's `int(number / divisor)`: the float nearest to the quotient, ties to even, then towards
/// zero. `None` where that float would be infinite.
fn true_divide(number: &BigUint, divisor: u32) -> Option<BigUint> {
    // The quotient gets more bits than a float has: a small number is shifted first, and shifted
    // back as a float, which rounds nothing. So the last bit can stand for any remainder: it
    // breaks a tie as the remainder would.
    let shift: i32 = if number.bits() <= 64 { 64 } else { 0 };
    let shifted = number << shift;
    let mut quotient = &shifted / divisor;
    if &shifted % divisor != BigUint::ZERO {
        quotient.set_bit(0, true);
    }
    // `BigUint::to_f64` of num-bigint 0.4.8 rounds wrongly from 129 bits on. Parsing digits doesn't.
    let float = match quotient.to_u128() {
        Some(quotient) => quotient as f64,
        None => quotient.to_string().parse().ok()?,
    };
    BigUint::from_f64(float / 2f64.powi(shift))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn python_baseconv_is_exact() {
        for power in 0..400u32 {
            for number in [BigUint::from(62u32).pow(power), BigUint::from(62u32).pow(power) - 1u32]
            {
                let number = Integer::from_digits(number.to_string().as_bytes()).unwrap();
                let mut text = Vec::new();
                assert!(Base62::Baseconv.write(&number, &mut text));
                assert_eq!(Base62::Baseconv.decode(&text), Some(number));
            }
        }
    }

    proptest! {
        /// Up to 2^53 the hardware's division is Python's.
        #[test]
        fn division_is_the_float_division(number in 0u64..1 << 53) {
            let expected = (number as f64 / 62.0).trunc() as u64;
            prop_assert_eq!(true_divide(&number.into(), 62), Some(expected.into()));
        }
    }

    #[test]
    fn beyond_the_range_of_a_float_there_is_no_quotient() {
        let largest = BigUint::from(2u32).pow(1024) - 1u32;
        assert!(true_divide(&largest, 62).is_some());
        assert!(true_divide(&(largest * 63u32), 62).is_none());
    }

    #[test]
    fn a_remainder_breaks_a_tie() {
        // Halfway between two floats, of which the first is even.
        let halfway = ((BigUint::from(1u32) << 53u32) + 1u32) << 100u32;
        for (rest, mantissa) in [(0u32, 1u64 << 53), (1, (1 << 53) + 2)] {
            let expected = BigUint::from(mantissa) << 100u32;
            assert_eq!(true_divide(&(&halfway * 62u32 + rest), 62), Some(expected));
        }
    }
}
