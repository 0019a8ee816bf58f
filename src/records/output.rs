//! The output: stdout, or a file that appears when it is complete. It keeps the order of the input.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use super::input::Block;
use crate::cli::failure::Failure;
use crate::cli::stdio::{print, progress_bar, warn};

/// Only the owner can read the tokens.
const MODE: u32 = 0o600;

/// The destination of the output, and what is known of the records so far.
pub(super) struct Output {
    /// A temporary file in the folder of the output's file, and the path of that. The temporary
    /// file is deleted when it is dropped. `None` for stdout.
    file: Option<(BufWriter<NamedTempFile>, PathBuf)>,
    progress: ProgressBar,
    /// Bytes of input, if they are known.
    input_length: Option<u64>,
    /// How many records there were.
    records: u64,
    /// How many of them failed.
    failed: u64,
}

impl Output {
    /// Opens stdout without a path.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the file can't be created.
    pub(super) fn open(path: Option<&Path>, input_length: Option<u64>) -> Result<Self, Failure> {
        let file = path.map(open_file).transpose()?;
        // `write_block` estimates how many records there will be if it knows the input's length.
        let template = match input_length {
            Some(_) => "{bar:30} {percent}%  {human_pos} records, {per_sec}, {eta} left",
            None => "{spinner} {human_pos} records, {per_sec}",
        };
        let progress = progress_bar(input_length.map(|_| 0), template);
        Ok(Self { file, progress, input_length, records: 0, failed: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.file {
            Some((file, path)) => file.write_all(bytes).map_err(|error| write_error(path, &error)),
            None => print(bytes),
        }
    }

    /// Writes the output of a block. Reports the records that failed on stderr.
    pub(super) fn write_block(
        &mut self,
        block: &Block,
        out: &[u8],
        failures: &[String],
    ) -> Result<(), Failure> {
        if !failures.is_empty() {
            self.progress.suspend(|| failures.iter().for_each(|failure| warn(failure)));
        }
        self.write(out)?;
        // Too many where a record has ended the run, but that number isn't shown then.
        self.records += block.len() as u64;
        self.failed += failures.len() as u64;
        // The progress bar shows records. It estimates from the bytes how many there will be.
        let records = self.records;
        if let Some(length) = self.input_length.filter(|_| block.end > 0) {
            let estimate = u128::from(records) * u128::from(length) / u128::from(block.end);
            self.progress.set_length(u64::try_from(estimate).unwrap_or(u64::MAX).max(records));
        }
        self.progress.set_position(records);
        Ok(())
    }

    /// Gives the file its name. If a record that failed has ended the run, deletes the file and
    /// says that the one by that name is unchanged.
    ///
    /// # Errors
    /// [`Failure::Io`], or [`Failure::Negative`] if a record failed.
    pub(super) fn finish(self, fail_fast: bool) -> Result<(), Failure> {
        let Self { file, progress, records, failed, .. } = self;
        progress.finish_and_clear();
        let problem = if failed > 0 && fail_fast {
            // The records after it are missing, and the file must not look complete.
            if let Some((file, path)) = file {
                drop(file);
                warn(&format!("{} is as it was", path.display()));
            }
            "stopped at the first record that failed".to_owned()
        } else {
            if let Some((file, path)) = file {
                persist(file, &path).map_err(|error| write_error(&path, &error))?;
            }
            format!("{failed} of {records} records failed")
        };
        if failed == 0 { Ok(()) } else { Err(Failure::Negative(Some(problem))) }
    }
}

/// Opens a temporary file for a path.
fn open_file(path: &Path) -> Result<(BufWriter<NamedTempFile>, PathBuf), String> {
    // A link stays, and the file that it points to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let file = temporary_file(&path)
        .map_err(|error| format!("--output: cannot write {}: {error}", path.display()))?;
    Ok((BufWriter::new(file), path))
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

fn persist(file: BufWriter<NamedTempFile>, path: &Path) -> io::Result<()> {
    let file = file.into_inner()?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn write_error(path: &Path, error: &io::Error) -> Failure {
    Failure::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
