//! The audit log: a line of JSON for each minted token, without the token itself.

use std::fs::{File, OpenOptions};
use std::sync::{Mutex, PoisonError};
use std::{io, os::unix::fs::OpenOptionsExt, path::Path};

use datasette_tokens::{Integer, RawTokenRequest, Value};
use pyjson::{NotJson, loads};
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
        let mut is_torn = self.is_torn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = Vec::with_capacity(USUAL_LENGTH);
        line.extend(is_torn.then_some(b'\n'));
        entry(mint).write(&mut line).map_err(|NotJson| io::Error::other(NotJson))?;
        line.push(b'\n');
        let mut rest = &line[..];
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

/// What a line says.
fn entry<'a>(mint: &Mint<'a>) -> Value<'a> {
    let Mint { token, request, made_by, time, now } = *mint;
    // As `create_token` computes them.
    let created = Integer::from_f64(now).unwrap_or(0.into());
    let expires = request.lifetime().map(|seconds| &created + seconds);
    // The texts are JSON: the token was made from them.
    let json = |text: Option<&'a str>| text.and_then(|text| loads(text).ok()).unwrap_or_default();
    let asked = request.restrictions.without_empty();
    let restrictions = (!asked.is_empty()).then(|| {
        Value::Dict(vec![
            ("all".into(), json(asked.all)),
            ("database".into(), json(asked.database)),
            ("resource".into(), json(asked.resource)),
        ])
    });
    let sha256 = Sha256::digest(token);
    let halves = sha256.as_chunks::<16>().0.iter().map(|half| u128::from_be_bytes(*half));
    let sha256: String = halves.map(|half| format!("{half:032x}")).collect();
    Value::Dict(vec![
        ("time".into(), time.into()),
        ("method".into(), made_by.into()),
        ("actor_id".into(), json(Some(request.actor_id))),
        ("created".into(), created.into()),
        ("expires".into(), expires.into()),
        ("restrictions".into(), restrictions.unwrap_or_default()),
        ("sha256".into(), sha256.into()),
    ])
}
