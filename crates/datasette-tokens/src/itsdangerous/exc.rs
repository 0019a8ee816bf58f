//! Why a signed value is refused. Upstream: `itsdangerous/exc.py`.

use std::fmt;

/// Why a value isn't accepted: `itsdangerous.BadSignature`.
///
/// ```
/// use datasette_tokens::itsdangerous::BadSignature;
/// use datasette_tokens::{Datasette, Error, Secret};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let error = datasette.unsign("no dot", "default").unwrap_err();
/// assert_eq!(error, Error::BadSignature(BadSignature::NoSeparator));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadSignature {
    /// There is no dot, so no signature.
    NoSeparator,
    /// The signature belongs to another value, namespace or secret.
    DoesNotMatch,
}

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSeparator => "there is no \".\" in the value, so it is not signed",
            Self::DoesNotMatch => {
                "the signature does not match: another secret or namespace, or a changed value"
            }
        })
    }
}

impl std::error::Error for BadSignature {}

/// Why the payload of a value with a valid signature cannot be read: `itsdangerous.BadPayload`.
///
/// ```
/// use datasette_tokens::Secret;
/// use datasette_tokens::itsdangerous::{BadPayload, Keyring};
/// # use datasette_tokens::{Datasette, Error};
///
/// let mut signed = b"not-json".to_vec();
/// Keyring::new(Secret::new("s".to_owned())?, []).sign("default", &mut signed, 0);
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let error = datasette.unsign(std::str::from_utf8(&signed)?, "default").unwrap_err();
/// assert!(matches!(error, Error::BadPayload(BadPayload::Utf8)), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadPayload {
    /// The base64.
    Base64,
    /// The zlib stream.
    Zlib,
    /// The payload has more bytes than allowed.
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The UTF-8.
    Utf8,
    /// The JSON.
    Json,
    /// The JSON is nested deeper than [`pyjson::MAX_DEPTH`]. Python may read it: what follows is
    /// not looked at.
    TooDeep,
}

impl fmt::Display for BadPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge { limit } => {
                return write!(f, "the payload is over max_payload ({limit} bytes)");
            }
            Self::Base64 => "the payload is not base64",
            Self::Zlib => "the payload is marked as compressed but is not a complete zlib stream",
            Self::Utf8 => "the payload is not UTF-8",
            Self::Json => "the payload is not JSON that Python reads",
            Self::TooDeep => "the payload is nested deeper than 512 levels",
        })
    }
}

impl std::error::Error for BadPayload {}

impl From<pyjson::Error> for BadPayload {
    fn from(error: pyjson::Error) -> Self {
        if error.kind() == pyjson::ErrorKind::TooDeep { Self::TooDeep } else { Self::Json }
    }
}
