//! `dstok serve`.

use std::io::{self, ErrorKind, IsTerminal};
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use clap::Args;

use super::guard_rails::GuardRailArgs;
use super::instance::VerifyingArgs;
use super::{Failure, STDERR_MAY_LOSE_LINES, warn};
use dstok::confinement::enter_sandbox;
use dstok::methods::{Clock, Session};
use dstok::serve::{Limits, Parent, Stdin, Stdout, ignore_signals, serve};

/// The largest `--max-line`: what a line can become still fits zlib's 4 GiB.
const LARGEST_LINE: u64 = 512 << 20;

/// The largest `--threads`.
const MOST_THREADS: u64 = 256;

/// Answer JSON-RPC 2.0 requests, one a line on stdin, with one answer a line on stdout
///
/// Ends when stdin ends or on SIGTERM, after answering all that was read. Without a secret it
/// waits for the method `configure` to bring one.
#[derive(Args)]
#[command(
    after_help = "Example:\n  echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"create_token\",\
    \"params\":[\"root\"]}' | dstok serve --secret-file secret.txt"
)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    instance: VerifyingArgs,

    #[command(flatten)]
    guard_rails: GuardRailArgs,

    /// The longest line that is answered, in bytes, up to 512 MiB
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_line as u64,
        value_parser = clap::value_parser!(u64).range(1..=LARGEST_LINE), help_heading = "Limits")]
    max_line: u64,

    /// The most requests in a batch
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_batch as u64,
        value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)),
        help_heading = "Limits")]
    max_batch: u64,

    /// Threads that answer when many requests come at once [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_THREADS),
        help_heading = "Limits")]
    threads: Option<u64>,

    /// End as at the end of stdin when this process is gone: for a parent that forks others,
    /// which hold the pipe to stdin open
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..),
        help_heading = "Process")]
    parent_pid: Option<i32>,

    /// On Linux: keep the right to open files, make sockets and start processes, which is given
    /// up otherwise before the first request is read
    #[arg(long, help_heading = "Process")]
    no_sandbox: bool,
}

pub(super) fn run(args: ServeArgs) -> Result<(), Failure> {
    let session = session(&args)?;
    let limits = Limits {
        max_line: args.max_line as usize,
        max_batch: args.max_batch as usize,
        threads: args.threads.map_or_else(default_threads, |threads| threads as usize),
    };
    let parent = args.parent_pid.map(watch).transpose()?;
    STDERR_MAY_LOSE_LINES.store(true, Ordering::Relaxed);
    // A panic's own text may quote what was being read.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        warn(&format!("a bug: a request failed at {place}"));
    }));
    ignore_signals()?;
    let mut input = Stdin::new(parent.clone())?;
    let input_end = input.end()?;
    let mut output = Stdout::default();
    if io::stdin().is_terminal() {
        warn("waiting for JSON-RPC 2.0 requests, one a line; Ctrl-D ends, --help tells more");
    }
    if cfg!(target_os = "linux") && !args.no_sandbox {
        let watched = parent.as_ref().and_then(|parent| parent.asked_by_signal());
        if let Err(reason) = enter_sandbox(watched) {
            warn(&format!("without a sandbox: {reason}; --no-sandbox if that is all right"));
        }
    }
    if let Some(parent) = parent {
        // As at the end of stdin, and nobody is left to care.
        parent.end_when_stuck(output.writes.clone(), || process::exit(0))?;
    }
    Ok(serve(session, limits, &mut input, &mut output, || input_end.end())?)
}

fn watch(pid: i32) -> Result<Arc<Parent>, Failure> {
    let parent = Parent::watch(pid).map_err(|error| {
        Failure::Usage(match error.kind() {
            ErrorKind::NotFound => format!(
                "--parent-pid: there is no process {pid}; give the ID of the process that \
                 dstok is to live for, as dstok's own system or container counts"
            ),
            _ => format!("--parent-pid: process {pid} cannot be watched: {error}"),
        })
    })?;
    Ok(Arc::new(parent))
}

/// As many as the process may run at once.
fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS as usize))
}

fn session(args: &ServeArgs) -> Result<Session, Failure> {
    Ok(Session {
        datasette: args.instance.datasette()?,
        clock: Clock::new(args.instance.frozen_now()?),
        guard_rails: args.guard_rails.guard_rails()?,
        warn,
    })
}
