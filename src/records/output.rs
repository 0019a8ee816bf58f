//! The output of all blocks, in the order of the input.

use indicatif::ProgressBar;

use super::sink::Sink;
use crate::cli::failure::Failure;
use crate::cli::stdio::warn;

/// Bytes of buffer kept for the next block.
const KEPT_CAPACITY: usize = 1 << 20;

/// How many records there were.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) failed: u64,
}

/// The results of one block.
#[derive(Default)]
pub(super) struct Results {
    /// The records with their tokens.
    pub(super) out: Vec<u8>,
    /// How many records there are.
    pub(super) records: u64,
    /// A message about each record that failed.
    pub(super) failures: Vec<String>,
}

impl Results {
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_CAPACITY);
        self.records = 0;
        self.failures.clear();
    }
}

/// Takes the output of all blocks, in the order of the input.
pub(super) struct Output<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) progress: &'a ProgressBar,
    /// Bytes of input, if they are known.
    pub(super) input_length: Option<u64>,
    pub(super) counts: &'a mut Counts,
}

impl Output<'_> {
    /// Writes a block that ends `position` bytes from the start of the input. Reports the records
    /// that failed on stderr.
    pub(super) fn write_block(&mut self, block: &Results, position: u64) -> Result<(), Failure> {
        if !block.failures.is_empty() {
            self.progress.suspend(|| block.failures.iter().for_each(|failure| warn(failure)));
        }
        self.sink.write(&block.out)?;
        self.counts.records += block.records;
        self.counts.failed += block.failures.len() as u64;
        // The progress bar shows records. It estimates from the bytes how many there will be.
        let records = self.counts.records;
        if let Some(length) = self.input_length.filter(|_| position > 0) {
            let estimate = u128::from(records) * u128::from(length) / u128::from(position);
            self.progress.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.progress.set_position(records);
        Ok(())
    }
}
