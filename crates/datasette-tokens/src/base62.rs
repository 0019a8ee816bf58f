//! Base62 with the float division of `datasette/utils/baseconv.py`.
//!
//! Upstream divides by `int(number / base)`. From 2^53 on the quotient is rounded to a float, so
//! that digits come out wrong, and every cookie has these digits.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::ToPrimitive;
use pyjson::Integer;

const BASE62: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";

/// `int(baseconv.base62.decode(text))`. `None` where Python raises.
pub(crate) fn base62_decode(text: &[u8]) -> Option<Integer> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    // Ten times the largest float.
    const LARGEST_BITS: u64 = f64::MAX_EXP as u64 + 4;
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
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    Integer::from_digits(BigInt::from_biguint(sign, decoded).to_string().as_bytes())
}

/// Appends `baseconv.base62.encode(number)`. `false` where Python raises `OverflowError`.
pub(crate) fn write_base62(number: &Integer, out: &mut Vec<u8>) -> bool {
    let number = match number.to_i64() {
        Some(number) => BigInt::from(number),
        None => number.to_string().parse().unwrap_or_default(),
    };
    let mut digits = Vec::new();
    let mut rest = number.magnitude().clone();
    if rest == BigUint::ZERO {
        digits.push(BASE62[0]);
    }
    while rest != BigUint::ZERO {
        let digit = (&rest % 62u32).to_usize().unwrap_or_default();
        digits.push(BASE62[digit]);
        match true_divide(&rest, 62) {
            Some(quotient) => rest = quotient,
            None => return false,
        }
    }
    if number.sign() == Sign::Minus {
        out.push(b'-');
    }
    out.extend(digits.iter().rev());
    true
}

/// Python's `int(number / divisor)`: the float nearest to the quotient, ties to even, then towards
/// zero. `None` where that float would be infinite.
fn true_divide(number: &BigUint, divisor: u32) -> Option<BigUint> {
    const MANTISSA_BITS: u64 = f64::MANTISSA_DIGITS as u64;
    const GUARD_BITS: u64 = 64;
    // With this many guard bits, the last one can stand for any remainder: it breaks a tie as the
    // remainder would.
    let shifted = number << GUARD_BITS;
    let mut quotient = &shifted / divisor;
    if &shifted % divisor != BigUint::ZERO {
        quotient.set_bit(0, true);
    }
    let dropped = quotient.bits().saturating_sub(MANTISSA_BITS);
    let mut mantissa = &quotient >> dropped;
    if dropped > 0 {
        let half = BigUint::from(1u32) << (dropped - 1);
        let rest = &quotient - (&mantissa << dropped);
        if rest > half || (rest == half && mantissa.bit(0)) {
            mantissa += 1u32;
        }
    }
    let quotient = (mantissa << dropped) >> GUARD_BITS;
    (quotient.bits() <= f64::MAX_EXP as u64).then_some(quotient)
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
}
