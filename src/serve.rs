//! Layer 3: the stdio loop. Read a block, answer its lines, write once.

mod lines;
mod stdio;

use std::io::{self, ErrorKind as IoErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::methods::{Session, call};
use crate::rpc::{self, ErrorKind, Failure, InvalidRequest, Message, Request};
use lines::{Line, Lines};
pub use stdio::{Stdin, Stdout, ignore_interrupts};

/// Bytes asked of one `read`, four times what a pipe holds.
const BLOCK: usize = 256 << 10;

/// Bytes of answers from which on they are written although the block is not done: memory stays
/// bounded when short requests have long answers.
const LONG_OUTPUT: usize = 1 << 20;

/// What one line may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in a line, its end not counted.
    pub max_line: usize,
    /// Requests in a batch.
    pub max_batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line: 16 << 20, max_batch: 100_000 }
    }
}

/// Answers the lines of `input` on `output` until `input` ends.
///
/// All that one `read` completed is answered before the next, with one `write` unless the
/// answers are long. A peer that waits for an answer gets it, and a pipe runs at full speed.
///
/// # Errors
/// Those of reading and writing; [`IoErrorKind::BrokenPipe`] when nobody reads any more.
pub fn serve(
    session: &mut Session,
    limits: Limits,
    input: &mut impl Read,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut server = Server { session, limits, out: Vec::new() };
    let mut lines = Lines::new(limits.max_line);
    loop {
        let ended = match input.read(lines.space(BLOCK)) {
            Ok(0) => true,
            Ok(length) => {
                lines.filled(length);
                false
            }
            Err(error) if error.kind() == IoErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        while let Some((number, line)) = lines.next(ended) {
            server.answer_line(number, line);
            if server.out.len() >= LONG_OUTPUT {
                server.flush(output)?;
            }
        }
        server.flush(output)?;
        server.session.datasette.shrink();
        if ended {
            return Ok(());
        }
    }
}

struct Server<'s> {
    session: &'s mut Session,
    limits: Limits,
    out: Vec<u8>,
}

impl Server<'_> {
    fn flush(&mut self, output: &mut impl Write) -> io::Result<()> {
        if !self.out.is_empty() {
            output.write_all(&self.out)?;
            output.flush()?;
            self.out.clear();
            self.out.shrink_to(2 * LONG_OUTPUT);
        }
        Ok(())
    }

    fn answer_line(&mut self, number: u64, line: Line<'_>) {
        let text = match line {
            Line::Text(bytes) => std::str::from_utf8(bytes).map_err(|error| {
                let at = error.valid_up_to() + 1;
                let message = format!("Parse error: not UTF-8 at byte {at} of the line");
                Failure::new(ErrorKind::ParseError, message)
            }),
            Line::TooLong => Err(Failure::new(
                ErrorKind::TooLarge,
                format!(
                    "Invalid Request: line {number} is longer than --max-line ({} bytes)",
                    self.limits.max_line
                ),
            )),
        };
        match text.and_then(|text| rpc::parse(text, self.limits.max_batch)) {
            Ok(Message::Single(request)) => {
                if self.answer(request) {
                    self.out.push(b'\n');
                }
            }
            Ok(Message::Batch(batch)) => self.answer_batch(batch),
            Err(mut failure) => {
                failure.line = (failure.kind == ErrorKind::ParseError).then_some(number);
                rpc::write_error(&mut self.out, rpc::NULL_ID, &failure);
                self.out.push(b'\n');
            }
        }
    }

    fn answer_batch(&mut self, batch: rpc::Batch<'_>) {
        let start = self.out.len();
        self.out.push(b'[');
        for request in batch {
            if self.answer(request) {
                self.out.push(b',');
            }
        }
        // The last comma becomes the bracket; without one there was nothing to answer.
        if self.out.pop() == Some(b',') {
            self.out.extend_from_slice(b"]\n");
        } else {
            self.out.truncate(start);
        }
    }

    /// Appends the answer, if there is one, and says whether there is.
    fn answer(&mut self, request: Result<Request<'_>, InvalidRequest<'_>>) -> bool {
        let request = match request {
            Ok(request) => request,
            Err(InvalidRequest { id, failure }) => {
                rpc::write_error(&mut self.out, id, &failure);
                return true;
            }
        };
        let start = self.out.len();
        let id = request.id.unwrap_or(rpc::NULL_ID);
        rpc::begin_result(&mut self.out, id);
        // A bug in one request must not take the others down. Whatever state the panic left is
        // sound: scratch space is cleared before use, settings change only when all is right.
        let result = catch_unwind(AssertUnwindSafe(|| {
            call(self.session, &request.method, request.params, &mut self.out)
        }));
        let failure = match result {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure),
            Err(_) => {
                Some(Failure::new(ErrorKind::InternalError, "Internal error: a bug in dstok"))
            }
        };
        if request.id.is_none() {
            self.out.truncate(start);
            return false;
        }
        match failure {
            None => rpc::end_result(&mut self.out),
            Some(failure) => {
                self.out.truncate(start);
                rpc::write_error(&mut self.out, id, &failure);
            }
        }
        true
    }
}
