//! The audit log: a line of JSON for each minted token, without the token itself.

use std::fs::{File, OpenOptions};
use std::sync::{Mutex, PoisonError};
use std::{io, os::unix::fs::OpenOptionsExt, path::Path};

use datasette_tokens::{RawTokenRequest, Value, unix_seconds};
use pyjson::{NotJson, transcode, write_string};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::retry_on_intr;
use sha2::{Digest, Sha256};

/// Only the owner may read who got a token.
const MODE: u32 = 0o600;

/// Room for a line, in bytes, so that few lines have to grow.
const USUAL_LENGTH: usize = 512;

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

/// A token that was made and that nobody has seen yet.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'a> {
    /// The token.
    pub token: &'a [u8],
    /// What was asked for.
    pub request: &'a RawTokenRequest<'a>,
    /// The method of the protocol or the subcommand that mints it.
    pub made_by: &'a str,
    /// The time on the clock, in Unix seconds.
    pub time: f64,
    /// The time that the token is made for, in Unix seconds. A request may choose it.
    pub now: f64,
}

impl AuditLog {
    /// Opens a file for appending. Creates it, readable by its owner only, if it doesn't exist.
    ///
    /// # Errors
    /// The file can't be opened, for this reason.
    pub fn open(path: &Path) -> Result<Self, String> {
        match OpenOptions::new().append(true).create(true).mode(MODE).open(path) {
            Ok(file) => Ok(Self { file, is_torn: Mutex::new(false) }),
            Err(error) => Err(format!("--audit-log: cannot append to {}: {error}", path.display())),
        }
    }

    /// Appends a line about a token, and gives it to the operating system.
    ///
    /// `sync_data` would make minting a thousand times slower, so a crash of the machine may lose
    /// the last lines.
    pub(super) fn record(&self, mint: &Mint<'_>) -> io::Result<()> {
        let mut line = Vec::with_capacity(USUAL_LENGTH);
        line.push(b'\n');
        write_entry(&mut line, mint).map_err(|NotJson| io::Error::other(NotJson))?;
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

/// Appends what a line says.
fn write_entry(line: &mut Vec<u8>, mint: &Mint<'_>) -> Result<(), NotJson> {
    let Mint { token, request, made_by, time, now } = *mint;
    let created = unix_seconds(now);
    let expires = request.lifetime().map_or("null".into(), |end| (&created + end).to_string());
    line.extend_from_slice(br#"{"time":"#);
    Value::from(time).write(line)?;
    line.extend_from_slice(br#","method":"#);
    write_string(line, made_by);
    line.extend_from_slice(br#","actor_id":"#);
    write_json(line, Some(request.actor_id));
    let times = format!(r#","created":{created},"expires":{expires},"restrictions":"#);
    line.extend_from_slice(times.as_bytes());
    let asked = request.restrictions.without_empty();
    if asked.is_empty() {
        line.extend_from_slice(b"null");
    } else {
        line.extend_from_slice(br#"{"all":"#);
        write_json(line, asked.all);
        line.extend_from_slice(br#","database":"#);
        write_json(line, asked.database);
        line.extend_from_slice(br#","resource":"#);
        write_json(line, asked.resource);
        line.push(b'}');
    }
    let sha256 = Sha256::digest(token);
    let halves = sha256.as_chunks::<16>().0.iter().map(|half| u128::from_be_bytes(*half));
    let sha256: String = halves.map(|half| format!("{half:032x}")).collect();
    line.extend_from_slice(format!(r#","sha256":"{sha256}"}}"#).as_bytes());
    Ok(())
}

/// An argument of a token that was just made, in Python's spelling. No tree is built of it: it may
/// be large.
fn write_json(line: &mut Vec<u8>, text: Option<&str>) {
    let start = line.len();
    // The text is JSON: the token was made from it.
    if text.is_none_or(|text| transcode(text, line).is_err()) {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}
