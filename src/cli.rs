//! The command line: one file a subcommand.

mod click;
mod completions;
mod conformance;
mod create_token;
mod create_tokens;
pub(crate) mod failure;
mod input;
mod inspect;
mod instance;
mod man;
mod policy;
pub(crate) mod python_int;
mod secrets;
mod serve;
mod sign;
pub(crate) mod stdio;
pub(crate) mod token_args;
mod unsign;
mod verify;

use std::io::{self, Write as _};

use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
use clap::{Command, CommandFactory, FromArgMatches, Parser};
use dstok::platform::{ignore_signals, protect_memory};

use failure::{Failure, Result, usage};
use stdio::{print, warn};

/// What `dstok` alone prints.
const INTRODUCTION: &[u8] = include_bytes!("cli/introduction.txt");

/// Datasette's API tokens without Python, byte for byte.
#[derive(Parser)]
#[command(
    name = "dstok",
    version,
    args_override_self = true,
    after_help = "`dstok` alone prints examples. Manual: man dstok, or dstok man | man -l -"
)]
enum Cli {
    Serve(serve::ServeArgs),
    CreateToken(create_token::CreateTokenArgs),
    CreateTokens(create_tokens::CreateTokensArgs),
    Verify(verify::VerifyArgs),
    Inspect(inspect::InspectArgs),
    Sign(sign::SignArgs),
    Unsign(unsign::UnsignArgs),
    Conformance(conformance::ConformanceArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Parses the command line and runs the subcommand.
///
/// # Errors
/// A [`Failure`](failure::Failure), for the caller to report.
pub(crate) fn run() -> Result {
    if std::env::args_os().nth(1).is_some_and(|name| name == "serve") {
        ignore_signals()?;
    }
    let cli = match parse() {
        Ok(cli) => cli,
        // --help and --version.
        Err(error) if !error.use_stderr() => return print(error.render().to_string().as_bytes()),
        Err(error) if error.kind() == DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = io::stderr().write_all(INTRODUCTION);
            return Err(Failure::Introduced);
        }
        Err(error) => return Err(usage(&error, &Cli::command())),
    };
    let has_secret = !matches!(cli, Cli::Conformance(_) | Cli::Completions(_) | Cli::Man(_));
    if has_secret && let Err(error) = protect_memory() {
        warn(&format!("cannot protect this process's memory from other processes: {error}"));
    }
    match cli {
        Cli::Serve(args) => serve::run(&args),
        Cli::CreateToken(args) => create_token::run(&args),
        Cli::CreateTokens(args) => create_tokens::run(&args),
        Cli::Verify(args) => verify::run(&args),
        Cli::Inspect(args) => inspect::run(&args),
        Cli::Sign(args) => sign::run(&args),
        Cli::Unsign(args) => unsign::run(&args),
        Cli::Conformance(args) => conformance::run(&args),
        Cli::Completions(args) => completions::run(&args, Cli::command()),
        Cli::Man(args) => man::run(&args, Cli::command()),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command().mut_subcommands(name_manual);
    command.build();
    let args = click::detach_values(&command, std::env::args_os());
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Adds the name of its manual page to a subcommand's help.
fn name_manual(command: Command) -> Command {
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let name = command.get_name();
    let manual = format!("Manual: man dstok-{name}, or dstok man {name} | man -l -");
    command.after_help(format!("{examples}\n\n{manual}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_definitions() {
        Cli::command().debug_assert();
    }
}
