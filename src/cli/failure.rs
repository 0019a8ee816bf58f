//! Why the program stops without success.

use std::{error::Error as _, io};

use clap::error::{ContextKind, ErrorKind};
use datasette_tokens::Error;
use dstok::sidecar::protocol::{self, ErrorKind as Kind};

/// Why the program stops without success. `main` maps each variant to an exit code.
pub(crate) enum Failure {
    /// Wrong options or start-up files. One line says what to do.
    Usage(String),
    /// No command at all. Stderr has the introduction.
    Introduced,
    /// A negative answer, such as an invalid token. One line says why, unless stdout already did.
    Negative(Option<String>),
    /// Reading stdin or writing stdout failed.
    Io(io::Error),
}

/// The result of a subcommand and of what it consists of.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

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
                "no secret is configured; pass --secret-file FILE or set DATASETTE_SECRET".into(),
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
        protocol::Failure::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// clap's error in one line, without its usage text.
///
/// Values and stray arguments are left out: one of them may be a secret or a token.
pub(super) fn usage(error: &clap::Error, command: &clap::Command) -> Failure {
    // Several texts are separated by commas.
    let context = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let suggest = |problem: &str, kind, otherwise: &str| match &*context(kind) {
        "" => format!("{problem}; {otherwise}"),
        similar => format!("{problem}; did you mean {}?", similar.replace(", ", " or ")),
    };
    let argument = context(ContextKind::InvalidArg);
    let expected = expected_subcommand(command);
    Failure::Usage(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            suggest("unknown subcommand", ContextKind::SuggestedSubcommand, &expected)
        }
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            "unexpected argument; see --help".to_owned()
        }
        ErrorKind::UnknownArgument => {
            let problem = format!("unknown option {argument}");
            suggest(&problem, ContextKind::SuggestedArg, "see --help")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            match &*context(ContextKind::ValidValue) {
                // clap's reasons and ours quote no text, at most a number.
                "" => match error.source() {
                    Some(reason) => format!("the value of {argument} is not valid: {reason}"),
                    None => format!("the value of {argument} is not valid; see --help"),
                },
                valid => format!("the value of {argument} must be one of: {valid}"),
            }
        }
        _ => {
            // The first paragraph is what is wrong. clap's usage text and tips follow.
            let text = error.render().to_string();
            let lines = text.trim_start_matches("error: ").lines().map(str::trim);
            let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            format!("{}; see --help", lines.join(" "))
        }
    })
}

/// The subcommands to choose from: `expected one of: serve, …`.
pub(super) fn expected_subcommand(command: &clap::Command) -> String {
    let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
    format!("expected one of: {}", names.join(", "))
}
