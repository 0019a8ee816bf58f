//! `dstok inspect`.

mod report;
mod times;

use std::io::Write;

use clap::Args;

use super::failure::{Failure, Result};
use super::{input::operand, instance::VerifyingArgs, stdio::print_line};

/// Show what a token contains, what it allows and why it fails
///
/// Needs no secret. With a secret, also verifies the signature. Exits with 1 if Datasette would
/// refuse the token. Exits with 0 if the token is valid, or if only its signature is
/// unchecked. To decide whether to accept a token, use `dstok verify`.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok inspect - --secret-file secret.txt < token.txt")]
pub(super) struct InspectArgs {
    /// The token. Quotes or `Authorization: Bearer` around it are ignored. Pass - to read it from
    /// stdin, which hides it from other users of this machine
    token: String,

    /// Print the result of the method inspect_token, as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    verifying: VerifyingArgs,
}

pub(super) fn run(args: &InspectArgs) -> Result {
    let datasette = args.verifying.datasette()?;
    let now = args.verifying.instance.clock()?.now();
    let token = operand("TOKEN", &args.token)?;
    let inspection = datasette.inspect_token(&token, now)?;
    let is_valid = inspection.reason.is_none();
    if args.json {
        print_line(inspection.to_json())?;
    } else {
        // `anstream` removes colours unless this is a terminal, and obeys NO_COLOR.
        let report = report::report(&inspection, now, datasette.can_sign());
        anstream::stdout().write_all(report.as_bytes())?;
    }
    if is_valid { Ok(()) } else { Err(Failure::Negative(None)) }
}
