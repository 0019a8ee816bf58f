//! `dstok sign`.

use clap::Args;
use datasette_tokens::{Error, Workspace};

use super::{failure::Result, input::operand, instance::InstanceArgs, stdio::print_line};

/// Sign a value as datasette.sign() does
///
/// Prints the signed text. `dstok unsign` and datasette.unsign() return the value.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok sign '{\"id\": 5}' --namespace my-plugin \
    --secret-file secret.txt")]
pub(super) struct SignArgs {
    /// The value as JSON, so a string needs double quotes. Pass - to read it from stdin
    #[arg(allow_negative_numbers = true)]
    value: String,

    /// The namespace to sign in. `unsign` needs the same one
    #[arg(long, default_value = "default", allow_hyphen_values = true)]
    namespace: String,

    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) fn run(args: &SignArgs) -> Result {
    let datasette = args.instance.datasette()?;
    let value = operand("VALUE", &args.value)?;
    let mut out = Vec::new();
    match datasette.sign_into(&value, &args.namespace, &mut Workspace::new(), &mut out) {
        Ok(()) => print_line(out),
        Err(Error::InvalidArgument(error)) => {
            Err(format!("VALUE {}; pass JSON, such as '\"text\"'", error.problem()).into())
        }
        Err(error) => Err(error.into()),
    }
}
