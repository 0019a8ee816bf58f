//! Tokens, cookies and other signed values, and whether two have the same payload.

use base64_simd::URL_SAFE_NO_PAD;
use datasette_tokens::itsdangerous::Keyring;
use datasette_tokens::{Datasette, TOKEN_PREFIX};
use pyzlib::Decompressor;

use super::answer::Answer;
use super::fixtures::Scenario;

/// A payload that compression makes shorter by less than this may also stay uncompressed: another
/// zlib may not make it shorter at all.
const SMALL_GAIN: usize = 16;

/// A signed value without its signature: nothing that could be used as a token is printed.
pub(super) struct SignedValue {
    has_prefix: bool,
    pub(super) payload: String,
    is_compressed: bool,
    /// The signed text: the payload as base64.
    body: String,
}

impl SignedValue {
    pub(super) fn read(json: &str) -> Option<Self> {
        let text: String = serde_json::from_str(json).ok()?;
        let value = text.strip_prefix(TOKEN_PREFIX).unwrap_or(&text);
        let (body, _) = value.rsplit_once('.')?;
        let token = format!("{TOKEN_PREFIX}{value}");
        let inspection = Datasette::default().inspect_token(&token, 0.0).ok()?;
        Some(Self {
            has_prefix: text.starts_with(TOKEN_PREFIX),
            payload: inspection.payload?.to_json().ok()?,
            is_compressed: inspection.compressed,
            body: body.to_owned(),
        })
    }

    /// How a value with the same payload differs from this one, which is Datasette's. `mismatch` is
    /// what `compare_payloads` says, if payloads are compared.
    pub(super) fn explain(&self, actual: &Self, mismatch: Option<&str>) -> String {
        if let Some(mismatch) = mismatch {
            return mismatch.to_owned();
        }
        if self.has_prefix != actual.has_prefix {
            return ONE_PREFIX.to_owned();
        }
        if self.is_compressed != actual.is_compressed {
            let is =
                |value: &Self| if value.is_compressed { "compressed" } else { "not compressed" };
            let (expected, actual) = (is(self), is(actual));
            return format!(
                "the payload is the same, but {actual} where Datasette's is {expected}: it \
                 compresses when that makes the payload shorter by at least two bytes"
            );
        }
        let reason = if self.body == actual.body {
            "the payload is the same to the byte; only the signature differs: check the secret, \
             the key derivation and the namespace"
        } else if self.is_compressed {
            "the payload is the same, but its compressed bytes differ: Python compresses with \
             zlib's level 6. Pass --payloads if the program has another zlib"
        } else {
            SPELLING
        };
        reason.to_owned()
    }
}

const ONE_PREFIX: &str = "only one of the two begins with the prefix of tokens, dstok_";

const SPELLING: &str = "the payload is the same value in another spelling: check separators, \
                        escapes and the format of numbers";

/// Whether the program's answer differs from Datasette's in nothing but the compressor's choices.
///
/// # Errors
/// What else differs.
pub(super) fn compare_payloads(
    scenario: &Scenario,
    expected: &Answer,
    actual: &Answer,
) -> Result<(), &'static str> {
    const NOT_SIGNED: &str = "one of the two is not a signed value";
    let (Answer::Result(expected), Answer::Result(actual)) = (expected, actual) else {
        return Err(NOT_SIGNED);
    };
    let read = |json| serde_json::from_str::<String>(json).map_err(|_| NOT_SIGNED);
    let (expected, actual) = (read(expected)?, read(actual)?);
    let [expected, actual] = match [&*expected, &*actual].map(|it| it.strip_prefix(TOKEN_PREFIX)) {
        [Some(expected), Some(actual)] => [expected, actual],
        [None, None] => [&*expected, &*actual],
        _ => return Err(ONE_PREFIX),
    };
    let (namespace, secret) = scenario.signing().ok_or(NOT_SIGNED)?;
    let body = |value| Some(str::rsplit_once(value, '.')?.0);
    let actual_body = body(actual).ok_or(NOT_SIGNED)?;
    let mut signed = actual_body.as_bytes().to_vec();
    Keyring::new(secret, []).sign(&namespace, &mut signed, 0);
    if signed != actual.as_bytes() {
        return Err("its signature is not the right one for its own text: check the secret, the \
                    key derivation, the namespace and the base64");
    }
    let expected = Payload::decode(body(expected).ok_or(NOT_SIGNED)?)?;
    Payload::decode(actual_body)?.compare(&expected)
}

/// What a signed value carries, byte for byte.
struct Payload {
    json: Vec<u8>,
    /// The length of the zlib stream, if it is compressed.
    compressed: Option<usize>,
}

impl Payload {
    fn decode(body: &str) -> Result<Self, &'static str> {
        let (text, is_compressed) = match body.strip_prefix('.') {
            Some(text) => (text, true),
            None => (body, false),
        };
        let decoded = URL_SAFE_NO_PAD.decode_to_vec(text);
        let data = decoded
            .map_err(|_| "its payload is not base64 in the URL-safe alphabet without padding")?;
        if !is_compressed {
            return Ok(Self { json: data, compressed: None });
        }
        let mut decompressor = Decompressor::new();
        let mut inflate = |data| decompressor.decompress_within(data, usize::MAX);
        let json = inflate(&data).map_err(|_| "its compressed payload is not a zlib stream")?;
        // Python ignores what follows a stream, so a stream without its last byte must be damaged.
        if inflate(&data[..data.len() - 1]).is_ok() {
            return Err("bytes follow the zlib stream of its payload");
        }
        Ok(Self { json, compressed: Some(data.len()) })
    }

    fn compare(&self, expected: &Self) -> Result<(), &'static str> {
        if self.json != expected.json {
            return Err(SPELLING);
        }
        let gain = |length| self.json.len().saturating_sub(length);
        match (self.compressed, expected.compressed) {
            (Some(length), _) if gain(length) < 2 => {
                Err("the payload is compressed, but not shorter by at least two bytes")
            }
            (None, Some(length)) if gain(length) >= SMALL_GAIN => {
                Err("the payload is not compressed, although that would make it much shorter")
            }
            _ => Ok(()),
        }
    }
}
