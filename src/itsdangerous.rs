//! Layer 1: what Datasette uses of itsdangerous 2.2.0, `URLSafeSerializer`.
//!
//! Upstream: `itsdangerous/url_safe.py`, `serializer.py`, `signer.py`.

mod encoding;
mod signer;
mod url_safe;
mod version;

use encoding::base64_encode;

pub use encoding::base64_decode;
pub use signer::{BadSignature, Keyring, Signer};
pub use url_safe::{BadPayload, UrlSafe, load_payload};
pub use version::Version;
