//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// A clock: the system's, or one that stands still.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Unix seconds.
    frozen: Option<f64>,
    /// What the system's clock showed when it was last read.
    read: Option<f64>,
}

impl Clock {
    /// The system's clock, or one frozen at Unix seconds.
    #[must_use]
    pub fn new(frozen: Option<f64>) -> Self {
        Self { frozen, read: None }
    }

    /// Unix seconds, the same until [`Clock::go_on`].
    ///
    /// Requests that come together are answered together: each was sent before the system's clock
    /// was read for the first of them, and is answered after it.
    pub fn now(&mut self) -> f64 {
        self.frozen.unwrap_or_else(|| *self.read.get_or_insert_with(system_now))
    }

    /// To be called when time may have passed: the system's clock is to be read again.
    pub fn go_on(&mut self) {
        self.read = None;
    }
}

/// The time of day as Python's `time.time()` gives it: Unix seconds.
#[must_use]
pub fn system_now() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "the edge reads the clock")]
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_same_until_it_goes_on() {
        let (start, mut clock) = (system_now(), Clock::new(None));
        let shown = clock.now();
        while system_now() <= shown {}
        assert!(start <= shown && clock.now() == shown);
        clock.go_on();
        assert!(clock.now() > shown);
        let mut frozen = Clock::new(Some(1.5));
        frozen.go_on();
        assert_eq!(frozen.now(), 1.5);
    }
}
