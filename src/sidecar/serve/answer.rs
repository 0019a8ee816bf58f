//! From a line to its answer.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::limits::Limits;
use super::lines::Line;
use crate::parallel::{Stopped, Turn};
use crate::sidecar::methods::{CREATE_TOKEN, Session, call};
use crate::sidecar::protocol::{
    ErrorKind, Failure, InvalidRequest, Message, NULL_ID, Parser, Request, begin_result,
    end_result, write_error,
};

/// Bytes of answers that are written before their block is done. This bounds memory when short
/// requests have long answers.
pub(super) const LONG_OUTPUT: usize = 1 << 20;

/// What one thread answers lines with.
pub(super) struct Responder {
    pub(super) session: Session,
    parser: Parser,
    limits: Limits,
    /// Answers that have not been written.
    out: Vec<u8>,
    /// Bytes of the block's answers that have been written.
    written: usize,
}

impl Responder {
    pub(super) fn new(session: Session, limits: Limits) -> Self {
        Self { session, parser: Parser::default(), limits, out: Vec::new(), written: 0 }
    }

    /// Appends the answer to a line of `bytes`, if it has one. Writes early if there is much to write.
    ///
    /// # Errors
    /// [`Stopped`] if the block's turn cannot come, or writing fails.
    pub(super) fn answer_line<W: Write>(
        &mut self,
        number: u64,
        line: &Line,
        bytes: &[u8],
        turn: &mut Turn<'_, W, io::Error>,
    ) -> Result<(), Stopped> {
        match self.parse(number, line, bytes) {
            Ok(message) => {
                self.answer_message(&message, turn)?;
                self.parser.recycle(message);
            }
            Err(failure) => {
                write_error(&mut self.out, NULL_ID, &failure);
                self.out.push(b'\n');
            }
        }
        self.write_if_long(turn)
    }

    /// Writes the last answers of a block, and returns how many bytes all of them have.
    ///
    /// # Errors
    /// [`Stopped`] if the block's turn cannot come, or writing fails.
    pub(super) fn finish<W: Write>(
        &mut self,
        turn: &mut Turn<'_, W, io::Error>,
    ) -> Result<usize, Stopped> {
        self.write(turn)?;
        self.out.shrink_to(2 * LONG_OUTPUT);
        Ok(std::mem::take(&mut self.written))
    }

    fn write<W: Write>(&mut self, turn: &mut Turn<'_, W, io::Error>) -> Result<(), Stopped> {
        if !self.out.is_empty() {
            turn.write(|output| output.write_all(&self.out).and_then(|()| output.flush()))?;
            self.written += self.out.len();
            self.out.clear();
        }
        Ok(())
    }

    /// Writes early if there is much to write. Writing may take long, so the clock is refreshed.
    fn write_if_long<W: Write>(
        &mut self,
        turn: &mut Turn<'_, W, io::Error>,
    ) -> Result<(), Stopped> {
        if self.out.len() >= LONG_OUTPUT {
            self.write(turn)?;
            self.session.clock.refresh();
        }
        Ok(())
    }

    /// Parses a line. Its error is answered without an id.
    fn parse<'l>(
        &mut self,
        number: u64,
        line: &Line,
        bytes: &'l [u8],
    ) -> Result<Message<'l>, Failure> {
        let parse_error = |message| Failure {
            line: Some(number),
            ..Failure::new(ErrorKind::ParseError, message)
        };
        let Line::Text(range) = line else {
            let limit = self.limits.max_line;
            let message =
                format!("Invalid Request: line {number} is over --max-line ({limit} bytes)");
            return Err(Failure::new(ErrorKind::TooLarge, message));
        };
        let text = std::str::from_utf8(&bytes[range.clone()]).map_err(|error| {
            let at = error.valid_up_to() + 1;
            parse_error(format!("Parse error: not UTF-8 at byte {at} of line {number}"))
        })?;
        self.parser.parse(text, self.limits.max_batch).map_err(|error| {
            let at = error.offset() + 1;
            parse_error(format!("Parse error: not JSON at byte {at} of line {number}"))
        })
    }

    /// Appends the answers to a request or to a batch, and their newline.
    fn answer_message<W: Write>(
        &mut self,
        message: &Message<'_>,
        turn: &mut Turn<'_, W, io::Error>,
    ) -> Result<(), Stopped> {
        let mut answered = false;
        for request in message.requests() {
            self.write_if_long(turn)?;
            let before = self.out.len();
            if message.is_batch() {
                self.out.push(if answered { b',' } else { b'[' });
            }
            if self.answer(request, turn)? {
                answered = true;
            } else {
                self.out.truncate(before);
            }
        }
        if answered {
            self.out.extend_from_slice(if message.is_batch() { b"]\n" } else { b"\n" });
        }
        Ok(())
    }

    /// Appends the answer to a request; returns whether it has one.
    fn answer<W: Write>(
        &mut self,
        request: Result<Request<'_>, &InvalidRequest<'_>>,
        turn: &mut Turn<'_, W, io::Error>,
    ) -> Result<bool, Stopped> {
        let Self { session, out, .. } = self;
        let Request { id, method, params } = match request {
            Ok(request) => request,
            Err(InvalidRequest { id, failure }) => {
                write_error(out, id, failure);
                return Ok(true);
            }
        };
        let method = method.as_wtf8();
        if session.policy.audit_log.is_some() && method == CREATE_TOKEN.name.as_bytes() {
            // The audit log has the order of the answers.
            turn.wait()?;
        }
        let start = out.len();
        begin_result(out, id.unwrap_or(NULL_ID));
        // A bug in one request must not fail the others. A panic leaves the session sound: buffers
        // are cleared before use, and `configure` replaces the configuration in its last step.
        let outcome = catch_unwind(AssertUnwindSafe(|| call(session, method, params, out)));
        let result = outcome.unwrap_or_else(|_| {
            Err(Failure::new(ErrorKind::InternalError, "Internal error: a bug in dstok"))
        });
        let Some(id) = id else {
            out.truncate(start);
            return Ok(false);
        };
        match result {
            Ok(()) => end_result(out),
            Err(failure) => {
                out.truncate(start);
                write_error(out, id, &failure);
            }
        }
        Ok(true)
    }
}
