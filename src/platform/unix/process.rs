//! A child with the processes that it starts.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process_group};

/// Makes the child that a command spawns the leader of a process group, for [`kill_group`].
pub fn start_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Kills a child and the processes of its group. The child is still to be waited for.
pub fn kill_group(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}
