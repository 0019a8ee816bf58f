//! Hardening: there is none on Windows yet, and no function fails for that reason.

use std::fs::File;
use std::io;

/// Does nothing.
///
/// # Errors
/// None.
pub fn protect_memory() -> io::Result<()> {
    Ok(())
}

/// Does nothing. A process inherits only the handles that its parent marks for that.
///
/// # Errors
/// None.
pub fn close_inherited(_: &[&File]) -> io::Result<()> {
    Ok(())
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn enter_sandbox(_: Option<i32>) -> io::Result<()> {
    Ok(())
}

/// Does nothing: it is about glibc's malloc.
pub fn keep_large_values_apart() {}

/// Does nothing: it is about glibc's malloc.
pub fn release_memory() {}
