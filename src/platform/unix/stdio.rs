//! Stdin, stdout and stderr, unbuffered.

use std::io::{self, PipeReader, PipeWriter};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::stdio::{stderr, stdin, stdout};
use signal_hook::consts::{SIGHUP, SIGTERM};

use super::parent::Parent;
use super::signals::is_ignored;

/// POSIX's minimum for `PIPE_BUF`. A pipe that `poll` reports as writable takes this many bytes
/// without blocking.
const PIPE_BUF: usize = 512;

/// The keys that end stdin on a terminal.
pub const END_OF_INPUT: &str = "Ctrl-D";

/// Stdin, which also ends on SIGTERM and SIGHUP, and when the parent is gone. SIGINT is left to the
/// process that started this one.
pub struct Input {
    /// Readable after a signal or a call of [`Input::end`]'s result.
    terminated: PipeReader,
    end: PipeWriter,
    parent: Option<Arc<Parent>>,
}

impl Input {
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
        Ok(Self { terminated, end, parent })
    }

    /// What ends the input from another thread, as SIGTERM does: a `read` that waits, and any later
    /// one, returns `None`.
    ///
    /// # Errors
    /// If there are too many open files.
    pub fn end(&self) -> io::Result<impl Fn() + Sync + use<>> {
        let end = self.end.try_clone()?;
        // A full pipe is readable too.
        Ok(move || _ = rustix::io::write(&end, b"X"))
    }

    /// Waits for input and reads some. 0 is the end of stdin; `None` means that a signal, the
    /// parent or another thread has ended the input.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        while self.wait()? {
            match rustix::io::read(stdin(), &mut *buffer) {
                Ok(length) => return Ok(Some(length)),
                // The parent may have made the pipe non-blocking.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
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

/// Writes some bytes to stdout with one system call, and returns how many.
///
/// # Errors
/// Those of writing.
pub fn write_stdout(bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::io::write(stdout(), bytes) {
            Ok(length) => return Ok(length),
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)], None)?;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes a message to stderr, or drops it if stderr can't take it without waiting.
pub fn write_stderr_at_once(message: &[u8]) {
    let mut ready = [PollFd::from_borrowed_fd(stderr(), PollFlags::OUT)];
    let is_writable = poll(&mut ready, Some(&Timespec::default())).is_ok()
        && ready[0].revents().contains(PollFlags::OUT);
    if message.len() <= PIPE_BUF && is_writable {
        let _ = rustix::io::write(stderr(), message);
    }
}

/// Waits until a descriptor is ready, or a signal arrives.
fn poll(descriptors: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> io::Result<()> {
    match rustix::event::poll(descriptors, timeout) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
