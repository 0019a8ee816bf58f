//! A worker that reads a block of records, mints their tokens and writes them.

use csv::ByteRecord;
use dstok::parallel::{Mode, Stopped, Turn, Worker};
use dstok::sidecar::methods::{Defaults, Session, create_token};
use pyjson::RawValue;

use super::fields::{Field, read_cell};
use super::input::{Block, Input, Record};
use super::layout::{ERROR, Format, Layout, TOKEN, is_parameter};
use super::output::{Output, Results};
use super::writer::write_record;
use crate::cli::failure::Failure;

/// How many containers are open around a parameter in a request to `serve`: the request and its
/// `params`. A parameter of a record may be nested as deep as one in a request.
const DEPTH_IN_REQUEST: usize = 2;

/// How records become tokens.
pub(crate) struct Options<'a> {
    /// For the parameters that a record leaves out.
    pub(crate) defaults: Defaults<'a>,
    /// The format of the output. By default that of the input.
    pub(crate) format: Option<Format>,
    /// Whether the first record that fails ends the run.
    pub(crate) fail_fast: bool,
    /// What the audit log says made the tokens.
    pub(crate) made_by: &'static str,
}

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

/// Mints the tokens of records.
pub(super) struct Minter<'a> {
    pub(super) session: Session,
    pub(super) options: &'a Options<'a>,
    pub(super) layout: &'a Layout,
    /// The last token.
    pub(super) token: Vec<u8>,
}

impl Minter<'_> {
    /// Mints the token of a record.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn mint(&mut self, record: &Record<'_>) -> Result<&[u8], String> {
        match record {
            Record::Row(row) => self.mint_row(row)?,
            Record::Line(_, fields) => self.mint_fields(fields.as_ref().map_err(String::clone)?)?,
        }
        Ok(&self.token)
    }

    fn mint_row(&mut self, row: &ByteRecord) -> Result<(), String> {
        let columns = &self.layout.columns;
        if row.len() != columns.len() {
            let (found, expected) = (row.len(), columns.len());
            return Err(format!("has {found} columns where the header has {expected}"));
        }
        let mut fields = Vec::with_capacity(columns.len());
        for (column, cell) in columns.iter().zip(row).filter(|(column, _)| column.is_parameter) {
            let name = &column.name;
            match read_cell(name, cell).map_err(|problem| format!("{name} {problem}"))? {
                Some(field) => fields.push(field),
                None if name == "actor_id" => return Err("actor_id is empty".to_owned()),
                None => {}
            }
        }
        self.create_token(fields.iter())
    }

    fn mint_fields(&mut self, fields: &[Field<'_>]) -> Result<(), String> {
        for (at, Field { name, .. }) in fields.iter().enumerate() {
            if [TOKEN, ERROR].contains(&&**name) {
                return Err(format!("has a member {name:?} already, which create-tokens adds"));
            }
            if self.layout.format == Format::Csv {
                if !self.layout.columns.iter().any(|column| column.name == *name) {
                    return Err(format!(
                        "has a member {name:?} that the first record has not; CSV needs the same \
                         columns in all records"
                    ));
                }
                if fields[..at].iter().any(|before| before.name == *name) {
                    return Err(format!("{name} is given twice"));
                }
            }
        }
        self.create_token(fields.iter().filter(|field| is_parameter(&field.name)))
    }

    fn create_token<'f>(
        &mut self,
        fields: impl Iterator<Item = &'f Field<'f>>,
    ) -> Result<(), String> {
        let parameters = fields.map(|Field { name, json, depth }| {
            (&**name, RawValue { text: json, depth: depth + DEPTH_IN_REQUEST })
        });
        let Options { defaults, made_by, .. } = self.options;
        self.token.clear();
        create_token(&mut self.session, parameters, defaults, made_by, &mut self.token)
            .map_err(|failure| failure.message.into_owned())
    }
}
