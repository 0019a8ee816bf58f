//! One token for each record of CSV or JSON lines.
//!
//! Each worker reads a block of records, mints their tokens, and writes the block in its turn. So
//! the output keeps the order of the input.
//!
//! The workers and the minting are shared with `serve`, but reading is not. `serve` wipes its lines
//! and skips those over its limit. Records hold no secret, and one over the limit ends the run, so
//! the standard library and the crate `csv` read them.

mod cleanup;
mod fields;
mod input;
mod layout;
mod output;
mod unfinished;
mod worker;
mod writer;

use dstok::parallel;
use dstok::sidecar::methods::{Defaults, Session};
use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::stdio::warn;
pub(crate) use layout::Format;
use {input::Input, layout::Layout, output::Output, worker::RecordWorker};

/// Where records are, and how they become tokens.
pub(crate) struct Options<'a> {
    /// The file with the records. Without it, and for `-`, stdin.
    pub(crate) input: Option<&'a Path>,
    /// The file for the output, or stdout.
    pub(crate) output: Option<&'a Path>,
    /// The format of the output. By default that of the input.
    pub(crate) format: Option<Format>,
    /// For the parameters that a record leaves out.
    pub(crate) defaults: Defaults<'a>,
    /// Whether the first record that fails ends the run.
    pub(crate) fail_fast: bool,
}

/// Mints a token for each record and writes the records with their tokens. Reports the records that
/// fail on stderr.
///
/// # Errors
/// [`Failure::Negative`] if a record failed. Another [`Failure`] ends the run early. What was
/// written to stdout before remains; a file doesn't appear.
pub(crate) fn run(session: &Session, options: &Options<'_>) -> Result<(), Failure> {
    let mut input = Input::open(options.input)?;
    let mut output = Output::open(options.output, input.length)?;
    match Layout::new(&mut input, options.format)? {
        Some(layout) => run_workers(session, options, &layout, input, &mut output)?,
        None => warn("the input holds no records"),
    }
    output.finish(options.fail_fast)
}

fn run_workers(
    session: &Session,
    Options { defaults, fail_fast, .. }: &Options<'_>,
    layout: &Layout,
    input: Input,
    output: &mut Output,
) -> Result<(), Failure> {
    output.write(&writer::header(layout))?;
    // With one thread, the audit log has the order of the records, and no token after the record
    // that ends the run.
    let needs_one_thread = *fail_fast || session.policy.audit_log.is_some();
    let threads = if needs_one_thread { 1 } else { parallel::available_threads() };
    let new_worker = || RecordWorker {
        session: session.for_worker(),
        layout,
        defaults,
        fail_fast: *fail_fast,
        block: Default::default(),
        out: Vec::new(),
        failures: Vec::new(),
    };
    // A read from stdin that waits can't be interrupted. After a write error the run ends when that
    // read returns.
    let end_input = || {};
    parallel::run(threads, input, (), output, new_worker, end_input)
}
