//! Many lines at once, answered by several threads.
//!
//! The lines are dealt out in pieces, each to a session of its own with the same configuration.
//! A line that would change the configuration ends the work: what stands after it is answered
//! again, under what then holds.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::answer::{Answers, answer_line};
use super::lines::Line;
use super::{LONG_OUTPUT, Limits};
use crate::methods::{self, Session};

/// Bytes of lines from which on sharing them pays: it takes some ten microseconds.
const WORTH_SHARING: usize = 8 << 10;

/// Pieces for each thread, so that one with long lines does not hold the others up.
const PIECES_PER_THREAD: usize = 4;

/// Bytes of stack of a thread: as much as the main thread has.
const STACK: usize = 8 << 20;

/// The threads, started when they are first needed, and what they work with.
pub(super) struct Workers {
    limits: Limits,
    pool: Option<ThreadPool>,
    workers: Vec<Worker>,
}

/// Answers one piece.
struct Worker {
    session: Session,
    answers: Piece,
}

/// The answers to the first lines of a piece.
#[derive(Default)]
pub(super) struct Piece {
    /// How many lines these are.
    pub(super) lines: usize,
    pub(super) out: Vec<u8>,
    /// Whether they are all of the piece.
    whole: bool,
}

impl Workers {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, pool: None, workers: Vec::new() }
    }

    /// To be called when the session is going to change.
    pub(super) fn forget_session(&mut self) {
        self.workers.clear();
    }

    /// The answers to the first of these lines, in order; to none where sharing does not pay.
    pub(super) fn answer(
        &mut self,
        session: &Session,
        bytes: &[u8],
        lines: &[(u64, Line)],
    ) -> impl Iterator<Item = &mut Piece> {
        let pieces = if self.pays(lines) { self.share(session, bytes, lines) } else { 0 };
        let mut whole = true;
        self.workers[..pieces].iter_mut().map(|worker| &mut worker.answers).map_while(
            // What stands behind a line that was left over does not count.
            move |piece| std::mem::replace(&mut whole, piece.whole).then_some(piece),
        )
    }

    fn pays(&self, lines: &[(u64, Line)]) -> bool {
        self.limits.threads > 1
            && lines.len() > 1
            && lines.iter().map(|(_, line)| line.len()).sum::<usize>() >= WORTH_SHARING
    }

    /// Has the lines answered; in how many pieces.
    fn share(&mut self, session: &Session, bytes: &[u8], lines: &[(u64, Line)]) -> usize {
        let Some(pool) = self.pool.take().or_else(|| start_threads(self.limits.threads)) else {
            // No threads to be had: go on with the one there is.
            self.limits.threads = 1;
            return 0;
        };
        let length = lines.len().div_ceil(PIECES_PER_THREAD * self.limits.threads);
        let pieces = lines.len().div_ceil(length);
        while self.workers.len() < pieces {
            self.workers.push(Worker { session: session.fork(), answers: Piece::default() });
        }
        let limits = self.limits;
        pool.install(|| {
            let shares = self.workers.par_iter_mut().zip(lines.par_chunks(length));
            shares.with_max_len(1).for_each(|(worker, lines)| worker.answer(limits, bytes, lines));
        });
        self.pool = Some(pool);
        pieces
    }
}

fn start_threads(threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().ok()
}

impl Worker {
    fn answer(&mut self, limits: Limits, bytes: &[u8], lines: &[(u64, Line)]) {
        let Self { session, answers: Piece { lines: answered, out, whole } } = self;
        out.clear();
        out.shrink_to(2 * LONG_OUTPUT);
        *answered = 0;
        for (number, line) in lines {
            let before = out.len();
            if answer_line(session, limits, (*number, line, bytes), out, &mut Share).is_err() {
                out.truncate(before);
                break;
            }
            *answered += 1;
        }
        *whole = *answered == lines.len();
        session.datasette.shrink();
    }
}

/// The answers to a part of the lines: to be kept until those before them are written.
struct Share;

/// What is left to the thread that reads and writes.
struct LeftOver;

impl Answers for Share {
    type Stop = LeftOver;

    fn before(&mut self, method: &[u8]) -> Result<(), LeftOver> {
        if methods::changes_session(method) { Err(LeftOver) } else { Ok(()) }
    }

    fn after(&mut self, out: &mut Vec<u8>) -> Result<(), LeftOver> {
        if out.len() >= LONG_OUTPUT { Err(LeftOver) } else { Ok(()) }
    }
}
