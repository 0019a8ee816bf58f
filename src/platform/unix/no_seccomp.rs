//! What replaces the seccomp filter on processors that `seccompiler` doesn't support.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// How many descriptors may be open: stdin, stdout and stderr. `poll` takes no more than this many
/// at once either, and stdin's needs three.
const MAX_DESCRIPTORS: u64 = 3;

/// Forbids new descriptors, and with them files, sockets and pipes. Those that are open stay. The
/// process can still fork, and Landlock alone keeps it from starting a program.
pub(super) fn enter(_: Option<i32>) -> io::Result<()> {
    let limit = Some(MAX_DESCRIPTORS);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit })?)
}
