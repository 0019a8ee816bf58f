//! API tokens. Upstream: `datasette/tokens.py`; before 1.0a25 `Datasette.create_token` and
//! `default_permissions.py`.

mod allows;
mod claims;
mod create;
mod inspect;
mod pasted;
mod verify;

pub use allows::Access;
pub use create::{RawTokenRequest, TokenRequest};
pub use inspect::{Inspection, Restricted, Signature, Status};

/// What an API token starts with.
pub const PREFIX: &str = "dstok_";
