//! The program `dstok`: runs a subcommand and maps its failure to an exit code.

mod cli;
mod conformance;
mod records;

use std::{io::ErrorKind, process::ExitCode};

use cli::{failure::Failure, stdio::warn};

fn main() -> ExitCode {
    let Err(failure) = cli::run() else { return ExitCode::SUCCESS };
    let (code, message) = match failure {
        // The reader of stdout has seen enough, as in `dstok … | head`.
        Failure::Io(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        // `EX_IOERR` of sysexits.h.
        Failure::Io(error) => (74, Some(format!("stdin or stdout failed: {error}"))),
        Failure::Usage(message) => (2, Some(message)),
        Failure::Introduced => (2, None),
        Failure::Negative(message) => (1, message),
    };
    if let Some(message) = message {
        warn(&message);
    }
    ExitCode::from(code)
}
