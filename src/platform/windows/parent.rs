//! The process that a session depends on, usually the one that started it.

use std::io;
use std::os::windows::io::OwnedHandle;
use std::time::Duration;

use super::sys;

/// A watched process.
pub struct Parent {
    process: OwnedHandle,
}

impl Parent {
    /// Starts to watch a process.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) if there is no such process.
    pub fn watch(pid: i32) -> io::Result<Self> {
        let parent = Self { process: sys::open_process(pid.cast_unsigned())? };
        if parent.is_gone() { Err(io::ErrorKind::NotFound.into()) } else { Ok(parent) }
    }

    /// `None`: a handle tells whether the process exists.
    pub fn polled_by_signal(&self) -> Option<i32> {
        None
    }

    /// Returns whether the process has ended.
    pub fn is_gone(&self) -> bool {
        sys::has_ended(&self.process, Some(Duration::ZERO))
    }

    /// Returns once the process has ended.
    pub fn wait(&self) {
        sys::has_ended(&self.process, None);
    }
}
