//! Datasette's signed values without Python, byte for byte.
//!
//! # Scope of this crate
//!
//! Given the same secret, the same arguments and the same clock, this crate makes the API
//! tokens (`dstok_…`), `ds_actor` cookies and other signed values that a chosen release of
//! Datasette makes, and answers an error where Datasette would make something that it refuses
//! itself. It does not run plugins, check permissions or serve HTTP.
//!
//! # The oracle
//!
//! The reference for every byte is real Datasette, 1.0a0 to 1.0a41 and, for `sign` and cookies,
//! 0.44 to 0.65, on CPython 3.10 or newer (fixtures: 3.11) with itsdangerous 2.2.0 and stock
//! zlib (1.2.13 and 1.3.2 give the same bytes) or zlib-ng 2.3.3. What they answered is in
//! `compat-fixtures/`. Where they differ, the chosen release counts.
//!
//! # Layers
//!
//! Imports run downwards only; `tests/architecture.rs` sees to it.
//!
//! | layer | modules | upstream |
//! | --- | --- | --- |
//! | 3, the edge | [`serve`], [`methods`], [`guard_rails`], [`rpc`], [`confinement`] | JSON-RPC 2.0 |
//! | 2 | [`datasette`] | Datasette |
//! | 1 | [`itsdangerous`] | itsdangerous |
//! | 0 | [`pyjson`], [`zlib`], [`secret`] | CPython, zlib |
//!
//! Layers 0 to 2 do no IO and read no clock: the time and the secrets are arguments.
//!
//! ```
//! use dstok::datasette::{Datasette, Restrictions, TokenRequest};
//! use dstok::itsdangerous::Keyring;
//! use dstok::secret::Secret;
//!
//! let mut datasette = Datasette::new();
//! datasette.set_keyring(Keyring::new(vec![Secret::new("not a secret".to_owned())?]));
//! let request = TokenRequest {
//!     actor_id: r#""root""#,
//!     expires_after: None,
//!     restrictions: Restrictions { all: Some(r#"["view-instance"]"#), ..Default::default() },
//! };
//! let mut token = Vec::new();
//! datasette.create_token(&request, 1_700_000_000.0, &mut token)?;
//! assert!(token.starts_with(b"dstok_"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod confinement;
pub mod datasette;
pub mod guard_rails;
pub mod itsdangerous;
pub mod methods;
pub mod pyjson;
pub mod rpc;
pub mod secret;
pub mod serve;
pub mod zlib;
