//! The one map from errors to the kinds of the protocol.

use datasette_tokens::Error;

use crate::policy::MintError;
use crate::sidecar::protocol::{ErrorKind, Failure};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let kind = match error {
            Error::InvalidArgument(error) => {
                return Self::invalid_param(error.argument(), message);
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

impl From<MintError> for Failure {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Datasette(error) => error.into(),
            MintError::Refused(refusal) => Self::new(ErrorKind::Policy, refusal.to_string()),
        }
    }
}
