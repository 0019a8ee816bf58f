//! Python's `int()` on a text.

use datasette_tokens::Integer;
use pyjson::MAX_INTEGER_DIGITS;

/// The zero of every run of ten decimal digits in Unicode 14.0, the version of CPython 3.11
/// (general category `Nd`; each run has the digits 0 to 9 in order).
const DECIMAL_ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
    0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
    0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// `int(text)` for text from a command line: surrounding white space, a sign, single underscores
/// between digits, and decimal digits of any script.
///
/// Returns `None` where Python raises `ValueError`.
pub(crate) fn parse_python_int(text: &str) -> Option<Integer> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let all = digits.chars().filter(|&c| c != '_').map(decimal_digit);
    let decimal: String = all.collect::<Option<_>>()?;
    // An underscore has digits on both sides.
    if digits.split('_').any(str::is_empty) || decimal.len() > MAX_INTEGER_DIGITS {
        return None;
    }
    Integer::from_digits(format!("{sign}{decimal}").as_bytes())
}

/// The ASCII digit with the value of a decimal digit of any script.
fn decimal_digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let run = DECIMAL_ZEROS.partition_point(|&zero| zero <= code).checked_sub(1)?;
    char::from_digit(code - DECIMAL_ZEROS[run], 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Option<String> {
        parse_python_int(text).map(|integer| integer.to_string())
    }

    /// CPython 3.11 gave these answers to `int(text)`.
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
}
