//! `dstok unsign`.

use clap::Args;
use datasette_tokens::Workspace;

use super::{failure::Result, input::operand, instance::VerifyingArgs, stdio::print_line};

/// Verify a signed value and print what datasette.unsign() returns
///
/// If the signature is valid, prints the value as JSON and exits with 0. Otherwise says why and
/// exits with 1.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok unsign - --namespace my-plugin \
    --secret-file secret.txt < signed.txt")]
pub(super) struct UnsignArgs {
    /// The signed text. Pass - to read it from stdin, which hides it from other users of this
    /// machine
    signed: String,

    /// The namespace that the value was signed in
    #[arg(long, default_value = "default", allow_hyphen_values = true)]
    namespace: String,

    #[command(flatten)]
    verifying: VerifyingArgs,
}

pub(super) fn run(args: &UnsignArgs) -> Result {
    let datasette = args.verifying.datasette()?;
    let signed = operand("SIGNED", &args.signed)?;
    let mut out = Vec::new();
    datasette.unsign_into(&signed, &args.namespace, &mut Workspace::new(), &mut out)?;
    print_line(out)
}
