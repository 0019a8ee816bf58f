//! `dstok verify`.

use clap::Args;
use datasette_tokens::Workspace;

use super::failure::Failure;
use super::instance::VerifyingArgs;
use super::operand;
use super::stdio::print;

/// Print the actor of a valid API token
///
/// For a valid token, prints the actor as JSON and exits with 0. For an invalid token, says why
/// and exits with 1. If this release of Datasette returns None for the token, also prints null.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok verify - --secret-file secret.txt < token.txt")]
pub(super) struct VerifyArgs {
    /// The token; - reads it from stdin, which hides it from other users of this machine
    token: String,

    #[command(flatten)]
    verifying: VerifyingArgs,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let datasette = args.verifying.datasette()?;
    let now = args.verifying.instance.now()?;
    let token = operand::read("TOKEN", &args.token)?;
    let mut out = Vec::new();
    datasette.verify_token_into(&token, now, &mut Workspace::new(), &mut out)?;
    let is_none = out == b"null";
    out.push(b'\n');
    print(&out)?;
    if !is_none {
        return Ok(());
    }
    let reason = datasette.inspect_token(&token, now)?.reason;
    Err(Failure::Negative(reason.map(|reason| reason.to_string())))
}
