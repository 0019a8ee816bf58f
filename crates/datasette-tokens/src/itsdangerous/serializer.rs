//! From JSON to text that is safe in a URL, and back. Upstream: `itsdangerous/url_safe.py`.

use pyzlib::{DecompressError, Flavour};

use super::encoding::{base64_decode_into, base64_encode};
use crate::{Workspace, itsdangerous::BadPayload};

/// `URLSafeSerializerMixin.dump_payload`: appends the base64 of the workspace's payload, or a dot and
/// the base64 of the compressed payload where that is shorter.
///
/// > `if len(compressed) < (len(json) - 1)` (itsdangerous 2.2.0, `url_safe.py`)
pub(crate) fn dump_payload(workspace: &mut Workspace, flavour: Flavour, out: &mut Vec<u8>) {
    let Workspace { compressor, compressed, payload, .. } = workspace;
    compressed.clear();
    let limit = payload.len().saturating_sub(2);
    if compressor.compress_within(flavour, payload, limit, compressed) {
        out.push(b'.');
        base64_encode(compressed, out);
    } else {
        base64_encode(payload, out);
    }
}

/// `URLSafeSerializerMixin.load_payload`, up to the JSON text, which the caller reads. The text may
/// have at most `max` bytes.
pub(crate) fn load_payload(
    workspace: &mut Workspace,
    payload: &[u8],
    max: usize,
) -> Result<String, BadPayload> {
    let limit = workspace.max_payload(max);
    let compressed = payload.strip_prefix(b".");
    let mut json = std::mem::take(&mut workspace.decoded);
    if !base64_decode_into(compressed.unwrap_or(payload), &mut json) {
        return Err(BadPayload::Base64);
    }
    if compressed.is_some() {
        let inflated = workspace.decompressor.decompress_within(&json, limit);
        workspace.decoded = json;
        json = inflated.map_err(|error| match error {
            DecompressError::TooLarge => {
                workspace.refuse(max);
                BadPayload::TooLarge { limit: max }
            }
            _ => BadPayload::Zlib,
        })?;
    }
    if !workspace.allows(json.len(), max) {
        return Err(BadPayload::TooLarge { limit: max });
    }
    String::from_utf8(json).map_err(|_| BadPayload::Utf8)
}
