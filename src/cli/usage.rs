//! Usage errors in one line.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::Failure;

/// clap's error in one line, without its usage text.
///
/// Values and stray arguments are left out: one of them may be a secret or a token.
pub(super) fn failure(error: &clap::Error, command: &clap::Command) -> Failure {
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
