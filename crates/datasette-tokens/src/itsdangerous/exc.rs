//! Why a signed value is refused. Upstream: `itsdangerous/exc.py`.

/// Why a value isn't accepted: `itsdangerous.BadSignature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSignature {
    /// There is no dot, so no signature.
    #[error("there is no \".\" in the value, so it is not signed")]
    NoSeparator,
    /// The signature belongs to another value, namespace or secret.
    #[error("the signature does not match: another secret or namespace, or a changed value")]
    DoesNotMatch,
}

/// What is broken inside a value whose signature is right: `itsdangerous.BadPayload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPayload {
    /// The base64.
    #[error("the payload is not base64")]
    Base64,
    /// The zlib stream.
    #[error("the payload is marked as compressed but is not a whole zlib stream")]
    Zlib,
    /// The payload inflates to more bytes than allowed.
    #[error("the payload inflates to more than {limit} bytes, the limit here")]
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The UTF-8.
    #[error("the payload is not UTF-8")]
    Utf8,
    /// The JSON.
    #[error("the payload is not JSON that Python reads")]
    Json,
    /// The JSON is nested deeper than [`pyjson::MAX_DEPTH`]. Python may read it: what follows is
    /// not looked at.
    #[error("the payload is nested deeper than 512 levels")]
    TooDeep,
}

impl From<pyjson::Error> for BadPayload {
    fn from(error: pyjson::Error) -> Self {
        if error.kind() == pyjson::ErrorKind::TooDeep { Self::TooDeep } else { Self::Json }
    }
}
