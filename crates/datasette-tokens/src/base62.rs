//! Base62 with the float division of `datasette/utils/baseconv.py`.
//!
//! Upstream divides by `int(number / base)`. From 2^53 on the quotient is rounded to a float, so
//! that digits come out wrong, and every cookie has these digits.

use num_bigint::BigUint;
use num_traits::{FromPrimitive, ToPrimitive};
use pyjson::Integer;

const BASE62: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";

/// `int(baseconv.base62.decode(text))`. `None` where Python raises.
pub(crate) fn base62_decode(text: &[u8]) -> Option<Integer> {
    // Ten times the largest float.
    const LARGEST_BITS: u64 = f64::MAX_EXP as u64 + 4;
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut number = BigUint::ZERO;
    for digit in digits {
        let digit = BASE62.iter().position(|known| known == digit)?;
        number = number * 62u32 + digit;
        if number.bits() > LARGEST_BITS {
            return None;
        }
    }
    // Upstream converts to decimal digits and back, by the same division.
    let mut decoded = BigUint::ZERO;
    let mut place = BigUint::from(1u32);
    while number != BigUint::ZERO {
        decoded += (&number % 10u32) * &place;
        place *= 10u32;
        number = true_divide(&number, 10)?;
    }
    let sign = if digits.len() < text.len() { "-" } else { "" };
    Integer::from_digits(format!("{sign}{decoded}").as_bytes())
}

/// Appends `baseconv.base62.encode(number)`. `false` where Python raises `OverflowError`.
pub(crate) fn write_base62(number: &Integer, out: &mut Vec<u8>) -> bool {
    let number = number.to_string();
    let mut rest: BigUint = number.trim_start_matches('-').parse().unwrap_or_default();
    let mut digits = Vec::new();
    while rest != BigUint::ZERO || digits.is_empty() {
        digits.push(BASE62[(&rest % 62u32).to_usize().unwrap_or_default()]);
        let Some(quotient) = true_divide(&rest, 62) else { return false };
        rest = quotient;
    }
    digits.extend(number.starts_with('-').then_some(b'-'));
    out.extend(digits.iter().rev());
    true
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
