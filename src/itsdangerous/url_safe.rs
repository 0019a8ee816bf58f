//! From JSON to text that is safe in a URL. Upstream: `itsdangerous/url_safe.py`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Signer;
use crate::zlib::{Flavour, compress_within};

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
            push_base64(&self.compressed, out);
        } else {
            push_base64(json, out);
        }
        self.compressed.shrink_to(KEPT_CAPACITY);
    }
}

/// `base64_encode`: URL-safe alphabet, padding stripped.
fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + (bytes.len() * 4).div_ceil(3), 0);
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut out[start..]);
    debug_assert_eq!(written, Ok(out.len() - start));
}
