//! A file that appears under its name when it is complete.
//!
//! Until then it is `.NAME.XXXXXX.part` in the same folder. That file is locked, so a later run can
//! tell what a killed run has left from what another run is writing.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf, is_separator};

use dstok::platform::remove_if_unlocked;
use tempfile::NamedTempFile;

use super::cleanup::Cleanup;
use crate::cli::failure::Failure;

/// How many symbolic links are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// How many letters and digits make the name of an unfinished file unique.
const RANDOM: usize = 6;

const SUFFIX: &str = ".part";

/// A file that isn't complete. It is removed when it is dropped.
pub(super) struct UnfinishedFile {
    file: BufWriter<NamedTempFile>,
    /// The file that it will replace.
    path: PathBuf,
}

impl UnfinishedFile {
    /// Creates a file beside the one that it will replace, and removes what killed runs have left
    /// there. `option` names the option in error messages.
    ///
    /// # Errors
    /// [`Failure::Usage`] if there can be no such file.
    pub(super) fn create(option: &str, given: &Path, cleanup: &Cleanup) -> Result<Self, Failure> {
        let mut path = given.to_owned();
        let file = follow_links(given).and_then(|followed| {
            path = followed;
            create_beside(&path, cleanup)
        });
        let file = file.map_err(|error| {
            let problem = match error.kind() {
                ErrorKind::NotFound => {
                    format!("the folder {} does not exist", folder_of(&path).display())
                }
                _ => error.to_string(),
            };
            let link = if path == given {
                String::new()
            } else {
                format!("it points to {}: ", path.display())
            };
            format!("{option}: cannot write {}: {link}{problem}", given.display())
        })?;
        Ok(Self { file: BufWriter::new(file), path })
    }

    /// The file that it will replace.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| write_error(&self.path, &error))
    }

    /// Writes everything to the disk, after which only the name is missing.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().as_file().sync_all());
        synced.map_err(|error| write_error(&self.path, &error))
    }

    /// Gives the file its name. It must have been synced.
    pub(super) fn persist(self) -> Result<(), Failure> {
        let Self { file, path } = self;
        let persist = || {
            file.into_inner()?.persist(&path)?;
            Ok(())
        };
        persist().map_err(|error| write_error(&path, &error))
    }

    /// Whether both will replace the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let place = |file: &Self| {
            let folder = folder_of(&file.path);
            let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            (folder, file.path.file_name().map(ToOwned::to_owned))
        };
        place(self) == place(other)
    }
}

/// The file that a path means. There need be none at the end of its links.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            // An absolute target replaces the folder.
            Ok(metadata) if metadata.is_symlink() => {
                path = folder_of(&path).join(fs::read_link(&path)?);
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("it is a loop of symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn create_beside(path: &Path, cleanup: &Cleanup) -> io::Result<NamedTempFile> {
    // `Path::file_name` ignores a slash or a dot at the end.
    let bytes = path.as_os_str().as_encoded_bytes();
    let name = bytes.rsplit(|byte| is_separator(char::from(*byte))).next().unwrap_or_default();
    let file_name = path.file_name().filter(|_| !matches!(name, b"" | b"." | b".."));
    let Some(file_name) = file_name else {
        return Err(io::Error::other("it is not the name of a file"));
    };
    let mut prefix = OsString::from(".");
    prefix.push(file_name);
    prefix.push(".");
    // A folder that can't be listed may still take a file.
    let _ = remove_leftovers(folder_of(path), prefix.as_encoded_bytes());
    cleanup.create(|| create_locked(folder_of(path), &prefix))
}

/// Creates a file that only its owner can read: it will hold tokens.
fn create_locked(folder: &Path, prefix: &OsStr) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).rand_bytes(RANDOM).suffix(SUFFIX);
    loop {
        let file = builder.tempfile_in(folder)?;
        // A file system without locks has no leftovers removed either.
        let _ = file.as_file().lock();
        // Another run may have removed it as a leftover before it was locked.
        if fs::symlink_metadata(file.path()).is_ok() {
            return Ok(file);
        }
    }
}

/// Removes the unfinished files with this prefix that no process has locked.
fn remove_leftovers(folder: &Path, prefix: &[u8]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.as_encoded_bytes().strip_prefix(prefix);
        let random = name.and_then(|name| name.strip_suffix(SUFFIX.as_bytes()));
        let is_random =
            |name: &[u8]| name.len() == RANDOM && name.iter().all(u8::is_ascii_alphanumeric);
        if random.is_some_and(is_random) {
            // Another user's file, or another run's.
            let _ = remove_if_unlocked(&entry.path());
        }
    }
    Ok(())
}

fn write_error(path: &Path, error: &io::Error) -> Failure {
    Failure::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
