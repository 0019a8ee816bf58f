//! Where secrets come from: files, options and the environment.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use datasette_tokens::{Builder, Secret};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::stdio::warn;
use super::text_file;

/// The environment variable with the signing secret, Datasette's own.
const SECRET_VARIABLE: &str = "DATASETTE_SECRET";

/// The environment variable with old secrets, one per line, newest first.
const OLD_SECRETS_VARIABLE: &str = "DSTOK_OLD_SECRETS";

#[derive(Args)]
pub(super) struct SecretArgs {
    /// File with the signing secret; one newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// The signing secret [env: DATASETTE_SECRET]; other users of this machine see it in `ps`,
    /// so prefer --secret-file
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    secret: Option<String>,

    /// File with an old secret, which verifies and never signs; repeatable, newest first
    /// [env: DSTOK_OLD_SECRETS, one per line]
    #[arg(long, value_name = "FILE")]
    old_secret_file: Vec<PathBuf>,
}

impl SecretArgs {
    /// Reads the secrets and adds them to an instance.
    pub(super) fn add_to(&self, mut builder: Builder) -> Result<Builder, Failure> {
        if let Some(secret) = self.signing_secret()? {
            builder = builder.secret(secret);
        }
        Ok(builder.old_secrets(self.old_secrets()?))
    }

    fn signing_secret(&self) -> Result<Option<Secret>, Failure> {
        if let Some(path) = &self.secret_file {
            return read_secret("--secret-file", path).map(Some);
        }
        let (name, mut text) = match &self.secret {
            Some(text) => ("--secret", Zeroizing::new(text.clone())),
            None => match environment(SECRET_VARIABLE)? {
                Some(text) => (SECRET_VARIABLE, text),
                None => return Ok(None),
            },
        };
        let secret = Secret::new(std::mem::take(&mut text))
            .map_err(|_| Failure::Usage(format!("{name} is empty; set a secret or remove it")))?;
        Ok(Some(secret))
    }

    /// Newest first: the files, then the environment.
    fn old_secrets(&self) -> Result<Vec<Secret>, Failure> {
        let files = self.old_secret_file.iter();
        let mut secrets = files
            .map(|path| read_secret("--old-secret-file", path))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(text) = environment(OLD_SECRETS_VARIABLE)? {
            // An empty line is no secret.
            secrets.extend(text.lines().filter_map(|line| Secret::new(line.to_owned()).ok()));
        }
        Ok(secrets)
    }
}

fn environment(name: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the program's edge reads the environment")]
    let value = std::env::var_os(name);
    match value.map(std::ffi::OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(Zeroizing::new(text))),
        Some(Err(_)) => Err(Failure::Usage(format!("{name} is not UTF-8 text"))),
    }
}

fn read_secret(option: &str, path: &Path) -> Result<Secret, Failure> {
    let mut text = text_file::read(option, path)?;
    let line = text.strip_suffix('\n').map_or(&**text, |l| l.strip_suffix('\r').unwrap_or(l));
    let length = line.len();
    text.truncate(length);
    let secret = Secret::new(std::mem::take(&mut text)).map_err(|_| {
        Failure::Usage(format!("{option}: {} is empty; write the secret to it", path.display()))
    })?;
    if is_readable_by_others(path) {
        let path = path.display();
        warn(&format!("{option}: other users can read {path}; `chmod 600` makes it private"));
    }
    Ok(secret)
}

/// Whether the file's group or everybody may read a file. Files without a name of their own are
/// exempt, such as bash's `<(…)`: only this process has them.
fn is_readable_by_others(path: &Path) -> bool {
    const GROUP_AND_OTHERS: u32 = 0o044;
    let is_named =
        !["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder));
    is_named
        && path.metadata().is_ok_and(|file| file.is_file() && file.mode() & GROUP_AND_OTHERS != 0)
}
