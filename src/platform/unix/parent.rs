//! The process that a session depends on, usually the one that started it.
//!
//! A parent that dies closes the pipe to stdin. If it has forked another process that holds the
//! same pipe open, stdin never ends, so the parent itself is watched.

use std::io::{self, ErrorKind};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

/// How often a process without a descriptor is polled.
const INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// A watched process. It is gone as soon as it has ended, even as a zombie.
pub struct Parent {
    pid: Pid,
    /// A pidfd, where the system has them: readable once the process has ended.
    pub(super) descriptor: Option<OwnedFd>,
    /// Whether this process is a child of the watched one. `getppid` then tells whether it's gone.
    is_ours: bool,
}

impl Parent {
    /// Starts to watch a process.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no such process.
    pub fn watch(pid: i32) -> io::Result<Self> {
        let not_found = || io::Error::from(ErrorKind::NotFound);
        let pid = Pid::from_raw(pid).ok_or_else(not_found)?;
        let parent = Self { pid, descriptor: descriptor(pid), is_ours: getppid() == Some(pid) };
        if parent.is_gone() { Err(not_found()) } else { Ok(parent) }
    }

    /// The process's ID, if only the null signal can tell whether the process exists. The sandbox
    /// must allow that one.
    pub fn polled_by_signal(&self) -> Option<i32> {
        let is_polled = self.descriptor.is_none() && !self.is_ours;
        is_polled.then(|| self.pid.as_raw_nonzero().get())
    }

    /// How long to wait between calls of [`Parent::is_gone`], if there is no descriptor.
    pub(super) fn timeout(&self) -> Option<Timespec> {
        self.descriptor.is_none().then_some(INTERVAL)
    }

    /// Returns whether the process has ended.
    pub fn is_gone(&self) -> bool {
        match &self.descriptor {
            Some(_) => self.poll(Some(&Timespec::default())),
            None if self.is_ours => getppid() != Some(self.pid),
            None => test_kill_process(self.pid) == Err(Errno::SRCH),
        }
    }

    /// Returns once the process has ended.
    pub fn wait(&self) {
        while !self.is_gone() {
            self.poll(self.timeout().as_ref());
        }
    }

    /// Waits until the pidfd, if there is one, shows the end of its process. Says whether it does.
    fn poll(&self, timeout: Option<&Timespec>) -> bool {
        let descriptor = self.descriptor.as_ref();
        let mut ready = descriptor.map(|descriptor| PollFd::new(descriptor, PollFlags::IN));
        poll(ready.as_mut_slice(), timeout).is_ok()
            && ready.is_some_and(|descriptor| !descriptor.revents().is_empty())
    }
}

/// A pidfd, where the system has them.
#[cfg(target_os = "linux")]
fn descriptor(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn descriptor(_: Pid) -> Option<OwnedFd> {
    None
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The ways left on a system without pidfds.
    #[test]
    fn a_process_is_watched_by_signals_and_the_parent_by_its_id() {
        let mut child = Command::new("sleep").arg("20").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let by_signals = Parent { pid, descriptor: None, is_ours: false };
        assert!(!by_signals.is_gone() && by_signals.polled_by_signal() == Some(child.id() as i32));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(by_signals.is_gone());

        let ours = getppid().unwrap();
        let by_id = Parent { pid: ours, descriptor: None, is_ours: true };
        assert!(!by_id.is_gone() && by_id.polled_by_signal().is_none());
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
