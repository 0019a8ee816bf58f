//! `dstok create-tokens`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use datasette_tokens::{Datasette, Error, Feature, RawTokenRequest, Workspace};
use dstok::sidecar::methods::{Clock, Defaults, Session};
use indicatif::ProgressBar;

use super::failure::Failure;
use super::instance::InstanceArgs;
use super::policy::PolicyArgs;
use super::progress;
use super::stdio::warn;
use super::token_args::TokenArgs;
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

pub(super) fn run(args: &CreateTokensArgs) -> Result<(), Failure> {
    let restrictions = args.token.restrictions();
    let options = Options {
        defaults: Defaults {
            expires_after: args.token.expires_after()?,
            restrictions: restrictions.as_raw().without_empty(),
        },
        format: args.format,
        fail_fast: args.fail_fast,
        made_by: NAME,
    };
    let session = session(args)?;
    let input = Input::open(args.file.as_deref())?;
    let mut sink = Sink::open(args.output.as_deref())?;
    let progress = progress_bar(input.length);
    match records::run(&session, &options, input, &mut sink, &progress)? {
        Counts { failed: 0, .. } => sink.finish(),
        Counts { .. } if args.fail_fast => {
            // The records after it are missing, and the file must not look complete.
            sink.abandon();
            Err(Failure::Negative(Some("stopped at the first record that failed".to_owned())))
        }
        Counts { failed, records } => {
            sink.finish()?;
            Err(Failure::Negative(Some(format!("{failed} of {records} records failed"))))
        }
    }
}

fn session(args: &CreateTokensArgs) -> Result<Session, Failure> {
    let datasette = args.instance.datasette()?;
    check_can_mint(&datasette, args.token.is_restricted(), &mut Workspace::new())?;
    let session = Session::new(datasette, Clock::new(args.instance.frozen_now()?));
    Ok(Session { policy: Arc::new(args.policy.policy()?), warn, ..session })
}

/// Finds the errors that every record would have, such as a missing secret.
fn check_can_mint(
    datasette: &Datasette,
    is_restricted: bool,
    workspace: &mut Workspace,
) -> Result<(), Error> {
    datasette.release().require(Feature::ApiTokens)?;
    if is_restricted {
        datasette.release().require(Feature::CreateTokenRestrictions)?;
    }
    datasette.create_token_into(&RawTokenRequest::new("null"), 0.0, workspace, &mut Vec::new())
}

/// Counts records. [`records::run`] estimates how many there will be if it knows the length of the
/// input.
fn progress_bar(input_length: Option<u64>) -> ProgressBar {
    match input_length {
        Some(_) => {
            let template = "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left";
            progress::bar(Some(0), template)
        }
        None => progress::bar(None, "{spinner} {human_pos} records, {per_sec}"),
    }
}
