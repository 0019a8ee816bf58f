//! A worker that reads a block of records, mints their tokens and writes them.

use dstok::parallel::{Mode, Stopped, Turn, Worker};

use super::input::{Block, Input};
use super::mint::Minter;
use super::output::{Output, Results};
use super::writer::write_record;
use crate::cli::failure::Failure;

/// One thread's session and buffers.
pub(super) struct RecordWorker<'a> {
    pub(super) minter: Minter<'a>,
    pub(super) block: Block,
    pub(super) results: Results,
}

impl RecordWorker<'_> {
    /// Whether the record that failed last ends the run.
    fn must_stop(&self) -> bool {
        self.minter.options.fail_fast && !self.results.failures.is_empty()
    }
}

impl<'a> Worker for RecordWorker<'a> {
    type Source = Input;
    type Context = ();
    type Sink = Output<'a>;
    type Error = Failure;

    fn read(&mut self, input: &mut Input) -> Result<Option<Mode>, Failure> {
        if self.must_stop() {
            return Ok(None);
        }
        input.read(&mut self.block)?;
        Ok((!self.block.is_empty()).then_some(Mode::Shared))
    }

    fn answer(
        &mut self,
        _: &mut (),
        turn: &mut Turn<'_, Output<'a>, Failure>,
    ) -> Result<(), Stopped> {
        let layout = self.minter.layout;
        self.results.clear();
        // The records of a block share one timestamp.
        self.minter.session.clock.refresh();
        self.minter.session.workspace.shrink();
        for (line, record) in self.block.records() {
            let outcome = self.minter.mint(&record);
            write_record(&mut self.results.out, layout, &record, &outcome);
            self.results.records += 1;
            if let Err(problem) = outcome {
                self.results.failures.push(format!("line {line}: {problem}"));
            }
            if self.must_stop() {
                break;
            }
        }
        turn.write(|output| output.write_block(&self.results, self.block.end))
    }
}
