//! Strings: Python's escapes for `ensure_ascii=False`, and JSON's escapes undone.

/// Appends what `json.dumps(text, ensure_ascii=False)` writes.
///
/// ```
/// let mut out = Vec::new();
/// pyjson::write_string(&mut out, "a \"b\"\n");
/// assert_eq!(out, br#""a \"b\"\n""#);
/// ```
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = plain_prefix(rest);
        out.extend_from_slice(&rest[..plain]);
        match rest.get(plain) {
            // What stops a plain run is always one ASCII byte.
            Some(&byte) => push_escaped(out, char::from(byte)),
            None => break,
        }
        rest = &rest[plain + 1..];
    }
    out.push(b'"');
}

/// Like [`write_string`] for WTF-8. Lone surrogates are written as `\udXXX`.
pub(super) fn write_wtf8_string(out: &mut Vec<u8>, mut bytes: &[u8]) {
    let mut text = Vec::new();
    out.push(b'"');
    while !bytes.is_empty() {
        match bytes {
            [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, rest @ ..] => {
                let code = 0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
                out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
                bytes = rest;
            }
            _ => {
                let end = bytes
                    .windows(2)
                    .position(|pair| pair[0] == 0xed && pair[1] >= 0xa0)
                    .map_or(bytes.len(), |at| at.max(1));
                text.clear();
                write_string(&mut text, &String::from_utf8_lossy(&bytes[..end]));
                out.extend_from_slice(&text[1..text.len() - 1]);
                bytes = &bytes[end..];
            }
        }
    }
    out.push(b'"');
}

/// Appends one character of a string, escaped where Python escapes it: `"`, `\` and the
/// controls below U+0020.
pub(super) fn push_escaped(out: &mut Vec<u8>, c: char) {
    let short = match c {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        c if c < ' ' => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let code = c as usize;
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[code >> 4], HEX[code & 15]]);
            return;
        }
        c => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The value of a string spelled with valid escapes, in WTF-8.
#[cold]
pub(super) fn unescape(spelling: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(spelling.len());
    for_each_char(spelling, |code| push_wtf8(&mut out, code));
    out
}

/// Appends a code point, surrogates included, in WTF-8.
fn push_wtf8(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]),
    }
}

/// Calls `f` with each code point of a string spelled with valid escapes, as CPython's
/// `scanstring` joins them: a high surrogate and the low one right behind it are one character,
/// any other surrogate stands alone.
pub(super) fn for_each_char(spelling: &str, mut f: impl FnMut(u32)) {
    let mut rest = spelling;
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            f(u32::from(c));
            rest = &rest[c.len_utf8()..];
            continue;
        }
        if let Some(high) = unicode_escape(rest) {
            rest = &rest[6..];
            if (0xd800..0xdc00).contains(&high)
                && let Some(low @ 0xdc00..=0xdfff) = unicode_escape(rest)
            {
                rest = &rest[6..];
                f(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            } else {
                f(high);
            }
            continue;
        }
        f(u32::from(match rest.as_bytes().get(1) {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(&quoted) => quoted,
            None => return,
        }));
        rest = &rest[2..];
    }
}

fn unicode_escape(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
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
        write_wtf8_string(&mut out, b"a\xed\xa0\xbdb\xed\xb0\x80\xc3\xa9\n");
        assert_eq!(out, "\"a\\ud83db\\udc00é\\n\"".as_bytes());
    }
}
