//! One token for each record of CSV, JSON lines or a JSON array.
//!
//! Each worker reads a block of records, mints their tokens, and writes the block in its turn. So
//! the output keeps the order of the input. Whoever reads a block finds records and cells in one pass.
//! The rest happens outside of the lock.
//!
//! The workers and the minting are shared with `serve`, but reading is not. `serve` wipes its lines
//! and skips those over its limit. Records hold no secret, and one over the limit ends the run.

mod array;
mod cleanup;
mod csv;
mod failed;
mod fields;
mod input;
mod layout;
mod names;
mod output;
mod record;
mod split;
mod unfinished;
mod unknown;
mod worker;
mod writer;

use std::path::Path;

use dstok::parallel;
use dstok::sidecar::methods::{Defaults, Session};

use crate::cli::failure::Failure;
use crate::cli::stdio::warn;
use cleanup::Cleanup;
use failed::FailedRecords;
use input::Input;
pub(crate) use layout::Format;
use layout::Layout;
pub(crate) use names::Names;
use output::Output;
use unfinished::UnfinishedFile;
use unknown::Warnings;
use worker::{Minter, RecordWorker, Sinks};

/// Where records are, and how they become tokens.
pub(crate) struct Options<'a> {
    /// The file with the records. Without it, and for `-`, stdin.
    pub(crate) input: Option<&'a Path>,
    /// The file for the output, or stdout.
    pub(crate) output: Option<&'a Path>,
    /// The format of the output. By default that of the input.
    pub(crate) format: Option<Format>,
    /// What separates the cells of CSV, if that isn't to be recognised.
    pub(crate) delimiter: Option<u8>,
    /// The file for the records that failed.
    pub(crate) failed: Option<&'a Path>,
    /// Whether records with a token stay as they are.
    pub(crate) retry_failed: bool,
    pub(crate) names: Names<'a>,
    /// The actions of `defaults` that the release doesn't know, and what warns of others.
    pub(crate) unknown_actions: &'a [String],
    pub(crate) warn_of_action: fn(&str),
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
    options.names.check()?;
    let mut input = Input::open(options.input, options.delimiter)?;
    let (output, failed) = create_files(options)?;
    if output.as_ref().zip(failed.as_ref()).is_some_and(|(output, failed)| output.is_same(failed)) {
        return Err("--output and --failed must be different files".to_owned().into());
    }
    let (mut output, mut failed) = (Output::new(output, input.length), FailedRecords(failed));
    let unknown = options.unknown_actions.iter().cloned().collect();
    let mut warnings = Warnings::new(unknown, options.warn_of_action);
    match Layout::new(&mut input, options.format, options.names, options.retry_failed)? {
        Some(layout) => {
            let sinks = Sinks { output: &mut output, failed: &mut failed, warnings: &mut warnings };
            run_workers(session, options, &layout, input, sinks)?;
        }
        None => warn("the input has no records"),
    }
    output.finish(options.fail_fast, failed, options.failed)
}

/// Creates the files of `--output` and `--failed`. From then on a signal removes them.
fn create_files(
    options: &Options<'_>,
) -> Result<(Option<UnfinishedFile>, Option<UnfinishedFile>), Failure> {
    if options.output.is_none() && options.failed.is_none() {
        return Ok((None, None));
    }
    let cleanup = Cleanup::start().map_err(|error| format!("cannot handle signals: {error}"))?;
    let create = |option, path: Option<&Path>| {
        path.map(|path| UnfinishedFile::create(option, path, &cleanup)).transpose()
    };
    Ok((create("--output", options.output)?, create("--failed", options.failed)?))
}

fn run_workers<'a>(
    session: &Session,
    options: &'a Options<'_>,
    layout: &'a Layout<'_>,
    input: Input,
    sinks: Sinks<'a>,
) -> Result<(), Failure> {
    let Options { defaults, fail_fast, .. } = options;
    sinks.output.write(&writer::header(layout))?;
    sinks.failed.write(&layout.start)?;
    let keeps_failed = sinks.failed.is_wanted();
    // With one thread, the audit log has the order of the records, and no token after the record
    // that ends the run.
    let needs_one_thread = *fail_fast || session.policy.audit_log.is_some();
    let threads = if needs_one_thread { 1 } else { parallel::available_threads() };
    let new_worker = || RecordWorker {
        minter: Minter {
            session: session.for_worker(),
            layout,
            defaults,
            memory: Default::default(),
            unknown: Default::default(),
            token: Vec::new(),
        },
        fail_fast: *fail_fast,
        keeps_failed,
        block: Default::default(),
        out: Vec::new(),
        failures: Vec::new(),
        failed: Vec::new(),
    };
    // A read from stdin that waits can't be interrupted. After a write error the run ends when that
    // read returns.
    let end_input = || {};
    parallel::run(threads, input, (), sinks, new_worker, end_input)
}
