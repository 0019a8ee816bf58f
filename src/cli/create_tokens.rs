//! `dstok create-tokens`.

use std::path::PathBuf;

use clap::Args;
use datasette_tokens::{Feature, TokenRequest, Value};

use super::failure::Result;
use super::{instance::InstanceArgs, policy::PolicyArgs, token_args::TokenArgs};
use crate::records::{self, Format, Options};

/// The name of the subcommand.
pub(super) const NAME: &str = "create-tokens";

/// Create one API token for each record of CSV or JSON lines
///
/// CSV has a header. Its columns: actor_id, expires_after (seconds), restrict_all (actions
/// separated by spaces), restrict_database (db:action items separated by spaces, or JSON),
/// restrict_resource (db/table:action items separated by spaces, or JSON), restrictions (JSON)
/// and now. Only actor_id is required; other cells can be empty. JSON lines are objects with the
/// parameters of the method create_token. Other columns and members are passed through. Options
/// supply defaults for missing values. Records that fail get an error message instead of a token.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok create-tokens users.csv --output tokens.csv \
    --secret-file secret.txt\n  dstok create-tokens --expires-after 86400 --all view-instance \
    --format tokens < users.jsonl")]
pub(super) struct CreateTokensArgs {
    /// The records; stdin if left out or -
    file: Option<PathBuf>,

    #[command(flatten)]
    token: TokenArgs,

    /// What to print: the records with their tokens, or only the tokens, with an empty line for a
    /// record that failed [default: as the input]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write to this file instead of stdout; the file appears when it is complete. A symbolic link
    /// is followed
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Stop at the first record that fails
    #[arg(long)]
    fail_fast: bool,

    #[command(flatten)]
    instance: InstanceArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &CreateTokensArgs) -> Result {
    let restrictions = args.token.restrictions();
    let options = Options {
        input: args.file.as_deref(),
        output: args.output.as_deref(),
        format: args.format,
        defaults: args.token.defaults(&restrictions)?,
        fail_fast: args.fail_fast,
    };
    let datasette = args.instance.datasette()?;
    args.token.require(Feature::ApiTokens, datasette.release())?;
    // Finds the errors that every record would have, such as a missing secret.
    datasette.create_token(&TokenRequest::new(Value::Null), 0.0)?;
    let policy = args.policy.policy(datasette.actions())?;
    let is_log = |path: &PathBuf| policy.audit_log.as_ref().is_some_and(|log| log.is_at(path));
    if args.output.as_ref().is_some_and(is_log) {
        return Err("--output and --audit-log are one file; choose another for one of them"
            .to_owned()
            .into());
    }
    let session = args.instance.session(datasette, policy)?;
    records::run(&session, &options)
}
