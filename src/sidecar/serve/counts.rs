//! How many requests a session has answered.

use std::collections::BTreeMap;

use crate::sidecar::protocol::ErrorKind;

/// Counts of requests and errors.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests with an answer. A line that isn't a request has one too, and counts as one.
    pub requests: u64,
    /// Requests without an answer, whether they succeed or not.
    pub notifications: u64,
    /// Answers with an error, by `code`.
    pub errors: BTreeMap<i32, u64>,
}

impl Counts {
    /// Counts an answer with an error.
    pub(super) fn error(&mut self, kind: ErrorKind) {
        self.requests += 1;
        *self.errors.entry(kind.code()).or_default() += 1;
    }

    /// Adds the counts of a block.
    pub(super) fn add(&mut self, block: Self) {
        self.requests += block.requests;
        self.notifications += block.notifications;
        for (code, count) in block.errors {
            *self.errors.entry(code).or_default() += count;
        }
    }
}
