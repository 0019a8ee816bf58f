//! Base64 as Python decodes it. Upstream: `itsdangerous/encoding.py`, CPython's
//! `binascii.a2b_base64` in its lenient mode.

use std::borrow::Cow;

use base64_simd::{Out, URL_SAFE_NO_PAD};

/// `base64_encode`: appends it in the URL-safe alphabet, padding stripped.
pub(super) fn base64_encode(bytes: &[u8], out: &mut Vec<u8>) {
    URL_SAFE_NO_PAD.encode_append(bytes, out);
}

/// `base64_decode`, or `None` where Python raises.
///
/// Python computes the missing padding from the length, before it drops anything. Then it skips
/// characters outside the alphabet, takes `+` and `/` for `-` and `_`, and stops reading after
/// enough padding. It ignores the spare low bits of the last character. So several spellings of
/// one signature verify.
///
/// ```
/// use datasette_tokens::itsdangerous::base64_decode;
///
/// assert_eq!(base64_decode(b"aGk").as_deref(), Some(&b"hi"[..]));
/// assert_eq!(base64_decode(b"aGk="), base64_decode(b"a!!!!Gk"));
/// assert_eq!(base64_decode(b"a!Gk"), None);
/// ```
#[must_use]
pub fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    base64_decode_into(text, &mut decoded).then_some(decoded)
}

/// [`base64_decode`] of a signature. Doesn't allocate for one that is as long as HMAC-SHA1's.
pub(super) fn base64_decode_signature<'b>(
    text: &[u8],
    buffer: &'b mut [u8; 20],
) -> Option<Cow<'b, [u8]>> {
    if URL_SAFE_NO_PAD.decoded_length(text).is_ok_and(|length| length == buffer.len())
        && let Ok(signature) = URL_SAFE_NO_PAD.decode(text, Out::from_slice(buffer))
    {
        return Some(Cow::Borrowed(signature));
    }
    base64_decode(text).map(Cow::Owned)
}

/// [`base64_decode`] into a buffer to reuse; `false` where Python raises.
pub(super) fn base64_decode_into(text: &[u8], decoded: &mut Vec<u8>) -> bool {
    decoded.clear();
    // The strict decoder works on many bytes at a time, and accepts what itsdangerous writes.
    // Everything that it accepts the lenient one decodes to the same bytes.
    URL_SAFE_NO_PAD.decode_append(text, decoded).is_ok() || decode_leniently(text, decoded)
}

fn decode_leniently(text: &[u8], decoded: &mut Vec<u8>) -> bool {
    let missing_padding = text.len().wrapping_neg() % 4;
    decoded.clear();
    // In the current group of four characters: how many were read, how much padding followed, and
    // the last one's six bits.
    let (mut characters, mut padding, mut left) = (0, 0, 0u8);
    for &character in text.iter().chain(std::iter::repeat_n(&b'=', missing_padding)) {
        if character == b'=' && characters >= 2 {
            padding += 1;
            if characters + padding >= 4 {
                return true;
            }
        }
        let Some(value) = six_bits(character) else { continue };
        padding = 0;
        if characters > 0 {
            // The bits of the character before that are still left are its lowest ones: the shift
            // drops the others.
            decoded.push(left << (2 * characters) | value >> (6 - 2 * characters));
        }
        left = value;
        characters = (characters + 1) % 4;
    }
    characters == 0
}

fn six_bits(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' | b'+' => 62,
        b'_' | b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    fn lenient(text: &[u8]) -> Option<Vec<u8>> {
        let mut decoded = Vec::new();
        decode_leniently(text, &mut decoded).then_some(decoded)
    }

    proptest! {
        #[test]
        fn it_is_base64(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut encoded = Vec::new();
            base64_encode(&bytes, &mut encoded);
            let expected = general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(&encoded, expected.as_bytes());
            prop_assert_eq!(base64_decode(&encoded), Some(bytes));
        }

        #[test]
        fn strict_and_lenient_decoding_agree(text in "[A-D_/=!-]{0,80}") {
            prop_assert_eq!(base64_decode(text.as_bytes()), lenient(text.as_bytes()));
        }
    }

    #[test]
    fn lenience_has_its_limits() {
        let decode = |text: &str| base64_decode(text.as_bytes());
        assert_eq!(decode("aGk").as_deref(), Some(&b"hi"[..]));
        assert_eq!(decode("aGk="), decode("aGk"));
        // Spare bits, junk of a whole group, and what follows the padding.
        assert_eq!(decode("aGl"), decode("aGk"));
        assert_eq!(decode("a!!!!Gk"), decode("aGk"));
        assert_eq!(decode("aGk=aGk=").as_deref(), decode("aGk").as_deref());
        assert_eq!(decode("-_"), decode("+/"));
        for text in ["", "QQ", "QR", "aGk", "aGl", "aGkh", "-_-_", "a", "abcde"] {
            assert_eq!(decode(text), lenient(text.as_bytes()), "{text}");
        }
        // One junk character makes the padding one short.
        assert_eq!(decode("a!Gk"), None);
        assert_eq!(decode("aGkhI"), None);
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
    }
}
