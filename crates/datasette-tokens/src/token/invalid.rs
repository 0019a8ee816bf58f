//! Why a token isn't valid.

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
