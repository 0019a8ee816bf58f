//! Floats: CPython's `repr`.

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
/// and from 1e16, at least two digits of it, and always a `.0` or an exponent.
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    let mut buffer = ryu::Buffer::new();
    let shortest = buffer.format_finite(value);
    let (sign, shortest) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    out.extend_from_slice(sign.as_bytes());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

    // value = 0.DIGITS * 10^point, without zeros at either end of DIGITS
    let mut digits = [0u8; 32];
    let mut count = 0;
    for &digit in whole.as_bytes().iter().chain(fraction.as_bytes()) {
        digits[count] = digit;
        count += 1;
    }
    let leading = digits[..count].iter().take_while(|&&d| d == b'0').count();
    let point = whole.len() as i32 - leading as i32 + exponent;
    let digits = &digits[leading..count];
    let trailing = digits.iter().rev().take_while(|&&d| d == b'0').count();
    let digits = &digits[..digits.len() - trailing];
    if digits.is_empty() {
        out.extend_from_slice(b"0.0");
        return;
    }

    if (-3..=16).contains(&point) {
        write_positional(out, digits, point);
    } else {
        write_scientific(out, digits, point - 1);
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

fn write_positional(out: &mut Vec<u8>, digits: &[u8], point: i32) {
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(digits);
        return;
    }
    let point = point as usize;
    let (whole, fraction) = digits.split_at(point.min(digits.len()));
    out.extend_from_slice(whole);
    out.extend(std::iter::repeat_n(b'0', point - whole.len()));
    out.push(b'.');
    out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction });
}

fn write_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.push(b'e');
    out.extend_from_slice(format!("{exponent:+03}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let mut out = Vec::new();
            write_float(&mut out, value);
            let text = std::str::from_utf8(&out).unwrap();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{text}");
            assert!(text.contains(['.', 'e']), "{text}");
        }
    }
}
