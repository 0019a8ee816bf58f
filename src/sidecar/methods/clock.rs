//! The clock of a session.

use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock, or one that stands still.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Unix seconds.
    frozen: Option<f64>,
    /// What the system's clock showed when it was last read.
    read: Option<f64>,
}

impl Clock {
    /// The system's clock, or one frozen at a time in Unix seconds.
    #[must_use]
    pub fn new(frozen: Option<f64>) -> Self {
        Self { frozen, read: None }
    }

    /// Unix seconds, the same until [`Clock::refresh`].
    ///
    /// Requests that arrive together share one timestamp. It lies between the moment they were
    /// sent and the moment they are answered.
    pub fn now(&mut self) -> f64 {
        self.frozen.unwrap_or_else(|| *self.read.get_or_insert_with(system_now))
    }

    /// Lets the next [`Clock::now`] read the system's clock again.
    pub fn refresh(&mut self) {
        self.read = None;
    }
}

/// What Python's `time.time()` returns: Unix seconds.
pub fn system_now() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "the program's edge reads the clock")]
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
    fn it_shows_the_same_time_until_it_is_refreshed() {
        let (start, mut clock) = (system_now(), Clock::new(None));
        let shown = clock.now();
        while system_now() <= shown {}
        assert!(start <= shown && clock.now() == shown);
        clock.refresh();
        assert!(clock.now() > shown);
        let mut frozen = Clock::new(Some(1.5));
        frozen.refresh();
        assert_eq!(frozen.now(), 1.5);
    }
}
