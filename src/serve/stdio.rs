//! The process's own stdin and stdout, unbuffered, with the rules of its life: SIGTERM ends the
//! input, an interrupt is for whoever started the process.

use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Stdin, at its end also after SIGTERM.
pub struct Stdin {
    /// Readable once SIGTERM has come.
    terminated: UnixStream,
}

impl Stdin {
    /// Takes SIGTERM over.
    ///
    /// # Errors
    /// When the handler cannot be set.
    pub fn new() -> io::Result<Self> {
        let (terminated, handler) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGTERM, handler)?;
        Ok(Self { terminated })
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = [
                PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
                PollFd::new(&self.terminated, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if !ready[1].revents().is_empty() {
                return Ok(0);
            }
            match rustix::io::read(stdin(), &mut *buffer) {
                Ok(length) => return Ok(length),
                // A parent may have made the pipe non-blocking.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Stdout without a buffer: every write is one `write`.
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(stdout(), bytes) {
                Ok(length) => return Ok(length),
                Err(Errno::AGAIN) => wait_until_writable(stdout())?,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wait_until_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ignores SIGINT unless stdin is a terminal: Ctrl-C reaches the whole process group, and
/// whoever started the sidecar decides what it means.
///
/// # Errors
/// When the handler cannot be set.
pub fn ignore_interrupts() -> io::Result<()> {
    if !io::stdin().is_terminal() {
        // The flag is never read: that there is a handler is what keeps the process alive.
        signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))?;
    }
    Ok(())
}
