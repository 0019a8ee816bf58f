//! `dstok sign`.

use clap::Args;

use super::instance::InstanceArgs;
use super::{Failure, operand, print};
use dstok::datasette::{Error, Param};

/// Sign a value as datasette.sign() does
///
/// Prints the signed text, which `dstok unsign` and datasette.unsign() take back.
#[derive(Args)]
#[command(after_help = "Example:\n  dstok sign '{\"id\": 5}' --namespace my-plugin \
    --secret-file secret.txt")]
pub(super) struct SignArgs {
    /// The value, as JSON (a string in double quotes); - reads it from stdin
    #[arg(allow_negative_numbers = true)]
    value: String,

    /// What the value is for; to be given to `unsign` too
    #[arg(long, default_value = "default", allow_hyphen_values = true)]
    namespace: String,

    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) fn run(args: &SignArgs) -> Result<(), Failure> {
    let mut datasette = args.instance.datasette()?;
    let value = operand::read("VALUE", &args.value)?;
    let mut out = Vec::new();
    datasette.sign(&value, &args.namespace, &mut out).map_err(|error| match error {
        Error::Invalid { param: Param::Value, reason } => {
            Failure::Usage(format!("VALUE {reason}; give JSON, a string as '\"text\"'"))
        }
        error => error.into(),
    })?;
    out.push(b'\n');
    print(&out)
}
