//! The output of all blocks, in the order of the input.

use indicatif::ProgressBar;

use super::mint::Outcome;
use super::sink::Sink;
use crate::cli::failure::Failure;
use crate::cli::stdio::warn;

/// How many records there were.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) failed: u64,
}

/// The results of one block.
#[derive(Default)]
pub(super) struct BlockResults {
    records: u64,
    /// A message about each record that failed.
    failures: Vec<String>,
}

impl BlockResults {
    pub(super) fn clear(&mut self) {
        self.records = 0;
        self.failures.clear();
    }

    /// Adds the record that begins in a line.
    pub(super) fn add(&mut self, line: u64, outcome: Outcome<'_>) {
        self.records += 1;
        if let Err(problem) = outcome {
            self.failures.push(format!("line {line}: {problem}"));
        }
    }

    pub(super) fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }
}

/// Takes the output of all blocks, in the order of the input.
pub(super) struct Output<'a> {
    sink: &'a mut Sink,
    progress: &'a ProgressBar,
    /// Bytes of input, if they are known.
    input_length: Option<u64>,
    counts: &'a mut Counts,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        sink: &'a mut Sink,
        progress: &'a ProgressBar,
        input_length: Option<u64>,
        counts: &'a mut Counts,
    ) -> Self {
        Self { sink, progress, input_length, counts }
    }

    /// Writes a block that ends `position` bytes from the start of the input. Reports the records
    /// that failed on stderr.
    pub(super) fn write_block(
        &mut self,
        bytes: &[u8],
        results: &BlockResults,
        position: u64,
    ) -> Result<(), Failure> {
        if results.has_failures() {
            self.progress.suspend(|| results.failures.iter().for_each(|failure| warn(failure)));
        }
        self.sink.write(bytes)?;
        self.counts.records += results.records;
        self.counts.failed += results.failures.len() as u64;
        self.show_progress(position);
        Ok(())
    }

    /// The progress bar shows records. It estimates from the bytes how many there will be.
    fn show_progress(&self, position: u64) {
        let records = self.counts.records;
        if let Some(length) = self.input_length.filter(|_| position > 0) {
            let estimate = u128::from(records) * u128::from(length) / u128::from(position);
            self.progress.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.progress.set_position(records);
    }
}
