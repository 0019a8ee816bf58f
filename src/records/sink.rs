//! The destination of the output: stdout, or a file that appears when it is complete.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::cli::failure::Failure;
use crate::cli::stdio::{print, warn};

/// Only the owner can read the tokens.
const MODE: u32 = 0o600;

/// The destination of the output.
pub(crate) enum Sink {
    Stdout,
    File {
        /// A temporary file in the same folder. It is deleted when it is dropped.
        file: BufWriter<NamedTempFile>,
        /// The name that the file gets at the end.
        path: PathBuf,
    },
}

impl Sink {
    /// Opens stdout without a path.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the file can't be created.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        // A link stays, and the file that it points to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let file = temporary_file(&path).map_err(|error| {
            Failure::Usage(format!("--output: cannot write {}: {error}", path.display()))
        })?;
        Ok(Self::File { file: BufWriter::new(file), path })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => Ok(print(bytes)?),
            Self::File { file, path } => {
                file.write_all(bytes).map_err(|error| write_error(path, &error))
            }
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`Failure::Io`].
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self::File { file, path } = self else { return Ok(()) };
        let finish = || -> io::Result<_> {
            let file = file.into_inner()?;
            file.as_file().sync_all()?;
            Ok(file.persist(&path)?)
        };
        finish().map(drop).map_err(|error| write_error(&path, &error))
    }

    /// Deletes the temporary file, and says that the file by the name of the output is unchanged.
    pub(crate) fn abandon(self) {
        if let Self::File { file, path } = self {
            drop(file);
            warn(&format!("{} is as it was", path.display()));
        }
    }
}

/// Creates a file beside the one that it will replace.
fn temporary_file(path: &Path) -> io::Result<NamedTempFile> {
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".part")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

fn write_error(path: &Path, error: &io::Error) -> Failure {
    Failure::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
