//! What Datasette uses of itsdangerous 2.2.0: `URLSafeSerializer`.
//!
//! Upstream: `itsdangerous/encoding.py`, `signer.py`, `serializer.py`, `url_safe.py`, `exc.py`.
//! [`Datasette`](crate::Datasette) does all of this for you; the parts are public for programs that
//! sign or verify something else.

mod encoding;
mod exc;
mod keyring;
mod serializer;
mod signer;

pub use encoding::base64_decode;
pub use exc::{BadPayload, BadSignature};
pub use keyring::Keyring;
pub(crate) use serializer::{dump_payload, load_payload};
pub use signer::Version;
