//! `dstok create-tokens`.

use std::path::PathBuf;

use clap::Args;
use datasette_tokens::{Feature, TokenRequest, Value};
use dstok::names::quoted;

use super::create_token::warn_of_unknown_action;
use super::failure::Result;
use super::{instance::InstanceArgs, policy::PolicyArgs, token_args::TokenArgs};
use crate::records::{self, Format, Names, Options};

/// The name of the subcommand.
pub(super) const NAME: &str = "create-tokens";

/// Create an API token for each record of CSV, JSON lines or a JSON array
///
/// CSV must have a header. dstok reads these columns: actor_id, expires_after (seconds),
/// restrict_all (actions separated by spaces), restrict_database (db:action items separated by
/// spaces, or JSON), restrict_resource (db/table:action items separated by spaces, or JSON),
/// restrictions (JSON) and now (Unix seconds). Only actor_id is required, and other cells can be
/// empty. JSON records are objects with the same names.
///
/// Other columns and members are passed through. A name that is close to one of those above is an
/// error unless you pass it with --ignore. Options supply defaults for missing values.
///
/// Records that fail get an error message instead of a token, and the exit code is 1. Malformed
/// CSV and arrays end the run with exit code 2.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  dstok create-tokens users.csv --secret-file secret.txt \\\n      \
    --output tokens.csv --failed failed.csv\n  \
    dstok create-tokens --expires-after 86400 --all view-instance \\\n      \
    --format tokens --secret-file secret.txt < users.jsonl\n  \
    dstok create-tokens tokens.csv --secret-file secret.txt \\\n      \
    --retry-failed --output tokens.csv"
)]
pub(super) struct CreateTokensArgs {
    /// The file with the records. Without it, or with -, dstok reads stdin
    file: Option<PathBuf>,

    #[command(flatten)]
    token: TokenArgs,

    /// The format of the output: the records with their tokens, or only the tokens, with an empty
    /// line for a record that failed [default: that of the input]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write to this file instead of stdout. The file appears when it is complete. Follows symbolic
    /// links
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the records that failed to this file, unchanged
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,

    /// Read the output of an earlier run, keep records that have a token, and retry the others
    #[arg(long)]
    retry_failed: bool,

    /// The column or member with the actor's id [default: actor_id]
    #[arg(long, value_name = "NAME")]
    actor_column: Option<String>,

    /// Pass this column or member through, although its name is close to a parameter's. Can be
    /// repeated
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    ignore: Vec<String>,

    /// The delimiter of CSV: `,`, `;` or `tab` [default: the one in the header]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter)]
    delimiter: Option<u8>,

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
    let defaults = args.token.defaults(&restrictions)?;
    let datasette = args.instance.datasette()?;
    args.token.require(Feature::ApiTokens, datasette.release())?;
    // Finds the errors that every record would have, such as a missing secret.
    datasette.create_token(&TokenRequest::new(Value::Null), 0.0)?;
    let policy = args.policy.policy(datasette.actions())?;
    let is_log = |path: &PathBuf| policy.audit_log.as_ref().is_some_and(|log| log.is_at(path));
    if args.output.as_ref().is_some_and(is_log) {
        return Err("--output and --audit-log must be different files".to_owned().into());
    }
    let session = args.instance.session(datasette, policy)?;
    let mut unknown_actions: Vec<String> = Vec::new();
    for action in args.token.actions() {
        if !session.datasette.actions().contains(action) && !unknown_actions.contains(action) {
            warn_of_unknown_action(action);
            unknown_actions.push(action.clone());
        }
    }
    let options = Options {
        input: args.file.as_deref(),
        output: args.output.as_deref(),
        format: args.format,
        delimiter: args.delimiter,
        failed: args.failed.as_deref(),
        retry_failed: args.retry_failed,
        names: Names { actor: args.actor_column.as_deref(), ignored: &args.ignore },
        unknown_actions: &unknown_actions,
        warn_of_action: |action| warn_of_unknown_action(&without_token(action)),
        defaults,
        fail_fast: args.fail_fast,
    };
    records::run(&session, &options)
}

/// The name of an action of a record as a message may show it.
fn without_token(action: &str) -> String {
    match quoted(action) {
        quoted if quoted.len() == action.len() + 2 => action.to_owned(),
        quoted => quoted,
    }
}

fn parse_delimiter(text: &str) -> std::result::Result<u8, &'static str> {
    match text {
        "," | ";" => Ok(text.as_bytes()[0]),
        "\t" | "\\t" | "tab" => Ok(b'\t'),
        _ => Err("pass `,`, `;` or `tab`"),
    }
}
