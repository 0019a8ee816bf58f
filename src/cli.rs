//! Layer 4: the command line.

mod click;
mod completions;
mod conformance;
mod create_token;
mod create_tokens;
mod guard_rails;
mod inspect;
mod instance;
mod man;
mod operand;
mod progress;
mod serve;
mod sign;
mod token_args;
mod verify;

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dstok::confinement::shut_out;
use dstok::datasette::Error;
use dstok::guard_rails::Refusal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Datasette's API tokens without Python, byte for byte.
#[derive(Parser)]
#[command(
    name = "dstok",
    version,
    args_override_self = true,
    after_help = "Documentation: README.md of the project; `rpc.discover` describes the protocol."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    CreateToken(create_token::CreateTokenArgs),
    CreateTokens(create_tokens::CreateTokensArgs),
    Verify(verify::VerifyArgs),
    Inspect(inspect::InspectArgs),
    Sign(sign::SignArgs),
    Unsign(verify::UnsignArgs),
    Conformance(conformance::ConformanceArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Why the program stops without success.
pub(crate) enum Failure {
    /// Wrong options or start-up files: one line that says what to do.
    Usage(String),
    /// What was asked for is answered with no. A line that says why, unless the output did.
    Negative(Option<String>),
    /// Stdin or stdout failed.
    Io(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Negative(message) => f.write_str(message.as_deref().unwrap_or_default()),
            Self::Io(error) => write!(f, "stdin or stdout failed: {error}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSecret => Self::Usage(
                "a secret is missing; give --secret-file FILE or set DATASETTE_SECRET".to_owned(),
            ),
            Error::Invalid { .. } | Error::NotSupported(_) | Error::SignedTokensDisabled => {
                Self::Usage(error.to_string())
            }
            _ => Self::Negative(Some(error.to_string())),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Negative(Some(refusal.to_string()))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Does what the command line asks for.
///
/// # Errors
/// [`Failure`].
pub(crate) fn run() -> Result<(), Failure> {
    let command = match parse() {
        Ok(cli) => cli.command,
        Err(error) if !error.use_stderr() => {
            return print(error.render().to_string().as_bytes());
        }
        Err(error) => return Err(usage(error)),
    };
    match command {
        Command::Conformance(_) | Command::Completions(_) | Command::Man(_) => {}
        // The others hold the secret. It is read after this.
        _ => {
            if let Err(error) = shut_out() {
                warn(&format!("other processes may read this one's memory: {error}"));
            }
        }
    }
    match command {
        Command::Serve(args) => serve::run(args),
        Command::CreateToken(args) => create_token::run(args),
        Command::CreateTokens(args) => create_tokens::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Unsign(args) => verify::run_unsign(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    command.build();
    let mut args: Vec<_> = std::env::args_os().collect();
    if let Some(name) = args
        .get(1)
        .filter(|name| [create_token::NAME, create_tokens::NAME].iter().any(|n| *name == n))
        && let Some(subcommand) = command.find_subcommand(name)
    {
        let rest = args.split_off(2);
        args.extend(click::detach_values(subcommand, rest.into_iter()));
    }
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

/// Writes the output of a subcommand at once.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    use io::Write as _;
    let mut stdout = io::stdout().lock();
    Ok(stdout.write_all(bytes).and_then(|()| stdout.flush())?)
}

/// A line for the person at the terminal: one line, whatever is in the message. A stderr that
/// cannot be written to is no reason to fail.
pub(crate) fn warn(message: &str) {
    use io::Write as _;
    let mut line = String::from("dstok: ");
    for c in message.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line.push('\n');
    let mut stderr = io::stderr().lock();
    if !STDERR_MAY_LOSE_LINES.load(Ordering::Relaxed) || (line.len() <= ROOM && has_room(&stderr)) {
        let _ = stderr.write_all(line.as_bytes());
    }
}

/// Whether a line for which there is no room is dropped: where nobody might read stderr, and
/// nothing may wait for it.
static STDERR_MAY_LOSE_LINES: AtomicBool = AtomicBool::new(false);

/// What a pipe takes at once when it says that it takes something: POSIX's least `PIPE_BUF`.
const ROOM: usize = 512;

fn has_room(stderr: &impl AsFd) -> bool {
    let mut ready = [PollFd::new(stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut ready, Some(&at_once)).is_ok() && ready[0].revents().contains(PollFlags::OUT)
}

/// clap's error in one line, without its usage text. Values and stray arguments are not
/// repeated: one may be a secret or a token.
fn usage(error: clap::Error) -> Failure {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    Failure::Usage(match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "a subcommand is missing; see dstok --help".to_owned()
        }
        ErrorKind::InvalidSubcommand => match &*context(ContextKind::SuggestedSubcommand) {
            "" => "there is no such subcommand; see dstok --help".to_owned(),
            known => format!("there is no such subcommand, but there is {known}"),
        },
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            "an argument too many; see --help".to_owned()
        }
        ErrorKind::UnknownArgument if !context(ContextKind::SuggestedArg).is_empty() => {
            let known = context(ContextKind::SuggestedArg);
            format!("there is no option {argument}, but there is {known}; see --help")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            match &*context(ContextKind::ValidValue) {
                "" => format!("the value of {argument} is not valid; see --help"),
                valid => format!("the value of {argument} must be one of: {valid}"),
            }
        }
        _ => {
            let text = error.render().to_string();
            let lines = text.lines().map(str::trim).take_while(|line| {
                !["Usage:", "For more", "tip:"].iter().any(|w| line.starts_with(w))
            });
            let line = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            format!("{}; see --help", line.strip_prefix("error: ").unwrap_or(&line))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_mistake_in_the_definitions() {
        Cli::command().debug_assert();
    }
}
