//! Cuts input into lines.

use super::buffer::Buffer;
use super::piece::{Fault, Piece};
use super::pretty::Pretty;

const MIXED: Fault = Fault::Broken(
    "is a header, but the session began without headers; begin every message with Content-Length, or \
     none",
);

const HTTP: Fault = Fault::Broken(
    "is an HTTP request, but dstok does not speak HTTP; write each JSON-RPC request on one line",
);

/// What is known of the lines so far. Blank ones are skipped, but counted.
#[derive(Default)]
pub(super) struct Lines {
    /// How many lines have been cut.
    number: u64,
    /// Whether the next line was over the limit and has been answered.
    discarding: bool,
    pretty: Pretty,
}

impl Lines {
    /// Cuts the next complete line, without its end; its number, and its place. At the end of the
    /// input the unfinished line is complete too.
    pub(super) fn next(
        &mut self,
        buffer: &mut Buffer,
        max_line: usize,
        ended: bool,
    ) -> Option<(u64, Piece)> {
        loop {
            let Some(range) = buffer.take_line() else {
                return self.incomplete(buffer, max_line, ended);
            };
            self.number += 1;
            if std::mem::take(&mut self.discarding) {
                continue;
            }
            let line = &buffer.bytes()[range.clone()];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let end = range.start + line.len();
            if let Some(outcome) = self.judge(line, max_line) {
                return Some((self.number, outcome.map(|()| range.start..end)));
            }
        }
    }

    /// Whether a whole line is to be read, or what to say instead. `None` if it gets no answer.
    #[inline]
    fn judge(&mut self, line: &[u8], max_line: usize) -> Option<Result<(), Fault>> {
        if line.len() > max_line {
            self.pretty = Pretty::default();
            return Some(Err(Fault::TooLong));
        }
        if is_blank(line) {
            return None;
        }
        // A request begins with none of the letters.
        if line[0].is_ascii_alphabetic()
            && let Some(fault) = foreign(line)
        {
            return Some(Err(fault));
        }
        (!self.pretty.continues(line)).then_some(Ok(()))
    }

    /// The line that has no end yet, if it is over the limit already or the input has ended.
    fn incomplete(
        &mut self,
        buffer: &mut Buffer,
        max_line: usize,
        ended: bool,
    ) -> Option<(u64, Piece)> {
        let line = buffer.uncut();
        // The next byte may be a line feed, which makes a carriage return part of the line's end.
        let length =
            if ended { line.len() } else { line.strip_suffix(b"\r").unwrap_or(line).len() };
        if self.discarding || length > max_line {
            self.pretty = Pretty::default();
            buffer.take(line.len());
            return (!std::mem::replace(&mut self.discarding, true))
                .then_some((self.number + 1, Err(Fault::TooLong)));
        }
        if !ended {
            return None;
        }
        let range = buffer.take(length);
        let outcome = self.judge(&buffer.bytes()[range.clone()], max_line)?;
        Some((self.number + 1, outcome.map(|()| range)))
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// What is wrong with a line that another protocol has sent. What follows it isn't for dstok either,
/// even if it looks like a request: a web page can make a browser send it.
#[cold]
fn foreign(line: &[u8]) -> Option<Fault> {
    let begins_with = |name: &[u8]| {
        line.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name))
    };
    if begins_with(b"content-length:") || begins_with(b"content-type:") {
        return Some(MIXED);
    }
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next()?;
    let version = words.nth(1).filter(|_| words.next().is_none())?;
    (method.iter().all(u8::is_ascii_uppercase) && version.starts_with(b"HTTP/")).then_some(HTTP)
}
