//! The process's own stdin and stdout, unbuffered.
//!
//! SIGTERM, SIGHUP and the end of the parent end the input. SIGINT is left to the process that
//! started this one.

use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

use super::parent::Parent;
use super::watchdog::Writes;
use crate::signals::is_ignored;

/// Stdin, which also ends on SIGTERM and SIGHUP, and when the parent is gone.
pub struct Stdin {
    /// Bytes that were read.
    length: u64,
    /// Whether the other end was closed.
    is_closed: bool,
    /// Readable after a signal or a call of [`Stdin::end`]'s result.
    terminated: PipeReader,
    end: PipeWriter,
    parent: Option<Arc<Parent>>,
}

impl Stdin {
    /// Handles SIGTERM from now on, and SIGHUP unless it is ignored, as it is below `nohup`. Watches
    /// the parent, if one is given.
    ///
    /// # Errors
    /// If the handler cannot be set.
    pub fn new(parent: Option<Arc<Parent>>) -> io::Result<Self> {
        let (terminated, handler) = io::pipe()?;
        let end = handler.try_clone()?;
        if !is_ignored(SIGHUP) {
            signal_hook::low_level::pipe::register(SIGHUP, handler.try_clone()?)?;
        }
        signal_hook::low_level::pipe::register(SIGTERM, handler)?;
        Ok(Self { length: 0, is_closed: false, terminated, end, parent })
    }

    /// How many bytes were read until the other end was closed; `None` if it wasn't.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.is_closed.then_some(self.length)
    }

    /// What ends the input from another thread, as SIGTERM does: a `read` that waits, and any later
    /// one, returns 0.
    ///
    /// # Errors
    /// If there are too many open files.
    pub fn end(&self) -> io::Result<impl Fn() + Sync + use<>> {
        let end = self.end.try_clone()?;
        // A full pipe is readable too.
        Ok(move || _ = rustix::io::write(&end, b"X"))
    }

    /// Waits until there is something to read; `false` if the input has ended.
    fn wait(&self) -> io::Result<bool> {
        let parent = self.parent.as_deref();
        let terminated = self.terminated.as_fd();
        let descriptor = parent.and_then(|parent| parent.descriptor.as_ref());
        let watched = descriptor.map_or(terminated, AsFd::as_fd);
        let timeout = parent.and_then(Parent::timeout);
        loop {
            let mut ready = [stdin(), terminated, watched]
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            poll(&mut ready, timeout.as_ref())?;
            let [input, terminated, gone] = ready.map(|fd| !fd.revents().is_empty());
            if terminated || gone || (timeout.is_some() && parent.is_some_and(Parent::is_gone)) {
                return Ok(false);
            }
            if input {
                return Ok(true);
            }
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.wait()? {
            match rustix::io::read(stdin(), &mut *buffer) {
                Ok(length) => {
                    self.length += length as u64;
                    self.is_closed = length == 0;
                    return Ok(length);
                }
                // The parent may have made the pipe non-blocking.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(0)
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
        loop {
            match self.writes.during(|| rustix::io::write(stdout(), bytes)) {
                Ok(length) => return Ok(length),
                Err(Errno::AGAIN) => {
                    let mut writable = [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)];
                    self.writes.during(|| poll(&mut writable, None))?;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until a descriptor is ready, or a signal arrives.
fn poll(descriptors: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> io::Result<()> {
    match rustix::event::poll(descriptors, timeout) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ignores SIGINT unless stdin is a terminal, and SIGXFSZ.
///
/// Ctrl-C reaches the whole process group, and the process that started the sidecar decides what it
/// means. So call this before anything that takes time. Without SIGXFSZ, an audit log over the file size limit is an error of `write`.
///
/// # Errors
/// If a handler cannot be set.
pub fn ignore_signals() -> io::Result<()> {
    if !io::stdin().is_terminal() {
        ignore(SIGINT)?;
    }
    ignore(SIGXFSZ)
}

fn ignore(signal: i32) -> io::Result<()> {
    // Any handler keeps the process alive, so the flag is never read.
    signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).map(drop)
}
