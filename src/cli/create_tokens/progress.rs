//! A progress bar for whoever watches a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// Shown on stderr, and only where that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Bytes of the input, where they are known.
    bytes: Option<u64>,
}

impl Progress {
    pub(super) fn new(bytes: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), bytes };
        }
        let (bar, template) = match bytes {
            Some(_) => (
                ProgressBar::new(0),
                "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left",
            ),
            None => (ProgressBar::no_length(), "{spinner} {human_pos} records, {per_sec}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, bytes }
    }

    /// So many records, and bytes of the input, are done. How many records there will be is
    /// estimated from the two.
    pub(super) fn at(&self, records: u64, bytes: u64) {
        if let Some(all) = self.bytes.filter(|_| bytes > 0) {
            let estimate = u128::from(records) * u128::from(all) / u128::from(bytes);
            self.bar.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.bar.set_position(records);
    }

    /// Takes the bar away while something else is printed.
    pub(super) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
