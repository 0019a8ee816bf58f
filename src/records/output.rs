//! The output: stdout, or a file that appears when it is complete. It keeps the order of the input.

use std::io::{self, IsTerminal};
use std::path::Path;

use indicatif::{HumanCount, ProgressBar};

use super::failed::FailedRecords;
use super::input::Block;
use super::unfinished::UnfinishedFile;
use crate::cli::failure::Failure;
use crate::cli::stdio::{plural, print, progress_bar, warn};

/// The destination of the output, and what is known of the records so far.
pub(super) struct Output {
    /// `None` for stdout.
    file: Option<UnfinishedFile>,
    progress: ProgressBar,
    /// Bytes of input, if they are known.
    input_length: Option<u64>,
    /// How many records there were.
    records: u64,
    /// How many of them failed.
    failed: u64,
}

impl Output {
    /// Without a file, the output is stdout.
    pub(super) fn new(file: Option<UnfinishedFile>, input_length: Option<u64>) -> Self {
        // `write_block` estimates how many records there will be if it knows the input's length.
        let template = match input_length {
            Some(_) => "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left",
            None => "{spinner} {human_pos} records, {per_sec}",
        };
        let progress = progress_bar(input_length.map(|_| 0), template);
        Self { file, progress, input_length, records: 0, failed: 0 }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => print(bytes),
        }
    }

    /// Writes the output of a block. Reports the records that failed on stderr.
    pub(super) fn write_block(
        &mut self,
        block: &Block,
        out: &[u8],
        failures: &[String],
    ) -> Result<(), Failure> {
        if !failures.is_empty() {
            self.progress.suspend(|| failures.iter().for_each(|failure| warn(failure)));
        }
        self.write(out)?;
        // Too many where a record has ended the run, but that number isn't shown then.
        self.records += block.len() as u64;
        self.failed += failures.len() as u64;
        // The progress bar shows records. It estimates from the bytes how many there will be.
        let records = self.records;
        if let Some(length) = self.input_length.filter(|_| block.end > 0) {
            let estimate = u128::from(records) * u128::from(length) / u128::from(block.end);
            self.progress.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.progress.set_position(records);
        Ok(())
    }

    /// Gives the files their names, and shows a summary on a terminal. If a record that failed has
    /// ended the run, deletes them and says that the one by the output's name is unchanged.
    ///
    /// # Errors
    /// [`Failure::Io`], or [`Failure::Negative`] if a record failed.
    pub(super) fn finish(
        self,
        fail_fast: bool,
        FailedRecords(failed_records): FailedRecords,
        failed_file: Option<&Path>,
    ) -> Result<(), Failure> {
        let Self { file, progress, records, failed, .. } = self;
        progress.finish_and_clear();
        if failed > 0 && fail_fast {
            // The records after it are missing, and the file must not look complete.
            if let Some(file) = file {
                warn(&format!("{} is unchanged", file.path().display()));
            }
            return Err(Failure::Negative(Some("stopped at the first record that failed".into())));
        }
        // Both are whole before one replaces a file. The second may replace the input.
        let mut files: Vec<_> = file.into_iter().chain(failed_records).collect();
        files.iter_mut().try_for_each(UnfinishedFile::sync)?;
        files.into_iter().try_for_each(UnfinishedFile::persist)?;
        let shows_summary = io::stderr().is_terminal();
        if shows_summary {
            let seconds = progress.elapsed().as_secs_f64();
            warn(&format!("{}, {seconds:.1} s", summary(records, failed, failed_file)));
        }
        if failed == 0 {
            return Ok(());
        }
        // The summary has said it already.
        let problem = (!shows_summary).then(|| format!("{failed} of {records} records failed"));
        Err(Failure::Negative(problem))
    }
}

/// How many records there were, and how many of them have a token.
fn summary(records: u64, failed: u64, failed_file: Option<&Path>) -> String {
    let tokens = records - failed;
    let place = failed_file.filter(|_| failed > 0);
    let place = place.map(|path| format!(" ({})", path.display())).unwrap_or_default();
    format!(
        "{} {}: {} {}, {} failed{place}",
        HumanCount(records),
        plural("record", records),
        HumanCount(tokens),
        plural("token", tokens),
        HumanCount(failed),
    )
}
