//! `dstok create-tokens`: one token a record of CSV or JSON lines.

mod cells;
mod input;
mod output;
mod worker;

use std::path::PathBuf;
use std::thread;

use clap::Args;
use indicatif::ProgressBar;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::guard_rails::GuardRailArgs;
use super::instance::InstanceArgs;
use super::progress;
use super::token_args::TokenArgs;
use super::{Failure, warn};
use dstok::datasette::{Datasette, TokenFormat, TokenRequest};
use dstok::methods::{Clock, Defaults, Session};
use input::{Block, Input};
use output::{Format, Layout, Sink};
use worker::Worker;

/// The name of the subcommand.
pub(super) const NAME: &str = "create-tokens";

/// Pieces of a block for each thread, so that one with long records does not hold the others up.
const PIECES_PER_THREAD: usize = 4;

/// Create one API token for each record of CSV or JSON lines
///
/// CSV has a header. Columns: actor_id, expires_after (seconds), restrict_all (actions separated
/// by spaces), restrict_database (db:action items separated by spaces, or JSON),
/// restrict_resource (db/table:action items separated by spaces, or JSON), restrictions (JSON)
/// and now; all but actor_id may be left out or empty. JSON lines are objects with the parameters
/// of the method create_token. Other columns are passed through. Options stand in for what a
/// record does not say.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok create-tokens users.csv --output tokens.csv \
    --secret-file secret.txt\n  dstok create-tokens --expires-after 86400 --all view-instance \
    --format tokens < users.jsonl")]
pub(super) struct CreateTokensArgs {
    /// The records; stdin if left out or -
    file: Option<PathBuf>,

    #[command(flatten)]
    token: TokenArgs,

    /// What to print: the records with their tokens, or the tokens alone, an empty line for a
    /// record that failed [default: as the input]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write here instead of stdout; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Stop at the first record that fails
    #[arg(long)]
    fail_fast: bool,

    #[command(flatten)]
    instance: InstanceArgs,

    #[command(flatten)]
    guard_rails: GuardRailArgs,
}

pub(super) fn run(args: &CreateTokensArgs) -> Result<(), Failure> {
    let texts = args.token.restrictions();
    let defaults = Defaults {
        expires_after: args.token.expires_after()?,
        restrictions: texts.as_restrictions().without_empty(),
    };
    let mut datasette = args.instance.datasette()?;
    check(&mut datasette, args)?;
    let session = Session {
        datasette,
        clock: Clock::new(args.instance.frozen_now()?),
        guard_rails: args.guard_rails.guard_rails()?,
        warn,
    };
    let mut input = Input::open(args.file.as_deref())?;
    let mut sink = Sink::open(args.output.as_deref())?;
    let outcome = Run::new(args, &session, &defaults).all(&mut input, &mut sink);
    match outcome? {
        Counts { failed: 0, .. } => sink.finish(),
        Counts { failed: 1, .. } if args.fail_fast => {
            // What comes after the record is missing: no such file is to be taken for whole.
            sink.abandon()?;
            Err(Failure::Negative(Some("stopped at the first record that failed".to_owned())))
        }
        Counts { failed, records } => {
            sink.finish()?;
            Err(Failure::Negative(Some(format!("{failed} of {records} records failed"))))
        }
    }
}

/// What no record could change: a release without tokens, no secret.
fn check(datasette: &mut Datasette, args: &CreateTokensArgs) -> Result<(), Failure> {
    if datasette.release().token_format() == TokenFormat::CommandLine && args.token.is_restricted()
    {
        let reason = "--all, --database and --resource exist from Datasette 1.0a2 on";
        return Err(Failure::Usage(reason.to_owned()));
    }
    let request =
        TokenRequest { actor_id: "null", expires_after: None, restrictions: Default::default() };
    Ok(datasette.create_token(&request, 0.0, &mut Vec::new())?)
}

#[derive(Default)]
struct Counts {
    records: u64,
    failed: u64,
}

/// What a run works with.
struct Run<'r> {
    format: Option<Format>,
    fail_fast: bool,
    session: &'r Session,
    defaults: &'r Defaults<'r>,
    workers: Vec<Worker>,
    pool: Option<ThreadPool>,
    counts: Counts,
}

impl<'r> Run<'r> {
    fn new(args: &CreateTokensArgs, session: &'r Session, defaults: &'r Defaults<'r>) -> Self {
        // A token that was recorded, or that stands before a failure, must be the one before
        // the next: in order, then, and none too many.
        let in_order = args.fail_fast || session.guard_rails.audit_log.is_some();
        let threads =
            if in_order { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
        let pool =
            (threads > 1).then(|| ThreadPoolBuilder::new().num_threads(threads).build().ok());
        Self {
            format: args.format,
            fail_fast: args.fail_fast,
            session,
            defaults,
            workers: Vec::new(),
            pool: pool.flatten(),
            counts: Counts::default(),
        }
    }

    /// Reads a block while the one before it is worked on.
    fn all(mut self, input: &mut Input, sink: &mut Sink) -> Result<Counts, Failure> {
        let progress = progress_bar(input.length());
        let mut block = Block::default();
        let mut next = Block::default();
        input.read(&mut block)?;
        let Some(layout) = Layout::new(input, &block, self.format)? else {
            warn("the input holds no records");
            return Ok(self.counts);
        };
        sink.write(&layout.header())?;
        while !block.is_empty() {
            let pieces = match self.pool.take() {
                None => {
                    let pieces = self.work(&layout, &block, 1);
                    next.clear();
                    if !(self.fail_fast && self.workers[0].failed()) {
                        input.read(&mut next)?;
                    }
                    pieces
                }
                Some(pool) => {
                    let count = PIECES_PER_THREAD * pool.current_num_threads();
                    let (pieces, read) = pool.install(|| {
                        rayon::join(|| self.work(&layout, &block, count), || input.read(&mut next))
                    });
                    self.pool = Some(pool);
                    // What is done is written, whatever comes after it.
                    self.write(pieces, sink, &progress)?;
                    read?;
                    0
                }
            };
            self.write(pieces, sink, &progress)?;
            advance(&progress, input.length(), self.counts.records, block.end());
            std::mem::swap(&mut block, &mut next);
        }
        progress.finish_and_clear();
        Ok(self.counts)
    }

    /// Has the records of a block made into tokens; in how many pieces.
    fn work(&mut self, layout: &Layout, block: &Block, pieces: usize) -> usize {
        let length = block.len().div_ceil(pieces).max(1);
        let pieces = block.len().div_ceil(length);
        while self.workers.len() < pieces {
            self.workers.push(Worker::new(self.session.fork(), self.fail_fast));
        }
        let defaults = self.defaults;
        let work = |(at, worker): (usize, &mut Worker)| {
            let start = at * length;
            worker.work(layout, defaults, block, start..block.len().min(start + length));
        };
        let workers = &mut self.workers[..pieces];
        match pieces {
            1 => workers.iter_mut().enumerate().for_each(work),
            _ => workers.par_iter_mut().enumerate().with_max_len(1).for_each(work),
        }
        pieces
    }

    /// Writes what the pieces became, in order.
    fn write(
        &mut self,
        pieces: usize,
        sink: &mut Sink,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        for worker in &mut self.workers[..pieces] {
            progress.suspend(|| worker.errors().for_each(warn));
            self.counts.records += worker.records();
            self.counts.failed += worker.errors().count() as u64;
            sink.write(worker.output())?;
        }
        Ok(())
    }
}

fn progress_bar(bytes: Option<u64>) -> ProgressBar {
    match bytes {
        Some(_) => {
            let template = "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left";
            progress::bar(Some(0), template)
        }
        None => progress::bar(None, "{spinner} {human_pos} records, {per_sec}"),
    }
}

/// So many records, and bytes of the input, are done. How many records there will be is
/// estimated from the two.
fn advance(bar: &ProgressBar, bytes: Option<u64>, records: u64, done: u64) {
    if let Some(all) = bytes.filter(|_| done > 0) {
        let estimate = u128::from(records) * u128::from(all) / u128::from(done);
        bar.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
    }
    bar.set_position(records);
}
