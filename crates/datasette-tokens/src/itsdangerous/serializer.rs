//! From JSON to text that is safe in a URL, and back. Upstream: `itsdangerous/url_safe.py`.

use pyzlib::{Compressor, DecompressError, Decompressor, Flavour};

use super::BadPayload;
use super::encoding::{base64_decode, base64_encode};

/// Bytes of scratch space kept from one value to the next. A rare large one gives its space back.
const KEPT_CAPACITY: usize = 1 << 20;

/// `URLSafeSerializer` without its signer: the space it works in.
#[derive(Default)]
pub(crate) struct Serializer {
    compressor: Compressor,
    decompressor: Decompressor,
    compressed: Vec<u8>,
}

impl Serializer {
    /// `URLSafeSerializerMixin.dump_payload`: appends the base64 of the JSON, or a dot and the
    /// base64 of the compressed JSON where that is shorter.
    ///
    /// > `if len(compressed) < (len(json) - 1)` (itsdangerous 2.2.0, `url_safe.py`)
    pub(crate) fn dump_payload(&mut self, flavour: Flavour, json: &[u8], out: &mut Vec<u8>) {
        self.compressed.clear();
        let limit = json.len().saturating_sub(2);
        if self.compressor.compress_within(flavour, json, limit, &mut self.compressed) {
            out.push(b'.');
            base64_encode(&self.compressed, out);
        } else {
            base64_encode(json, out);
        }
        self.compressed.shrink_to(KEPT_CAPACITY);
    }

    /// `URLSafeSerializerMixin.load_payload`, up to the JSON text, which the caller reads. Inflates
    /// at most `limit` bytes.
    pub(crate) fn load_payload(
        &mut self,
        payload: &[u8],
        limit: usize,
    ) -> Result<String, BadPayload> {
        let (is_compressed, text) = match payload.strip_prefix(b".") {
            Some(compressed) => (true, compressed),
            None => (false, payload),
        };
        let mut json = base64_decode(text).ok_or(BadPayload::Base64)?;
        if is_compressed {
            let inflated = self.decompressor.decompress_within(&json, limit);
            json = inflated.map_err(|error| match error {
                DecompressError::TooLarge => BadPayload::TooLarge { limit },
                _ => BadPayload::Zlib,
            })?;
        }
        String::from_utf8(json).map_err(|_| BadPayload::Utf8)
    }
}
