//! The sandbox on systems without seccomp, and on processors that `seccompiler` doesn't support.

use std::io;

use rustix::process::Pid;

/// Fails: there is no sandbox here.
pub(super) fn enter(_: Option<Pid>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
