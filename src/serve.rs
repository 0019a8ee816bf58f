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
    let mut server = Server { session, limits, output, out: Vec::new() };
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
            server.answer_line(number, line)?;
        }
        server.flush()?;
        server.session.datasette.shrink();
        if ended {
            return Ok(());
        }
    }
}

struct Server<'s, W> {
    session: &'s mut Session,
    limits: Limits,
    output: &'s mut W,
    /// Answers that are not written yet.
    out: Vec<u8>,
}

impl<W: Write> Server<'_, W> {
    fn flush(&mut self) -> io::Result<()> {
        if !self.out.is_empty() {
            self.output.write_all(&self.out)?;
            self.output.flush()?;
            self.out.clear();
            self.out.shrink_to(2 * LONG_OUTPUT);
        }
        Ok(())
    }

    fn flush_if_long(&mut self) -> io::Result<()> {
        if self.out.len() >= LONG_OUTPUT { self.flush() } else { Ok(()) }
    }

    fn answer_line(&mut self, number: u64, line: Line<'_>) -> io::Result<()> {
        match parse(number, line, self.limits) {
            Ok(Message::Single(request)) => {
                if self.answer(request) {
                    self.out.push(b'\n');
                }
            }
            Ok(Message::Batch(batch)) => self.answer_batch(batch)?,
            Err(failure) => {
                rpc::write_error(&mut self.out, rpc::NULL_ID, &failure);
                self.out.push(b'\n');
            }
        }
        self.flush_if_long()
    }

    fn answer_batch(&mut self, batch: rpc::Batch<'_>) -> io::Result<()> {
        let mut answered = false;
        for request in batch {
            let before = self.out.len();
            self.out.push(if answered { b',' } else { b'[' });
            if self.answer(request) {
                answered = true;
                self.flush_if_long()?;
            } else {
                self.out.truncate(before);
            }
        }
        if answered {
            self.out.extend_from_slice(b"]\n");
        }
        Ok(())
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
            call(self.session, &request.method, &request.params, &mut self.out)
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

/// What a line asks for, or the error to answer it with, which has no id.
fn parse(number: u64, line: Line<'_>, limits: Limits) -> Result<Message<'_>, Failure> {
    let parse_error =
        |message| Failure { line: Some(number), ..Failure::new(ErrorKind::ParseError, message) };
    let bytes = match line {
        Line::Text(bytes) => bytes,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasette::Datasette;

    /// Counts writes, so that a test sees how answers are grouped.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(input: &str, warn: fn(&str)) -> Vec<String> {
        let mut session = Session { datasette: Datasette::new(), frozen_now: Some(0.0), warn };
        let mut writes = Writes::default();
        serve(&mut session, Limits::default(), &mut input.as_bytes(), &mut writes).unwrap();
        writes.0.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn a_panic_is_an_internal_error_and_the_next_request_is_served() {
        // The only thing that a request can make fail from here: what takes the warning.
        let newer = r#"{"jsonrpc":"2.0","id":"a","method":"configure","params":["s","9.0"]}"#;
        let info = r#"{"jsonrpc":"2.0","id":"b","method":"info"}"#;
        let all = answers(&format!("{newer}\n{info}\n"), |_| panic!("a test")).concat();
        let lines: Vec<serde_json::Value> =
            all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["id"], "a");
        assert_eq!(lines[0]["error"]["code"], -32603);
        assert_eq!(lines[0]["error"]["data"]["kind"], "internal_error");
        assert_eq!(lines[1]["id"], "b");
        assert_eq!(lines[1]["result"]["name"], "dstok");
    }

    #[test]
    fn the_answers_of_one_read_leave_with_one_write() {
        let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        assert_eq!(answers(&ping.repeat(100), |_| {}).len(), 1);
    }

    #[test]
    fn long_answers_are_written_before_the_batch_is_done() {
        let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
        let batch = vec![discover; 1000].join(",");
        let writes = answers(&format!("[{batch}]\n"), |_| {});
        assert!(writes.len() > 1 && writes.iter().all(|write| write.len() < 2 * LONG_OUTPUT));
        let all: serde_json::Value = serde_json::from_str(&writes.concat()).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 1000);
    }
}
