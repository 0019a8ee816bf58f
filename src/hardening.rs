//! Hardening: keeps other processes out of this one, and this one out of everything it doesn't
//! need.

#[cfg_attr(
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    )),
    path = "hardening/no_seccomp.rs"
)]
mod seccomp;
mod sys;

pub use sys::{keep_large_values_apart, release_memory};

use std::io;

use rustix::fd::BorrowedFd;
use rustix::process::{Pid, Resource, Rlimit, setrlimit};

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
/// `owned` are all the other descriptors that this process has opened. Call this before starting a
/// thread.
///
/// # Errors
/// The system can neither close a range of descriptors nor list the open ones.
pub fn close_inherited(owned: &[BorrowedFd<'_>]) -> io::Result<()> {
    sys::close_all_except(owned)
}

/// Irrevocably drops the privileges that a running session doesn't need: to open files, create
/// sockets, start processes and programs, and trace or signal other processes. Open descriptors
/// stay open. New threads can start and inherit the sandbox.
///
/// The sandbox still allows `kill(watched, 0)`, which checks that a process exists.
///
/// # Errors
/// The seccomp filter can't be installed. Landlock, which covers a part of the same ground, may be
/// active nevertheless.
pub fn enter_sandbox(watched: Option<Pid>) -> io::Result<()> {
    // Defence in depth: the filter alone forbids all of the above. So a kernel without Landlock is
    // no failure.
    #[cfg(target_os = "linux")]
    let _ = enter_landlock();
    seccomp::enter(watched)
}

/// Denies access to files, TCP ports, and signals to processes outside, as far as this kernel's
/// Landlock can: for this thread and threads it starts.
#[cfg(target_os = "linux")]
fn enter_landlock() -> Result<(), landlock::RulesetError> {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, Scope};
    // The newest version in use. Older kernels enforce the part that they know.
    const VERSION: ABI = ABI::V6;
    // A ruleset that handles every access and allows none.
    Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .restrict_self()?;
    Ok(())
}
