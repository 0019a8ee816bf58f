//! Windows. No test has shown yet that control events of the console arrive: Wine without a console
//! sends none.

mod files;
mod hardening;
mod parent;
mod process;
mod stdio;
mod sys;

pub use files::{
    is_at, is_readable_by_others, is_same_file, open_to_append, open_to_read, remove_if_unlocked,
    special_kind,
};
pub use hardening::{
    close_inherited, enter_sandbox, keep_large_values_apart, protect_memory, release_memory,
};
pub use parent::Parent;
pub use process::{ignore_signals, kill_group, on_termination, start_group};
pub use stdio::{END_OF_INPUT, Input, write_stderr_at_once, write_stdout};
