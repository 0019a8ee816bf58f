//! `dstok create-token`: the arguments and the output of `datasette create-token`.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use clap::Args;

use super::guard_rails::GuardRailArgs;
use super::instance::InstanceArgs;
use super::token_args::{TokenArgs, string};
use super::{Failure, print};
use dstok::datasette::{Datasette, TokenFormat, TokenRequest};
use dstok::guard_rails::Minted;
use dstok::pyjson::{Integer, write_indented};

/// The name of the subcommand.
pub(super) const NAME: &str = "create-token";

/// Create a signed API token for the specified actor ID
///
/// Takes the arguments of `datasette create-token` and prints the same token. Restricted
/// actions can be given several times with several --all, --database and --resource options.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok create-token root --secret-file secret.txt\n  \
    dstok create-token root --secret-file secret.txt --expires-after 3600 --all view-instance\n  \
    dstok create-token root --secret-file secret.txt --resource mydb mytable insert-row")]
pub(super) struct CreateTokenArgs {
    /// The actor's id
    id: String,

    #[command(flatten)]
    token: TokenArgs,

    /// Show decoded token
    #[arg(long)]
    debug: bool,

    /// Not here: dstok runs no plugins; --actions takes their actions
    #[arg(long, hide = true)]
    plugins_dir: Option<OsString>,

    #[command(flatten)]
    instance: InstanceArgs,

    #[command(flatten)]
    guard_rails: GuardRailArgs,
}

pub(super) fn run(args: CreateTokenArgs) -> Result<(), Failure> {
    let expires_after = check(&args)?;
    let mut datasette = args.instance.datasette()?;
    check_release(&args, &datasette)?;
    let time = args.instance.now()?;
    let guard_rails = args.guard_rails.guard_rails()?;
    warn_of_unknown_actions(&args, &datasette);
    let restrictions = args.token.restrictions();
    let request = TokenRequest {
        actor_id: &string(&args.id),
        expires_after,
        restrictions: restrictions.as_restrictions(),
    };
    let mut out = Vec::new();
    datasette.create_token(&request, time, &mut out)?;
    let minted = Minted { token: &out, method: NAME, time, now: time };
    guard_rails.release(&request, datasette.actions(), &minted)?;
    out.push(b'\n');
    if args.debug {
        out.extend_from_slice(b"\nDecoded:\n\n");
        // The payload was just written, so it can be read.
        let _ = write_indented(&mut out, &String::from_utf8_lossy(datasette.last_payload()));
        out.push(b'\n');
    }
    print(&out)
}

/// Checks what needs no instance; the seconds of `--expires-after`.
fn check(args: &CreateTokenArgs) -> Result<Option<Integer<'static>>, Failure> {
    if args.plugins_dir.is_some() {
        return Err(Failure::Usage(
            "--plugins-dir: dstok runs no plugins; save that Datasette's /-/actions.json and give \
             it with --actions FILE"
                .to_owned(),
        ));
    }
    args.token.expires_after()
}

/// The command of old releases had fewer options, or was not there.
fn check_release(args: &CreateTokenArgs, datasette: &Datasette) -> Result<(), Failure> {
    let reason = match datasette.release().token_format() {
        TokenFormat::None => {
            "create-token exists from Datasette 1.0a0 on; choose another --datasette-version"
        }
        TokenFormat::CommandLine if args.token.is_restricted() => {
            "--all, --database and --resource exist from Datasette 1.0a2 on"
        }
        TokenFormat::CommandLine | TokenFormat::Restrictable => return Ok(()),
    };
    Err(Failure::Usage(reason.to_owned()))
}

/// Datasette's own warnings: all in the order --all, --database, --resource.
fn warn_of_unknown_actions(args: &CreateTokenArgs, datasette: &Datasette) {
    let mut stderr = io::stderr().lock();
    let (red, reset) = if stderr.is_terminal() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    for action in args.token.actions() {
        if !datasette.actions().contains(action) {
            let _ = writeln!(stderr, "{red}  Unknown permission: {action} {reset}");
        }
    }
}
