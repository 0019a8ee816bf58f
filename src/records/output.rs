//! The output: stdout, or a file that appears when it is complete. It keeps the order of the input.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use crate::cli::failure::Failure;
use crate::cli::stdio::{print, warn};

/// Only the owner can read the tokens.
const MODE: u32 = 0o600;

/// Bytes of buffer kept for the next block.
const KEPT_CAPACITY: usize = 1 << 20;

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

/// How many records there were.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) failed: u64,
}

/// The results of one block.
#[derive(Default)]
pub(super) struct Results {
    /// The records with their tokens.
    pub(super) out: Vec<u8>,
    /// How many records there are.
    pub(super) records: u64,
    /// A message about each record that failed.
    pub(super) failures: Vec<String>,
}

impl Results {
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_CAPACITY);
        self.records = 0;
        self.failures.clear();
    }
}

/// Takes the output of all blocks, in the order of the input.
pub(super) struct Output<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) progress: &'a ProgressBar,
    /// Bytes of input, if they are known.
    pub(super) input_length: Option<u64>,
    pub(super) counts: &'a mut Counts,
}

impl Output<'_> {
    /// Writes a block that ends `position` bytes from the start of the input. Reports the records
    /// that failed on stderr.
    pub(super) fn write_block(&mut self, block: &Results, position: u64) -> Result<(), Failure> {
        if !block.failures.is_empty() {
            self.progress.suspend(|| block.failures.iter().for_each(|failure| warn(failure)));
        }
        self.sink.write(&block.out)?;
        self.counts.records += block.records;
        self.counts.failed += block.failures.len() as u64;
        // The progress bar shows records. It estimates from the bytes how many there will be.
        let records = self.counts.records;
        if let Some(length) = self.input_length.filter(|_| position > 0) {
            let estimate = u128::from(records) * u128::from(length) / u128::from(position);
            self.progress.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.progress.set_position(records);
        Ok(())
    }
}
