//! One token for each record of CSV or JSON lines.
//!
//! Each worker reads a block of records, mints their tokens, and writes the block in its turn. So
//! the output keeps the order of the input.
//!
//! The workers and the minting are shared with `serve`, but reading is not. `serve` wipes its lines
//! and skips those over its limit. Records hold no secret, and one over the limit ends the run, so
//! the standard library and the crate `csv` read them.

mod csv_row;
mod fields;
mod input;
mod layout;
mod output;
mod worker;
mod writer;

use std::thread;

use dstok::parallel;
use dstok::sidecar::methods::Session;
use indicatif::ProgressBar;

use crate::cli::failure::Failure;
use crate::cli::stdio::warn;
pub(crate) use input::Input;
pub(crate) use layout::Format;
pub(crate) use output::{Counts, Sink};
pub(crate) use worker::Options;
use worker::{Minter, RecordWorker};

/// Mints a token for each record and writes the records with their tokens. Reports the records that
/// fail on stderr.
///
/// # Errors
/// [`Failure`] ends the run. All blocks before it have been written.
pub(crate) fn run(
    session: &Session,
    options: &Options<'_>,
    mut input: Input,
    sink: &mut Sink,
    progress: &ProgressBar,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let Some(layout) = layout::Layout::new(&mut input, options.format)? else {
        warn("the input holds no records");
        return Ok(counts);
    };
    sink.write(&layout.header())?;
    // With one thread, the audit log has the order of the records, and no token after the record
    // that ends the run.
    let needs_one_thread = options.fail_fast || session.policy.audit_log.is_some();
    let threads =
        if needs_one_thread { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let new_worker = || {
        let session = session.for_worker();
        let minter = Minter { session, options, layout: &layout, token: Vec::new() };
        RecordWorker { minter, block: Default::default(), results: Default::default() }
    };
    // A read from stdin that waits can't be interrupted. After a write error the run ends when that
    // read returns.
    let end_input = || {};
    let output = output::Output { sink, progress, input_length: input.length, counts: &mut counts };
    parallel::run(threads, input, (), output, new_worker, end_input)?;
    progress.finish_and_clear();
    Ok(counts)
}
