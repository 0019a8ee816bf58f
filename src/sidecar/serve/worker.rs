//! A worker that reads lines and answers them.

use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use datasette_tokens::Datasette;
use memchr::memmem;

use super::answer::{Limits, Responder, Turn};
use super::budget::Budget;
use super::buffer::Buffer;
use super::counts::Counts;
use super::messages::{Framing, Messages};
use super::piece::{Fault, Piece};
use crate::parallel::{Mode, Stopped, Worker};
use crate::platform::release_memory;
use crate::sidecar::methods::Session;

/// Bytes to ask of one `read` when answers are much longer than requests.
const SMALL_BLOCK: usize = 16 << 10;

/// Bytes of lines that are worth another thread, which takes some ten microseconds to wake.
const WORTH_SHARING: usize = 8 << 10;

/// How many blocks a buffer may hold to be shared: only one thread at a time holds long lines.
const BLOCKS_IN_BUFFER: usize = 4;

/// The input, with what passes from one block to the next.
pub(super) struct Input<'a> {
    reader: &'a mut (dyn Read + Send),
    messages: Messages,
    ended: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(reader: &'a mut (dyn Read + Send)) -> Self {
        Self { reader, messages: Messages::default(), ended: false }
    }
}

/// One thread's buffers and session.
pub(super) struct LineWorker<'a> {
    buffer: Buffer,
    /// The messages of a block.
    complete: Vec<(u64, Piece)>,
    framing: Framing,
    budget: Budget,
    /// Bytes to ask of the next `read`.
    block_size: usize,
    /// Its session has the instance only while a block is answered. An idle one has another,
    /// and so no secret that `configure` replaces.
    responder: Responder,
    /// The input it reads from.
    reads: PhantomData<Input<'a>>,
}

impl LineWorker<'_> {
    pub(super) fn new(limits: Limits, session: Session, counts: Arc<Mutex<Counts>>) -> Self {
        let budget = Budget::new(limits.threads);
        Self {
            buffer: Buffer::new(BLOCKS_IN_BUFFER * budget.block),
            complete: Vec::new(),
            framing: Framing::default(),
            budget,
            block_size: budget.block,
            responder: Responder::new(session, limits, counts),
            reads: PhantomData,
        }
    }

    fn is_shareable(&self) -> bool {
        self.responder.limits.threads > 1
            && self.complete.len() > 1
            && self.complete.iter().flat_map(|(_, piece)| piece).map(Range::len).sum::<usize>()
                >= WORTH_SHARING
            && self.buffer.bytes().len() <= BLOCKS_IN_BUFFER * self.budget.block
            && !may_call_configure(self.buffer.cut())
    }

    /// Chooses the next block's size so that its answers are written at once: a thread should not
    /// wait for its turn in the middle of a block.
    fn adjust_block_size(&mut self, written: usize) {
        if written >= self.budget.output {
            self.block_size = SMALL_BLOCK.max(self.block_size / 2);
        } else if written < self.budget.output / 4 {
            self.block_size = self.budget.block.min(self.block_size * 2);
        }
    }
}

impl<'a> Worker for LineWorker<'a> {
    type Source = Input<'a>;
    type Context = Arc<Datasette>;
    type Sink = &'a mut (dyn Write + Send);
    type Error = io::Error;

    fn read(&mut self, input: &mut Input<'a>) -> io::Result<Option<Mode>> {
        let Self { buffer, complete, budget, .. } = self;
        let max_line = self.responder.limits.max_line;
        let Input { reader, messages, ended } = input;
        complete.clear();
        buffer.carry_in(&mut messages.uncut);
        loop {
            let pieces = std::iter::from_fn(|| messages.next(buffer, max_line, *ended));
            complete.extend(pieces.take(budget.lines));
            if !complete.is_empty() {
                break;
            }
            if *ended || messages.is_broken() {
                return Ok(None);
            }
            let length = reader.read(buffer.space(self.block_size))?;
            buffer.filled(length);
            *ended = length == 0;
        }
        self.framing = messages.framing();
        if !self.is_shareable() {
            return Ok(Some(Mode::Exclusive));
        }
        self.buffer.carry_out(&mut input.messages.uncut);
        Ok(Some(Mode::Shared))
    }

    fn answer(
        &mut self,
        datasette: &mut Arc<Datasette>,
        turn: &mut Turn<'_, 'a>,
    ) -> Result<(), Stopped> {
        let Self { responder, buffer, complete, .. } = self;
        std::mem::swap(&mut responder.session.datasette, datasette);
        responder.session.clock.refresh();
        // Checked once for all messages.
        let block = str::from_utf8(buffer.cut()).ok();
        let text = |piece: &Piece| {
            let range = piece.clone()?;
            let text = block.and_then(|block| block.get(range.clone()));
            text.map_or_else(|| str::from_utf8(&buffer.bytes()[range]).map_err(Fault::NotUtf8), Ok)
        };
        let texts = complete.iter().map(|(number, piece)| (*number, text(piece)));
        responder.answer_messages(texts, self.framing, turn)?;
        std::mem::swap(&mut responder.session.datasette, datasette);
        buffer.wipe();
        let written = responder.finish(turn)?;
        if responder.session.workspace.shrink() || buffer.bytes().len() > buffer.kept() {
            // Before another thread's turn to take as much.
            release_memory();
        }
        self.adjust_block_size(written);
        Ok(())
    }
}

/// Whether any of the lines may call `configure`, which no other block may be answered beside.
///
/// A JSON string that means `configure` has these nine characters, each as itself or as an escape.
/// The only escapes that mean a letter are `\u0063` (`c`) to `\u0075` (`u`): the `u` after the
/// backslash is always small, and the first three digits have no case. So the string either is the
/// nine bytes, or contains `\u006` or `\u007`. Python's `json.dumps` writes these for the control
/// character DEL alone, so most text with escapes is shared.
fn may_call_configure(lines: &[u8]) -> bool {
    [&b"configure"[..], br"\u006", br"\u007"]
        .iter()
        .any(|needle| memmem::find(lines, needle).is_some())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Mutex, Weak};
    use std::thread::{self, ThreadId};

    use super::super::serve;

    /// Bytes of a block of few threads.
    const BLOCK: usize = 256 << 10;

    use super::super::tests::session;
    use super::*;

    const THREADS: [usize; 4] = [2, 3, 8, 64];

    fn call(id: usize, method: &str, params: &str) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
    }

    fn pings(count: usize) -> String {
        (0..count).map(|id| call(id, "ping", "[]")).collect()
    }

    /// Gives `size` bytes at once, and then calls `end`.
    struct Pieces<'a, E: FnMut() -> io::Result<usize>> {
        rest: &'a [u8],
        size: usize,
        end: E,
    }

    impl<E: FnMut() -> io::Result<usize>> Read for Pieces<'_, E> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.rest.is_empty() {
                return (self.end)();
            }
            let length = self.rest.len().min(self.size).min(buffer.len());
            self.rest.read(&mut buffer[..length])
        }
    }

    /// Output that records the writing threads, and fails or panics if told to.
    #[derive(Default)]
    struct Output {
        bytes: Vec<u8>,
        threads: Vec<ThreadId>,
        fault: Option<fn() -> io::Error>,
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(fault) = self.fault {
                return Err(fault());
            }
            self.threads.push(thread::current().id());
            self.bytes.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(input: &str, size: usize, max_line: usize, threads: usize) -> Vec<u8> {
        let limits = Limits { threads, max_line, ..Limits::default() };
        let mut input = Pieces { rest: input.as_bytes(), size, end: || Ok(0) };
        let mut output = Output::default();
        serve(session(|_| {}), limits, &mut input, &mut output, || {}).unwrap();
        output.bytes
    }

    #[track_caller]
    fn assert_as_alone(input: &str, max_line: usize) {
        let alone = answers(input, input.len(), max_line, 1);
        for threads in THREADS {
            // Lines in several reads, blocks that are shared, and blocks of full size.
            for size in [100, WORTH_SHARING + 777, BLOCK] {
                let same = answers(input, size, max_line, threads) == alone;
                assert!(same, "{threads} threads, {size} bytes at once");
            }
        }
    }

    #[test]
    fn answers_keep_the_order_of_lines_that_span_blocks() {
        assert_as_alone(&("\u{feff}".to_owned() + &pings(20_000)), 1000);
    }

    #[test]
    fn configure_holds_for_the_requests_after_it() {
        let line = |id: usize| match id % 1000 {
            500 => call(id, "configure", &format!(r#"{{"secret":"secret {id}"}}"#)),
            700 => format!("[{},7]\n", call(id, "configure", r#"["in a batch"]"#).trim_end()),
            _ => call(id, "sign", &format!("[{id}]")),
        };
        assert_as_alone(&(0..20_000).map(line).collect::<String>(), 1000);
    }

    #[test]
    fn long_answers_and_lines_that_are_too_long_keep_their_place() {
        let line = |id: usize| match id {
            3000 => "x".repeat(3 * BLOCK) + "\n",
            4000..4300 => call(id, "rpc.discover", "[]"),
            _ => call(id, "ping", "[]"),
        };
        assert_as_alone(&(0..10_000).map(line).collect::<String>(), 1000);
    }

    /// The ways to write `configure` in JSON: each letter as itself or as an escape.
    fn spellings() -> Vec<String> {
        let spelling = |escaped: u32, upper: bool| {
            let letter = |(at, letter): (usize, char)| match (escaped >> at & 1, upper) {
                (0, _) => letter.to_string(),
                (_, false) => format!("\\u{:04x}", u32::from(letter)),
                (_, true) => format!("\\u{:04X}", u32::from(letter)),
            };
            "configure".chars().enumerate().map(letter).collect()
        };
        (0..1 << 9)
            .flat_map(|escaped| [spelling(escaped, false), spelling(escaped, true)])
            .collect()
    }

    #[test]
    fn every_spelling_of_configure_is_found() {
        for spelling in spellings() {
            let name: String = serde_json::from_str(&format!("\"{spelling}\"")).unwrap();
            assert_eq!(name, "configure");
            let line = call(1, &spelling, "[]");
            assert!(may_call_configure(line.as_bytes()), "{spelling}");
        }
        for other in ["ping", "Configure", "confi gure", "\\u00e9\\u2028\\u0022", "\\\\u00e9"] {
            assert!(!may_call_configure(call(1, other, "[]").as_bytes()), "{other}");
        }
    }

    #[test]
    fn configure_may_be_anywhere_and_spelled_in_any_way() {
        const MAX_LINE: usize = 1000;
        for (at, spelling) in spellings().iter().enumerate().step_by(61) {
            let configure = |id: usize| call(id, spelling, &format!(r#"["{id}"]"#));
            let sign = |id: usize| call(id, "sign", &format!("[{id}]"));
            let line = |id: usize| match id % 211 {
                7 => configure(id),
                77 => format!("[{0},{1},{0}]\n", sign(id).trim_end(), configure(id).trim_end()),
                // Over the limit, so it changes nothing.
                150 => call(id, spelling, &format!(r#"["{}"]"#, "x".repeat(MAX_LINE))),
                _ => sign(id),
            };
            let lines: String = (0..1500).map(line).collect();
            for input in [lines.clone(), lines + configure(1500).trim_end()] {
                let alone = answers(&input, input.len(), MAX_LINE, 1);
                for size in [WORTH_SHARING + 1000 + at, BLOCK] {
                    let same = answers(&input, size, MAX_LINE, 3) == alone;
                    assert!(same, "{spelling}, {size} bytes at once");
                }
            }
        }
    }

    #[test]
    fn configure_may_span_two_blocks() {
        let sign: String = (0..400).map(|id| call(id, "sign", "[1]")).collect();
        let configure = call(0, "configure", r#"["other"]"#);
        let input = sign.clone() + &configure + &sign;
        let alone = answers(&input, input.len(), 1000, 1);
        for at in 0..configure.len() {
            assert!(answers(&input, sign.len() + at, 1000, 2) == alone, "{at}");
        }
    }

    #[test]
    fn a_block_is_shared_if_it_is_worth_it_small_and_without_configure() {
        let limits = Limits { threads: 2, ..Limits::default() };
        let (few, many) = (pings(3), pings(400));
        let configure = call(0, "configure", "[]");
        let long_line = call(0, "ping", &" ".repeat(2 << 20));
        for (limits, text, expected) in [
            (limits, few, Mode::Exclusive),
            (limits, many.clone(), Mode::Shared),
            (Limits::default(), many.clone(), Mode::Exclusive),
            (limits, many.clone() + &configure, Mode::Exclusive),
            (limits, long_line + &many, Mode::Exclusive),
            (limits, call(0, "ping", &" ".repeat(WORTH_SHARING)), Mode::Exclusive),
        ] {
            let (size, end) = (text.len(), || Ok(0));
            let mut reader = Pieces { rest: text.as_bytes(), size, end };
            let mut input = Input::new(&mut reader);
            let mut worker = LineWorker::new(limits, session(|_| {}), Arc::default());
            worker.block_size = size;
            assert_eq!(worker.read(&mut input).unwrap(), Some(expected), "{size} bytes");
            assert_eq!(worker.read(&mut input).unwrap(), None);
        }
    }

    /// Checks that no line is left in the buffer when its answer has left.
    struct Wiped<'a>(LineWorker<'a>);

    impl<'a> Worker for Wiped<'a> {
        type Source = Input<'a>;
        type Context = Arc<Datasette>;
        type Sink = &'a mut (dyn Write + Send);
        type Error = io::Error;

        fn read(&mut self, input: &mut Input<'a>) -> io::Result<Option<Mode>> {
            self.0.read(input)
        }

        fn answer(
            &mut self,
            datasette: &mut Arc<Datasette>,
            turn: &mut Turn<'_, 'a>,
        ) -> Result<(), Stopped> {
            self.0.answer(datasette, turn)?;
            // At most the beginning of the next line is left.
            let left = self.0.buffer.bytes().iter().filter(|&&byte| byte != 0).count();
            assert!(left < call(10_000, "ping", "[]").len());
            Ok(())
        }
    }

    #[test]
    fn lines_are_wiped_once_they_are_answered() {
        for (threads, size) in [(1, BLOCK), (2, BLOCK), (2, 100), (8, WORTH_SHARING + 777)] {
            let text = pings(10_000);
            let mut reader = Pieces { rest: text.as_bytes(), size, end: || Ok(0) };
            let limits = Limits { threads, ..Limits::default() };
            let mut output = Output::default();
            let (input, output): (_, &mut (dyn Write + Send)) =
                (Input::new(&mut reader), &mut output);
            let new_worker = || Wiped(LineWorker::new(limits, session(|_| {}), Arc::default()));
            let datasette = Arc::new(Datasette::default());
            crate::parallel::run(threads, input, datasette, output, new_worker, || {}).unwrap();
        }
    }

    /// Output that checks that the first configuration is gone when another is announced.
    struct Replaced {
        first: Weak<Datasette>,
        announced: usize,
    }

    impl Write for Replaced {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if memmem::find(bytes, br#""name":"dstok""#).is_some() {
                assert_eq!(self.first.strong_count(), 0);
                self.announced += 1;
            } else if self.announced == 0 {
                assert!(self.first.strong_count() > 0);
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_thread_holds_a_configuration_that_was_replaced() {
        for threads in [1, 2, 8] {
            let session = session(|_| {});
            let mut output = Replaced { first: Arc::downgrade(&session.datasette), announced: 0 };
            let input = pings(20_000) + &call(0, "configure", r#"["other"]"#) + &pings(20_000);
            let mut input = Pieces { rest: input.as_bytes(), size: 20_000, end: || Ok(0) };
            let limits = Limits { threads, ..Limits::default() };
            serve(session, limits, &mut input, &mut output, || {}).unwrap();
            assert_eq!(output.announced, 1);
        }
    }

    #[test]
    fn one_line_at_a_time_stays_on_one_thread() {
        let input = pings(20_000);
        let mut input = Pieces { rest: input.as_bytes(), size: 100, end: || Ok(0) };
        let mut output = Output::default();
        let limits = Limits { threads: 4, ..Limits::default() };
        serve(session(|_| {}), limits, &mut input, &mut output, || {}).unwrap();
        assert!(output.threads.iter().all(|&id| id == thread::current().id()));
    }

    /// A test that fails must not hang.
    const LONG: std::time::Duration = std::time::Duration::from_secs(30);

    /// Output whose writer waits until the input has ended, and learns who has read its end.
    struct AfterEnd {
        end: Receiver<ThreadId>,
        reader: Option<ThreadId>,
    }

    impl Write for AfterEnd {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.reader = self.reader.or_else(|| self.end.recv_timeout(LONG).ok());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn another_thread_reads_while_many_lines_are_answered() {
        let input = pings(1000);
        let (sender, end) = channel();
        let end_of_input = move || {
            // Nobody waits for the second end.
            let _ = sender.send(thread::current().id());
            Ok(0)
        };
        let mut input = Pieces { rest: input.as_bytes(), size: BLOCK, end: end_of_input };
        let mut output = AfterEnd { end, reader: None };
        let limits = Limits { threads: 2, ..Limits::default() };
        serve(session(|_| {}), limits, &mut input, &mut output, || {}).unwrap();
        assert!(output.reader.is_some_and(|id| id != thread::current().id()));
    }

    /// Input that is worth sharing, and then a `read` that waits until it is ended.
    fn serve_while_a_reader_waits(output: &mut Output) -> io::Result<()> {
        let input = pings(1000);
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let wait = move || {
            ended.recv().unwrap();
            Ok(0)
        };
        let mut input = Pieces { rest: input.as_bytes(), size: BLOCK, end: wait };
        let limits = Limits { threads: 2, ..Limits::default() };
        let end = Mutex::new(end);
        let end_input = || end.lock().unwrap().send(()).unwrap();
        serve(session(|_| {}), limits, &mut input, output, end_input).map(drop)
    }

    #[test]
    fn a_write_error_ends_a_reader_that_waits() {
        let fault: Option<fn() -> io::Error> = Some(|| ErrorKind::BrokenPipe.into());
        let error = serve_while_a_reader_waits(&mut Output { fault, ..Output::default() });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_panic_ends_a_reader_that_waits() {
        let fault: Option<fn() -> io::Error> = Some(|| panic!("a test"));
        let mut output = Output { fault, ..Output::default() };
        let outcome = catch_unwind(AssertUnwindSafe(|| serve_while_a_reader_waits(&mut output)));
        assert!(outcome.is_err());
    }

    #[test]
    fn lines_before_a_read_error_are_answered() {
        for threads in [1, 2, 8] {
            let text = pings(20_000);
            let end = || Err(ErrorKind::ConnectionReset.into());
            let mut input = Pieces { rest: text.as_bytes(), size: BLOCK, end };
            let mut output = Output::default();
            let limits = Limits { threads, ..Limits::default() };
            let error = serve(session(|_| {}), limits, &mut input, &mut output, || {}).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert!(output.bytes == answers(&text, BLOCK, 1000, 1), "{threads} threads");
        }
    }
}
