//! What one session may take.

/// Limits on what one session may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in a line, without its end.
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
