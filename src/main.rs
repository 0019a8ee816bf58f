//! The program `dstok`: runs a subcommand and maps its failure to an exit code.

mod cli;
mod conformance;
mod records;

use std::io::ErrorKind;
use std::process::ExitCode;

use cli::failure::Failure;
use cli::stdio::warn;

/// A negative answer, such as an invalid token.
const NEGATIVE: u8 = 1;

/// Wrong options or start-up files.
const USAGE: u8 = 2;

/// Stdin or stdout failed: `EX_IOERR` of sysexits.h.
const IO_ERROR: u8 = 74;

fn main() -> ExitCode {
    let Err(failure) = cli::run() else { return ExitCode::SUCCESS };
    let (code, message) = match failure {
        // The reader of stdout has seen enough, as in `dstok … | head`.
        Failure::Io(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Failure::Io(error) => (IO_ERROR, Some(format!("stdin or stdout failed: {error}"))),
        Failure::Usage(message) => (USAGE, Some(message)),
        Failure::Negative(message) => (NEGATIVE, message),
    };
    if let Some(message) = message {
        warn(&message);
    }
    ExitCode::from(code)
}
