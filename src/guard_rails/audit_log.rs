//! The audit log: a line of JSON for each minted token, never the token.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::datasette::TokenRequest;
use crate::pyjson::{Integer, transcode, write_float, write_string};

/// Only the owner may read who got a token.
const MODE: u32 = 0o600;

/// A file that lines are appended to, each with one `write`, so that several processes can
/// share it.
#[derive(Debug)]
pub struct AuditLog(Mutex<Log>);

#[derive(Debug)]
struct Log {
    file: File,
    line: Vec<u8>,
    /// A line was cut short, by a full disk for example: the next begins with a newline.
    is_torn: bool,
}

/// A token that nobody has seen yet.
#[derive(Clone, Copy, Debug)]
pub struct Minted<'a> {
    /// The token.
    pub token: &'a [u8],
    /// What made it: a method of the protocol or a subcommand.
    pub method: &'a str,
    /// What the clock showed, in Unix seconds.
    pub time: f64,
    /// The token's own idea of when it was made, in Unix seconds.
    pub now: f64,
}

impl AuditLog {
    /// Opens a file for appending; makes it, readable by its owner only, if it is not there.
    ///
    /// # Errors
    /// Those of opening.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
        Ok(Self(Mutex::new(Log { file, line: Vec::new(), is_torn: false })))
    }

    /// Appends a line and hands it to the operating system. `sync_data` would make minting a
    /// thousand times slower; a crash of the machine may lose the last lines.
    pub(super) fn record(&self, request: &TokenRequest<'_>, minted: &Minted<'_>) -> io::Result<()> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Log { file, line, is_torn } = &mut *log;
        line.clear();
        if *is_torn {
            line.push(b'\n');
        }
        write_line(line, request, minted);
        let mut rest = &line[..];
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    rest = &rest[length..];
                    *is_torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn write_line(line: &mut Vec<u8>, request: &TokenRequest<'_>, minted: &Minted<'_>) {
    line.extend_from_slice(br#"{"time":"#);
    write_float(line, minted.time);
    line.extend_from_slice(br#","method":"#);
    write_string(line, minted.method);
    line.extend_from_slice(br#","actor_id":"#);
    write_json(line, request.actor_id);
    let created = Integer::from_float(minted.now);
    line.extend_from_slice(br#","created":"#);
    line.extend_from_slice(created.as_str().as_bytes());
    line.extend_from_slice(br#","expires":"#);
    match request.expires_after.as_ref().filter(|seconds| !seconds.is_zero()) {
        Some(seconds) => {
            let expires = created.to_big() + seconds.to_big();
            line.extend_from_slice(expires.to_string().as_bytes());
        }
        None => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(br#","restrictions":"#);
    write_restrictions(line, request);
    line.extend_from_slice(br#","sha256":""#);
    for byte in Sha256::digest(minted.token) {
        line.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    line.extend_from_slice(b"\"}\n");
}

/// `{"all", "database", "resource"}` as they were asked for, or null.
fn write_restrictions(line: &mut Vec<u8>, request: &TokenRequest<'_>) {
    let restrictions = request.restrictions.without_empty();
    if restrictions.is_empty() {
        line.extend_from_slice(b"null");
        return;
    }
    let members = [
        (&br#"{"all":"#[..], restrictions.all),
        (br#","database":"#, restrictions.database),
        (br#","resource":"#, restrictions.resource),
    ];
    for (name, text) in members {
        line.extend_from_slice(name);
        write_json(line, text.unwrap_or("null"));
    }
    line.push(b'}');
}

/// A text that a token was just made of, without its white space.
fn write_json(line: &mut Vec<u8>, text: &str) {
    let start = line.len();
    if transcode(text, line).is_err() {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}
