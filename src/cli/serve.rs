//! `dstok serve`.

use std::io::{self, IsTerminal};
use std::thread;

use clap::Args;

use super::guard_rails::GuardRailArgs;
use super::instance::VerifyingArgs;
use super::{Failure, warn};
use dstok::methods::Session;
use dstok::serve::{Limits, Stdin, Stdout, ignore_interrupts, serve};

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
}

pub(super) fn run(args: ServeArgs) -> Result<(), Failure> {
    let mut session = session(&args)?;
    let limits = Limits {
        max_line: args.max_line as usize,
        max_batch: args.max_batch as usize,
        threads: args.threads.map_or_else(default_threads, |threads| threads as usize),
    };
    // A panic's own text may quote what was being read.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        warn(&format!("a bug: a request failed at {place}"));
    }));
    ignore_interrupts()?;
    let mut input = Stdin::new()?;
    if io::stdin().is_terminal() {
        warn("waiting for JSON-RPC 2.0 requests, one a line; Ctrl-D ends, --help tells more");
    }
    Ok(serve(&mut session, limits, &mut input, &mut Stdout)?)
}

/// As many as the process may run at once.
fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS as usize))
}

fn session(args: &ServeArgs) -> Result<Session, Failure> {
    Ok(Session {
        datasette: args.instance.datasette()?,
        frozen_now: args.instance.frozen_now()?,
        guard_rails: args.guard_rails.guard_rails()?,
        warn,
    })
}
