//! The one map from errors to the kinds of the protocol.

use datasette_tokens::{Error, InvalidArgument};

use crate::names::beginning;
use crate::sidecar::protocol::{ErrorKind, Failure};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let kind = match error {
            Error::InvalidArgument(error) => {
                return invalid_argument(error.argument(), error.argument(), &error);
            }
            Error::NoSecret => {
                let message = "no secret is configured: start dstok with --secret-file or \
                               DATASETTE_SECRET, or call configure with a secret";
                return Self::new(ErrorKind::NoSecret, message);
            }
            Error::NotSupported(_) => ErrorKind::NotSupported,
            Error::BadSignature(_) => ErrorKind::BadSignature,
            Error::BadPayload(_) | Error::NotJson => ErrorKind::BadPayload,
            Error::TokenInvalid(_) => ErrorKind::TokenInvalid,
            Error::SignedTokensDisabled => ErrorKind::SignedTokensDisabled,
            // A variant that the library adds later needs a line above.
            _ => ErrorKind::InternalError,
        };
        Self::new(kind, message)
    }
}

/// The failure for an argument that the request calls `param`. Its message calls it `shown`.
pub(super) fn invalid_argument(
    param: &'static str,
    shown: &str,
    error: &InvalidArgument,
) -> Failure {
    let mut message = shown.to_owned();
    for name in error.path() {
        match beginning(&name.as_str().into()) {
            None => message += ".… (not shown: it looks like a token)",
            Some(shown) if shown == **name => message += &format!(".{name}"),
            Some(shown) => message += &format!(".{}…", shown.to_string_lossy()),
        }
    }
    message += " ";
    message += &error.problem();
    Failure::invalid_param(param, message)
}
