//! The options that configure a Datasette instance. Every subcommand with a secret has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, builder::PossibleValuesParser, value_parser};
use datasette_tokens::itsdangerous::Version;
use datasette_tokens::{Actions, DEFAULT_MAX_PAYLOAD, Datasette, Flavour, Release, Settings};
use dstok::policy::Policy;
use dstok::sidecar::methods::{self, Clock, Session};

use super::{failure::Result, input::text_file, secrets::SecretArgs, stdio};

/// The largest `--max-payload`, in bytes.
const MAX_MAX_PAYLOAD: u64 = at_most(u32::MAX as u64);

/// The most bytes that an option for a size may set. A 32-bit process has less room: what it reads
/// is copied several times, and escapes make it up to six times longer.
pub(super) const fn at_most(bytes: u64) -> u64 {
    const ON_32_BITS: u64 = 64 << 20;
    if cfg!(target_pointer_width = "32") && bytes > ON_32_BITS { ON_32_BITS } else { bytes }
}

#[derive(Args)]
#[command(next_help_heading = "Datasette")]
pub(super) struct InstanceArgs {
    #[command(flatten)]
    secrets: SecretArgs,

    /// The release of Datasette to reproduce, such as 1.0a41 or 0.65.5 [default: newest known]
    #[arg(long, value_name = "VERSION", allow_hyphen_values = true)]
    datasette_version: Option<String>,

    /// File with action abbreviations: the body of Datasette's /-/actions.json, or
    /// {"name": "abbr"}. `none` means a Datasette that was never started
    /// [default: those of the release]
    #[arg(long, value_name = "FILE")]
    actions: Option<PathBuf>,

    /// The zlib that your Python is linked with. Compressed payloads get its exact bytes
    #[arg(long, value_name = "NAME",
        default_value = "zlib", value_parser = PossibleValuesParser::new(
        Flavour::ALL.iter().map(|flavour| flavour.name())))]
    zlib: String,

    /// Freeze the clock at this time, in Unix seconds
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    now: Option<String>,

    /// The largest payload to sign or read, in bytes of JSON, up to 4 GiB (64 MiB on 32-bit
    /// systems)
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_PAYLOAD as u64,
        value_parser = value_parser!(u64).range(1..=MAX_MAX_PAYLOAD), help_heading = "Limits")]
    max_payload: u64,
}

/// The options of subcommands that verify tokens, cookies or signed values.
#[derive(Args)]
#[command(next_help_heading = "Datasette")]
pub(super) struct VerifyingArgs {
    #[command(flatten)]
    pub(super) instance: InstanceArgs,

    /// A Datasette setting: allow_signed_tokens (on or off) or max_signed_tokens_ttl (seconds,
    /// 0 for no limit). Can be repeated
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    setting: Vec<String>,

    /// The release of itsdangerous to reproduce. 1.1 also accepts HMAC-SHA512 signatures
    #[arg(long, value_name = "VERSION",
        default_value = "2.2", value_parser = Version::ALL.map(Version::name))]
    itsdangerous: String,
}

impl VerifyingArgs {
    /// Builds the instance. Reads files and the environment.
    pub(super) fn datasette(&self) -> Result<Datasette> {
        let builder = self.instance.datasette()?.to_builder();
        let mut settings = Settings::default();
        for [name, value] in self.setting.as_chunks().0 {
            methods::set_setting(&mut settings, name, value)
                .map_err(|problem| format!("--setting {problem}"))?;
        }
        // clap lets only known names pass.
        let version = Version::from_name(&self.itsdangerous).unwrap_or_default();
        Ok(builder.settings(settings).itsdangerous(version).build())
    }
}

impl InstanceArgs {
    /// Builds the instance. Reads files and the environment.
    pub(super) fn datasette(&self) -> Result<Datasette> {
        // clap lets only known names pass.
        let flavour = Flavour::from_name(&self.zlib).unwrap_or_default();
        let mut builder = Datasette::builder().zlib(flavour).max_payload(self.max_payload as usize);
        if let Some(version) = &self.datasette_version {
            let release = version.parse::<Release>();
            let release = release.map_err(|problem| format!("--datasette-version {problem}"))?;
            if let Some(warning) = methods::newer_release_warning(&release) {
                stdio::warn(&warning);
            }
            builder = builder.release(release);
        }
        if let Some(path) = &self.actions {
            builder = builder.actions(read_actions(path)?);
        }
        if let Some(secret) = self.secrets.signing_secret()? {
            builder = builder.secret(secret);
        }
        let datasette = builder.old_secrets(self.secrets.old_secrets()?).build();
        match methods::check_secrets(&datasette) {
            Ok(()) => Ok(datasette),
            Err(problem) => Err(format!("the configuration {problem}").into()),
        }
    }

    /// A session with the instance.
    pub(super) fn session(&self, datasette: Datasette, policy: Policy) -> Result<Session> {
        let session = Session::new(datasette, self.clock()?);
        Ok(Session { policy: Arc::new(policy), warn: stdio::warn, ..session })
    }

    /// The frozen clock or the system's.
    pub(super) fn clock(&self) -> Result<Clock> {
        match self.now.as_deref().map(str::parse::<f64>) {
            None => Ok(Clock::new(None)),
            Some(Ok(now)) if now.is_finite() => Ok(Clock::new(Some(now))),
            Some(_) => Err("--now must be Unix seconds, such as 1700000000".to_owned().into()),
        }
    }
}

fn read_actions(path: &Path) -> Result<Actions> {
    if path.as_os_str() == "none" {
        return Ok(Actions::none());
    }
    let text = text_file("--actions", path)?;
    let actions = Actions::from_json(text.strip_prefix('\u{feff}').unwrap_or(&text));
    Ok(actions.map_err(|problem| format!("--actions: {} {problem}", path.display()))?)
}
