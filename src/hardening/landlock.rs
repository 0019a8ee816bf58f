//! Landlock: no access to files, no TCP ports, no signals to processes outside the sandbox.

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, Scope};

/// The newest version of Landlock in use. Older kernels enforce the part that they know.
const ABI_VERSION: ABI = ABI::V6;

/// Denies everything that this kernel's Landlock can, for this thread and threads it starts.
pub(super) fn enter() {
    // The seccomp filter denies the same calls, so a kernel without Landlock is no failure.
    let _ = deny_all();
}

/// A ruleset that handles every access and allows none.
fn deny_all() -> Result<(), RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(ABI_VERSION))?
        .handle_access(AccessNet::from_all(ABI_VERSION))?
        .scope(Scope::from_all(ABI_VERSION))?
        .create()?
        .restrict_self()?;
    Ok(())
}
