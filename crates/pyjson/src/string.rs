//! Strings: Python's `str`, its escapes for `ensure_ascii=False`, and JSON's escapes undone.

use std::borrow::Cow;
use std::fmt;

/// A Python `str`: any code points, lone surrogates included.
///
/// The bytes are WTF-8: UTF-8 in which a lone surrogate takes three bytes. Strings that Python
/// tells apart differ here too.
///
/// ```
/// use pyjson::{Str, Value, loads};
///
/// assert_eq!(Str::from("docs").to_str(), Some("docs"));
/// let Value::Str(half) = loads(r#""\ud83d""#)? else { panic!("a string") };
/// assert_eq!(half.to_str(), None);
/// # Ok::<(), pyjson::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str<'a>(pub(crate) Cow<'a, [u8]>);

impl<'a> Str<'a> {
    /// The text; `None` where a lone surrogate keeps it from being UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text for people to read, with U+FFFD in place of what isn't UTF-8.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes in WTF-8.
    pub fn as_wtf8(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no character.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Str<'static> {
        Str(Cow::Owned(self.0.into_owned()))
    }

    /// Appends what `json.dumps(self, ensure_ascii=False)` writes, with a lone surrogate as
    /// `\udXXX`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        let mut rest = &*self.0;
        // In UTF-8, at most 0x9f follows 0xed.
        while let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xed && pair[1] >= 0xa0) {
            write_escaped(out, &rest[..at]);
            let low = u16::from(rest[at + 1] & 0x3f) << 6 | u16::from(rest[at + 2] & 0x3f);
            push_unicode_escape(out, 0xd000 | low);
            rest = &rest[at + 3..];
        }
        write_escaped(out, rest);
        out.push(b'"');
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text.into_bytes()))
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

/// Appends what `json.dumps(text, ensure_ascii=False)` writes.
///
/// ```
/// let mut out = Vec::new();
/// pyjson::write_string(&mut out, "a \"b\"\n");
/// assert_eq!(out, br#""a \"b\"\n""#);
/// ```
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Appends a part of a string, escaped where Python escapes it: `"`, `\` and the controls below
/// U+0020.
fn write_escaped(out: &mut Vec<u8>, mut rest: &[u8]) {
    loop {
        let plain = plain_prefix(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(&byte) = rest.get(plain) else { return };
        rest = &rest[plain + 1..];
        let short = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            control @ ..b' ' => {
                push_unicode_escape(out, control.into());
                continue;
            }
            quoted => quoted,
        };
        out.extend_from_slice(&[b'\\', short]);
    }
}

/// Appends `\uXXXX`.
pub(super) fn push_unicode_escape(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
}

/// The value of a string spelled with valid escapes, in WTF-8.
#[cold]
pub(super) fn unescape(spelling: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(spelling.len());
    let mut rest = spelling;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        if let Some((code, behind)) = code_point(rest) {
            match char::from_u32(code) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                // A surrogate.
                None => out.extend_from_slice(&[
                    0xe0 | (code >> 12) as u8,
                    0x80 | (code >> 6 & 0x3f) as u8,
                    0x80 | (code & 0x3f) as u8,
                ]),
            }
            rest = behind;
            continue;
        }
        out.push(match rest.as_bytes().get(1) {
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(&quoted) => quoted,
            None => break,
        });
        rest = rest.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// The code point that is spelled with `\uXXXX`, and what stands behind it. As in CPython's
/// `scanstring`, a high surrogate and the low one right behind it are one character. Any other
/// surrogate stands alone.
fn code_point(text: &str) -> Option<(u32, &str)> {
    let (high, rest) = unicode_escape(text)?;
    match unicode_escape(rest) {
        Some((low @ 0xdc00..=0xdfff, rest)) if (0xd800..0xdc00).contains(&high) => {
            Some((0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), rest))
        }
        _ => Some((high, rest)),
    }
}

fn unicode_escape(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.strip_prefix("\\u")?.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// How many bytes at the start need no escape: none of them is `"`, `\` or below 0x20.
#[inline(always)]
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length = 0;
    for word in words {
        let stops = stops(*word);
        if stops != 0 {
            return length + stops.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    // The bytes that are missing stop too.
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    length + stops(last).trailing_zeros() as usize / 8
}

/// Where bytes need an escape: a bit for the first of them, and perhaps others behind it.
#[inline]
fn stops(bytes: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    // With this bit turned, `"` is right above the control characters, and nothing between.
    let quotes_and_controls = word ^ (ONES * 0x02);
    let backslashes = word ^ (ONES * b'\\' as u64);
    // A term has the high bit of a byte that is below the limit, and perhaps of bytes behind it:
    // the lowest is right. Bytes from 0x80 on have it too and are masked out.
    let stops = quotes_and_controls.wrapping_sub(ONES * 0x21) | backslashes.wrapping_sub(ONES);
    stops & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain_prefix_bytewise(bytes: &[u8]) -> usize {
        bytes
            .iter()
            .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
            .unwrap_or(bytes.len())
    }

    proptest! {
        #[test]
        fn plain_prefix_agrees_with_the_bytewise_definition(bytes: Vec<u8>) {
            prop_assert_eq!(plain_prefix(&bytes), plain_prefix_bytewise(&bytes));
        }

        #[test]
        fn plain_prefix_finds_the_only_stop(at in 0usize..40, stop in prop::sample::select(b"\0\x1f\"\\".to_vec()), fill in 0x23u8..0x5c) {
            let mut bytes = vec![fill; 40];
            bytes[at] = stop;
            prop_assert_eq!(plain_prefix(&bytes), at);
        }
    }

    #[test]
    fn wtf8_surrogates_are_escaped() {
        let mut out = Vec::new();
        Str(Cow::Borrowed(b"a\xed\xa0\xbdb\xed\xb0\x80\xc3\xa9\n")).write(&mut out);
        assert_eq!(out, "\"a\\ud83db\\udc00é\\n\"".as_bytes());
    }
}
