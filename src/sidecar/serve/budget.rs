//! How much memory each thread may use while other threads work too.

/// Bytes of buffers that all threads together may fill while each answers a block. What takes more
/// waits for its turn, so only one thread at a time does it.
const SHARED: usize = 32 << 20;

/// Bytes of a batch's answers in a frame, after which no further request of the batch is carried out.
/// Without frames there is no limit, because answers leave before the batch is done.
pub(super) const MAX_FRAME: usize = 32 << 20;

/// The most threads.
pub const MAX_THREADS: usize = 64;

/// One thread's part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes to ask of one `read`.
    pub(super) block: usize,
    /// Lines of a block.
    pub(super) lines: usize,
    /// Bytes of a payload's JSON.
    pub(super) payload: usize,
    /// Requests of a batch.
    pub(super) requests: usize,
    /// Bytes of answers that are written before their block is done: short requests may have long
    /// answers.
    pub(super) output: usize,
}

impl Budget {
    pub(super) fn new(threads: usize) -> Self {
        let share = SHARED / threads.clamp(1, MAX_THREADS);
        // Four times the capacity of a pipe. More doesn't make reading faster.
        let block = (share / 8).min(256 << 10);
        Self {
            block,
            lines: block / 32,
            payload: (share / 8).min(1 << 20),
            requests: share / 1024,
            output: (share / 4).min(1 << 20),
        }
    }
}
