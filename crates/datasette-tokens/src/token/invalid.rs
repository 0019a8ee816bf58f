//! Why a token isn't valid.

use std::fmt;

/// Why a token or cookie isn't valid: Datasette's `TokenInvalid`, and what makes Datasette crash.
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

/// From 1.0a36 on these are Datasette's own words, except those of `NoPrefix` and `Malformed`.
impl fmt::Display for TokenInvalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
