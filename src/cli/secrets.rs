//! Where secrets come from: files, options and the environment.

use std::env::VarError;
use std::path::{Path, PathBuf};

use clap::Args;
use datasette_tokens::Secret;
use dstok::platform::is_readable_by_others;
use zeroize::Zeroizing;

use super::{failure::Result, input::text_file, stdio::warn};

/// The environment variable with the signing secret, Datasette's own.
const SECRET_VARIABLE: &str = "DATASETTE_SECRET";

/// The environment variable with old secrets, one per line, newest first.
const OLD_SECRETS_VARIABLE: &str = "DSTOK_OLD_SECRETS";

#[derive(Args)]
pub(super) struct SecretArgs {
    /// File with the signing secret. One newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// The signing secret. Other users of this machine can see it in `ps`, so prefer --secret-file
    /// [env: DATASETTE_SECRET]
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    secret: Option<String>,

    /// File with an old secret, which verifies but never signs. Can be repeated, newest first
    /// [env: DSTOK_OLD_SECRETS, one per line]
    #[arg(long, value_name = "FILE")]
    old_secret_file: Vec<PathBuf>,
}

impl SecretArgs {
    /// The secret that signs.
    pub(super) fn signing_secret(&self) -> Result<Option<Secret>> {
        if let Some(path) = &self.secret_file {
            return read_secret("--secret-file", path).map(Some);
        }
        let (name, text) = match &self.secret {
            Some(text) => ("--secret", Some(text.clone())),
            None => (SECRET_VARIABLE, environment(SECRET_VARIABLE)?),
        };
        let secret = text.map(Secret::new).transpose();
        Ok(secret.map_err(|_| format!("{name} is empty; set it to a secret, or remove it"))?)
    }

    /// The old secrets, newest first: the files, then the environment.
    pub(super) fn old_secrets(&self) -> Result<Vec<Secret>> {
        let files = self.old_secret_file.iter().map(|path| read_secret("--old-secret-file", path));
        let mut secrets: Vec<_> = files.collect::<Result<_, _>>()?;
        let text = Zeroizing::new(environment(OLD_SECRETS_VARIABLE)?.unwrap_or_default());
        // An empty line is no secret.
        secrets.extend(text.lines().filter_map(|line| Secret::new(line.to_owned()).ok()));
        Ok(secrets)
    }
}

fn environment(name: &str) -> Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "the program's edge reads the environment")]
    match std::env::var(name) {
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8 text").into()),
        text => Ok(text.ok()),
    }
}

fn read_secret(option: &str, path: &Path) -> Result<Secret> {
    let shown = path.display();
    let text = text_file(option, path)?;
    let line = text.strip_suffix("\r\n").or(text.strip_suffix('\n')).unwrap_or(&text);
    let secret = Secret::new(line.to_owned())
        .map_err(|_| format!("{option}: {shown} is empty; write the secret to it"))?;
    if !is_nameless(path) && path.metadata().is_ok_and(|file| is_readable_by_others(&file)) {
        warn_of_readers(option, path);
    }
    Ok(secret)
}

/// Whether a file has no name of its own, such as bash's `<(…)`: only this process has it.
fn is_nameless(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder))
}

/// Warns of a file that others can read.
pub(super) fn warn_of_readers(option: &str, path: &Path) {
    let shown = path.display();
    warn(&format!("{option}: other users can read {shown}; `chmod 600` makes it private"));
}
