//! Parallel workers whose output keeps the order of the input.
//!
//! The workers are threads of one kind. One at a time holds the source and reads a block from it.
//! The worker that read a block also answers it and writes the output, so the block's bytes stay
//! in one core's cache. There are two modes:
//!
//! * [`Mode::Shared`]: the worker passes the source on, and answers its block while another
//!   worker reads the next one. Waking a thread costs some ten microseconds, so a block must be
//!   worth it.
//! * [`Mode::Exclusive`]: the worker keeps the source, waits until all earlier blocks are done,
//!   and then answers its block. Nothing else is being answered meanwhile, so this block may
//!   change the [context](Worker::Context).
//!
//! A worker takes its copy of the context while it holds the source, and drops it before the next
//! block gets its turn. While an exclusive block is being answered, there is no other copy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, Scope};

/// Bytes of stack of a thread, as many as the main thread has on Linux.
const STACK: usize = 8 << 20;

/// Reads blocks and answers them. Each thread has a worker of its own, which owns its buffers.
pub trait Worker {
    /// Where blocks are read from, and whatever must pass from one block to the next.
    type Source: Send;
    /// What blocks are answered with.
    type Context: Clone + Send;
    /// Where output goes.
    type Sink: Send;
    /// Why reading or writing failed.
    type Error: Send;

    /// Reads the next block; `None` at the end of the input.
    ///
    /// # Errors
    /// The input ends there. Blocks that were read before are still answered, and
    /// [`run`] then returns the error.
    fn read(&mut self, source: &mut Self::Source) -> Result<Option<Mode>, Self::Error>;

    /// Answers the block that was read last.
    ///
    /// Only an exclusive block may change the context: that of a shared block is a copy.
    ///
    /// # Errors
    /// [`Stopped`] if `turn` returns it.
    fn answer(
        &mut self,
        context: &mut Self::Context,
        turn: &mut Turn<'_, Self::Sink, Self::Error>,
    ) -> Result<(), Stopped>;
}

/// How a block is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// While other workers read and answer other blocks.
    Shared,
    /// After all blocks before it and before all blocks after it, by the worker that keeps the
    /// source.
    Exclusive,
}

/// All work has ended early, because a worker failed or panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// One thread for each processor that this process may use.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Answers blocks until the source ends, with up to `threads` threads including the caller's.
///
/// Further threads start when there is work for them. `end_input` is called if work ends early:
/// it must make a [`Worker::read`] that waits for input return.
///
/// # Errors
/// The first error of reading or writing.
pub fn run<W: Worker>(
    threads: usize,
    source: W::Source,
    context: W::Context,
    sink: W::Sink,
    new_worker: impl Fn() -> W + Sync,
    end_input: impl Fn() + Sync,
) -> Result<(), W::Error> {
    let max_threads = threads.max(1);
    let reader = Reader { source, context, next_ticket: 0, threads: 1, max_threads, ended: false };
    let output = Output {
        state: Mutex::new(State { turn: 0, waiting: 0, stopped: false, error: None }),
        passed: (0..max_threads).map(|_| Condvar::new()).collect(),
        sink: Mutex::new(sink),
        end_input: &end_input,
    };
    let (reader, idle) = (Mutex::new(reader), AtomicUsize::new(0));
    let pool = Pool { reader, idle, output, new_worker };
    thread::scope(|scope| pool.work(scope));
    let error = lock(&pool.output.state).error.take();
    error.map_or(Ok(()), Err)
}

/// What the threads share.
struct Pool<'a, W: Worker, N> {
    reader: Mutex<Reader<W>>,
    /// How many threads wait for the source.
    idle: AtomicUsize,
    output: Output<'a, W::Sink, W::Error>,
    new_worker: N,
}

/// What belongs to the thread that holds the source.
struct Reader<W: Worker> {
    source: W::Source,
    context: W::Context,
    /// The ticket of the next block.
    next_ticket: u64,
    threads: usize,
    max_threads: usize,
    /// Whether no thread may read on.
    ended: bool,
}

impl<W: Worker, N: Fn() -> W + Sync> Pool<'_, W, N> {
    /// One thread's part of the work.
    fn work<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let _guard = StopOnPanic(&self.output);
        let mut worker = (self.new_worker)();
        while self.answer_until_shared(&mut worker, scope).is_ok() {}
    }

    /// Waits for the source, then answers blocks up to the first shared one.
    fn answer_until_shared<'scope>(
        &'scope self,
        worker: &mut W,
        scope: &'scope Scope<'scope, '_>,
    ) -> Result<(), Stopped> {
        self.idle.fetch_add(1, Ordering::Relaxed);
        let mut reader = lock(&self.reader);
        self.idle.fetch_sub(1, Ordering::Relaxed);
        // Unless this thread passes the source on, no thread reads after it.
        if std::mem::replace(&mut reader.ended, true) {
            return Err(Stopped);
        }
        loop {
            let mode = worker.read(&mut reader.source).map_err(|error| self.output.note(error))?;
            let mut turn = Turn { output: &self.output, ticket: reader.next_ticket, sink: None };
            reader.next_ticket += 1;
            match mode {
                None => return Err(Stopped),
                Some(Mode::Exclusive) => {
                    turn.wait()?;
                    worker.answer(&mut reader.context, &mut turn)?;
                    turn.pass()?;
                }
                Some(Mode::Shared) => {
                    let mut context = reader.context.clone();
                    reader.ended = false;
                    self.start_thread(&mut reader, scope);
                    drop(reader);
                    worker.answer(&mut context, &mut turn)?;
                    // Before the next block's turn, which may be to change the context.
                    drop(context);
                    return turn.pass();
                }
            }
        }
    }

    /// Starts a thread if none is idle.
    fn start_thread<'scope>(
        &'scope self,
        reader: &mut Reader<W>,
        scope: &'scope Scope<'scope, '_>,
    ) {
        if reader.threads == reader.max_threads || self.idle.load(Ordering::Relaxed) > 0 {
            return;
        }
        let builder = Builder::new().name("worker".to_owned()).stack_size(STACK);
        match builder.spawn_scoped(scope, || self.work(scope)) {
            Ok(_) => reader.threads += 1,
            // The system has no more threads; the ones there are do the work.
            Err(_) => reader.max_threads = reader.threads,
        }
    }
}

/// The sink, which blocks reach in the order of their tickets.
struct Output<'a, S, E> {
    state: Mutex<State<E>>,
    /// Signals a block's turn, or the end. Block `ticket` waits for `ticket % passed.len()`.
    ///
    /// There is one for each thread. Blocks under way have consecutive tickets and a thread each,
    /// so no two of them share one.
    passed: Box<[Condvar]>,
    /// Locked by the block that writes, from its first write to its end.
    sink: Mutex<S>,
    end_input: &'a (dyn Fn() + Sync),
}

struct State<E> {
    /// The ticket of the earliest block that is not done.
    turn: u64,
    /// How many threads wait for their turn.
    waiting: usize,
    stopped: bool,
    error: Option<E>,
}

impl<S, E> Output<'_, S, E> {
    fn passed(&self, ticket: u64) -> &Condvar {
        &self.passed[(ticket % self.passed.len() as u64) as usize]
    }

    /// Records an error; blocks that were read are still answered.
    fn note(&self, error: E) -> Stopped {
        lock(&self.state).error.get_or_insert(error);
        Stopped
    }

    /// Ends the work of all threads.
    fn stop(&self) {
        lock(&self.state).stopped = true;
        self.passed.iter().for_each(Condvar::notify_all);
        (self.end_input)();
    }
}

/// A block's place in the output order.
pub struct Turn<'t, S, E> {
    output: &'t Output<'t, S, E>,
    ticket: u64,
    /// Once it is this block's turn.
    sink: Option<MutexGuard<'t, S>>,
}

impl<'t, S, E> Turn<'t, S, E> {
    /// Returns once all blocks before this one are done, and their output written.
    ///
    /// # Errors
    /// [`Stopped`] if work has ended early.
    pub fn wait(&mut self) -> Result<(), Stopped> {
        self.sink().map(drop)
    }

    /// Whether this block has waited for its turn and got it.
    #[must_use]
    pub fn has_come(&self) -> bool {
        self.sink.is_some()
    }

    /// Waits for this block's turn and writes to the sink.
    ///
    /// # Errors
    /// [`Stopped`] if `write` fails, which ends the work of all threads with its error, or if
    /// work has ended before.
    pub fn write<T>(&mut self, write: impl FnOnce(&mut S) -> Result<T, E>) -> Result<T, Stopped> {
        let output = self.output;
        write(self.sink()?).map_err(|error| {
            let stopped = output.note(error);
            output.stop();
            stopped
        })
    }

    /// The sink, when it is this block's turn.
    fn sink(&mut self) -> Result<&mut S, Stopped> {
        let Self { output, ticket, .. } = *self;
        if self.sink.is_none() {
            let mut state = lock(&output.state);
            state.waiting += 1;
            let must_wait = |state: &mut State<E>| state.turn != ticket && !state.stopped;
            state = output
                .passed(ticket)
                .wait_while(state, must_wait)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            if state.stopped {
                return Err(Stopped);
            }
        }
        Ok(self.sink.get_or_insert_with(|| lock(&output.sink)))
    }

    /// Gives the turn to the next block.
    fn pass(mut self) -> Result<(), Stopped> {
        self.wait()?;
        drop(self.sink);
        let mut state = lock(&self.output.state);
        state.turn += 1;
        if state.waiting > 0 {
            self.output.passed(state.turn).notify_all();
        }
        Ok(())
    }
}

/// Keeps the other threads from waiting for one that has panicked.
struct StopOnPanic<'p, 'a, S, E>(&'p Output<'a, S, E>);

impl<S, E> Drop for StopOnPanic<'_, '_, S, E> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// Locks a mutex whether or not a thread panicked with it: a panic ends all work anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hint::black_box;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicU64;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Barrier};

    use super::*;

    type Written = Arc<Mutex<Vec<u64>>>;
    type Error = &'static str;
    type End = Box<dyn FnMut() -> Result<(), Error> + Send>;

    /// Blocks are the numbers below `count`; reading then returns what `end` returns.
    struct Numbers {
        next: u64,
        count: u64,
        mode: fn(u64) -> Mode,
        end: End,
    }

    /// Answers a block with a function.
    struct TestWorker<A> {
        number: u64,
        answer: A,
    }

    impl<A> Worker for TestWorker<A>
    where
        A: Fn(u64, &mut Arc<u64>, &mut Turn<'_, Written, Error>) -> Result<(), Stopped>,
    {
        type Source = Numbers;
        type Context = Arc<u64>;
        type Sink = Written;
        type Error = Error;

        fn read(&mut self, source: &mut Numbers) -> Result<Option<Mode>, Error> {
            if source.next == source.count {
                return (source.end)().map(|()| None);
            }
            self.number = source.next;
            source.next += 1;
            Ok(Some((source.mode)(self.number)))
        }

        fn answer(
            &mut self,
            context: &mut Arc<u64>,
            turn: &mut Turn<'_, Written, Error>,
        ) -> Result<(), Stopped> {
            (self.answer)(self.number, context, turn)
        }
    }

    fn numbers(count: u64, mode: fn(u64) -> Mode) -> Numbers {
        Numbers { next: 0, count, mode, end: Box::new(|| Ok(())) }
    }

    /// Runs a test; what was written, and the outcome.
    fn answers(
        threads: usize,
        source: Numbers,
        end_input: impl Fn() + Sync,
        answer: impl Fn(u64, &mut Arc<u64>, &mut Turn<'_, Written, Error>) -> Result<(), Stopped> + Sync,
    ) -> (Vec<u64>, Result<(), Error>) {
        let written = Written::default();
        let new_worker = || TestWorker { number: 0, answer: &answer };
        let (context, sink) = (Arc::new(0), Arc::clone(&written));
        let outcome = run(threads, source, context, sink, new_worker, end_input);
        (Arc::into_inner(written).unwrap().into_inner().unwrap(), outcome)
    }

    fn write(number: u64, turn: &mut Turn<'_, Written, Error>) -> Result<(), Stopped> {
        turn.write(|written| {
            lock(written).push(number);
            Ok(())
        })
    }

    /// Takes longer for some blocks, so that threads overtake each other.
    fn work(number: u64) {
        for n in 0..number * 7919 % 20 * 500 {
            black_box(n);
        }
    }

    const THREADS: [usize; 5] = [1, 2, 3, 8, 64];

    #[test]
    fn output_keeps_the_order_and_no_block_is_answered_twice() {
        const COUNT: u64 = 3000;
        let exclusive_sometimes =
            |number| if number % 50 == 0 { Mode::Exclusive } else { Mode::Shared };
        for threads in THREADS {
            let answered: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
            let source = numbers(COUNT, exclusive_sometimes);
            let (written, outcome) = answers(
                threads,
                source,
                || {},
                |number, _, turn| {
                    answered[number as usize].fetch_add(1, Ordering::Relaxed);
                    work(number);
                    if number % 3 == 0 {
                        // In the middle of a block, as long output is.
                        write(2 * number, turn)?;
                        work(number + 1);
                    }
                    // Some blocks write nothing.
                    if number % 7 == 0 { Ok(()) } else { write(2 * number + 1, turn) }
                },
            );
            assert_eq!(outcome, Ok(()));
            assert!(answered.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            let expected = (0..COUNT).flat_map(|number| {
                let early = (number % 3 == 0).then_some(2 * number);
                early.into_iter().chain((number % 7 != 0).then_some(2 * number + 1))
            });
            assert!(written.into_iter().eq(expected), "{threads} threads");
        }
    }

    #[test]
    fn an_exclusive_block_runs_alone_and_holds_the_only_context() {
        let mode: fn(u64) -> Mode =
            |number| if number % 9 == 0 { Mode::Exclusive } else { Mode::Shared };
        for threads in THREADS {
            let running = AtomicU64::new(0);
            let check = |number: u64, context: &mut Arc<u64>, turn: &mut Turn<'_, _, _>| {
                let others = running.fetch_add(1, Ordering::SeqCst);
                work(number);
                if mode(number) == Mode::Exclusive {
                    assert_eq!(others, 0);
                    assert_eq!(Arc::strong_count(context), 1);
                    let old = Arc::downgrade(context);
                    *context = Arc::new(number);
                    assert!(old.upgrade().is_none());
                } else {
                    assert_eq!(**context, number / 9 * 9);
                }
                let outcome = write(number, turn);
                running.fetch_sub(1, Ordering::SeqCst);
                outcome
            };
            let (written, outcome) = answers(threads, numbers(2000, mode), || {}, check);
            assert_eq!(outcome, Ok(()));
            assert!(written.into_iter().eq(0..2000), "{threads} threads");
        }
    }

    #[test]
    fn shared_blocks_are_answered_at_once_by_as_many_threads_as_there_may_be() {
        let together = Barrier::new(3);
        let threads = Mutex::new(HashSet::new());
        let (written, _) = answers(
            3,
            numbers(300, |_| Mode::Shared),
            || {},
            |number, _, turn| {
                lock(&threads).insert(thread::current().id());
                // Returns once three threads are here.
                together.wait();
                write(number, turn)
            },
        );
        assert_eq!((written.len(), lock(&threads).len()), (300, 3));
    }

    #[test]
    fn exclusive_blocks_and_a_single_thread_need_no_other() {
        for (threads, mode) in [(8, Mode::Exclusive), (1, Mode::Shared), (0, Mode::Shared)] {
            let mode: fn(u64) -> Mode =
                if mode == Mode::Shared { |_| Mode::Shared } else { |_| Mode::Exclusive };
            let caller = thread::current().id();
            let source = numbers(100, mode);
            let (_, outcome) = answers(
                threads,
                source,
                || {},
                |number, _, turn| {
                    assert_eq!(thread::current().id(), caller);
                    write(number, turn)
                },
            );
            assert_eq!(outcome, Ok(()));
        }
    }

    /// A source that waits after `count` shared blocks until its input is ended.
    fn run_while_a_reader_waits(
        count: u64,
        answer: impl Fn(u64, &mut Turn<'_, Written, Error>) -> Result<(), Stopped> + Sync,
    ) -> (Vec<u64>, Result<(), Error>) {
        let (end, ended) = channel();
        let end = Mutex::new(end);
        let wait: End = Box::new(move || {
            ended.recv().unwrap();
            Ok(())
        });
        let source = Numbers { end: wait, ..numbers(count, |_| Mode::Shared) };
        answers(2, source, || lock(&end).send(()).unwrap(), |number, _, turn| answer(number, turn))
    }

    #[test]
    fn a_write_error_ends_a_reader_that_waits() {
        let (written, outcome) = run_while_a_reader_waits(3, |number, turn| match number {
            2 => turn.write(|_| Err("the sink is full")),
            _ => write(number, turn),
        });
        assert_eq!((written, outcome), (vec![0, 1], Err("the sink is full")));
    }

    #[test]
    fn a_panic_ends_a_reader_that_waits() {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            run_while_a_reader_waits(2, |number, turn| match number {
                1 => panic!("a test"),
                _ => write(number, turn),
            })
        }));
        assert!(outcome.is_err());
    }

    #[test]
    fn a_panic_while_reading_ends_the_others() {
        let end: End = Box::new(|| panic!("a test"));
        let source = Numbers { end, ..numbers(10, |_| Mode::Shared) };
        let answer = |number, _: &mut Arc<u64>, turn: &mut Turn<'_, _, _>| write(number, turn);
        let outcome = catch_unwind(AssertUnwindSafe(|| answers(3, source, || {}, answer)));
        assert!(outcome.is_err());
    }

    fn failing(count: u64) -> Numbers {
        let end: End = Box::new(|| Err("the source is broken"));
        Numbers { end, ..numbers(count, |_| Mode::Shared) }
    }

    #[test]
    fn blocks_before_a_read_error_are_answered() {
        for threads in THREADS {
            let (written, outcome) = answers(
                threads,
                failing(200),
                || {},
                |number, _, turn| {
                    work(number);
                    write(number, turn)
                },
            );
            assert_eq!(outcome, Err("the source is broken"));
            assert!(written.into_iter().eq(0..200), "{threads} threads");
        }
    }

    #[test]
    fn no_block_is_answered_after_a_write_error() {
        for threads in THREADS {
            let source = numbers(200, |_| Mode::Shared);
            let (written, outcome) = answers(
                threads,
                source,
                || {},
                |number, _, turn| {
                    turn.wait()?;
                    assert!(number <= 50);
                    if number == 50 {
                        turn.write(|_| Err("the sink is full"))
                    } else {
                        write(number, turn)
                    }
                },
            );
            assert_eq!(outcome, Err("the sink is full"));
            assert!(written.into_iter().eq(0..50), "{threads} threads");
        }
    }

    #[test]
    fn the_first_error_counts() {
        let (_, outcome) = answers(
            2,
            failing(1),
            || {},
            |_, _, turn| {
                while lock(&turn.output.state).error.is_none() {
                    thread::yield_now();
                }
                turn.write(|_| Err("the sink is full"))
            },
        );
        assert_eq!(outcome, Err("the source is broken"));
    }
}
