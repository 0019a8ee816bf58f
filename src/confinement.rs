//! Layer 3: what keeps other processes out of this one, and this one out of everything else.

#[cfg(target_os = "linux")]
mod landlock;
#[cfg_attr(
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    )),
    path = "confinement/no_seccomp.rs"
)]
mod seccomp;

use std::fmt;
use std::io;

use rustix::process::{Pid, Resource, Rlimit, setrlimit};

/// Keeps other processes of the same user from reading this one's memory and environment and
/// from tracing it, and the system from writing its memory into a core dump. The superuser can
/// still do all of it. To be called before a secret is read.
///
/// # Errors
/// Those of the system; nothing that was asked for is then certain.
pub fn shut_out() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(io::Error::from)
}

/// Gives up, for good, what a session needs no more once it is started: to open a file, to make
/// a socket, to start a process or a program, to trace or to signal another process. Descriptors
/// that are open stay so, and threads can be started; they are confined too.
///
/// `watched` is a process whose existence is still asked for, by signal 0.
///
/// # Errors
/// [`NoSandbox`], where the system cannot do it. Landlock alone, which forbids a part of this, may
/// hold all the same.
pub fn enter_sandbox(watched: Option<Pid>) -> Result<(), NoSandbox> {
    // A second wall behind the first: without it all of the above still holds.
    #[cfg(target_os = "linux")]
    landlock::enter();
    seccomp::enter(watched).map_err(NoSandbox)
}

/// Why there is no sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSandbox(String);

impl fmt::Display for NoSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSandbox {}
