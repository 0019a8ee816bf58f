//! In which order blocks are written, and under which configuration they are answered.
//!
//! Each block has a ticket, in the order of the input, and its answers are written when all
//! before it are. A line that changes the configuration waits for that turn too. Blocks behind
//! it may have been answered by then, under what held before: they are answered again when it
//! is theirs.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::methods::Session;

/// What threads that answer agree on. There is one block for each of them at most.
pub(super) struct Turns<'a, W> {
    state: Mutex<State>,
    /// Whoever has the turn writes.
    output: Mutex<&'a mut W>,
    /// For each ticket, by the remainder: it is its turn, or the end.
    changed: Box<[Condvar]>,
    end_input: &'a (dyn Fn() + Sync),
}

struct State {
    /// The ticket of the block that may be written.
    turn: u64,
    /// How many threads wait for theirs.
    waiting: usize,
    /// How often the configuration was changed.
    generation: u64,
    /// With the present configuration, for threads that have none; `None` while it changes.
    session: Option<Session>,
    /// The threads' own while they answer nothing, so that they hold no configuration of old.
    parked: Box<[Option<Session>]>,
    stopped: bool,
    error: Option<io::Error>,
}

/// No more is to be answered.
#[derive(Debug)]
pub(super) struct Stopped;

impl<'a, W: Write> Turns<'a, W> {
    pub(super) fn new(
        session: Session,
        threads: usize,
        output: &'a mut W,
        end_input: &'a (dyn Fn() + Sync),
    ) -> Self {
        let template = session.fork();
        let first = std::iter::once(Some(session));
        let state = State {
            turn: 0,
            waiting: 0,
            generation: 0,
            session: Some(template),
            parked: first.chain((1..threads).map(|_| None)).collect(),
            stopped: false,
            error: None,
        };
        let changed = (0..threads).map(|_| Condvar::new()).collect();
        Self { state: Mutex::new(state), output: Mutex::new(output), changed, end_input }
    }

    /// The turn of a block that was read, and what a thread answers it with.
    pub(super) fn begin(
        &self,
        thread: usize,
        ticket: u64,
    ) -> Result<(Session, Turn<'_, 'a, W>), Stopped> {
        let mut state = lock(&self.state);
        if state.stopped {
            return Err(Stopped);
        }
        let parked = state.parked[thread].take();
        if parked.is_none() && state.session.is_none() {
            state = self.wait(state, ticket)?;
        }
        let session = parked.or_else(|| state.fork()).ok_or(Stopped)?;
        let generation = state.generation;
        let turn = Turn {
            turns: self,
            thread,
            ticket,
            generation,
            come: false,
            changes: false,
            written: 0,
        };
        Ok((session, turn))
    }

    fn wait<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        ticket: u64,
    ) -> Result<MutexGuard<'s, State>, Stopped> {
        state.waiting += 1;
        while state.turn != ticket && !state.stopped {
            state = self.changed(ticket).wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        if state.stopped { Err(Stopped) } else { Ok(state) }
    }

    fn changed(&self, ticket: u64) -> &Condvar {
        &self.changed[(ticket % self.changed.len() as u64) as usize]
    }

    /// Ends the work of all threads, at once.
    pub(super) fn stop(&self, error: Option<io::Error>) {
        let mut state = lock(&self.state);
        state.stopped = true;
        state.error = state.error.take().or(error);
        drop(state);
        self.changed.iter().for_each(Condvar::notify_all);
        (self.end_input)();
    }

    /// Notes an error that does not keep what was read from being answered.
    pub(super) fn note(&self, error: io::Error) {
        lock(&self.state).error.get_or_insert(error);
    }

    pub(super) fn into_result(self) -> io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }
}

impl State {
    fn fork(&self) -> Option<Session> {
        self.session.as_ref().map(Session::fork)
    }
}

/// The turn of one block: to come, or come.
pub(super) struct Turn<'t, 'a, W> {
    turns: &'t Turns<'a, W>,
    thread: usize,
    ticket: u64,
    generation: u64,
    come: bool,
    changes: bool,
    written: usize,
}

/// Why a block is not answered, or not yet.
pub(super) enum Stop {
    /// The configuration has changed: it is to be answered again, with this session.
    Outdated(Box<Session>),
    Stopped,
}

impl From<Stopped> for Stop {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

impl<W: Write> Turn<'_, '_, W> {
    /// Waits until all blocks before this one are written.
    pub(super) fn take(&mut self) -> Result<(), Stop> {
        if self.come {
            return Ok(());
        }
        let state = self.turns.wait(lock(&self.turns.state), self.ticket)?;
        self.come = true;
        if self.generation == state.generation {
            return Ok(());
        }
        self.generation = state.generation;
        Err(Stop::Outdated(Box::new(state.fork().ok_or(Stopped)?)))
    }

    /// To be called, when the turn has come, before the configuration changes.
    pub(super) fn change(&mut self) {
        self.changes = true;
        let mut state = lock(&self.turns.state);
        state.session = None;
        state.parked.fill_with(|| None);
        state.generation += 1;
        self.generation = state.generation;
    }

    /// Writes and empties, when the turn has come. An error is the end for all threads.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<(), Stopped> {
        if out.is_empty() {
            return Ok(());
        }
        let mut output = lock(&self.turns.output);
        if let Err(error) = output.write_all(out).and_then(|()| output.flush()) {
            self.turns.stop(Some(error));
            return Err(Stopped);
        }
        drop(output);
        self.written += out.len();
        out.clear();
        Ok(())
    }

    /// Bytes that were written.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Gives the turn to the next block.
    pub(super) fn pass(self, session: Session) {
        let fork = self.changes.then(|| session.fork());
        let mut state = lock(&self.turns.state);
        if fork.is_some() {
            state.session = fork;
        }
        state.parked[self.thread] = Some(session);
        state.turn += 1;
        if state.waiting > 0 {
            self.turns.changed(state.turn).notify_all();
        }
    }
}

/// A thread that panics ends the others: what it has left behind does not matter any more.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
