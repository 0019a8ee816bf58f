//! Why Datasette would not do what was asked.

use std::fmt;

use crate::NotSupported;
use crate::itsdangerous::{BadPayload, BadSignature};

/// Why Datasette would not do what was asked.
///
/// ```
/// use datasette_tokens::{Datasette, Error, Secret};
///
/// let secret = Secret::new("not a secret".to_owned())?;
/// let datasette = Datasette::new(secret);
/// let error = datasette.verify_token("dstok_forged", 1_700_000_000.0).unwrap_err();
/// assert!(matches!(error, Error::TokenInvalid(_)));
/// assert_eq!(error.to_string(), "Invalid token signature");
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that Datasette would turn into something it refuses itself, or crash on.
    #[error(transparent)]
    InvalidArgument(#[from] InvalidArgument),
    /// The chosen release has no such thing.
    #[error(transparent)]
    NotSupported(#[from] NotSupported),
    /// The secret is an empty text.
    #[error("the secret is empty")]
    EmptySecret,
    /// There is no secret, or only old ones where something is to be signed.
    #[error("no secret is configured")]
    NoSecret,
    /// itsdangerous's `BadSignature`.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// itsdangerous's `BadPayload`.
    #[error(transparent)]
    BadPayload(#[from] BadPayload),
    /// The value holds an infinity or NaN, which JSON can't carry.
    #[error("{}", pyjson::NotJson)]
    NotJson,
    /// Datasette's `TokenInvalid`.
    #[error(transparent)]
    TokenInvalid(#[from] TokenInvalid),
    /// Datasette's `ValueError`: the setting `allow_signed_tokens` is off.
    // Datasette has the same words as where a token is verified.
    #[error("{}", TokenInvalid::Disabled)]
    SignedTokensDisabled,
    /// Restrictions have null in place of the resource's list of actions. Datasette crashes.
    #[error("the restrictions have null in place of the resource's list of actions")]
    NullList,
}

/// Why a token or cookie isn't valid: Datasette's `TokenInvalid`, and what makes Datasette crash.
///
/// From 1.0a36 on the messages are Datasette's own words, except those of `NoPrefix` and
/// `Malformed`.
///
/// ```
/// use datasette_tokens::TokenInvalid;
///
/// assert_eq!(TokenInvalid::Expired.to_string(), "Token has expired");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenInvalid {
    /// Not a token of this kind: it doesn't begin with `dstok_`.
    #[error("Not a signed token: it does not begin with dstok_")]
    NoPrefix,
    /// The setting `allow_signed_tokens` is off.
    #[error("Signed tokens are not enabled for this Datasette instance")]
    Disabled,
    /// The signature doesn't match.
    #[error("Invalid token signature")]
    Signature,
    /// The payload has no `t`.
    #[error("Invalid token: no timestamp")]
    NoTimestamp,
    /// `t` is no integer.
    #[error("Invalid token: invalid timestamp")]
    Timestamp,
    /// `d` is no integer.
    #[error("Invalid token: invalid duration")]
    Duration,
    /// It has expired.
    #[error("Token has expired")]
    Expired,
    /// A payload on which Datasette crashes.
    #[error("Invalid token: malformed payload")]
    Malformed,
}

/// What is wrong with an argument.
///
/// ```
/// use datasette_tokens::{Datasette, Error, Value};
///
/// let error = Datasette::default().sign(&Value::Float(f64::NAN), "default").unwrap_err();
/// let Error::InvalidArgument(error) = error else { panic!("{error}") };
/// assert_eq!(error.argument(), "value");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArgument {
    pub(crate) argument: &'static str,
    pub(crate) problem: Problem,
}

impl InvalidArgument {
    /// The name that the argument at fault has in Datasette, such as `actor_id`.
    pub fn argument(&self) -> &'static str {
        self.argument
    }

    /// What is wrong, to be read after the argument's name: `must be a list of strings`.
    pub fn problem(&self) -> String {
        self.problem.to_string()
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.argument, self.problem)
    }
}

impl std::error::Error for InvalidArgument {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.problem.source()
    }
}

/// What is wrong with an argument, its name left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// The text isn't JSON.
    #[error("{}", .0.kind())]
    Json(#[from] pyjson::Error),
    /// Datasette can't use the value.
    #[error("{0}")]
    Value(&'static str),
}
