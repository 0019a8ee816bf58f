//! The process's own stdin and stdout, unbuffered.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::watchdog::Writes;
use crate::platform::{Input, Parent, write_stdout};

/// Stdin, which a signal, the end of the parent and other threads can end too.
pub struct Stdin {
    input: Input,
    /// Bytes that were read.
    length: u64,
    /// Whether the other end was closed.
    is_closed: bool,
}

impl Stdin {
    /// As [`Input::new`].
    ///
    /// # Errors
    /// As [`Input::new`].
    pub fn new(parent: Option<Arc<Parent>>) -> io::Result<Self> {
        Ok(Self { input: Input::new(parent)?, length: 0, is_closed: false })
    }

    /// How many bytes were read until the other end was closed; `None` if it wasn't.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.is_closed.then_some(self.length)
    }

    /// As [`Input::end`].
    ///
    /// # Errors
    /// As [`Input::end`].
    pub fn end(&self) -> io::Result<impl Fn() + Sync + use<>> {
        self.input.end()
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(length) = self.input.read(buffer)? else { return Ok(0) };
        self.length += length as u64;
        self.is_closed = length == 0;
        Ok(length)
    }
}

/// Stdout without a buffer: each `write` is one system call.
#[derive(Default)]
pub struct Stdout {
    /// Counts the calls, for the watchdog.
    pub writes: Writes,
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes.during(|| write_stdout(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
