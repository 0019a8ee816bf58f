//! A worker that reads a block of records, mints their tokens and writes them.

use csv::ByteRecord;
use dstok::names::quoted;
use dstok::parallel::{Mode, Stopped, Turn, Worker};
use dstok::sidecar::methods::{Defaults, Session, create_token};
use pyjson::RawValue;

use super::fields::{Field, read_cell};
use super::input::{Block, Input, Record};
use super::layout::{Column, ERROR, Format, Layout, TOKEN, is_parameter};
use super::output::Output;
use super::writer::write_record;
use crate::cli::failure::Failure;

/// How many containers are open around a parameter in a request to `serve`: the request and its
/// `params`. A parameter of a record may be nested as deep as one in a request.
const DEPTH_IN_REQUEST: usize = 2;

/// Bytes of buffer kept for the next block.
const KEPT_CAPACITY: usize = 1 << 20;

/// What the audit log says made the tokens.
const MADE_BY: &str = "create-tokens";

/// One thread's session and buffers.
pub(super) struct RecordWorker<'a> {
    pub(super) session: Session,
    pub(super) layout: &'a Layout,
    /// For the parameters that a record leaves out.
    pub(super) defaults: &'a Defaults<'a>,
    /// Whether the first record that fails ends the run.
    pub(super) fail_fast: bool,
    pub(super) block: Block,
    /// The records of the block with their tokens.
    pub(super) out: Vec<u8>,
    /// A message about each record of the block that failed.
    pub(super) failures: Vec<String>,
}

impl<'a> Worker for RecordWorker<'a> {
    type Source = Input;
    type Context = ();
    type Sink = &'a mut Output;
    type Error = Failure;

    fn read(&mut self, input: &mut Input) -> Result<Option<Mode>, Failure> {
        if self.fail_fast && !self.failures.is_empty() {
            return Ok(None);
        }
        input.read(&mut self.block)?;
        Ok((self.block.len() > 0).then_some(Mode::Shared))
    }

    fn answer(
        &mut self,
        _: &mut (),
        turn: &mut Turn<'_, &'a mut Output, Failure>,
    ) -> Result<(), Stopped> {
        let Self { session, layout, defaults, fail_fast, block, out, failures } = self;
        out.clear();
        out.shrink_to(KEPT_CAPACITY);
        failures.clear();
        // The records of a block share one timestamp.
        session.clock.refresh();
        session.workspace.shrink();
        for (line, record) in block.records() {
            let outcome = write_record(out, layout, record, |record, out| {
                let fields = parameters(layout, record)?;
                let parameters = fields.iter().map(|Field { name, json, depth }| {
                    (&**name, RawValue { text: json, depth: depth + DEPTH_IN_REQUEST })
                });
                create_token(session, parameters, defaults, MADE_BY, out)
                    .map_err(|failure| failure.message.into_owned())
            });
            if let Err(problem) = outcome {
                failures.push(format!("line {line}: {problem}"));
                if *fail_fast {
                    break;
                }
            }
        }
        turn.write(|output| output.write_block(block, out, failures))
    }
}

/// The fields of a record that `create_token` takes.
///
/// # Errors
/// Why the record can't have a token.
fn parameters<'a>(layout: &'a Layout, record: Record<'a>) -> Result<Vec<Field<'a>>, String> {
    match record {
        Record::Row(row) => row_parameters(&layout.columns, row),
        Record::Line(_, fields) => {
            let mut fields = fields?;
            check_names(layout, &fields)?;
            fields.retain(|field| is_parameter(&field.name));
            Ok(fields)
        }
    }
}

fn row_parameters<'a>(
    columns: &'a [Column],
    row: &'a ByteRecord,
) -> Result<Vec<Field<'a>>, String> {
    let (found, expected) = (row.len(), columns.len());
    if found != expected {
        return Err(format!("has {found} columns where the header has {expected}"));
    }
    let mut fields = Vec::with_capacity(expected);
    for (Column { name, .. }, cell) in columns.iter().zip(row).filter(|(it, _)| it.is_parameter) {
        fields.extend(read_cell(name, cell).map_err(|problem| format!("{name} {problem}"))?);
    }
    Ok(fields)
}

/// Checks the names of a line's members.
fn check_names(layout: &Layout, fields: &[Field<'_>]) -> Result<(), String> {
    let is_csv = layout.format == Format::Csv;
    for (at, Field { name, .. }) in fields.iter().enumerate() {
        if [TOKEN, ERROR].contains(&&**name) {
            return Err(format!("has a member {name:?} already, which create-tokens adds"));
        }
        if is_csv && !layout.columns.iter().any(|column| column.name == *name) {
            return Err(format!(
                "has a member {} that the first record has not; CSV needs the same columns in all \
                 records",
                quoted(name)
            ));
        }
        if is_csv && fields[..at].iter().any(|before| before.name == *name) {
            return Err(format!("{} is given twice", quoted(name)));
        }
    }
    Ok(())
}
