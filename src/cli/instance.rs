//! The options that say which Datasette is meant; every subcommand has them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Failure, warn};
use dstok::datasette::{Actions, DEFAULT_MAX_PAYLOAD, Datasette, Release};
use dstok::itsdangerous::{Keyring, Version};
use dstok::methods::{newer_release_warning, setting, system_now};
use dstok::secret::Secret;
use dstok::zlib::Flavour;

/// Environment variable with the signing secret, Datasette's own.
const SECRET_VARIABLE: &str = "DATASETTE_SECRET";

/// What a file says its size is counts up to here: it may say anything.
const LONG_FILE: u64 = 1 << 20;

/// Environment variable with old secrets, one a line, newest first.
const OLD_SECRETS_VARIABLE: &str = "DSTOK_OLD_SECRETS";

#[derive(Args)]
#[command(next_help_heading = "Which Datasette")]
pub(super) struct InstanceArgs {
    /// File with the signing secret; one newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// The signing secret [env: DATASETTE_SECRET]; other users of this machine see it in `ps`,
    /// so prefer --secret-file
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    secret: Option<String>,

    /// File with a secret that still verifies but never signs, newest first; repeatable
    /// [env: DSTOK_OLD_SECRETS, one a line]
    #[arg(long, value_name = "FILE")]
    old_secret_file: Vec<PathBuf>,

    /// The release of Datasette to reproduce, such as 1.0a41 or 0.65.5 [default: newest known]
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    datasette_version: Option<String>,

    /// File with action abbreviations: the body of Datasette's /-/actions.json or
    /// {"name": "abbr"}; the word `none` for a Datasette that was never started
    #[arg(long, value_name = "FILE")]
    actions: Option<PathBuf>,

    /// Whose bytes compressed payloads carry: that of the zlib your Python is linked with
    #[arg(long, default_value = "zlib", value_parser = PossibleValuesParser::new(
        Flavour::ALL.map(Flavour::name)))]
    zlib: String,

    /// Freeze the clock at this time (Unix seconds)
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    now: Option<String>,
}

/// The options of what takes tokens, cookies or signed values back.
#[derive(Args)]
pub(super) struct VerifyingArgs {
    #[command(flatten)]
    instance: InstanceArgs,

    /// A setting of Datasette: allow_signed_tokens (on, off) or max_signed_tokens_ttl (seconds,
    /// 0: no limit); repeatable
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true,
        help_heading = "Which Datasette")]
    setting: Vec<String>,

    /// Which itsdangerous verifies; 1.1 also accepts HMAC-SHA512 signatures
    #[arg(long, default_value = "2.2", help_heading = "Which Datasette",
        value_parser = PossibleValuesParser::new(Version::ALL.map(Version::name)))]
    itsdangerous: String,

    /// The most that a compressed payload may inflate to, in bytes, up to 4 GiB
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_PAYLOAD as u64,
        value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)),
        help_heading = "Limits")]
    max_payload: u64,
}

impl VerifyingArgs {
    /// Reads the files and the environment, and sets the instance up.
    pub(super) fn datasette(&self) -> Result<Datasette, Failure> {
        let mut datasette = self.instance.datasette()?;
        for pair in self.setting.chunks(2) {
            if let [name, value] = pair {
                setting(&mut datasette.settings, name, value)
                    .map_err(|reason| Failure::Usage(format!("--setting {reason}")))?;
            }
        }
        datasette.itsdangerous = Version::from_name(&self.itsdangerous).unwrap_or_default();
        datasette.max_payload = self.max_payload as usize;
        Ok(datasette)
    }

    /// The frozen clock, in Unix seconds.
    pub(super) fn frozen_now(&self) -> Result<Option<f64>, Failure> {
        self.instance.frozen_now()
    }

    /// The frozen clock or the real one, in Unix seconds.
    pub(super) fn now(&self) -> Result<f64, Failure> {
        self.instance.now()
    }
}

impl InstanceArgs {
    /// Reads the files and the environment, and sets the instance up.
    pub(super) fn datasette(&self) -> Result<Datasette, Failure> {
        let mut datasette = Datasette::new();
        if let Some(version) = &self.datasette_version {
            let release = Release::parse(version)
                .map_err(|error| Failure::Usage(format!("--datasette-version {error}")))?;
            if let Some(warning) = newer_release_warning(&release) {
                warn(&warning);
            }
            datasette.set_release(release);
        }
        if let Some(path) = &self.actions {
            datasette.set_actions(read_actions(path)?);
        }
        datasette.set_zlib(Flavour::from_name(&self.zlib).unwrap_or_default());
        datasette.set_keyring(self.keyring()?);
        Ok(datasette)
    }

    /// The frozen clock, in Unix seconds.
    pub(super) fn frozen_now(&self) -> Result<Option<f64>, Failure> {
        let Some(text) = &self.now else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(now) if now.is_finite() => Ok(Some(now)),
            _ => Err(Failure::Usage("--now is not a number of seconds".to_owned())),
        }
    }

    /// The frozen clock or the real one, in Unix seconds.
    pub(super) fn now(&self) -> Result<f64, Failure> {
        Ok(self.frozen_now()?.unwrap_or_else(system_now))
    }

    fn keyring(&self) -> Result<Keyring, Failure> {
        let mut newest_first = Vec::new();
        let current = self.current_secret()?;
        let can_sign = current.is_some();
        newest_first.extend(current);
        for path in &self.old_secret_file {
            newest_first.push(read_secret("--old-secret-file", path)?);
        }
        if let Some(text) = environment(OLD_SECRETS_VARIABLE)? {
            let lines = text.lines().filter(|line| !line.is_empty());
            newest_first.extend(lines.filter_map(|line| Secret::new(line.to_owned()).ok()));
        }
        newest_first.reverse();
        Ok(if can_sign { Keyring::new(newest_first) } else { Keyring::verify_only(newest_first) })
    }

    fn current_secret(&self) -> Result<Option<Secret>, Failure> {
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
        let secret = Secret::new(std::mem::take(&mut text)).map_err(|_| {
            Failure::Usage(format!("{name} is empty; give a secret or leave it out"))
        })?;
        Ok(Some(secret))
    }
}

fn environment(name: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the edge reads the environment")]
    let value = std::env::var_os(name);
    match value.map(std::ffi::OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(Zeroizing::new(text))),
        Some(Err(_)) => Err(Failure::Usage(format!("{name} is not UTF-8; a secret is UTF-8 text"))),
    }
}

fn read_file(option: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = read_whole(path).map_err(|error| {
        Failure::Usage(format!("{option}: cannot read {}: {error}", path.display()))
    })?;
    String::from_utf8(std::mem::take(&mut bytes)).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        Failure::Usage(format!("{option}: {} is not UTF-8 text", path.display()))
    })
}

/// `fs::read`, leaving nothing behind where a buffer was too small.
fn read_whole(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len().min(LONG_FILE) as usize;
    let mut bytes = Zeroizing::new(vec![0; length + 1]);
    let mut filled = 0;
    loop {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * filled + 64]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn read_secret(option: &str, path: &Path) -> Result<Secret, Failure> {
    let mut text = read_file(option, path)?;
    let line = text.strip_suffix('\n').map_or(&**text, |l| l.strip_suffix('\r').unwrap_or(l));
    let length = line.len();
    text.truncate(length);
    let secret = Secret::new(std::mem::take(&mut text)).map_err(|_| {
        Failure::Usage(format!("{option}: {} is empty; write the secret into it", path.display()))
    })?;
    if is_readable_by_others(path) {
        let path = path.display();
        warn(&format!("{option}: others may read {path}; `chmod 600` keeps the secret to you"));
    }
    Ok(secret)
}

/// Whether the group or everybody may read a file. What only this process has, such as bash's
/// `<(…)`, has no name in a folder.
fn is_readable_by_others(path: &Path) -> bool {
    const OTHERS: u32 = 0o044;
    let is_named =
        !["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder));
    is_named && path.metadata().is_ok_and(|file| file.is_file() && file.mode() & OTHERS != 0)
}

fn read_actions(path: &Path) -> Result<Actions, Failure> {
    if path.as_os_str() == "none" {
        return Ok(Actions::none());
    }
    let text = read_file("--actions", path)?;
    Actions::from_json(text.strip_prefix('\u{feff}').unwrap_or(&text))
        .map_err(|error| Failure::Usage(format!("--actions: {} {error}", path.display())))
}
