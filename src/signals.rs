//! What the process that started this one decided about signals.

use std::fs;

/// Whether this process ignores a signal. Unless it has set a handler, that was so at its start, as
/// `nohup` and background jobs expect it to stay. Always `false` where the system has no `/proc` that
/// tells.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    #[allow(clippy::disallowed_methods, reason = "a file of the system")]
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
