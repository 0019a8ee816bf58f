//! A thread that reads, answers and writes, in turn with others of its kind.
//!
//! One thread at a time reads. If a block is worth sharing, another one reads on while the first
//! answers; else the first answers before it reads on, and the others sleep. What a thread has
//! read it answers and writes itself: a core fetches nothing from another but the beginning of
//! a line that the block before did not end.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder, Scope};

use super::answer::{Answers, answer_line};
use super::lines::{Line, Lines, Unfinished};
use super::turns::{Stop, Stopped, Turn, Turns, lock};
use super::{BLOCK, LONG_OUTPUT, Limits};
use crate::methods::{self, Session};

/// Bytes of lines from which on another thread is to read on: to wake it takes some ten
/// microseconds.
const WORTH_SHARING: usize = 8 << 10;

/// Bytes asked of one `read` when answers are much longer than requests.
const SMALL_BLOCK: usize = 16 << 10;

/// Bytes of a block from which on none is read beside it: few long lines may stand in memory.
const LARGE_BLOCK: usize = 1 << 20;

/// Bytes of stack of a thread: as much as the main thread has.
const STACK: usize = 8 << 20;

/// What the threads have in common.
pub(super) struct Shared<'a, R, W> {
    limits: Limits,
    reader: Mutex<Reader<'a, R>>,
    /// How many threads wait until they may read.
    idle: AtomicUsize,
    turns: Turns<'a, W>,
}

/// What belongs to the thread that reads.
struct Reader<'a, R> {
    input: &'a mut R,
    unfinished: Unfinished,
    /// The ticket of the next block.
    ticket: u64,
    /// How many threads there are, and may be.
    threads: usize,
    most_threads: usize,
    /// Whether nobody is to read on.
    ended: bool,
}

impl<'a, R: Read + Send, W: Write + Send> Shared<'a, R, W> {
    pub(super) fn new(
        session: Session,
        limits: Limits,
        input: &'a mut R,
        output: &'a mut W,
        end_input: &'a (dyn Fn() + Sync),
    ) -> Self {
        let reader = Reader {
            input,
            unfinished: Unfinished::default(),
            ticket: 0,
            threads: 1,
            most_threads: limits.threads,
            ended: false,
        };
        Self {
            limits,
            reader: Mutex::new(reader),
            idle: AtomicUsize::new(0),
            turns: Turns::new(session, limits.threads, output, end_input),
        }
    }

    /// What has come of it when all threads have ended.
    pub(super) fn into_result(self) -> io::Result<()> {
        self.turns.into_result()
    }
}

/// Answers blocks until the input ends, and starts other threads when there is work for them.
pub(super) fn work<'scope, R: Read + Send, W: Write + Send>(
    scope: &'scope Scope<'scope, '_>,
    shared: &'scope Shared<'_, R, W>,
    number: usize,
) {
    let _stop = StopOnPanic(shared);
    let mut worker = Worker {
        shared,
        number,
        lines: Lines::new(shared.limits.max_line),
        complete: Vec::new(),
        out: Vec::new(),
        block: BLOCK,
    };
    while worker.next(|reader| reader.start_thread(scope, shared)).is_ok() {}
}

/// Lets no thread wait for one that has panicked.
struct StopOnPanic<'s, 'a, R: Read + Send, W: Write + Send>(&'s Shared<'a, R, W>);

impl<R: Read + Send, W: Write + Send> Drop for StopOnPanic<'_, '_, R, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.turns.stop(None);
        }
    }
}

impl<R: Read + Send> Reader<'_, R> {
    /// Reads so many bytes at most into the lines; whether the input goes on.
    fn read(&mut self, lines: &mut Lines, length: usize) -> io::Result<bool> {
        loop {
            match self.input.read(lines.space(length)) {
                Ok(length) => {
                    lines.filled(length);
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket - 1
    }

    /// Starts a thread if none is idle.
    fn start_thread<'scope, W: Write + Send>(
        &mut self,
        scope: &'scope Scope<'scope, '_>,
        shared: &'scope Shared<'_, R, W>,
    ) {
        if self.threads == self.most_threads || shared.idle.load(Ordering::Relaxed) > 0 {
            return;
        }
        let number = self.threads;
        let builder = Builder::new().name("worker".to_owned()).stack_size(STACK);
        match builder.spawn_scoped(scope, move || work(scope, shared, number)) {
            Ok(_) => self.threads += 1,
            // No threads to be had: go on with those there are.
            Err(_) => self.most_threads = self.threads,
        }
    }
}

/// A thread's own part.
struct Worker<'s, 'a, R, W> {
    shared: &'s Shared<'a, R, W>,
    number: usize,
    lines: Lines,
    /// The lines of a block that are complete.
    complete: Vec<(u64, Line)>,
    out: Vec<u8>,
    /// Bytes to be asked of one `read`.
    block: usize,
}

impl<'a, R: Read + Send, W: Write + Send> Worker<'_, 'a, R, W> {
    /// Waits until it may read, reads until there is a block worth sharing, and answers all.
    fn next(&mut self, start_thread: impl Fn(&mut Reader<'a, R>)) -> Result<(), Stopped> {
        self.shared.idle.fetch_add(1, Ordering::Relaxed);
        let mut reader = lock(&self.shared.reader);
        self.shared.idle.fetch_sub(1, Ordering::Relaxed);
        // Unless it is handed over, nobody reads after this thread.
        if std::mem::replace(&mut reader.ended, true) {
            return Err(Stopped);
        }
        self.lines.take_over(&mut reader.unfinished);
        loop {
            let goes_on = reader.read(&mut self.lines, self.block).map_err(|error| {
                self.shared.turns.note(error);
                Stopped
            })?;
            self.complete.clear();
            self.complete.extend(std::iter::from_fn(|| self.lines.next(!goes_on)));
            if goes_on && reader.most_threads > 1 && self.is_worth_sharing() {
                let ticket = reader.next_ticket();
                self.lines.hand_over(&mut reader.unfinished);
                reader.ended = false;
                start_thread(&mut reader);
                drop(reader);
                self.answer(ticket)?;
                self.lines.clear();
                return Ok(());
            }
            if !self.complete.is_empty() {
                self.answer(reader.next_ticket())?;
            }
            if !goes_on {
                return Err(Stopped);
            }
        }
    }

    fn is_worth_sharing(&self) -> bool {
        self.complete.len() > 1
            && self.complete.iter().map(|(_, line)| line.len()).sum::<usize>() >= WORTH_SHARING
            && self.lines.bytes().len() <= LARGE_BLOCK
    }

    fn answer(&mut self, ticket: u64) -> Result<(), Stopped> {
        let (mut session, mut turn) = self.shared.turns.begin(self.number, ticket)?;
        loop {
            session.clock.go_on();
            match self.answer_with(&mut session, &mut turn) {
                Ok(()) => break,
                Err(Stop::Outdated(current)) => session = *current,
                Err(Stop::Stopped) => return Err(Stopped),
            }
        }
        self.out.shrink_to(2 * LONG_OUTPUT);
        session.datasette.shrink();
        self.fit_block(turn.written());
        turn.pass(session);
        Ok(())
    }

    /// Chooses the next block's size so that its answers are not written before it is done: a
    /// thread must not wait for its turn in the middle.
    fn fit_block(&mut self, written: usize) {
        if written >= LONG_OUTPUT {
            self.block = SMALL_BLOCK.max(self.block / 2);
        } else if written < LONG_OUTPUT / 4 {
            self.block = BLOCK.min(self.block * 2);
        }
    }

    fn answer_with(
        &mut self,
        session: &mut Session,
        turn: &mut Turn<'_, 'a, W>,
    ) -> Result<(), Stop> {
        self.out.clear();
        for (number, line) in &self.complete {
            let line = (*number, line, self.lines.bytes());
            answer_line(session, self.shared.limits, line, &mut self.out, turn)?;
        }
        turn.take()?;
        Ok(turn.write(&mut self.out)?)
    }
}

impl<W: Write> Answers for Turn<'_, '_, W> {
    type Stop = Stop;

    fn before(&mut self, method: &[u8]) -> Result<(), Stop> {
        if methods::changes_session(method) {
            self.take()?;
            self.change();
        }
        Ok(())
    }

    fn after(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        if out.len() >= LONG_OUTPUT {
            self.take()?;
            self.write(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::ThreadId;

    use super::*;
    use crate::datasette::Datasette;
    use crate::guard_rails::GuardRails;
    use crate::methods::Clock;
    use crate::serve::serve;

    const THREADS: [usize; 4] = [2, 3, 8, 256];

    fn session() -> Session {
        Session {
            datasette: Datasette::new(),
            clock: Clock::new(Some(0.0)),
            guard_rails: GuardRails::default(),
            warn: |_| {},
        }
    }

    fn call(id: usize, method: &str, params: &str) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
    }

    fn pings(count: usize) -> String {
        (0..count).map(|id| call(id, "ping", "[]")).collect()
    }

    /// Gives so many bytes at once, and then what it ends with.
    struct Input<'a, E: FnMut() -> io::Result<usize>> {
        rest: &'a [u8],
        size: usize,
        end: E,
    }

    impl<E: FnMut() -> io::Result<usize>> Read for Input<'_, E> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.rest.is_empty() {
                return (self.end)();
            }
            let length = self.rest.len().min(self.size).min(buffer.len());
            self.rest.read(&mut buffer[..length])
        }
    }

    /// Output that notes who writes, and fails or panics if it is told to.
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
        let mut input = Input { rest: input.as_bytes(), size, end: || Ok(0) };
        let mut output = Output::default();
        serve(session(), limits, &mut input, &mut output, || {}).unwrap();
        output.bytes
    }

    #[track_caller]
    fn assert_as_alone(input: &str, max_line: usize) {
        let alone = answers(input, input.len(), max_line, 1);
        for threads in THREADS {
            // Blocks that are shared, blocks that are not, and lines in several reads.
            for size in [100, WORTH_SHARING + 777, BLOCK] {
                let same = answers(input, size, max_line, threads) == alone;
                assert!(same, "{threads} threads, {size} bytes at once");
            }
        }
    }

    #[test]
    fn the_order_is_that_of_the_lines_and_a_line_may_span_blocks() {
        assert_as_alone(&("\u{feff}".to_owned() + &pings(20_000)), 1000);
    }

    #[test]
    fn a_change_in_the_middle_holds_for_what_stands_behind_it() {
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

    #[test]
    fn one_line_at_a_time_stays_on_one_thread_and_many_are_shared() {
        for (size, shared) in [(100, false), (BLOCK, true)] {
            let input = pings(200_000);
            let mut input = Input { rest: input.as_bytes(), size, end: || Ok(0) };
            let mut output = Output::default();
            let limits = Limits { threads: 4, ..Limits::default() };
            serve(session(), limits, &mut input, &mut output, || {}).unwrap();
            let other = output.threads.iter().any(|&id| id != thread::current().id());
            assert_eq!(other, shared, "{size} bytes at once");
        }
    }

    /// Input that is worth sharing, and then a `read` that waits until it is ended.
    fn serve_while_a_reader_waits(output: &mut Output) -> io::Result<()> {
        let input = pings(1000);
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let wait = move || {
            ended.recv().unwrap();
            Ok(0)
        };
        let mut input = Input { rest: input.as_bytes(), size: BLOCK, end: wait };
        let limits = Limits { threads: 2, ..Limits::default() };
        let end = Mutex::new(end);
        serve(session(), limits, &mut input, output, || lock(&end).send(()).unwrap())
    }

    #[test]
    fn an_error_of_writing_ends_a_reader_that_waits() {
        let fault: Option<fn() -> io::Error> = Some(|| ErrorKind::BrokenPipe.into());
        let error = serve_while_a_reader_waits(&mut Output { fault, ..Output::default() });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_thread_that_panics_ends_a_reader_that_waits() {
        let fault: Option<fn() -> io::Error> = Some(|| panic!("a test"));
        let mut output = Output { fault, ..Output::default() };
        let outcome = catch_unwind(AssertUnwindSafe(|| serve_while_a_reader_waits(&mut output)));
        assert!(outcome.is_err());
    }

    #[test]
    fn what_was_read_before_an_error_of_reading_is_answered() {
        for threads in [1, 2, 8] {
            let text = pings(20_000);
            let end = || Err(ErrorKind::ConnectionReset.into());
            let mut input = Input { rest: text.as_bytes(), size: BLOCK, end };
            let mut output = Output::default();
            let limits = Limits { threads, ..Limits::default() };
            let error = serve(session(), limits, &mut input, &mut output, || {}).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert!(output.bytes == answers(&text, BLOCK, 1000, 1), "{threads} threads");
        }
    }
}
