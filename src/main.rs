//! The program `dstok`: the command line's exit codes.

mod cli;

use std::io::ErrorKind;
use std::process::ExitCode;

/// A negative answer.
const NEGATIVE: u8 = 1;

/// Wrong options or start-up files.
const USAGE: u8 = 2;

/// Stdin or stdout failed: `EX_IOERR` of sysexits.h.
const IO_ERROR: u8 = 74;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads any more, as in `dstok … | head`.
        Err(cli::Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, cli::Failure::Negative(None)) {
                cli::warn(&failure.to_string());
            }
            ExitCode::from(match failure {
                cli::Failure::Negative(_) => NEGATIVE,
                cli::Failure::Usage(_) => USAGE,
                cli::Failure::Io(_) => IO_ERROR,
            })
        }
    }
}
