//! The `ds_actor` cookie. Upstream: `Datasette.set_actor_cookie`, `datasette/utils/baseconv.py`.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::ToPrimitive;

use super::release::CookieExpiry;
use super::{Datasette, Error, Param};
use crate::pyjson::{Integer, Value, transcode};

/// The namespace that actor cookies are signed in.
pub(super) const ACTOR_NAMESPACE: &str = "actor";

/// The lifetime that 1.0a17 to 1.0a38 give every cookie that is to expire, in seconds.
const ONE_DAY: u32 = 24 * 60 * 60;

impl Datasette {
    /// Appends the value of the cookie that `datasette.set_actor_cookie()` sets at `now` (Unix
    /// seconds). `actor` is a JSON text; `expire_after` is in seconds and zero means never.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an actor that could not be signed and for an expiry beyond a
    /// float's range, then [`Error::NoSecret`]; `out` is then as it was.
    pub fn create_actor_cookie(
        &mut self,
        actor: &str,
        expire_after: Option<&Integer<'_>>,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let payload = &mut self.payload;
        payload.clear();
        payload.extend_from_slice(br#"{"a":"#);
        transcode(actor, payload).map_err(Param::Actor.error())?;
        if let Some(seconds) = expire_after.filter(|seconds| !seconds.is_zero()) {
            let lifetime = match self.release.cookie_expiry() {
                CookieExpiry::AsAsked => seconds.to_big(),
                CookieExpiry::OneDay => BigInt::from(ONE_DAY),
            };
            let expires_at = Integer::from_float(now).to_big() + lifetime;
            payload.extend_from_slice(br#","e":""#);
            if !write_base62(&expires_at, payload) {
                let reason = "is too large for a 64-bit float".to_owned();
                return Err(Error::Invalid { param: Param::ExpireAfter, reason });
            }
            payload.push(b'"');
        }
        payload.push(b'}');
        let signer = self.keyring.signer(ACTOR_NAMESPACE).ok_or(Error::NoSecret)?;
        self.url_safe.dumps(signer, &self.payload, out);
        Ok(())
    }
}

const BASE62: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";

/// `int(baseconv.base62.decode(value))`, which works on `str(value)` and, like
/// [`write_base62`], divides by way of a float. `None` where Python raises.
pub(super) fn base62_decode(value: &Value<'_>) -> Option<BigInt> {
    let text = value.to_python_str()?;
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, &text[..]),
    };
    // More than what a float holds ten times over.
    const LARGEST_BITS: u64 = f64::MAX_EXP as u64 + 4;
    let mut number = BigUint::ZERO;
    for digit in digits {
        let digit = BASE62.iter().position(|known| known == digit)?;
        number = number * 62u32 + digit;
        if number.bits() > LARGEST_BITS {
            return None;
        }
    }
    // To decimal digits and back, as far as the float's precision goes.
    let mut decoded = BigUint::ZERO;
    let mut place = BigUint::from(1u32);
    while number != BigUint::ZERO {
        decoded += (&number % 10u32) * &place;
        place *= 10u32;
        number = true_divide(&number, 10)?;
    }
    Some(BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, decoded))
}

/// `baseconv.base62.encode`, which divides by way of a float; `false` where Python raises
/// `OverflowError`.
fn write_base62(number: &BigInt, out: &mut Vec<u8>) -> bool {
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

/// `int(number / divisor)`: the nearest float to the quotient, half to even, then towards zero.
/// `None` where that float would be infinite.
fn true_divide(number: &BigUint, divisor: u32) -> Option<BigUint> {
    const MANTISSA_BITS: u64 = f64::MANTISSA_DIGITS as u64;
    const GUARD_BITS: u64 = 64;
    // Enough guard bits that the last one can stand for all that the division left over.
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
