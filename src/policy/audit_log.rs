//! The audit log: a line of JSON for each minted token, without the token itself.

use std::fs::{File, FileType};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{path::Path, thread};

use datasette_tokens::Actions;

use super::{claims::Claims, mint::Mint, record::write_record};
use crate::platform::{is_at, is_same_file, open_to_append, open_to_read, special_kind};

/// Room for a line, in bytes, so that few lines have to grow.
const USUAL_LENGTH: usize = 512;

/// How long another process has to finish the line that it is writing.
const LINE_IN_PROGRESS: Duration = Duration::from_millis(10);

/// A file that lines are appended to, each with one `write`, so that several processes can share
/// it.
#[derive(Debug)]
pub struct AuditLog {
    file: File,
    /// Whether the last line was cut short, such as by a full disk. The next one then begins with
    /// a newline. Locked while a line is written.
    is_torn: Mutex<bool>,
}

impl AuditLog {
    /// Opens a file for appending. Creates it, readable by its owner only, if it doesn't exist.
    ///
    /// # Errors
    /// The file can't be opened, for this reason.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let cannot = |error: io::Error| format!("--audit-log: cannot append to {shown}: {error}");
        let wrong = |kind| format!("--audit-log: {shown} is a {kind}; give the path of a file");
        let file = open_to_append(path).map_err(|error| {
            match path.metadata().map(|it| wrong_type(it.file_type())) {
                Ok(Some(kind)) => wrong(kind),
                _ => cannot(error),
            }
        })?;
        let metadata = file.metadata().map_err(cannot)?;
        if let Some(kind) = wrong_type(metadata.file_type()) {
            return Err(wrong(kind));
        }
        let is_torn = metadata.is_file() && metadata.len() > 0 && ends_torn(path, &file);
        Ok(Self { file, is_torn: Mutex::new(is_torn) })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether this is the file at a path.
    pub fn is_at(&self, path: &Path) -> bool {
        is_at(&self.file, path)
    }

    /// Appends a line about a token, and gives it to the operating system.
    ///
    /// `sync_data` would make minting a thousand times slower, so a crash of the machine may lose
    /// the last lines.
    pub(super) fn record(
        &self,
        mint: &Mint<'_>,
        claims: &Claims<'_>,
        actions: &Actions,
    ) -> io::Result<()> {
        let mut line = Vec::with_capacity(USUAL_LENGTH);
        line.push(b'\n');
        // The process's table comes first. The other one is that of a release chosen later, in
        // which no abbreviation means anything else.
        write_record(&mut line, mint, claims, [actions, mint.actions])?;
        line.push(b'\n');
        let mut is_torn = self.is_torn.lock().unwrap_or_else(PoisonError::into_inner);
        // The newline before it ends a torn line.
        let mut rest = &line[usize::from(!*is_torn)..];
        while !rest.is_empty() {
            match (&self.file).write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => rest = &rest[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            *is_torn = !rest.is_empty();
        }
        Ok(())
    }
}

/// What can't be an audit log. A device can, such as `/dev/null`.
fn wrong_type(file_type: FileType) -> Option<&'static str> {
    if file_type.is_dir() { Some("directory") } else { special_kind(file_type) }
}

/// Whether the file that was opened for appending ends with an unfinished line. True where that
/// can't be found out, which costs a blank line.
///
/// The file is opened once more for it, so that the descriptor that stays open can't read.
fn ends_torn(path: &Path, appended: &File) -> bool {
    let last_byte = |mut file: &File| {
        let mut byte = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut byte).map(|()| byte[0])
    };
    let find_out = || -> io::Result<bool> {
        let file = open_to_read(path)?;
        if !is_same_file(&file, appended)? {
            return Err(ErrorKind::NotFound.into());
        }
        let mut seen = None;
        loop {
            let length = file.metadata()?.len();
            if length == 0 || last_byte(&file)? == b'\n' {
                return Ok(false);
            }
            // The line may be one that another process is writing at this moment.
            if seen.replace(length) == Some(length) {
                return Ok(true);
            }
            thread::sleep(LINE_IN_PROGRESS);
        }
    };
    find_out().unwrap_or(true)
}
