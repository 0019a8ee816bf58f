//! Writing output to stdout, and messages to stderr.

use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// POSIX's minimum for `PIPE_BUF`. A pipe that `poll` reports as writable takes this many bytes
/// without blocking.
const PIPE_BUF: usize = 512;

/// Whether [`warn`] drops a message rather than wait for a reader.
static NEVER_WAITS: AtomicBool = AtomicBool::new(false);

/// Writes output to stdout and flushes it.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes `dstok: message` as one line, with control characters escaped.
///
/// Errors are ignored: a closed stderr is no reason to fail.
pub(crate) fn warn(message: &str) {
    let mut line = String::from("dstok: ");
    for c in message.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line.push('\n');
    let mut stderr = io::stderr().lock();
    let may_wait = !NEVER_WAITS.load(Ordering::Relaxed);
    if may_wait || (line.len() <= PIPE_BUF && is_writable(&stderr)) {
        let _ = stderr.write_all(line.as_bytes());
    }
}

/// From now on [`warn`] drops messages that stderr can't take at once. A parent may open a pipe
/// for stderr and never read it, and `serve` must not hang then.
pub(super) fn never_wait() {
    NEVER_WAITS.store(true, Ordering::Relaxed);
}

fn is_writable(stderr: &impl AsFd) -> bool {
    let mut ready = [PollFd::new(stderr, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut ready, Some(&now)).is_ok() && ready[0].revents().contains(PollFlags::OUT)
}
