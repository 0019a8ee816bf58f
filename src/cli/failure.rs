//! Why the program stops without success.

use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};
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

/// clap's error in one line, without its usage text.
///
/// Values and stray arguments are left out: one of them may be a secret or a token.
pub(super) fn usage(error: &clap::Error, command: &clap::Command) -> Failure {
    let context = |kind, separator| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(separator),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg, ", ");
    Failure::Usage(match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("missing subcommand; {}; see --help", expected_subcommand(command))
        }
        ErrorKind::InvalidSubcommand => match &*context(ContextKind::SuggestedSubcommand, " or ") {
            "" => format!("unknown subcommand; {}", expected_subcommand(command)),
            similar => format!("unknown subcommand; did you mean {similar}?"),
        },
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            "unexpected argument; see --help".to_owned()
        }
        ErrorKind::UnknownArgument => match &*context(ContextKind::SuggestedArg, " or ") {
            "" => format!("unknown option {argument}; see --help"),
            similar => format!("unknown option {argument}; did you mean {similar}?"),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            match &*context(ContextKind::ValidValue, ", ") {
                "" => format!("the value of {argument} is not valid; see --help"),
                valid => format!("the value of {argument} must be one of: {valid}"),
            }
        }
        _ => format!("{}; see --help", first_paragraph(error)),
    })
}

/// The subcommands to choose from: `expected one of: serve, …`.
pub(super) fn expected_subcommand(command: &clap::Command) -> String {
    let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
    format!("expected one of: {}", names.join(", "))
}

/// What clap says before its usage text, as one line.
fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| {
        !["Usage:", "For more", "tip:"].iter().any(|start| line.starts_with(start))
    });
    let line = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").map_or(line.clone(), str::to_owned)
}
