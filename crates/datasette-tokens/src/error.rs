//! Why Datasette would not do what was asked.

use std::fmt;

use pyjson::NotJson;

use crate::itsdangerous::{BadPayload, BadSignature};
use crate::release::NotSupported;
use crate::token::TokenInvalid;

/// Why Datasette would not do what was asked.
///
/// ```
/// use datasette_tokens::{Datasette, Error, Secret};
///
/// let secret = Secret::new("not a secret".to_owned())?;
/// let datasette = Datasette::builder().secret(secret).build();
/// let error = datasette.verify_token("dstok_forged", 1_700_000_000.0).unwrap_err();
/// assert!(matches!(error, Error::TokenInvalid(_)));
/// assert_eq!(error.to_string(), "Invalid token signature");
/// # Ok::<(), datasette_tokens::EmptySecret>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument that Datasette would turn into something it refuses itself, or crash on.
    InvalidArgument(InvalidArgument),
    /// The chosen release has no such thing.
    NotSupported(NotSupported),
    /// There is no secret, or only old ones where something is to be signed.
    NoSecret,
    /// itsdangerous's `BadSignature`.
    BadSignature(BadSignature),
    /// itsdangerous's `BadPayload`.
    BadPayload(BadPayload),
    /// The value holds an infinity or NaN, which JSON can't carry.
    NotJson,
    /// Datasette's `TokenInvalid`.
    TokenInvalid(TokenInvalid),
    /// Datasette's `ValueError`: the setting `allow_signed_tokens` is off.
    SignedTokensDisabled,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(error) => error.fmt(f),
            Self::NotSupported(error) => error.fmt(f),
            Self::NoSecret => f.write_str("no secret is configured"),
            Self::BadSignature(error) => error.fmt(f),
            Self::BadPayload(error) => error.fmt(f),
            Self::NotJson => NotJson.fmt(f),
            Self::TokenInvalid(reason) => reason.fmt(f),
            // Datasette's own words.
            Self::SignedTokensDisabled => {
                f.write_str("Signed tokens are not enabled for this Datasette instance")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            Self::InvalidArgument(error) => error,
            Self::NotSupported(error) => error,
            Self::BadSignature(error) => error,
            Self::BadPayload(error) => error,
            Self::TokenInvalid(error) => error,
            Self::NotJson => &NotJson,
            Self::NoSecret | Self::SignedTokensDisabled => return None,
        })
    }
}

macro_rules! from {
    ($($variant:ident)*) => {
        $(impl From<$variant> for Error {
            fn from(error: $variant) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! { InvalidArgument NotSupported BadSignature BadPayload TokenInvalid }

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArgument {
    argument: Argument,
    problem: Problem,
}

impl InvalidArgument {
    pub(crate) fn new(argument: Argument, problem: impl Into<Problem>) -> Self {
        Self { argument, problem: problem.into() }
    }

    /// The argument at fault.
    #[must_use]
    pub fn argument(&self) -> Argument {
        self.argument
    }

    /// What is wrong, to be read after the argument's name: `must be a list of strings`.
    #[must_use]
    pub fn problem(&self) -> String {
        match self.problem {
            Problem::Json(error) => error.kind().to_string(),
            Problem::Shape(problem) => problem.to_owned(),
        }
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.argument.name(), self.problem())
    }
}

impl std::error::Error for InvalidArgument {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Json(error) => Some(error),
            Problem::Shape(_) => None,
        }
    }
}

/// What is wrong with an argument, its name left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Json(pyjson::Error),
    Shape(&'static str),
}

impl From<pyjson::Error> for Problem {
    fn from(error: pyjson::Error) -> Self {
        Self::Json(error)
    }
}

impl From<&'static str> for Problem {
    fn from(problem: &'static str) -> Self {
        Self::Shape(problem)
    }
}

/// An argument of Datasette's functions that an [`Error`] may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// `actor_id` of `create_token`
    ActorId,
    /// `actor` of `set_actor_cookie`
    Actor,
    /// `expire_after` of `set_actor_cookie`
    ExpireAfter,
    /// `restrict_all` of `create_token`
    RestrictAll,
    /// `restrict_database` of `create_token`
    RestrictDatabase,
    /// `restrict_resource` of `create_token`
    RestrictResource,
    /// `value` of `sign`
    Value,
}

impl Argument {
    /// The argument's name in Datasette.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ActorId => "actor_id",
            Self::Actor => "actor",
            Self::ExpireAfter => "expire_after",
            Self::RestrictAll => "restrict_all",
            Self::RestrictDatabase => "restrict_database",
            Self::RestrictResource => "restrict_resource",
            Self::Value => "value",
        }
    }
}
