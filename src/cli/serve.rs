//! `dstok serve`.

use std::io::{self, ErrorKind, IsTerminal};
use std::{panic, process, sync::Arc};

use clap::{Args, builder::PossibleValuesParser, value_parser};
use dstok::parallel::available_threads;
use dstok::platform::{
    END_OF_INPUT, Parent, close_inherited, enter_sandbox, keep_large_values_apart,
};
use dstok::policy::{AuditLog, Policy};
use dstok::sidecar::methods::METHODS;
use dstok::sidecar::serve::{Counts, Limits, MAX_THREADS, Stdin, Stdout, end_when_stuck, serve};

use super::instance::{VerifyingArgs, at_most};
use super::stdio::{never_wait, plural, warn};
use super::{failure::Failure, failure::Result, policy::PolicyArgs};

/// The largest `--max-line`, in bytes. Whatever a line grows to stays below zlib's limit of 4 GiB.
const MAX_MAX_LINE: u64 = at_most(512 << 20);

/// Answer JSON-RPC 2.0 requests on stdin, one per line
///
/// Prints each response as one line on stdout. If stdin begins with a Content-Length header,
/// requests and responses have such headers instead. Exits at the end of stdin or on SIGTERM or
/// SIGHUP, after answering every request it has read. Can start without a secret: the method
/// `configure` sets one. The method `rpc.discover` describes all methods.
#[derive(Args)]
#[command(
    after_help = "Example:\n  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"create_token\",\
    \"params\":[\"root\"]}' |\n      dstok serve --secret-file secret.txt"
)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    verifying: VerifyingArgs,

    #[command(flatten)]
    policy: PolicyArgs,

    /// Answer only these methods, separated by commas. info and ping are always answered. If
    /// configure is left out, requests cannot change the configuration
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "Token policy",
        value_parser = PossibleValuesParser::new(METHODS.iter().map(|method| method.name)))]
    methods: Option<Vec<String>>,

    /// The longest request line to accept, in bytes, up to 512 MiB (64 MiB on 32-bit systems)
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_line as u64,
        value_parser = value_parser!(u64).range(1..=MAX_MAX_LINE), help_heading = "Limits")]
    max_line: u64,

    /// The most requests in a batch
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_batch as u64,
        value_parser = value_parser!(u64).range(1..=u32::MAX.into()), help_heading = "Limits")]
    max_batch: u64,

    /// The most threads to use when many requests arrive at once [default: one per processor]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=MAX_THREADS as u64),
        help_heading = "Limits")]
    threads: Option<u64>,

    /// Exit when this process exits, as at the end of stdin. Pass the parent's PID if the parent
    /// forks processes that keep the pipe to stdin open
    #[arg(long, value_name = "PID", value_parser = value_parser!(i32).range(1..),
        help_heading = "Process")]
    parent_pid: Option<i32>,

    /// At the end, print the number of requests and of errors on stderr. Exit with 1 if any
    /// response was an error
    #[arg(long, help_heading = "Process")]
    summary: bool,

    /// Do not enter the sandbox. By default, on Linux, serve forbids itself to open files, create
    /// sockets and start processes before it reads the first request
    #[arg(long, help_heading = "Process")]
    no_sandbox: bool,
}

pub(super) fn run(args: &ServeArgs) -> Result {
    let datasette = args.verifying.datasette()?;
    let policy = args.policy.policy(datasette.actions())?;
    let policy = Policy { methods: args.methods.clone(), ..policy };
    let session = args.verifying.instance.session(datasette, policy)?;
    let limits = Limits {
        max_line: args.max_line as usize,
        max_batch: args.max_batch as usize,
        threads: args.threads.map_or_else(available_threads, |it| it as usize).min(MAX_THREADS),
    };
    // All start-up files are read, and only the audit log is still open.
    let owned: Vec<_> = session.policy.audit_log.iter().map(AuditLog::file).collect();
    if let Err(reason) = close_inherited(&owned) {
        warn(&format!("cannot close inherited file descriptors: {reason}"));
    }
    let parent = args.parent_pid.map(watch).transpose()?;
    keep_large_values_apart();
    never_wait();
    panic::set_hook(Box::new(report_panic));
    let mut input = Stdin::new(parent.clone())?;
    let end_input = input.end()?;
    let mut output = Stdout::default();
    // In the sandbox nobody can ask.
    let is_watched = io::stderr().is_terminal();
    greet();
    if !args.no_sandbox {
        let watched = parent.as_ref().and_then(|parent| parent.polled_by_signal());
        if let Err(reason) = enter_sandbox(watched) {
            warn(&format!("running without a sandbox: {reason}; --no-sandbox hides this warning"));
        }
    }
    if let Some(parent) = parent {
        // The parent no longer reads, so a blocked write would never return.
        end_when_stuck(parent, output.writes.clone(), || process::exit(0))?;
    }
    let counts = serve(session, limits, &mut input, &mut output, end_input)?;
    if args.summary {
        return report(&counts);
    }
    if counts.requests + counts.notifications == 0
        && let Some(length) = input.length()
        && (length == 0 || is_watched)
    {
        warn("stdin ended before any request; write JSON-RPC 2.0 requests to it, one per line");
    }
    Ok(())
}

/// Tells a person at a terminal what to do.
fn greet() {
    if io::stdin().is_terminal() {
        warn(&format!(
            "waiting for JSON-RPC 2.0 requests, one per line; {END_OF_INPUT} exits, --help shows more"
        ));
    }
}

/// Prints a summary.
///
/// # Errors
/// [`Failure::Negative`] if any response was an error.
fn report(Counts { requests, notifications, errors }: &Counts) -> Result {
    let count = |noun: &str, count: u64| format!("{count} {}", plural(noun, count));
    let mut line = [
        count("request", *requests),
        count("notification", *notifications),
        count("error", errors.values().sum()),
    ]
    .join(", ");
    if errors.is_empty() {
        warn(&line);
        return Ok(());
    }
    let codes: Vec<_> = errors.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    line += &format!(" ({})", codes.join(", "));
    Err(Failure::Negative(Some(line)))
}

/// Reports where a request panicked. The panic's message may quote a request, so it is left out.
fn report_panic(info: &panic::PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    warn(&format!("bug in dstok: a request failed at {location}"));
}

fn watch(pid: i32) -> Result<Arc<Parent>> {
    let parent = Parent::watch(pid).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "--parent-pid: no process has the PID {pid}; pass the parent's PID as seen in dstok's \
             PID namespace"
        ),
        _ => format!("--parent-pid: cannot watch process {pid}: {error}"),
    })?;
    Ok(Arc::new(parent))
}
