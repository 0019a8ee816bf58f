//! From a line to its answer.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::limits::Limits;
use super::lines::Line;
use crate::parallel::{Stopped, Turn};
use crate::sidecar::methods::{CREATE_TOKEN, Clock, Session, call};
use crate::sidecar::protocol::{
    ErrorKind, Failure, InvalidRequest, Message, NULL_ID, Parser, Request, begin_result,
    end_result, write_error,
};

/// Bytes of answers that are written before their block is done. This bounds memory when short
/// requests have long answers.
pub(super) const LONG_OUTPUT: usize = 1 << 20;

/// A line with its number, and the bytes it is a range of.
pub(super) type NumberedLine<'a> = (u64, &'a Line, &'a [u8]);

/// The answers of one block, with its turn to write them.
pub(super) struct Answers<'b, 't, W> {
    out: &'b mut Vec<u8>,
    turn: &'b mut Turn<'t, W, io::Error>,
    /// Bytes written so far.
    written: usize,
}

impl<'b, 't, W: Write> Answers<'b, 't, W> {
    /// No answers yet. `out` is a buffer to reuse.
    pub(super) fn new(out: &'b mut Vec<u8>, turn: &'b mut Turn<'t, W, io::Error>) -> Self {
        out.clear();
        Self { out, turn, written: 0 }
    }

    /// Waits for the block's turn and writes what has not been written.
    ///
    /// # Errors
    /// [`Stopped`] if the block's turn cannot come, or writing fails.
    pub(super) fn write(&mut self) -> Result<(), Stopped> {
        if !self.out.is_empty() {
            self.turn.write(|output| output.write_all(self.out).and_then(|()| output.flush()))?;
            self.written += self.out.len();
            self.out.clear();
        }
        Ok(())
    }

    /// Writes the last answers, and returns how many bytes the block's answers have.
    pub(super) fn finish(mut self) -> Result<usize, Stopped> {
        self.write()?;
        Ok(self.written)
    }

    /// Writes early if there is much to write. Writing may take long, so the clock is refreshed.
    fn write_if_long(&mut self, clock: &mut Clock) -> Result<(), Stopped> {
        if self.out.len() >= LONG_OUTPUT {
            self.write()?;
            clock.refresh();
        }
        Ok(())
    }
}

/// What one thread answers lines with.
pub(super) struct Responder {
    pub(super) session: Session,
    parser: Parser,
    limits: Limits,
}

impl Responder {
    pub(super) fn new(session: Session, limits: Limits) -> Self {
        Self { session, parser: Parser::default(), limits }
    }

    /// Appends the answer to a line, if it has one.
    ///
    /// # Errors
    /// Those of [`Answers::write`].
    pub(super) fn answer_line<W: Write>(
        &mut self,
        line: NumberedLine<'_>,
        answers: &mut Answers<'_, '_, W>,
    ) -> Result<(), Stopped> {
        match self.parse(line) {
            Ok(message) => {
                answer_message(&mut self.session, &message, answers)?;
                self.parser.recycle(message);
            }
            Err(failure) => {
                write_error(answers.out, NULL_ID, &failure);
                answers.out.push(b'\n');
            }
        }
        answers.write_if_long(&mut self.session.clock)
    }

    /// Parses a line. Its error is answered without an id.
    fn parse<'l>(
        &mut self,
        (number, line, bytes): NumberedLine<'l>,
    ) -> Result<Message<'l>, Failure> {
        let parse_error = |message| Failure {
            line: Some(number),
            ..Failure::new(ErrorKind::ParseError, message)
        };
        let bytes = match line {
            Line::Text(range) => &bytes[range.clone()],
            Line::TooLong => {
                let limit = self.limits.max_line;
                let message =
                    format!("Invalid Request: line {number} is over --max-line ({limit} bytes)");
                return Err(Failure::new(ErrorKind::TooLarge, message));
            }
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to() + 1;
            parse_error(format!("Parse error: not UTF-8 at byte {at} of line {number}"))
        })?;
        self.parser.parse(text, self.limits.max_batch).map_err(|error| {
            let at = error.offset() + 1;
            parse_error(format!("Parse error: not JSON at byte {at} of line {number}"))
        })
    }
}

/// Appends the answers to a request or to a batch, and their newline.
fn answer_message<W: Write>(
    session: &mut Session,
    message: &Message<'_>,
    answers: &mut Answers<'_, '_, W>,
) -> Result<(), Stopped> {
    let mut answered = false;
    for request in message.requests() {
        answers.write_if_long(&mut session.clock)?;
        let before = answers.out.len();
        if message.is_batch() {
            answers.out.push(if answered { b',' } else { b'[' });
        }
        if answer(session, request, answers)? {
            answered = true;
        } else {
            answers.out.truncate(before);
        }
    }
    if answered {
        answers.out.extend_from_slice(if message.is_batch() { b"]\n" } else { b"\n" });
    }
    Ok(())
}

/// Appends the answer to a request; returns whether it has one.
fn answer<W: Write>(
    session: &mut Session,
    request: Result<Request<'_>, &InvalidRequest<'_>>,
    answers: &mut Answers<'_, '_, W>,
) -> Result<bool, Stopped> {
    let Request { id, method, params } = match request {
        Ok(request) => request,
        Err(InvalidRequest { id, failure }) => {
            write_error(answers.out, id, failure);
            return Ok(true);
        }
    };
    let method = method.as_wtf8();
    if session.policy.audit_log.is_some() && method == CREATE_TOKEN.name.as_bytes() {
        // The audit log has the order of the answers.
        answers.turn.wait()?;
    }
    let out = &mut *answers.out;
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
