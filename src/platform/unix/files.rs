//! Files: who may read them, which are the same, and how to open them.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::geteuid;

/// Only the owner may read and write.
const PRIVATE: u32 = 0o600;

/// Opens a file for appending. Creates it, readable by its owner only, if it doesn't exist. Doesn't
/// wait for the other end of a FIFO, and doesn't make a terminal the controlling one.
///
/// # Errors
/// Those of `open`, for a FIFO that nobody reads too.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    let file = without_waiting(OpenOptions::new().append(true).create(true)).open(path)?;
    // Writing to a terminal may wait; only opening must not.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

/// Opens a file for reading, as [`open_to_append`] does.
///
/// # Errors
/// Those of `open`.
pub fn open_to_read(path: &Path) -> io::Result<File> {
    without_waiting(OpenOptions::new().read(true)).open(path)
}

fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.mode(PRIVATE).custom_flags(flags.bits() as i32)
}

/// What a file is if it is a FIFO or a socket.
pub fn special_kind(file_type: FileType) -> Option<&'static str> {
    let kinds = [(file_type.is_fifo(), "FIFO"), (file_type.is_socket(), "socket")];
    kinds.into_iter().find_map(|(is_it, name)| is_it.then_some(name))
}

/// Whether both are one file.
///
/// # Errors
/// Those of `fstat`.
pub fn is_same_file(one: &File, other: &File) -> io::Result<bool> {
    Ok(id(&one.metadata()?) == id(&other.metadata()?))
}

/// Whether this is the file at a path. Follows links.
pub fn is_at(file: &File, path: &Path) -> bool {
    let at_path = path.metadata();
    file.metadata().is_ok_and(|file| at_path.is_ok_and(|at_path| id(&file) == id(&at_path)))
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Whether a file's group or everybody may read it.
pub fn is_readable_by_others(file: &Metadata) -> bool {
    const GROUP_AND_OTHERS: u32 = 0o044;
    file.is_file() && file.mode() & GROUP_AND_OTHERS != 0
}

/// Removes a file of this user, unless a process has locked it.
///
/// # Errors
/// The file is locked or can't be removed.
pub fn remove_if_unlocked(path: &Path) -> io::Result<()> {
    // Some systems need the right to write for an exclusive lock.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).custom_flags(flags.bits() as i32).open(path)?;
    let locked = file.metadata()?;
    if !locked.is_file() || locked.uid() != geteuid().as_raw() {
        return Ok(());
    }
    file.try_lock()?;
    // Its owner may have completed and renamed it since it was opened.
    if id(&fs::symlink_metadata(path)?) == id(&locked) {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_open_to_append_can_neither_read_nor_return_early() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = open_to_append(file.path()).unwrap();
        assert!((&log).read(&mut [0]).is_err());
        assert!(!fcntl_getfl(&log).unwrap().contains(OFlags::NONBLOCK));
    }
}
