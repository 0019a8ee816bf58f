//! Datasette's signed API tokens, `ds_actor` cookies and other signed values, byte for byte.
//!
//! Given the same secret, arguments and clock, this crate makes what a chosen release of
//! [Datasette](https://datasette.io) makes. Where Datasette would make something that it refuses
//! itself, or crash, it returns an error. It runs no plugins, checks no permissions and serves no
//! HTTP. It does no IO, starts no threads and reads no clock: secrets and time are arguments.
//!
//! # Making and verifying
//!
//! ```
//! use datasette_tokens::{Datasette, Secret, TokenRequest, TokenRestrictions};
//!
//! let secret = Secret::new("not a secret".to_owned())?;
//! let datasette = Datasette::builder().secret(secret).release("1.0a41".parse()?).build();
//! let now = 1_700_000_000.0; // Unix seconds, as time.time() gives them
//!
//! let request = TokenRequest::new("root")
//!     .expires_after(3600)
//!     .restrictions(TokenRestrictions::new().allow_resource("docs", "pages", "insert-row"));
//! let token = datasette.create_token(&request, now)?;
//! assert!(token.starts_with("dstok_"));
//!
//! let actor = datasette.verify_token(&token, now + 60.0)?.expect("a token with the prefix");
//! assert_eq!(actor.id().as_str(), Some("root"));
//! assert_eq!(actor.expires().and_then(|end| end.to_i64()), Some(1_700_003_600));
//! assert!(datasette.verify_token(&token, now + 3601.0).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rotating the secret
//!
//! Old secrets verify and never sign.
//!
//! ```
//! # use datasette_tokens::{Datasette, Secret, TokenRequest};
//! # let secret = |text: &str| Secret::new(text.to_owned());
//! let before = Datasette::builder().secret(secret("old")?).build();
//! let token = before.create_token(&TokenRequest::new("ann"), 0.0)?;
//!
//! let after = Datasette::builder().secret(secret("new")?).old_secrets([secret("old")?]).build();
//! assert!(after.verify_token(&token, 0.0)?.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Inspecting
//!
//! [`Datasette::inspect_token`] says what a token holds and why it fails, with or without a secret.
//!
//! ```
//! # use datasette_tokens::{Datasette, Secret, Status, TokenRequest};
//! # let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
//! let token = datasette.create_token(&TokenRequest::new("ann").expires_after(60), 1000.0)?;
//! let inspection = Datasette::default().inspect_token(&token, 2000.0)?;
//! assert_eq!(inspection.status, Status::Expired);
//! assert_eq!(inspection.expires, Some(1060.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Any value, and cookies
//!
//! ```
//! # use datasette_tokens::{Datasette, Secret, Value};
//! # let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
//! let signed = datasette.sign(&Value::from("any JSON value"), "my-plugin")?;
//! assert_eq!(datasette.unsign(&signed, "my-plugin")?, Value::from("any JSON value"));
//!
//! let actor = [("id", Value::from("ann"))].into_iter().collect();
//! let cookie = datasette.create_actor_cookie(&actor, Some(&3600.into()), 1000.0)?;
//! assert_eq!(datasette.verify_actor_cookie(&cookie, 2000.0)?, Some(actor));
//! assert_eq!(datasette.verify_actor_cookie(&cookie, 9000.0)?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many at once
//!
//! A [`Datasette`] can be shared by threads. The methods whose names end in `_into` take JSON texts
//! as they are, append to a buffer and work in a [`Workspace`] of the caller's: no allocation for a
//! call, no lock. The others are the same with typed arguments and a small pool of workspaces.
//!
//! # The oracle
//!
//! The reference for every byte is real Datasette, 1.0a0 to 1.0a41 and, for signed values and
//! cookies, every release from 0.44 to 0.65.5, on CPython 3.11 with itsdangerous 2.2.0 and stock zlib (1.2.13 and
//! 1.3.2 give the same bytes), or zlib-ng 2.3.3 with the feature `zlib-ng`. Where releases differ,
//! the chosen one counts.

#![forbid(unsafe_code)]

mod actions;
mod actor;
mod base62;
mod cookie;
mod datasette;
mod error;
pub mod itsdangerous;
mod mlock;
mod namespace;
mod payload;
mod release;
mod restrictions;
mod secret;
mod signed_value;
mod token;
mod version;
mod workspace;

pub use actions::{Actions, ActionsError};
pub use actor::Actor;
pub use datasette::{Builder, DEFAULT_MAX_PAYLOAD, Datasette, Settings};
pub use error::{Error, InvalidArgument, TokenInvalid};
pub use namespace::{ACTOR_NAMESPACE, TOKEN_NAMESPACE};
pub use payload::unix_seconds;
pub use pyjson::{Integer, Str, Value};
pub use pyzlib::Flavour;
pub use release::{Feature, NotSupported, Release, ReleaseError};
pub use restrictions::{
    Allowlist, FullNames, Names, RawAllowlist, RawRestrictions, Resource, TokenRestrictions,
};
pub use secret::Secret;
pub use token::{
    Access, Inspection, PREFIX as TOKEN_PREFIX, RawTokenRequest, Restricted, Signature, Status,
    TokenRequest,
};
pub use workspace::Workspace;

/// Runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
