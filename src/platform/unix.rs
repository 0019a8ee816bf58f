//! Linux, macOS and other systems with POSIX.

mod files;
mod hardening;
mod parent;
mod process;
#[cfg_attr(not(target_os = "linux"), path = "unix/no_sandbox.rs")]
mod sandbox;
#[cfg(target_os = "linux")]
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")),
    path = "unix/no_seccomp.rs"
)]
mod seccomp;
mod signals;
mod stdio;
mod sys;

pub use files::{
    is_at, is_readable_by_others, is_same_file, open_to_append, open_to_read, remove_if_unlocked,
    special_kind,
};
pub use hardening::{close_inherited, protect_memory};
pub use parent::Parent;
pub use process::{kill_group, start_group};
pub use sandbox::enter_sandbox;
pub use signals::{ignore_signals, on_termination};
pub use stdio::{END_OF_INPUT, Input, write_stderr_at_once, write_stdout};
pub use sys::{keep_large_values_apart, release_memory};
