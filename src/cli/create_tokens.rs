//! `dstok create-tokens`.

use std::path::PathBuf;

use clap::Args;
use datasette_tokens::{Feature, TokenRequest, Value};

use super::{failure::Failure, failure::Result, stdio::progress_bar};
use super::{instance::InstanceArgs, policy::PolicyArgs, token_args::TokenArgs};
use crate::records::{self, Counts, Format, Input, Options, Sink};

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

    /// Write to this file instead of stdout; the file appears when it is complete
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
        defaults: args.token.defaults(&restrictions)?,
        format: args.format,
        fail_fast: args.fail_fast,
        made_by: NAME,
    };
    let datasette = args.instance.datasette()?;
    args.token.require(Feature::ApiTokens, datasette.release())?;
    // Finds the errors that every record would have, such as a missing secret.
    datasette.create_token(&TokenRequest::new(Value::Null), 0.0)?;
    let session = args.instance.session(datasette, &args.policy)?;
    let input = Input::open(args.file.as_deref())?;
    let mut sink = Sink::open(args.output.as_deref())?;
    // `records::run` estimates how many records there will be if it knows the input's length.
    let template = match input.length {
        Some(_) => "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left",
        None => "{spinner} {human_pos} records, {per_sec}",
    };
    let progress = progress_bar(input.length.map(|_| 0), template);
    let Counts { failed, records } = records::run(&session, &options, input, &mut sink, &progress)?;
    let problem = if failed > 0 && args.fail_fast {
        // The records after it are missing, and the file must not look complete.
        sink.abandon();
        "stopped at the first record that failed".to_owned()
    } else {
        sink.finish()?;
        format!("{failed} of {records} records failed")
    };
    if failed == 0 { Ok(()) } else { Err(Failure::Negative(Some(problem))) }
}
