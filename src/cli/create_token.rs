//! `dstok create-token`: the arguments and the output of `datasette create-token`.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use clap::Args;

use super::instance::InstanceArgs;
use super::{Failure, print};
use dstok::datasette::{Datasette, Restrictions, TokenFormat, TokenRequest};
use dstok::pyjson::{Integer, parse_python_int, write_indented, write_string};

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

    /// Token should expire after this many seconds
    #[arg(short, long, value_name = "INTEGER", allow_hyphen_values = true)]
    expires_after: Option<String>,

    /// Restrict token to this action
    #[arg(short, long, value_name = "ACTION", allow_hyphen_values = true)]
    all: Vec<String>,

    /// Restrict token to this action on this database
    #[arg(short, long, num_args = 2, value_names = ["DB", "ACTION"], allow_hyphen_values = true)]
    database: Vec<String>,

    /// Restrict token to this action on this database resource (a table, SQL view or named query)
    #[arg(short, long, num_args = 3, value_names = ["DB", "RESOURCE", "ACTION"],
        allow_hyphen_values = true)]
    resource: Vec<String>,

    /// Show decoded token
    #[arg(long)]
    debug: bool,

    /// Not here: dstok runs no plugins; --actions takes their actions
    #[arg(long, hide = true)]
    plugins_dir: Option<OsString>,

    #[command(flatten)]
    instance: InstanceArgs,
}

pub(super) fn run(args: CreateTokenArgs) -> Result<(), Failure> {
    let expires_after = check(&args)?;
    let mut datasette = args.instance.datasette()?;
    check_release(&args, &datasette)?;
    let now = args.instance.now()?;
    warn_of_unknown_actions(&args, &datasette);
    let (all, database, resource) = restrictions_json(&args);
    let request = TokenRequest {
        actor_id: &string(&args.id),
        expires_after,
        restrictions: Restrictions {
            all: Some(&all),
            database: Some(&database),
            resource: Some(&resource),
        },
    };
    let mut out = Vec::new();
    datasette.create_token(&request, now, &mut out)?;
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
    let Some(text) = &args.expires_after else { return Ok(None) };
    parse_python_int(text).map(Some).ok_or_else(|| {
        Failure::Usage("--expires-after is not a whole number of seconds".to_owned())
    })
}

/// The command of old releases had fewer options, or was not there.
fn check_release(args: &CreateTokenArgs, datasette: &Datasette) -> Result<(), Failure> {
    let restricted = !(args.all.is_empty() && args.database.is_empty() && args.resource.is_empty());
    let reason = match datasette.release().token_format() {
        TokenFormat::None => {
            "create-token exists from Datasette 1.0a0 on; choose another --datasette-version"
        }
        TokenFormat::CommandLine if restricted => {
            "--all, --database and --resource exist from Datasette 1.0a2 on"
        }
        TokenFormat::CommandLine | TokenFormat::Restrictable => return Ok(()),
    };
    Err(Failure::Usage(reason.to_owned()))
}

/// Datasette's own warnings: all in the order --all, --database, --resource.
fn warn_of_unknown_actions(args: &CreateTokenArgs, datasette: &Datasette) {
    let on_databases = args.database.chunks(2).filter_map(|pair| pair.get(1));
    let on_resources = args.resource.chunks(3).filter_map(|triple| triple.get(2));
    let mut stderr = io::stderr().lock();
    let (red, reset) = if stderr.is_terminal() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    for action in args.all.iter().chain(on_databases).chain(on_resources) {
        if !datasette.actions().contains(action) {
            let _ = writeln!(stderr, "{red}  Unknown permission: {action} {reset}");
        }
    }
}

/// The options as the JSON of `restrict_all`, `restrict_database` and `restrict_resource`.
fn restrictions_json(args: &CreateTokenArgs) -> (String, String, String) {
    let all = list(args.all.iter());
    let database =
        object(grouped(args.database.chunks(2)), |rest| list(rest.iter().flat_map(|r| r.first())));
    let resource = object(grouped(args.resource.chunks(3)), |rest| {
        object(grouped(rest.into_iter()), |rest| list(rest.iter().flat_map(|r| r.first())))
    });
    (all, database, resource)
}

type Group<'a> = (&'a String, Vec<&'a [String]>);

/// Groups rows by their first column, in order of first appearance, as `dict.setdefault` does.
fn grouped<'a>(rows: impl Iterator<Item = &'a [String]>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for row in rows {
        let Some((key, rest)) = row.split_first() else { continue };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(rest),
            None => groups.push((key, vec![rest])),
        }
    }
    groups
}

fn list<'a>(items: impl Iterator<Item = &'a String>) -> String {
    let items: Vec<_> = items.map(|item| string(item)).collect();
    format!("[{}]", items.join(","))
}

fn object<'a>(groups: Vec<Group<'a>>, value: impl Fn(Vec<&'a [String]>) -> String) -> String {
    let members: Vec<_> =
        groups.into_iter().map(|(key, rest)| format!("{}:{}", string(key), value(rest))).collect();
    format!("{{{}}}", members.join(","))
}

fn string(text: &str) -> String {
    let mut json = Vec::new();
    write_string(&mut json, text);
    String::from_utf8_lossy(&json).into_owned()
}
