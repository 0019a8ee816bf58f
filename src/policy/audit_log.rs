//! The audit log: a line of JSON for each minted token, without the token itself.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{io, path::Path, thread};

use datasette_tokens::Actions;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::retry_on_intr;

use super::{claims::Claims, mint::Mint, record::write_record};

/// Only the owner may read who got a token.
const MODE: u32 = 0o600;

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

impl AsFd for AuditLog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
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
        let opened = options(OpenOptions::new().append(true).create(true)).open(path);
        let file =
            opened.map_err(|error| match path.metadata().map(|it| wrong_type(it.file_type())) {
                Ok(Some(kind)) => wrong(kind),
                _ => cannot(error),
            })?;
        let metadata = file.metadata().map_err(cannot)?;
        if let Some(kind) = wrong_type(metadata.file_type()) {
            return Err(wrong(kind));
        }
        // Writing to a terminal may wait; only opening must not.
        let flags = fcntl_getfl(&file).map_err(|error| cannot(error.into()))?;
        fcntl_setfl(&file, flags - OFlags::NONBLOCK).map_err(|error| cannot(error.into()))?;
        let is_torn = metadata.is_file() && ends_torn(path, &metadata);
        Ok(Self { file, is_torn: Mutex::new(is_torn) })
    }

    /// What the file system says about the file.
    ///
    /// # Errors
    /// As [`File::metadata`].
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Whether this is the file at a path.
    pub fn is_at(&self, path: &Path) -> bool {
        let id = |file: Metadata| (file.dev(), file.ino());
        self.metadata().is_ok_and(|log| path.metadata().is_ok_and(|file| id(file) == id(log)))
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
            match retry_on_intr(|| rustix::io::write(&self.file, rest))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                length => rest = &rest[length..],
            }
            *is_torn = !rest.is_empty();
        }
        Ok(())
    }
}

/// Opens without waiting for the other end of a FIFO, and without taking a terminal over.
fn options(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.mode(MODE).custom_flags(flags.bits() as i32)
}

/// What can't be an audit log. A device can, such as `/dev/null`.
fn wrong_type(file_type: FileType) -> Option<&'static str> {
    let types = [
        (file_type.is_fifo(), "FIFO"),
        (file_type.is_socket(), "socket"),
        (file_type.is_dir(), "directory"),
    ];
    types.into_iter().find_map(|(is_it, name)| is_it.then_some(name))
}

/// Whether the file that was opened for appending ends with an unfinished line. True where that
/// can't be found out, which costs a blank line.
///
/// The file is opened once more for it, so that the descriptor that stays open can't read.
fn ends_torn(path: &Path, appended: &Metadata) -> bool {
    let last_byte = |file: &File, length: u64| {
        let mut byte = [0];
        file.read_exact_at(&mut byte, length - 1).map(|()| byte[0])
    };
    let find_out = || -> io::Result<bool> {
        let file = options(OpenOptions::new().read(true)).open(path)?;
        let mut seen = None;
        loop {
            let now = file.metadata()?;
            let length = now.len();
            if (now.dev(), now.ino()) != (appended.dev(), appended.ino()) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if length == 0 || last_byte(&file, length)? == b'\n' {
                return Ok(false);
            }
            // The line may be one that another process is writing at this moment.
            if seen.replace(length) == Some(length) {
                return Ok(true);
            }
            thread::sleep(LINE_IN_PROGRESS);
        }
    };
    appended.len() > 0 && find_out().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_stays_open_can_neither_read_nor_return_early() {
        let file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file.as_file(), b"{}").unwrap();
        let log = AuditLog::open(file.path()).unwrap();
        assert!(*log.is_torn.lock().unwrap());
        assert!((&log.file).read(&mut [0]).is_err());
        assert!(!fcntl_getfl(&log.file).unwrap().contains(OFlags::NONBLOCK));
    }
}
