//! `dstok create-token`: the arguments and the output of `datasette create-token`.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use clap::Args;
use datasette_tokens::{Actions, Feature};
use dstok::sidecar::methods::create_token;
use pyjson::{RawValue, write_indented};

use super::{failure::Result, stdio::print_line};
use super::{instance::InstanceArgs, policy::PolicyArgs, token_args::TokenArgs};

/// The name of the subcommand.
pub(super) const NAME: &str = "create-token";

/// Create a signed API token for the specified actor ID
///
/// Takes the arguments of `datasette create-token` and prints the same token. A token without
/// restrictions allows everything that its actor may do. The options --all, --database and
/// --resource restrict it, and can be repeated.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok create-token root --secret-file secret.txt\n  \
    dstok create-token root --secret-file secret.txt --expires-after 3600 \\\n      \
    --all view-instance\n  \
    dstok create-token root --secret-file secret.txt \\\n      \
    --resource mydb mytable insert-row")]
pub(super) struct CreateTokenArgs {
    /// The actor's id
    id: String,

    #[command(flatten)]
    token: TokenArgs,

    /// Show decoded token
    #[arg(long)]
    debug: bool,

    /// Not supported: dstok runs no plugins. --actions takes their actions
    #[arg(long, hide = true)]
    plugins_dir: Option<OsString>,

    #[command(flatten)]
    instance: InstanceArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: &CreateTokenArgs) -> Result {
    if args.plugins_dir.is_some() {
        let problem = "--plugins-dir: dstok runs no plugins; save /-/actions.json of a Datasette \
                       that has them and pass it with --actions FILE";
        return Err(problem.to_owned().into());
    }
    let restrictions = args.token.restrictions();
    let defaults = args.token.defaults(&restrictions)?;
    let datasette = args.instance.datasette()?;
    args.token.require(Feature::CreateTokenCommand, datasette.release())?;
    let policy = args.policy.policy(datasette.actions())?;
    let mut session = args.instance.session(datasette, policy)?;
    warn_of_unknown_actions(&args.token, session.datasette.actions());
    let actor_id = serde_json::Value::from(&*args.id).to_string();
    let parameters = [("actor_id", RawValue { text: &actor_id, depth: 0 })];
    let mut out = Vec::new();
    create_token(&mut session, parameters, &defaults, NAME, &mut out)?;
    if args.debug {
        out.extend_from_slice(b"\n\nDecoded:\n\n");
        // The payload was just written, so it is JSON.
        let _ = write_indented(&mut out, &String::from_utf8_lossy(session.workspace.payload()));
    }
    print_line(out)
}

/// Datasette's own warnings.
fn warn_of_unknown_actions(args: &TokenArgs, known: &Actions) {
    for action in args.actions().filter(|action| !known.contains(action)) {
        warn_of_unknown_action(action);
    }
}

/// Datasette's own warning.
pub(super) fn warn_of_unknown_action(action: &str) {
    let mut stderr = io::stderr().lock();
    let (red, reset) = if stderr.is_terminal() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(stderr, "{red}  Unknown permission: {action} {reset}");
}
