//! The process that a session lives for: usually whoever started it.
//!
//! A parent that dies closes the pipe to stdin, but a sibling that it forked may hold the same
//! pipe open, and stdin then never ends.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

/// How often a process without a descriptor is looked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long one `write` may take when the process is gone: who would read is gone too, probably.
const PATIENCE: Duration = Duration::from_millis(500);

/// A process that is watched. One that has ended is gone even while nobody has waited for it.
pub struct Parent {
    pid: Pid,
    /// Readable once the process has ended.
    descriptor: Option<OwnedFd>,
    /// Where there is no descriptor: whether the process is the one that started this one.
    is_ours: bool,
}

impl Parent {
    /// Begins to watch a process.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such process.
    pub fn watch(pid: i32) -> io::Result<Self> {
        let not_found = || io::Error::from(ErrorKind::NotFound);
        let pid = Pid::from_raw(pid).ok_or_else(not_found)?;
        let parent = Self { pid, descriptor: descriptor(pid), is_ours: getppid() == Some(pid) };
        if parent.is_gone() { Err(not_found()) } else { Ok(parent) }
    }

    /// The process, if signals must tell whether it exists.
    #[must_use]
    pub fn asked_by_signal(&self) -> Option<Pid> {
        (self.descriptor.is_none() && !self.is_ours).then_some(self.pid)
    }

    /// What is readable once the process has ended.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.descriptor.as_ref().map(AsFd::as_fd)
    }

    /// How long to wait at most before [`Parent::is_gone`] is asked again.
    pub(super) fn timeout(&self) -> Option<Timespec> {
        self.descriptor.is_none().then(|| timespec(INTERVAL))
    }

    /// Whether the process has ended.
    pub(super) fn is_gone(&self) -> bool {
        match &self.descriptor {
            Some(descriptor) => ends(descriptor.as_fd(), Some(&timespec(Duration::ZERO))),
            None if self.is_ours => getppid() != Some(self.pid),
            None => test_kill_process(self.pid) == Err(Errno::SRCH),
        }
    }

    fn wait(&self) {
        while !self.is_gone() {
            match &self.descriptor {
                Some(descriptor) => {
                    ends(descriptor.as_fd(), None);
                }
                None => thread::sleep(INTERVAL),
            }
        }
    }

    /// Starts a thread that calls `end` when the process is gone and a `write` goes on and on:
    /// the thread that reads and writes then cannot end itself.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn end_when_stuck(self: Arc<Self>, writes: Writes, end: fn()) -> io::Result<()> {
        let watch = move || {
            self.wait();
            loop {
                let before = writes.0.load(Ordering::Relaxed);
                thread::sleep(PATIENCE);
                if before % 2 == 1 && before == writes.0.load(Ordering::Relaxed) {
                    end();
                }
            }
        };
        thread::Builder::new().name("parent".to_owned()).spawn(watch).map(drop)
    }
}

/// How many calls of `write` have begun and ended, together: odd during a call.
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
}

/// A descriptor of the process, where the system has such.
#[cfg(target_os = "linux")]
fn descriptor(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn descriptor(_: Pid) -> Option<OwnedFd> {
    None
}

/// Whether a process has ended within a time, by its descriptor.
fn ends(descriptor: BorrowedFd<'_>, timeout: Option<&Timespec>) -> bool {
    let mut ready = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    poll(&mut ready, timeout).is_ok() && !ready[0].revents().is_empty()
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as _, tv_nsec: duration.subsec_nanos() as _ }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What is left where the system has no descriptors of processes.
    #[test]
    fn a_process_is_watched_by_signals_and_the_parent_by_its_id() {
        let mut child = Command::new("sleep").arg("20").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let by_signals = Parent { pid, descriptor: None, is_ours: false };
        assert!(!by_signals.is_gone() && by_signals.asked_by_signal() == Some(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(by_signals.is_gone());

        let ours = getppid().unwrap();
        let by_id = Parent { pid: ours, descriptor: None, is_ours: true };
        assert!(!by_id.is_gone() && by_id.asked_by_signal().is_none());
        assert!(
            Parent { pid, descriptor: None, is_ours: true }.is_gone(),
            "another took its place"
        );
    }

    #[test]
    fn a_descriptor_tells_the_end_before_anybody_has_waited_for_it() {
        let mut child = Command::new("sleep").arg("20").spawn().unwrap();
        let parent = Parent::watch(child.id() as i32).unwrap();
        assert!(!parent.is_gone());
        child.kill().unwrap();
        if parent.descriptor.is_some() {
            parent.wait();
        }
        child.wait().unwrap();
        assert!(parent.is_gone());
        let error = Parent::watch(child.id() as i32).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
