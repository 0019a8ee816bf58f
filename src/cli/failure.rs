//! Why the program stops without success.

use std::io;

use datasette_tokens::Error;
use datasette_tokens::itsdangerous::BadPayload;
use dstok::sidecar::protocol::{self, ErrorKind as Kind};

/// Why the program stops without success. `main` maps each variant to an exit code.
pub(crate) enum Failure {
    /// Wrong options or start-up files. One line says what to do.
    Usage(String),
    /// A negative answer, such as an invalid token. One line says why, unless stdout already did.
    Negative(Option<String>),
    /// Reading stdin or writing stdout failed.
    Io(io::Error),
}

/// A message is about options or start-up files.
impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

/// An error of a method.
impl From<protocol::Failure> for Failure {
    fn from(failure: protocol::Failure) -> Self {
        let message = failure.message.into_owned();
        match failure.kind {
            Kind::NoSecret => Self::Usage(
                "no secret is configured; pass --secret-file FILE or set DATASETTE_SECRET"
                    .to_owned(),
            ),
            Kind::InvalidParams | Kind::NotSupported | Kind::SignedTokensDisabled => {
                Self::Usage(message)
            }
            _ => Self::Negative(Some(message)),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::BadPayload(BadPayload::TooLarge { .. }) = error {
            return Self::Negative(Some(format!("{error}; --max-payload raises it")));
        }
        protocol::Failure::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
