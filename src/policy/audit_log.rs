//! The audit log: a line of JSON for each minted token, without the token itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use datasette_tokens::{Integer, RawTokenRequest};
use pyjson::{transcode, write_float, write_string};
use sha2::{Digest, Sha256};

/// Only the owner may read who got a token.
const MODE: u32 = 0o600;

/// A file that lines are appended to, each with one `write`, so that several processes can share
/// it.
#[derive(Debug)]
pub struct AuditLog(Mutex<Log>);

#[derive(Debug)]
struct Log {
    file: File,
    line: Vec<u8>,
    /// Whether the last line was cut short, such as by a full disk. The next one then begins with
    /// a newline.
    is_torn: bool,
}

/// Who mints a token, and when.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'a> {
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
    /// Those of opening the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
        Ok(Self(Mutex::new(Log { file, line: Vec::new(), is_torn: false })))
    }

    /// Appends a line about a token that nobody has seen yet, and gives it to the operating
    /// system.
    ///
    /// `sync_data` would make minting a thousand times slower, so a crash of the machine may lose
    /// the last lines.
    pub(super) fn record(
        &self,
        request: &RawTokenRequest<'_>,
        mint: &Mint<'_>,
        token: &[u8],
    ) -> io::Result<()> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Log { file, line, is_torn } = &mut *log;
        line.clear();
        if *is_torn {
            line.push(b'\n');
        }
        write_line(line, request, mint, token);
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

fn write_line(line: &mut Vec<u8>, request: &RawTokenRequest<'_>, mint: &Mint<'_>, token: &[u8]) {
    line.extend_from_slice(br#"{"time":"#);
    write_float(line, mint.time);
    line.extend_from_slice(br#","method":"#);
    write_string(line, mint.made_by);
    line.extend_from_slice(br#","actor_id":"#);
    write_json(line, Some(request.actor_id));
    // As `create_token` computes it.
    let created = Integer::from_f64(mint.now).unwrap_or(0.into());
    line.extend_from_slice(br#","created":"#);
    created.write(line);
    line.extend_from_slice(br#","expires":"#);
    match request.expires_after.as_ref().filter(|seconds| !seconds.is_zero()) {
        Some(seconds) => (&created + seconds).write(line),
        None => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(br#","restrictions":"#);
    write_restrictions(line, request);
    line.extend_from_slice(br#","sha256":""#);
    for byte in Sha256::digest(token) {
        line.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    line.extend_from_slice(b"\"}\n");
}

/// `{"all", "database", "resource"}` as they were asked for, or null.
fn write_restrictions(line: &mut Vec<u8>, request: &RawTokenRequest<'_>) {
    let restrictions = request.restrictions.without_empty();
    if restrictions.is_empty() {
        line.extend_from_slice(b"null");
        return;
    }
    line.extend_from_slice(br#"{"all":"#);
    write_json(line, restrictions.all);
    line.extend_from_slice(br#","database":"#);
    write_json(line, restrictions.database);
    line.extend_from_slice(br#","resource":"#);
    write_json(line, restrictions.resource);
    line.push(b'}');
}

/// An argument of a token that was just made, in Python's spelling.
fn write_json(line: &mut Vec<u8>, text: Option<&str>) {
    let start = line.len();
    // The text is JSON: the token was made from it.
    if text.is_none_or(|text| transcode(text, line).is_err()) {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}
