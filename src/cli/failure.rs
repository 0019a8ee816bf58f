//! Why the program stops without success.

use std::io;

use datasette_tokens::Error;
use datasette_tokens::itsdangerous::BadPayload;
use dstok::policy::MintError;

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

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSecret => Self::Usage(
                "no secret is configured; pass --secret-file FILE or set DATASETTE_SECRET"
                    .to_owned(),
            ),
            Error::InvalidArgument(_) | Error::NotSupported(_) | Error::SignedTokensDisabled => {
                Self::Usage(error.to_string())
            }
            Error::BadPayload(BadPayload::TooLarge { .. }) => {
                Self::Negative(Some(format!("{error}; --max-payload raises it")))
            }
            _ => Self::Negative(Some(error.to_string())),
        }
    }
}

impl From<MintError> for Failure {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Datasette(error) => error.into(),
            MintError::Refused(refusal) => Self::Negative(Some(refusal)),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
