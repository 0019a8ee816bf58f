//! A worker that reads a block of records, mints their tokens and writes them.

use csv::Position;
use dstok::parallel::{Mode, Stopped, Turn, Worker};
use dstok::sidecar::methods::Session;

use super::block::Block;
use super::fields::read_fields;
use super::input::Input;
use super::layout::Layout;
use super::mint::Minter;
use super::options::Options;
use super::output::{BlockResults, Output};
use super::writer::Writer;
use crate::cli::failure::Failure;

/// One thread's session and buffers.
pub(super) struct RecordWorker<'a> {
    fail_fast: bool,
    block: Block,
    minter: Minter<'a>,
    writer: Writer<'a>,
    results: BlockResults,
}

impl<'a> RecordWorker<'a> {
    pub(super) fn new(session: Session, options: &'a Options<'a>, layout: &'a Layout) -> Self {
        Self {
            fail_fast: options.fail_fast,
            block: Block::default(),
            minter: Minter::new(session, options, layout),
            writer: Writer::new(layout),
            results: BlockResults::default(),
        }
    }

    fn answer_rows(&mut self) {
        for row in self.block.rows() {
            let outcome = self.minter.mint_row(row);
            self.writer.write_row(row, &outcome);
            let line = row.position().map_or(0, Position::line);
            self.results.add(line, outcome);
            if self.must_stop() {
                break;
            }
        }
    }

    fn answer_lines(&mut self) {
        for (number, line) in self.block.lines() {
            let (fields, outcome) = match read_fields(line) {
                Ok(fields) => {
                    let outcome = self.minter.mint_fields(&fields);
                    (Some(fields), outcome)
                }
                Err(problem) => (None, Err(problem)),
            };
            self.writer.write_line(line, fields.as_deref(), &outcome);
            self.results.add(number, outcome);
            if self.must_stop() {
                break;
            }
        }
    }

    fn must_stop(&self) -> bool {
        self.fail_fast && self.results.has_failures()
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
        self.writer.clear();
        self.results.clear();
        self.minter.begin_block();
        self.answer_rows();
        self.answer_lines();
        turn.write(|output| output.write_block(&self.writer.out, &self.results, self.block.end))
    }
}
