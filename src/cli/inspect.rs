//! `dstok inspect`.

mod report;
mod times;

use std::io::Write;

use clap::Args;

use super::instance::VerifyingArgs;
use super::{Failure, operand, print};
use dstok::datasette::Status;
use dstok::methods::write_inspection;

/// Say what a token holds, what it may do, and what is wrong with it
///
/// Needs no secret; with one the signature is checked too. Exits with 1 for a token that
/// Datasette would refuse, and with 0 for a valid one and for one of which only the signature is
/// unchecked: to accept tokens use `dstok verify`.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok inspect - --secret-file secret.txt < token.txt")]
pub(super) struct InspectArgs {
    /// The token; - reads it from stdin, where other users of this machine do not see it
    token: String,

    /// Print what the method inspect_token answers
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    instance: VerifyingArgs,
}

pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let mut datasette = args.instance.datasette()?;
    let now = args.instance.now()?;
    let token = operand::read("TOKEN", &args.token)?;
    let inspection = datasette.inspect_token(&token, now)?;
    if args.json {
        let mut out = Vec::new();
        write_inspection(&inspection, &mut out);
        out.push(b'\n');
        print(&out)?;
    } else {
        // Colour on a terminal only, and not where NO_COLOR is set.
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(report::report(&inspection, now).as_bytes())?;
        stdout.flush()?;
    }
    match inspection.status {
        Status::Valid | Status::Unchecked => Ok(()),
        Status::Expired | Status::Invalid => Err(Failure::Negative(None)),
    }
}
