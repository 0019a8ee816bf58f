//! `dstok verify`.

use clap::Args;

use super::failure::{Failure, Result};
use super::{input::operand, instance::VerifyingArgs, stdio::print_line};

/// Verify an API token and print its actor
///
/// For a valid token, prints the actor as JSON and exits with 0. For an invalid token, says why
/// and exits with 1. If this release of Datasette returns None for the token, also prints null.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok verify - --secret-file secret.txt < token.txt")]
pub(super) struct VerifyArgs {
    /// The token. Pass - to read it from stdin, which hides it from other users of this machine
    token: String,

    #[command(flatten)]
    verifying: VerifyingArgs,
}

pub(super) fn run(args: &VerifyArgs) -> Result {
    let datasette = args.verifying.datasette()?;
    let now = args.verifying.instance.clock()?.now();
    let token = operand("TOKEN", &args.token)?;
    if let Some(actor) = datasette.verify_token(&token, now)? {
        return print_line(actor.to_json());
    }
    print_line("null")?;
    let reason = datasette.inspect_token(&token, now)?.reason;
    Err(Failure::Negative(reason.map(|reason| reason.to_string())))
}
