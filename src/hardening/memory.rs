//! Keeping this process's memory private.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

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
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(io::Error::from)
}
