//! Hardening: keeps other processes out of this one, and this one out of everything it doesn't
//! need.

#[cfg(target_os = "linux")]
mod landlock;
mod memory;
#[cfg_attr(
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    )),
    path = "hardening/no_seccomp.rs"
)]
mod seccomp;

use std::io;

use rustix::process::Pid;

pub use memory::protect_memory;

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
    // Defence in depth: the filter alone forbids all of the above.
    #[cfg(target_os = "linux")]
    landlock::enter();
    seccomp::enter(watched)
}
