//! Everything that differs between operating systems, behind one interface.
//!
//! Each system has a folder that exports the same names; the rest of dstok has no `cfg` for a
//! system. Where a system lacks something, its function does nothing or returns
//! [`Unsupported`](std::io::ErrorKind::Unsupported), as its documentation says.
//!
//! | names | what they do |
//! | --- | --- |
//! | `protect_memory`, `close_inherited`, `enter_sandbox` | shut other processes out, and this one in |
//! | `keep_large_values_apart`, `release_memory` | settings of malloc |
//! | `Parent` | watches the process that a session depends on |
//! | `Input`, `END_OF_INPUT`, `write_stdout`, `write_stderr_at_once` | stdio without a buffer; input that another thread can end |
//! | `ignore_signals`, `on_termination` | signals, or the console's control events |
//! | `start_group`, `kill_group` | a child with the processes that it starts |
//! | `open_to_append`, `open_to_read`, `special_kind`, `is_same_file`, `is_at` | the audit log's file |
//! | `is_readable_by_others`, `remove_if_unlocked` | files with secrets and tokens |

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;
