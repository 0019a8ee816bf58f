//! From JSON to text that is safe in a URL. Upstream: `itsdangerous/url_safe.py`.

use std::fmt;

use super::{Signer, base64_decode, base64_encode};
use crate::zlib::{DecompressError, Flavour, compress_within, decompress};

/// Bytes of scratch space kept from one value to the next; a rare large one gives its space back.
const KEPT_CAPACITY: usize = 1 << 20;

/// `URLSafeSerializer`: how values become text, with the space it works in.
#[derive(Default)]
pub struct UrlSafe {
    /// Whose bytes compressed payloads carry.
    pub flavour: Flavour,
    compressed: Vec<u8>,
}

impl UrlSafe {
    /// With the bytes of that zlib.
    #[must_use]
    pub fn new(flavour: Flavour) -> Self {
        Self { flavour, compressed: Vec::new() }
    }

    /// `URLSafeSerializer.dumps` for a value whose JSON is given: appends payload, dot and
    /// signature.
    pub fn dumps(&mut self, signer: &Signer, json: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        self.dump_payload(json, out);
        signer.sign(out, start);
    }

    /// `URLSafeSerializerMixin.dump_payload`: appends the base64 of the JSON, or a dot and the
    /// base64 of the compressed JSON where that is shorter.
    ///
    /// > `if len(compressed) < (len(json) - 1)` (itsdangerous 2.2.0, `url_safe.py`)
    fn dump_payload(&mut self, json: &[u8], out: &mut Vec<u8>) {
        self.compressed.clear();
        let limit = json.len().saturating_sub(2);
        if compress_within(self.flavour, json, limit, &mut self.compressed) {
            out.push(b'.');
            base64_encode(&self.compressed, out);
        } else {
            base64_encode(json, out);
        }
        self.compressed.shrink_to(KEPT_CAPACITY);
    }
}

/// `URLSafeSerializerMixin.load_payload`, up to the JSON text, which is the caller's to read.
///
/// # Errors
/// [`BadPayload`]; more than `limit` bytes are not inflated.
pub fn load_payload(payload: &[u8], limit: usize) -> Result<String, BadPayload> {
    let json = match payload.strip_prefix(b".") {
        None => base64_decode(payload).ok_or(BadPayload::Base64)?,
        Some(compressed) => {
            let compressed = base64_decode(compressed).ok_or(BadPayload::Base64)?;
            decompress(&compressed, limit).map_err(|error| match error {
                DecompressError::Invalid => BadPayload::Zlib,
                DecompressError::TooLarge => BadPayload::TooLarge,
            })?
        }
    };
    String::from_utf8(json).map_err(|_| BadPayload::Utf8)
}

/// What is broken inside a value whose signature is right: `itsdangerous.BadPayload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPayload {
    /// The base64.
    Base64,
    /// The zlib stream.
    Zlib,
    /// Nothing, but it inflates to more bytes than allowed.
    TooLarge,
    /// The UTF-8.
    Utf8,
    /// The JSON.
    Json,
}

impl fmt::Display for BadPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64 => "the payload is not base64",
            Self::Zlib => "the payload is marked as compressed but is not a whole zlib stream",
            Self::TooLarge => "the payload inflates to more than --max-payload bytes",
            Self::Utf8 => "the payload is not UTF-8",
            Self::Json => "the payload is not JSON that Python reads",
        })
    }
}
