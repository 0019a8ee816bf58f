//! Landlock: no path, no TCP port, no signal to a process outside.

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, Scope};

/// What is asked for; a kernel that knows less of it does what it can.
const NEWEST: ABI = ABI::V6;

/// Forbids all that this kernel's Landlock can, to this thread and those that it starts.
pub(super) fn enter() {
    // `confinement` tells why a kernel without Landlock is no failure.
    let _ = forbid_all();
}

fn forbid_all() -> Result<(), RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()?;
    Ok(())
}
