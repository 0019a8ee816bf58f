//! Tokens as people paste them, and signatures that lost characters on the way.

use crate::TokenInvalid;
use crate::itsdangerous::{Version, base64_decode};

/// Quotes that people copy along with a token, or that their editor put around it.
const QUOTES: [char; 13] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '‚', '«', '»', '‹', '›'];

/// The token in a text that was pasted: without white space and quotes around it, and without
/// `Authorization:` and `Bearer` before it, in any case.
pub(super) fn pasted(text: &str) -> &str {
    let header = trim(text);
    let value = without_prefix(header, "authorization:").map_or(header, trim);
    let token =
        without_prefix(value, "bearer").filter(|rest| rest.starts_with(char::is_whitespace));
    token.map_or(value, trim)
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || QUOTES.contains(&c))
}

fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Fails for a signature that is too short or too long to be one, whatever the secret.
///
/// Base64 is lenient, so what counts is what it decodes to.
pub(super) fn check_length(signature: &str, version: Version) -> Result<(), TokenInvalid> {
    let fits = |bytes: Vec<u8>| version.accepts_length(bytes.len());
    if base64_decode(signature.as_bytes()).is_some_and(fits) {
        return Ok(());
    }
    match signature.chars().count() {
        TokenInvalid::SIGNATURE_LENGTH => Err(TokenInvalid::Signature),
        characters => Err(TokenInvalid::SignatureLength(characters)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_token_is_dropped() {
        for text in [
            "dstok_x.y",
            " \t\r\n\u{a0}dstok_x.y\u{2003}\n",
            "\"dstok_x.y\"",
            "'dstok_x.y'",
            "“dstok_x.y”",
            "«dstok_x.y»",
            "` dstok_x.y `",
            "Bearer dstok_x.y",
            "BEARER   'dstok_x.y'",
            "Bearer\tdstok_x.y",
            "Authorization: Bearer dstok_x.y",
            "\"authorization:bearer dstok_x.y\"\n",
            "Authorization:\"Bearer dstok_x.y\"",
            "Authorization: dstok_x.y",
        ] {
            assert_eq!(pasted(text), "dstok_x.y", "{text}");
        }
        for text in ["", "bearer", "Bearerdstok_x.y", "dstok_x .y", "Bearer é", "Basic dstok_x.y"]
        {
            assert_eq!(pasted(text), text.trim_start_matches("Bearer "));
        }
        assert_eq!(pasted(" \"' "), "");
    }

    #[test]
    fn a_signature_has_the_length_of_its_digest() {
        let check = |signature: &str| check_length(signature, Version::V2_2);
        let (signature, sha512) = ("3Ej-Qm_enIP50cD4icGpb5S3Ny8", "A".repeat(86));
        assert_eq!(check(signature), Ok(()));
        // Other spellings of the same bytes.
        assert_eq!(check(&format!("{signature}=")), Ok(()));
        assert_eq!(check(&format!("3Ej****{}", &signature[3..])), Ok(()));
        for length in 0..27 {
            let error = check(&signature[..length]);
            assert_eq!(error, Err(TokenInvalid::SignatureLength(length)));
        }
        assert_eq!(check(&format!("{signature}ab")), Err(TokenInvalid::SignatureLength(29)));
        assert_eq!(check(&"é".repeat(26)), Err(TokenInvalid::SignatureLength(26)));
        assert_eq!(check(&"é".repeat(27)), Err(TokenInvalid::Signature));
        assert_eq!(check(&sha512), Err(TokenInvalid::SignatureLength(86)));
        assert_eq!(check_length(&sha512, Version::V1_1), Ok(()));
    }
}
