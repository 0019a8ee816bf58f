//! Control events of the console, and child processes.

use std::io::{self, IsTerminal as _};
use std::process::{Child, Command, exit};
use std::sync::Mutex;

use super::sys;

/// The exit code of a process that Ctrl-C ends, `STATUS_CONTROL_C_EXIT`.
const CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();

/// Ignores Ctrl-C unless stdin is a console.
///
/// Ctrl-C reaches all processes of a console, and the process that started the sidecar decides what
/// it means. So call this before anything that takes time.
///
/// # Errors
/// Those of the system.
pub fn ignore_signals() -> io::Result<()> {
    if io::stdin().is_terminal() { Ok(()) } else { sys::ignore_control_c() }
}

/// Calls a function on Ctrl-C, on Ctrl-Break and when the console is closed, and then ends the
/// process.
///
/// # Errors
/// Those of the system.
pub fn on_termination(clean_up: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let clean_up = Mutex::new(Some(clean_up));
    sys::on_control_event(move |_| {
        // A second event waits here until the first one has ended the process.
        if let Ok(mut clean_up) = clean_up.lock() {
            if let Some(clean_up) = clean_up.take() {
                clean_up();
            }
            exit(CONTROL_C_EXIT);
        }
    })
}

/// Does nothing: [`kill_group`] ends the child alone.
pub fn start_group(command: &mut Command) -> &mut Command {
    command
}

/// Kills a child, but not the processes that it has started. The child is still to be waited for.
pub fn kill_group(child: &mut Child) {
    let _ = child.kill();
}
