//! A worker that reads a block of records, mints their tokens and writes them.

use std::borrow::Cow;

use dstok::parallel::{Mode, Stopped, Turn, Worker};
use dstok::sidecar::methods::{Defaults, Session, create_token};
use pyjson::RawValue;

use super::failed::FailedRecords;
use super::fields::Field;
use super::input::{Block, Input};
use super::layout::Layout;
use super::names::{ACTOR, shown};
use super::output::Output;
use super::record::{Memory, ONLY_A_PART, Record};
use super::unknown::{UnknownActions, Warnings};
use super::writer::{Outcome, push_line, write_record};
use crate::cli::failure::Failure;

/// How many containers are open around a parameter in a request to `serve`: the request and its
/// `params`. A parameter of a record may be nested as deep as one in a request.
const DEPTH_IN_REQUEST: usize = 2;

/// Bytes of buffer kept for the next block.
const KEPT_CAPACITY: usize = 1 << 20;

/// What the audit log says made the tokens.
const MADE_BY: &str = "create-tokens";

/// Where blocks go.
pub(super) struct Sinks<'a> {
    pub(super) output: &'a mut Output,
    pub(super) failed: &'a mut FailedRecords,
    pub(super) warnings: &'a mut Warnings,
}

/// One thread's session and buffers.
pub(super) struct RecordWorker<'a> {
    pub(super) minter: Minter<'a>,
    /// Whether the first record that fails ends the run.
    pub(super) fail_fast: bool,
    /// Whether the text of records that failed is wanted.
    pub(super) keeps_failed: bool,
    pub(super) block: Block,
    /// The records of the block with their tokens.
    pub(super) out: Vec<u8>,
    /// A message about each record of the block that failed, and their text.
    pub(super) failures: Vec<String>,
    pub(super) failed: Vec<u8>,
}

/// Makes the token of a record.
pub(super) struct Minter<'a> {
    pub(super) session: Session,
    pub(super) layout: &'a Layout<'a>,
    /// For the parameters that a record leaves out.
    pub(super) defaults: &'a Defaults<'a>,
    pub(super) memory: Memory,
    pub(super) unknown: UnknownActions,
    /// The last token.
    pub(super) token: Vec<u8>,
}

impl<'a> Worker for RecordWorker<'a> {
    type Source = Input;
    type Context = ();
    type Sink = Sinks<'a>;
    type Error = Failure;

    fn read(&mut self, input: &mut Input) -> Result<Option<Mode>, Failure> {
        if self.fail_fast && !self.failures.is_empty() {
            return Ok(None);
        }
        input.read(&mut self.block)?;
        // A few records are answered before another thread would wake up.
        let mode = if self.block.is_large() { Mode::Shared } else { Mode::Exclusive };
        Ok((self.block.len() > 0).then_some(mode))
    }

    fn answer(
        &mut self,
        _: &mut (),
        turn: &mut Turn<'_, Sinks<'a>, Failure>,
    ) -> Result<(), Stopped> {
        let Self { minter, fail_fast, keeps_failed, block, out, failures, failed } = self;
        for buffer in [&mut *out, &mut *failed] {
            buffer.clear();
            buffer.shrink_to(KEPT_CAPACITY);
        }
        failures.clear();
        // The records of a block share one timestamp.
        minter.session.clock.refresh();
        minter.session.workspace.shrink();
        let layout = minter.layout;
        for (line, text, cells) in block.records() {
            let record = Record::read(text, cells, layout.kind);
            let Err(problem) = minter.write(&record, out) else { continue };
            if *keeps_failed {
                push_line(failed, &record, text);
                failed.extend_from_slice(layout.input_line_end.as_bytes());
            }
            failures.push(format!("line {line}: {problem}"));
            if *fail_fast {
                break;
            }
        }
        let unknown = std::mem::take(&mut minter.unknown.found);
        turn.write(|sinks| {
            sinks.warnings.add(unknown);
            sinks.failed.write(failed)?;
            sinks.output.write_block(block, out, failures)
        })
    }
}

impl Minter<'_> {
    /// Appends a record with its token, or with what is wrong with it.
    ///
    /// # Errors
    /// What is wrong with the record.
    fn write(&mut self, record: &Record<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let layout = self.layout;
        let result = match self.earlier(record) {
            Some(Ok(token)) => {
                write_record(out, layout, record, &Outcome::Kept(&token));
                return Ok(());
            }
            Some(Err(problem)) => Err(problem),
            None => self.mint(record),
        };
        match &result {
            Ok(()) => {
                // A token is ASCII.
                let token = str::from_utf8(&self.token).unwrap_or_default();
                write_record(out, layout, record, &Outcome::Token(token));
            }
            Err(problem) if record.is_cut(layout) => {
                let problem = format!("{problem}{ONLY_A_PART}");
                write_record(out, layout, record, &Outcome::Failed(&problem));
            }
            Err(problem) => write_record(out, layout, record, &Outcome::Failed(problem)),
        }
        result
    }

    /// What an earlier run has made of a record: its token, or why it can't be tried again.
    fn earlier<'r>(&self, record: &'r Record<'_>) -> Option<Result<Cow<'r, str>, String>> {
        let layout = self.layout;
        if !layout.retry_failed {
            return None;
        }
        Some(match record.token(layout) {
            Some(token) if token.contains(['\n', '\r']) => {
                Err("has a line break in its token; remove it".to_owned())
            }
            Some(_) if !layout.is_same && record.is_cut(layout) => {
                Err("has a token, but the output cannot hold the whole record".to_owned())
            }
            Some(token) => Ok(token),
            // One that is cut again fails for that.
            None if record.is_only_a_part(layout) && !record.is_cut(layout) => {
                Err(format!("failed in an earlier run{ONLY_A_PART}"))
            }
            None => return None,
        })
    }

    fn mint(&mut self, record: &Record<'_>) -> Result<(), String> {
        let Self { session, layout, defaults, memory, unknown, token } = self;
        let fields = record.parameters(layout, memory)?;
        let parameters = fields.iter().map(|Field { name, json, depth }| {
            (&**name, RawValue { text: json, depth: depth + DEPTH_IN_REQUEST })
        });
        token.clear();
        create_token(session, parameters, defaults, MADE_BY, token).map_err(|failure| {
            let message = failure.message.into_owned();
            // The record has a name of its own for the actor.
            match message.strip_prefix(ACTOR) {
                Some(problem) => format!("{}{problem}", shown(layout.names.actor())),
                None => message,
            }
        })?;
        unknown.look(&fields, session.datasette.actions());
        Ok(())
    }
}
