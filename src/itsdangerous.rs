//! Layer 1: what Datasette uses of itsdangerous 2.2.0, `URLSafeSerializer.dumps`.
//!
//! Upstream: `itsdangerous/url_safe.py`, `serializer.py`, `signer.py`.

mod signer;
mod url_safe;

pub use signer::{Keyring, Signer};
pub use url_safe::UrlSafe;
