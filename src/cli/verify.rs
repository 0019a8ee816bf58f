//! `dstok verify` and `dstok unsign`.

use clap::Args;

use super::instance::VerifyingArgs;
use super::{Failure, operand, print};

/// Print the actor of a valid API token
///
/// Prints the actor as JSON and exits with 0; for an invalid token it says why and exits with 1.
/// Where this release of Datasette returns None for the token, it also prints null.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok verify - --secret-file secret.txt < token.txt")]
pub(super) struct VerifyArgs {
    /// The token; - reads it from stdin, where other users of this machine do not see it
    token: String,

    #[command(flatten)]
    instance: VerifyingArgs,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let mut datasette = args.instance.datasette()?;
    let now = args.instance.now()?;
    let token = operand::read("TOKEN", &args.token)?;
    let mut out = Vec::new();
    datasette.verify_token(&token, now, &mut out)?;
    let is_none = out == b"null";
    out.push(b'\n');
    print(&out)?;
    if !is_none {
        return Ok(());
    }
    let reason = datasette.inspect_token(&token, now)?.reason;
    Err(Failure::Negative(reason.map(|reason| reason.to_string())))
}

/// Print a signed value as datasette.unsign() returns it
///
/// Prints the value as JSON and exits with 0; for what is not rightly signed it says why and
/// exits with 1.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok unsign - --namespace my-plugin \
    --secret-file secret.txt < signed.txt")]
pub(super) struct UnsignArgs {
    /// The signed text; - reads it from stdin, where other users of this machine do not see it
    signed: String,

    /// What the value was signed for
    #[arg(long, default_value = "default", allow_hyphen_values = true)]
    namespace: String,

    #[command(flatten)]
    instance: VerifyingArgs,
}

pub(super) fn run_unsign(args: &UnsignArgs) -> Result<(), Failure> {
    let mut datasette = args.instance.datasette()?;
    let signed = operand::read("SIGNED", &args.signed)?;
    let mut out = Vec::new();
    datasette.unsign(&signed, &args.namespace, &mut out)?;
    out.push(b'\n');
    print(&out)
}
