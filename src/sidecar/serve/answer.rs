//! From a message to its answer.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::budget::{Budget, MAX_FRAME};
use super::counts::Counts;
use super::messages::Framing;
use super::piece::Fault;
use crate::parallel::{self, Stopped};
use crate::sidecar::methods::{CREATE_TOKEN, Session, call};
use crate::sidecar::protocol::{
    ErrorKind, Failure, Message, NULL_ID, Params, Request, begin_result, end_result, write_error,
};

/// A block's turn to write its answers.
pub(super) type Turn<'t, 'a> = parallel::Turn<'t, &'a mut (dyn Write + Send), io::Error>;

/// Limits on what one session may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in a line, without its end, or in the content of a frame.
    pub max_line: usize,
    /// Requests in a batch.
    pub max_batch: usize,
    /// Threads that answer when one read brings many lines.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line: 16 << 20, max_batch: 100_000, threads: 1 }
    }
}

/// What one thread answers messages with.
pub(super) struct Responder {
    pub(super) session: Session,
    pub(super) limits: Limits,
    budget: Budget,
    framing: Framing,
    /// Answers that have not been written.
    out: Vec<u8>,
    /// Bytes of the block's answers that have been written.
    written: usize,
    /// The block's requests.
    counts: Counts,
    /// Those of all blocks and threads.
    total: Arc<Mutex<Counts>>,
}

impl Responder {
    pub(super) fn new(session: Session, limits: Limits, total: Arc<Mutex<Counts>>) -> Self {
        let budget = Budget::new(limits.threads);
        let (framing, written, counts) = Default::default();
        // Most answers are about as long as their requests.
        let out = Vec::with_capacity(budget.block);
        Self { session, limits, budget, framing, out, written, counts, total }
    }

    /// Appends the answers to numbered messages, and marks their ends. Writes early if there is much
    /// to write.
    ///
    /// # Errors
    /// [`Stopped`] if the block's turn cannot come, or writing fails.
    pub(super) fn answer_messages<'l>(
        &mut self,
        messages: impl Iterator<Item = (u64, Result<&'l str, Fault>)>,
        framing: Framing,
        turn: &mut Turn<'_, '_>,
    ) -> Result<(), Stopped> {
        self.framing = framing;
        let limit = Some(self.budget.payload).filter(|_| !turn.has_come());
        self.session.workspace.limit_payloads(limit);
        // One for all, so that they share its memory.
        let mut message = Message::default();
        for (number, text) in messages {
            let max_batch = self.max_batch(turn);
            let mut read = self.read(number, text, max_batch, &mut message);
            if message.length > max_batch && !turn.has_come() {
                turn.wait()?;
                read = self.read(number, text, self.max_batch(turn), &mut message);
            }
            let start = self.out.len();
            let is_answered = match read {
                Ok(()) => self.answer_message(&message, start, turn)?,
                Err(failure) => self.fail(NULL_ID, &failure),
            };
            if is_answered {
                framing.end(&mut self.out, start);
            }
            self.write_if_long(turn)?;
        }
        Ok(())
    }

    /// Appends an answer with an error. Returns that there is an answer.
    fn fail(&mut self, id: &str, failure: &Failure) -> bool {
        write_error(&mut self.out, id, failure);
        self.counts.error(failure.kind);
        true
    }

    /// Writes the last answers of a block, and returns how many bytes all of them have.
    ///
    /// # Errors
    /// [`Stopped`] if the block's turn cannot come, or writing fails.
    pub(super) fn finish(&mut self, turn: &mut Turn<'_, '_>) -> Result<usize, Stopped> {
        self.write(turn)?;
        let counts = std::mem::take(&mut self.counts);
        self.total.lock().unwrap_or_else(PoisonError::into_inner).add(counts);
        self.out.shrink_to(self.budget.output);
        Ok(std::mem::take(&mut self.written))
    }

    fn write(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), Stopped> {
        if !self.out.is_empty() {
            turn.write(|output| output.write_all(&self.out).and_then(|()| output.flush()))?;
            self.written += self.out.len();
            self.out.clear();
        }
        Ok(())
    }

    /// Writes early if there is much to write. Writing may take long, so the clock is refreshed.
    fn write_if_long(&mut self, turn: &mut Turn<'_, '_>) -> Result<(), Stopped> {
        if self.out.len() >= self.budget.output {
            self.write(turn)?;
            self.session.clock.refresh();
        }
        Ok(())
    }

    /// The most requests of a batch that this thread may read now.
    fn max_batch(&self, turn: &Turn<'_, '_>) -> usize {
        let limit = if turn.has_come() { usize::MAX } else { self.budget.requests };
        self.limits.max_batch.min(limit)
    }

    /// Reads a text into `message`. Its error is answered without an id.
    fn read<'l>(
        &self,
        number: u64,
        text: Result<&'l str, Fault>,
        max_batch: usize,
        message: &mut Message<'l>,
    ) -> Result<(), Failure> {
        let noun = self.framing.noun();
        let parse_error = |problem: String| Failure {
            line: Some(number),
            ..Failure::new(ErrorKind::ParseError, format!("Parse error: {problem}"))
        };
        let at = |offset| format!("at byte {} of {noun} {number}", offset + 1);
        let text = text.map_err(|fault| match fault {
            Fault::TooLong => {
                let limit = self.limits.max_line;
                let message =
                    format!("Invalid Request: {noun} {number} is over --max-line ({limit} bytes)");
                Failure::new(ErrorKind::TooLarge, message)
            }
            Fault::NotUtf8(error) => parse_error(format!("not UTF-8 {}", at(error.valid_up_to()))),
            Fault::Broken(reason) => parse_error(format!("{noun} {number} {reason}")),
        })?;
        message.read(text, max_batch).map_err(|error| {
            let ends_early = error.offset() == text.len();
            let hint = if ends_early { self.framing.hint() } else { "" };
            parse_error(format!("not JSON {}{hint}", at(error.offset())))
        })
    }

    /// Appends the answers to a request or to a batch, but not their end. Returns whether there is
    /// any. In a frame they begin at `start`.
    fn answer_message(
        &mut self,
        message: &Message<'_>,
        start: usize,
        turn: &mut Turn<'_, '_>,
    ) -> Result<bool, Stopped> {
        let mut is_answered = false;
        for request in &message.requests {
            let is_full = message.is_batch && self.is_full(start, turn)?;
            let before = self.out.len();
            if message.is_batch {
                self.out.push(if is_answered { b',' } else { b'[' });
            }
            let has_answer = if is_full {
                self.refuse(request)
            } else {
                self.answer(request, message.params(request), turn)?
            };
            if has_answer {
                is_answered = true;
            } else {
                self.out.truncate(before);
            }
        }
        if is_answered && message.is_batch {
            self.out.push(b']');
        }
        Ok(is_answered)
    }

    /// Makes room for another answer of a batch. Returns whether there can be none.
    fn is_full(&mut self, start: usize, turn: &mut Turn<'_, '_>) -> Result<bool, Stopped> {
        if self.framing == Framing::Lines {
            self.write_if_long(turn)?;
            return Ok(false);
        }
        // The length stands before the answers, so they leave together. One thread at a time may
        // have many.
        let length = self.out.len() - start;
        if length >= self.budget.output {
            turn.wait()?;
        }
        Ok(length >= MAX_FRAME)
    }

    /// Answers a request that isn't carried out, because the batch has too many answers already.
    fn refuse(&mut self, request: &Request<'_>) -> bool {
        let Some(id) = request.id else {
            self.counts.notifications += 1;
            return false;
        };
        let message = "Invalid Request: the responses so far exceed 32 MiB; split the batch";
        self.fail(id, &Failure::new(ErrorKind::TooLarge, message))
    }

    /// Appends the answer to a request; returns whether it has one.
    fn answer(
        &mut self,
        request: &Request<'_>,
        params: &Params<'_>,
        turn: &mut Turn<'_, '_>,
    ) -> Result<bool, Stopped> {
        let id = request.id.unwrap_or(NULL_ID);
        let method = match &request.method {
            Ok(method) => method.as_wtf8(),
            Err(failure) => return Ok(self.fail(id, failure)),
        };
        let Self { session, out, counts, .. } = self;
        if session.policy.audit_log.is_some() && method == CREATE_TOKEN.name.as_bytes() {
            // The audit log has the order of the answers.
            turn.wait()?;
        }
        let start = out.len();
        let result_start = begin_result(out, id);
        let result = loop {
            // A bug in one request must not fail the others. A panic leaves the session sound: buffers
            // are cleared before use, and `configure` replaces the configuration in its last step.
            let outcome = catch_unwind(AssertUnwindSafe(|| call(session, method, params, out)));
            let result = outcome.unwrap_or_else(|_| {
                Err(Failure::new(ErrorKind::InternalError, "Internal error: a bug in dstok"))
            });
            if !session.workspace.has_refused() {
                break result;
            }
            // One thread at a time handles a large payload: the one whose turn it is.
            turn.wait()?;
            out.truncate(result_start);
            session.workspace.limit_payloads(None);
        };
        if request.id.is_none() {
            counts.notifications += 1;
            return Ok(false);
        }
        match result {
            Ok(()) => {
                counts.requests += 1;
                end_result(out, result_start);
            }
            Err(failure) => {
                out.truncate(start);
                self.fail(id, &failure);
            }
        }
        Ok(true)
    }
}
