//! A watchdog for the case that the parent is gone and a `write` never returns.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::platform::Parent;

/// How long a `write` may take once the parent is gone. Its reader is probably gone too.
const GRACE_PERIOD: Duration = Duration::from_millis(500);

/// Counts how many calls of `write` have begun and ended, together: odd during a call.
#[derive(Clone, Default)]
pub struct Writes(Arc<AtomicUsize>);

impl Writes {
    /// Counts a call.
    pub(super) fn during<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        let result = write();
        self.0.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Waits for the grace period, and returns whether one call took all of it.
    fn are_stuck(&self) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        thread::sleep(GRACE_PERIOD);
        before % 2 == 1 && before == self.0.load(Ordering::Relaxed)
    }
}

/// Starts a thread that calls `end` when the parent is gone and a `write` is stuck. The thread that
/// is stuck cannot end itself.
///
/// # Errors
/// When the thread cannot be started.
pub fn end_when_stuck(parent: Arc<Parent>, writes: Writes, end: fn()) -> io::Result<()> {
    let watch = move || {
        parent.wait();
        loop {
            if writes.are_stuck() {
                end();
            }
        }
    };
    thread::Builder::new().name("parent".to_owned()).spawn(watch).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_goes_on_is_stuck() {
        let writes = Writes::default();
        assert!(!writes.are_stuck());
        writes.during(|| assert!(writes.are_stuck()));
        assert!(!writes.are_stuck());
    }
}
