//! Signals: which end the process, and which don't.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{fs, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Whether this process ignores a signal. Unless it has set a handler, that was so at its start, as
/// `nohup` and background jobs expect it to stay. Always `false` where the system has no `/proc` that
/// tells.
pub(super) fn is_ignored(signal: i32) -> bool {
    #[allow(clippy::disallowed_methods, reason = "a file of the system")]
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Ignores SIGINT unless stdin is a terminal, and SIGXFSZ.
///
/// Ctrl-C reaches the whole process group, and the process that started the sidecar decides what it
/// means. So call this before anything that takes time. Without SIGXFSZ, an audit log over the file
/// size limit is an error of `write`.
///
/// # Errors
/// If a handler cannot be set.
pub fn ignore_signals() -> io::Result<()> {
    if !io::stdin().is_terminal() {
        ignore(SIGINT)?;
    }
    ignore(SIGXFSZ)
}

fn ignore(signal: i32) -> io::Result<()> {
    // Any handler keeps the process alive, so the flag is never read.
    signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Calls a function on SIGHUP, SIGINT and SIGTERM, and then ends the process by the same signal. A
/// signal that was ignored at the start stays ignored, as `nohup` and background jobs expect.
///
/// A thread waits for the signals, so a blocked read or write doesn't delay it.
///
/// # Errors
/// The handlers can't be set, or the thread can't be started.
pub fn on_termination(clean_up: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let handled = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(handled)?;
    let end = move || {
        if let Some(signal) = signals.forever().next() {
            clean_up();
            let _ = emulate_default_handler(signal);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(end).map(drop)
}
