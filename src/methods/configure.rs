//! `configure`: read everything first, change only when all of it is right.

use std::borrow::Cow;

use serde_json::Value;

use super::args::{Args, invalid};
use super::{Failure, Session};
use crate::datasette::{Actions, Release, Settings};
use crate::itsdangerous::{Keyring, Version};
use crate::pyjson::{Kind, Scanner, transcode};
use crate::secret::Secret;
use crate::zlib::Flavour;

/// Changes a setting given by name and value as Datasette's `--setting` takes them.
///
/// # Errors
/// What is wrong, for people.
pub fn setting(settings: &mut Settings, name: &str, value: &str) -> Result<(), String> {
    match name {
        "allow_signed_tokens" => {
            settings.allow_signed_tokens = match &*value.to_ascii_lowercase() {
                "1" | "on" | "true" => true,
                "0" | "off" | "false" => false,
                _ => return Err(format!("{name} must be on or off, true or false, 1 or 0")),
            }
        }
        "max_signed_tokens_ttl" => {
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{name} must be a whole number of seconds, 0 for no limit"));
            }
            let too_large = |_| format!("{name} is too large: at most {} seconds", u64::MAX);
            settings.max_signed_tokens_ttl = value.parse().map_err(too_large)?;
        }
        _ => {
            return Err("may have allow_signed_tokens and max_signed_tokens_ttl only".to_owned());
        }
    }
    Ok(())
}

/// What a call of `configure` changes.
#[derive(Default)]
pub(super) struct Changes {
    secrets: Option<Vec<Secret>>,
    release: Option<Release>,
    actions: Option<Actions>,
    settings: Vec<(String, String)>,
    zlib: Option<Flavour>,
    itsdangerous: Option<Version>,
}

impl Changes {
    pub(super) fn read(args: &Args<'_>) -> Result<Self, Failure> {
        Ok(Self {
            secrets: secrets(args)?,
            release: match args.string("datasette_version")? {
                None => None,
                Some(version) => Some(
                    Release::parse(&version)
                        .map_err(|error| invalid("datasette_version", &error.to_string()))?,
                ),
            },
            actions: actions(args)?,
            settings: settings(args)?,
            zlib: one_of(args, "zlib", &Flavour::ALL, Flavour::name)?,
            itsdangerous: one_of(args, "itsdangerous", &Version::ALL, Version::name)?,
        })
    }

    pub(super) fn apply(self, session: &mut Session) {
        // It may have waited for its turn.
        session.clock.go_on();
        let mut warning = None;
        let datasette = &mut session.datasette;
        if let Some(secrets) = self.secrets {
            datasette.set_keyring(Keyring::new(secrets));
        }
        if let Some(release) = self.release {
            warning = newer_release_warning(&release);
            datasette.set_release(release);
        }
        if let Some(actions) = self.actions {
            datasette.set_actions(actions);
        }
        for (name, value) in &self.settings {
            // `settings` has tried each of them before.
            let _ = setting(&mut datasette.settings, name, value);
        }
        if let Some(flavour) = self.zlib {
            datasette.set_zlib(flavour);
        }
        if let Some(itsdangerous) = self.itsdangerous {
            datasette.itsdangerous = itsdangerous;
        }
        if let Some(warning) = warning {
            (session.warn)(&warning);
        }
    }
}

/// What to tell a person who asked for a release that is newer than the newest known.
#[must_use]
pub fn newer_release_warning(release: &Release) -> Option<String> {
    (!release.is_known()).then(|| {
        let newest = Release::newest();
        format!(
            "Datasette {} is newer than this dstok knows; treating it as {}",
            release.name(),
            newest.name()
        )
    })
}

fn secrets(args: &Args<'_>) -> Result<Option<Vec<Secret>>, Failure> {
    const SHAPE: &str = "must be a string, or an array of strings from the oldest to the newest";
    let Some(text) = args.json("secret") else { return Ok(None) };
    let mut scanner = Scanner::new(text);
    let mut secrets = Vec::new();
    let mut read = |scanner: &mut Scanner<'_>| {
        if scanner.peek_kind() != Ok(Kind::String) {
            return Err(invalid("secret", SHAPE));
        }
        let text = scanner
            .string()
            .and_then(|string| string.to_str().map(Cow::into_owned))
            .map_err(|error| invalid("secret", &error.to_string()))?;
        secrets.push(Secret::new(text).map_err(|_| invalid("secret", "must not be empty"))?);
        Ok(())
    };
    if scanner.peek_kind() == Ok(Kind::Array) && scanner.begin_array().is_ok() {
        let mut first = true;
        while scanner.next_element(first) == Ok(true) {
            first = false;
            read(&mut scanner)?;
        }
    } else {
        read(&mut scanner)?;
    }
    if secrets.is_empty() {
        return Err(invalid("secret", "must not be an empty list"));
    }
    Ok(Some(secrets))
}

/// Reads a parameter under the rules for requests: no duplicate keys and so on.
fn strict_value(args: &Args<'_>, name: &str) -> Result<Option<Value>, Failure> {
    let Some(text) = args.json(name) else { return Ok(None) };
    let mut json = Vec::new();
    transcode(text, &mut json).map_err(|error| invalid(name, &error.to_string()))?;
    serde_json::from_slice(&json).map(Some).map_err(|_| invalid(name, "cannot be read"))
}

fn actions(args: &Args<'_>) -> Result<Option<Actions>, Failure> {
    match strict_value(args, "actions")? {
        None => Ok(None),
        Some(Value::String(word)) if word == "none" => Ok(Some(Actions::none())),
        Some(value) => Actions::from_json(&value.to_string())
            .map(Some)
            .map_err(|error| invalid("actions", &error.to_string())),
    }
}

fn settings(args: &Args<'_>) -> Result<Vec<(String, String)>, Failure> {
    let object = match strict_value(args, "settings")? {
        None => return Ok(Vec::new()),
        Some(Value::Object(object)) => object,
        Some(_) => return Err(invalid("settings", "must be an object")),
    };
    let mut tried = Settings::default();
    let mut settings = Vec::new();
    for (name, value) in object {
        let value = match (&*name, value) {
            (_, Value::String(value)) => value,
            (_, Value::Number(value)) => value.to_string(),
            ("allow_signed_tokens", Value::Bool(value)) => value.to_string(),
            _ => String::new(),
        };
        setting(&mut tried, &name, &value)
            .map_err(|reason| Failure::invalid_param(b"settings", format!("settings: {reason}")))?;
        settings.push((name, value));
    }
    Ok(settings)
}

fn one_of<T: Copy>(
    args: &Args<'_>,
    param: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, Failure> {
    let Some(asked) = args.string(param)? else { return Ok(None) };
    all.iter().copied().find(|&one| name(one) == asked).map(Some).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|&one| name(one)).collect();
        invalid(param, &format!("must be {}", names.join(" or ")))
    })
}
