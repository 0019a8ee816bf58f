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
/// let datasette = Datasette::builder().secret(secret).build();
/// let error = datasette.verify_token("dstok_forged", 1_700_000_000.0).unwrap_err();
/// assert!(matches!(error, Error::TokenInvalid(_)));
/// assert_eq!(error.to_string(), "Invalid token signature");
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument that Datasette would turn into something it refuses itself, or crash on.
    InvalidArgument(InvalidArgument),
    /// The chosen release has no such thing.
    NotSupported(NotSupported),
    /// The secret is an empty text.
    EmptySecret,
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
    /// Restrictions have null in place of the resource's list of actions. Datasette crashes.
    NullList,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(error) => error.fmt(f),
            Self::NotSupported(error) => error.fmt(f),
            Self::EmptySecret => f.write_str("the secret is empty"),
            Self::NoSecret => f.write_str("no secret is configured"),
            Self::BadSignature(error) => error.fmt(f),
            Self::BadPayload(error) => error.fmt(f),
            Self::NotJson => pyjson::NotJson.fmt(f),
            Self::TokenInvalid(reason) => reason.fmt(f),
            // Datasette has the same words for both.
            Self::SignedTokensDisabled => TokenInvalid::Disabled.fmt(f),
            Self::NullList => {
                f.write_str("the restrictions have null in place of the resource's list of actions")
            }
        }
    }
}

impl std::error::Error for Error {
    /// The source of the error inside. That error's message is this one's, so it isn't repeated.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidArgument(error) => error.source(),
            _ => None,
        }
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

/// Why a token or cookie isn't valid: Datasette's `TokenInvalid`, and what makes Datasette crash.
///
/// From 1.0a36 on the messages are Datasette's own words, except those of `NoPrefix`,
/// `SignatureLength` and `Malformed`.
///
/// ```
/// use datasette_tokens::TokenInvalid;
///
/// assert_eq!(TokenInvalid::Expired.to_string(), "Token has expired");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenInvalid {
    /// Not a token of this kind: it doesn't begin with `dstok_`.
    NoPrefix,
    /// The setting `allow_signed_tokens` is off.
    Disabled,
    /// The signature doesn't match.
    Signature,
    /// The signature has this many characters, so it can't match. Only
    /// [`Datasette::inspect_token`](crate::Datasette::inspect_token) looks at the length.
    SignatureLength(usize),
    /// The payload has no `t`.
    NoTimestamp,
    /// `t` is no integer.
    Timestamp,
    /// `d` is no integer.
    Duration,
    /// It has expired.
    Expired,
    /// A payload on which Datasette crashes.
    Malformed,
}

impl TokenInvalid {
    /// How many characters a signature has.
    pub(crate) const SIGNATURE_LENGTH: usize = 27;
}

impl fmt::Display for TokenInvalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WHOLE: usize = TokenInvalid::SIGNATURE_LENGTH;
        f.write_str(match self {
            Self::SignatureLength(length @ ..WHOLE) => {
                return write!(
                    f,
                    "Invalid token signature: it is cut short ({length} of {WHOLE} characters)"
                );
            }
            Self::SignatureLength(length) => {
                return write!(
                    f,
                    "Invalid token signature: it is too long, with {length} characters instead of {WHOLE}"
                );
            }
            Self::NoPrefix => "Not a signed token: it does not begin with dstok_",
            Self::Disabled => "Signed tokens are not enabled for this Datasette instance",
            Self::Signature => "Invalid token signature",
            Self::NoTimestamp => "Invalid token: no timestamp",
            Self::Timestamp => "Invalid token: invalid timestamp",
            Self::Duration => "Invalid token: invalid duration",
            Self::Expired => "Token has expired",
            Self::Malformed => "Invalid token: malformed payload",
        })
    }
}

impl std::error::Error for TokenInvalid {}

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

    /// The names of the objects around the value at fault, from the outside in. Empty if the whole
    /// argument is at fault.
    ///
    /// ```
    /// use datasette_tokens::{Datasette, Error, RawRestrictions, RawTokenRequest, Secret, Workspace};
    ///
    /// let secret = Secret::new("not a secret".to_owned())?;
    /// let datasette = Datasette::builder().secret(secret).build();
    /// let resource = Some(r#"{"docs":["insert-row"]}"#);
    /// let restrictions = RawRestrictions { resource, ..RawRestrictions::default() };
    /// let request = RawTokenRequest { actor_id: "\"root\"", expires_after: None, restrictions };
    /// let mut workspace = Workspace::new();
    /// let made = datasette.create_token_into(&request, 0.0, &mut workspace, &mut Vec::new());
    /// let Err(Error::InvalidArgument(error)) = made else { panic!("{made:?}") };
    /// assert_eq!(error.path(), ["docs"]);
    /// assert_eq!(
    ///     error.to_string(),
    ///     "restrict_resource.docs must be an object from resources to lists of action names",
    /// );
    /// # Ok::<(), datasette_tokens::Error>(())
    /// ```
    pub fn path(&self) -> &[String] {
        match &self.problem {
            Problem::Shape(shape) => &shape.path,
            _ => &[],
        }
    }

    /// What is wrong. Reads after the argument's name and the [path](Self::path): `must be a list of
    /// strings`.
    pub fn problem(&self) -> String {
        match &self.problem {
            Problem::Json(error) => error.kind().to_string(),
            Problem::Value(problem) => (*problem).to_owned(),
            Problem::Shape(shape) => shape.problem.clone(),
            Problem::TooLarge { limit } => {
                format!("makes a payload over max_payload ({limit} bytes)")
            }
        }
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.argument)?;
        self.path().iter().try_for_each(|name| write!(f, ".{name}"))?;
        write!(f, " {}", self.problem())
    }
}

impl std::error::Error for InvalidArgument {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Json(error) => Some(error),
            Problem::Value(_) | Problem::Shape(_) | Problem::TooLarge { .. } => None,
        }
    }
}

/// What is wrong with an argument, its name left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The text isn't JSON.
    Json(pyjson::Error),
    /// Datasette can't use the value.
    Value(&'static str),
    /// A value inside the argument has the wrong shape.
    Shape(Box<Shape>),
    /// The payload would have more bytes than allowed.
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
}

/// A value of the wrong shape: where it is, and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) path: Vec<String>,
    pub(crate) problem: String,
}

impl From<pyjson::Error> for Problem {
    fn from(error: pyjson::Error) -> Self {
        Self::Json(error)
    }
}
