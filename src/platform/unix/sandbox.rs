//! The sandbox of `serve`: keeps this process out of everything it doesn't need.

use std::io;

use super::seccomp;

/// Irrevocably drops the privileges that a running session doesn't need: to open files, create
/// sockets, start processes and programs, and trace or signal other processes. Open descriptors
/// stay open. New threads can start and inherit the sandbox.
///
/// The sandbox still allows `kill(watched, 0)`, which checks that a process exists.
///
/// # Errors
/// The seccomp filter, or what replaces it, can't be set. Landlock, which covers a part of the same
/// ground, may be active nevertheless.
pub fn enter_sandbox(watched: Option<i32>) -> io::Result<()> {
    // Defence in depth: the filter alone forbids all of the above. So a kernel without Landlock is
    // no failure.
    let _ = enter_landlock();
    seccomp::enter(watched)
}

/// Denies access to files, TCP ports, and signals to processes outside, as far as this kernel's
/// Landlock can: for this thread and threads it starts.
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
