//! Keeps other processes out of this one.

use std::fs::File;
use std::io;

use rustix::fd::AsFd;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::sys;

/// Denies other processes of the same user access to this one: they can't trace it, nor read its
/// memory and environment. Also disables core dumps. The superuser can still do all of it.
///
/// Call this before reading a secret.
///
/// # Errors
/// The system's error. Either protection may then be missing.
pub fn protect_memory() -> io::Result<()> {
    // A process that isn't dumpable belongs to root in /proc, and ptrace refuses it.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// Closes the descriptors that this process inherited. One of them may lead to its memory, to a
/// database or to a socket, and a sandbox doesn't take it away. Stdin, stdout and stderr stay.
///
/// `owned` are all the other files that this process has opened. Call this before starting a
/// thread.
///
/// # Errors
/// The system can neither close a range of descriptors nor list the open ones.
pub fn close_inherited(owned: &[&File]) -> io::Result<()> {
    let owned: Vec<_> = owned.iter().map(AsFd::as_fd).collect();
    sys::close_all_except(&owned)
}
