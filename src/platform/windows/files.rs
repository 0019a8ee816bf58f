//! Files. Who may read a file follows from its folder's access control list, which dstok neither
//! sets nor checks.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::sys::file_id;

/// Opens a file for appending, and creates it if it doesn't exist.
///
/// # Errors
/// Those of opening.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Opens a file for reading.
///
/// # Errors
/// Those of opening.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// `None`: there are no FIFOs and sockets in folders.
pub fn special_kind(_: FileType) -> Option<&'static str> {
    None
}

/// Whether both are one file.
///
/// # Errors
/// Those of the system, such as for a device.
pub fn is_same_file(one: &File, other: &File) -> io::Result<bool> {
    Ok(file_id(one)? == file_id(other)?)
}

/// Whether this is the file at a path. Follows links.
pub fn is_at(file: &File, path: &Path) -> bool {
    File::open(path).is_ok_and(|at_path| is_same_file(file, &at_path).unwrap_or(false))
}

/// `false`: that isn't checked here.
pub fn is_readable_by_others(_: &Metadata) -> bool {
    false
}

/// Removes a file unless a process has locked it.
///
/// # Errors
/// The file is locked or can't be removed.
pub fn remove_if_unlocked(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.try_lock()?;
    // If its owner has completed and renamed it since it was opened, nothing has this name.
    fs::remove_file(path)
}
