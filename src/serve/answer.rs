//! From a line to its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Limits;
use super::lines::Line;
use crate::methods::{Session, call};
use crate::rpc::{self, ErrorKind, Failure, InvalidRequest, Message, Request};

/// Who collects the answers, and may stop.
pub(super) trait Answers {
    /// Why no more is answered.
    type Stop;

    /// Is told of a method that is going to be called.
    fn before(&mut self, method: &[u8]) -> Result<(), Self::Stop>;

    /// Is shown the answers so far after each of them; may take them away.
    fn after(&mut self, out: &mut Vec<u8>) -> Result<(), Self::Stop>;
}

/// A line with its number, and the bytes that it is a range of.
type Numbered<'a> = (u64, &'a Line, &'a [u8]);

/// Appends the answer to a line, if there is one.
///
/// # Errors
/// Those of `answers`; `out` then ends anywhere.
pub(super) fn answer_line<A: Answers>(
    session: &mut Session,
    limits: Limits,
    line: Numbered<'_>,
    out: &mut Vec<u8>,
    answers: &mut A,
) -> Result<(), A::Stop> {
    match parse(line, limits) {
        Ok(Message::Single(request)) => {
            if answer(session, request, out, answers)? {
                out.push(b'\n');
            }
        }
        Ok(Message::Batch(batch)) => answer_batch(session, batch, out, answers)?,
        Err(failure) => {
            rpc::write_error(out, rpc::NULL_ID, &failure);
            out.push(b'\n');
        }
    }
    after(session, out, answers)
}

fn after<A: Answers>(
    session: &mut Session,
    out: &mut Vec<u8>,
    answers: &mut A,
) -> Result<(), A::Stop> {
    answers.after(out)?;
    if out.is_empty() {
        // To take them away may have taken long.
        session.clock.go_on();
    }
    Ok(())
}

fn answer_batch<A: Answers>(
    session: &mut Session,
    batch: rpc::Batch<'_>,
    out: &mut Vec<u8>,
    answers: &mut A,
) -> Result<(), A::Stop> {
    let mut answered = false;
    for request in batch {
        let before = out.len();
        out.push(if answered { b',' } else { b'[' });
        if answer(session, request, out, answers)? {
            answered = true;
            after(session, out, answers)?;
        } else {
            out.truncate(before);
        }
    }
    if answered {
        out.extend_from_slice(b"]\n");
    }
    Ok(())
}

/// Appends the answer, if there is one, and says whether there is.
fn answer<A: Answers>(
    session: &mut Session,
    request: Result<Request<'_>, InvalidRequest<'_>>,
    out: &mut Vec<u8>,
    answers: &mut A,
) -> Result<bool, A::Stop> {
    let request = match request {
        Ok(request) => request,
        Err(InvalidRequest { id, failure }) => {
            rpc::write_error(out, id, &failure);
            return Ok(true);
        }
    };
    answers.before(&request.method)?;
    let start = out.len();
    let id = request.id.unwrap_or(rpc::NULL_ID);
    rpc::begin_result(out, id);
    // A bug in one request must not take the others down. Whatever state the panic left is
    // sound: scratch space is cleared before use, settings change only when all is right.
    let result =
        catch_unwind(AssertUnwindSafe(|| call(session, &request.method, &request.params, out)));
    let failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(_) => Some(Failure::new(ErrorKind::InternalError, "Internal error: a bug in dstok")),
    };
    if request.id.is_none() {
        out.truncate(start);
        return Ok(false);
    }
    match failure {
        None => rpc::end_result(out),
        Some(failure) => {
            out.truncate(start);
            rpc::write_error(out, id, &failure);
        }
    }
    Ok(true)
}

/// What a line asks for, or the error to answer it with, which has no id.
fn parse((number, line, bytes): Numbered<'_>, limits: Limits) -> Result<Message<'_>, Failure> {
    let parse_error =
        |message| Failure { line: Some(number), ..Failure::new(ErrorKind::ParseError, message) };
    let bytes = match line {
        Line::Text(range) => &bytes[range.clone()],
        Line::TooLong => {
            let limit = limits.max_line;
            let message =
                format!("Invalid Request: line {number} is over --max-line ({limit} bytes)");
            return Err(Failure::new(ErrorKind::TooLarge, message));
        }
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to() + 1;
        parse_error(format!("Parse error: not UTF-8 at byte {at} of line {number}"))
    })?;
    rpc::parse(text, limits.max_batch).map_err(|error| {
        let at = error.offset() + 1;
        parse_error(format!("Parse error: not JSON at byte {at} of line {number}"))
    })
}
