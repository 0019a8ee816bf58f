//! `configure`: reads everything first, and changes the configuration only if all of it is right.

use std::sync::Arc;

use datasette_tokens::itsdangerous::Version;
use datasette_tokens::{Actions, Datasette, Flavour, Release, ReleaseError, Secret, Settings};
use pyjson::{Kind, Scanner};

use super::info;
use super::method::{Args, Bound, ErrorKind, Examples, Failure, Method, Session};
use super::parameter::optional;
use super::settings::set_setting;

pub(super) const METHOD: Method = Method {
    name: "configure",
    summary: "Changes the configuration from the next request on, and returns the new info",
    description: "Changes the secrets and how Datasette is reproduced. Missing and null members \
                  change nothing. A call that fails changes nothing. While the process limits or \
                  records tokens, actions is refused.",
    parameters: &[
        optional(
            "secret",
            "OptionalSecret",
            "The secret that signs; without old_secrets the old ones are dropped",
        ),
        optional("datasette_version", "GivenDatasetteVersion", "The release to reproduce"),
        optional(
            "actions",
            "ActionTable",
            "Abbreviations: a /-/actions.json body, {\"name\":\"abbr\"} or \"none\"",
        ),
        optional(
            "settings",
            "OptionalSettings",
            "allow_signed_tokens, max_signed_tokens_ttl (seconds, 0: no limit)",
        ),
        optional("zlib", "OptionalZlibName", "The zlib to reproduce, byte for byte"),
        optional(
            "itsdangerous",
            "OptionalItsdangerousVersion",
            "The release of itsdangerous whose signatures are accepted",
        ),
        optional(
            "old_secrets",
            "OptionalOldSecrets",
            "Secrets that verify and never sign, newest first; they replace all earlier ones",
        ),
    ],
    result: info::RESULT,
    errors: &[ErrorKind::Policy],
    examples: Examples::Own(&[
        ("datasette_version", r#""1.0a36""#),
        ("settings", r#"{"max_signed_tokens_ttl":86400}"#),
    ]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [secret, release, actions, settings, zlib, itsdangerous, old_secrets] = args.values();
    let mut builder = session.datasette.to_builder();
    if let Some(secret) = read_secret(secret)? {
        builder = builder.secret(secret);
    }
    if let Some(secrets) = read_old_secrets(old_secrets)? {
        builder = builder.old_secrets(secrets);
    }
    let release = read_release(release)?;
    let warning = release.as_ref().and_then(newer_release_warning);
    if let Some(release) = release {
        builder = builder.release(release);
    }
    let actions = read_actions(actions)?;
    builder = builder.settings(read_settings(settings, session.datasette.settings())?);
    if let Some(flavour) = read_name(zlib, Flavour::ALL, Flavour::name)? {
        builder = builder.zlib(flavour);
    }
    if let Some(version) = read_name(itsdangerous, &Version::ALL, Version::name)? {
        builder = builder.itsdangerous(version);
    }
    if let Some(actions) = actions {
        let refused = |reason| Failure::new(ErrorKind::Policy, reason);
        session.policy.check_actions().map_err(refused)?;
        builder = builder.actions(actions);
    }
    let datasette = builder.build();
    let largest = if old_secrets.given_json().is_some() { old_secrets } else { secret };
    check_secrets(&datasette).map_err(|problem| largest.invalid(problem))?;
    session.datasette = Arc::new(datasette);
    if let Some(warning) = warning {
        (session.warn)(&warning);
    }
    info::run(session, args, out)
}

/// The most secrets, the current one among them.
const MAX_SECRETS: usize = 100;
const TOO_MANY_SECRETS: &str = "gives too many secrets: at most 100, the current one included";

/// Checks that the secrets of an instance are few and short. Verifying in a new namespace derives a
/// key from each, which takes as long as to hash the secret and some 560 bytes more.
///
/// # Errors
/// What is wrong, to be read after a name.
pub fn check_secrets(datasette: &Datasette) -> Result<(), &'static str> {
    const EACH: usize = 560;
    const ALL: usize = 64 << 10;
    if datasette.secrets() > MAX_SECRETS {
        return Err(TOO_MANY_SECRETS);
    }
    if datasette.secrets_size() + datasette.secrets() * EACH > ALL {
        return Err("gives over 64 KiB of secrets in total, counting 560 bytes extra for each");
    }
    Ok(())
}

/// The warning for a release that is newer than the newest known one.
#[must_use]
pub fn newer_release_warning(release: &Release) -> Option<String> {
    (!release.is_known()).then(|| {
        let newest = Release::newest();
        format!("Datasette {release} is newer than this dstok knows; treating it as {newest}")
    })
}

/// The secret that signs.
fn read_secret(parameter: Bound<'_>) -> Result<Option<Secret>, Failure> {
    const LIST: &str = "must be a string, not a list: pass the current secret as secret, and the \
                        old ones as old_secrets, newest first. A list is no longer accepted \
                        because in the wrong order it would sign with an old secret";
    match parameter.given_json() {
        None => Ok(None),
        Some(json) if json.starts_with('[') => Err(parameter.invalid(LIST)),
        Some(_) => one_secret(parameter, "must be a string").map(Some),
    }
}

/// The secrets that only verify, newest first.
fn read_old_secrets(parameter: Bound<'_>) -> Result<Option<Vec<Secret>>, Failure> {
    const SHAPE: &str = "must be a list of strings, newest first";
    let Some(json) = parameter.given_json() else { return Ok(None) };
    let json_error = |error| parameter.json_error(error);
    let mut scanner = Scanner::new(json);
    scanner.begin_array().map_err(|_| parameter.invalid(SHAPE))?;
    let mut secrets = Vec::new();
    while scanner.next_element().map_err(json_error)? {
        if secrets.len() == MAX_SECRETS {
            return Err(parameter.invalid(TOO_MANY_SECRETS));
        }
        let json = scanner.raw_value().map_err(json_error)?.text;
        secrets.push(one_secret(Bound { json, ..parameter }, SHAPE)?);
    }
    Ok(Some(secrets))
}

fn one_secret(parameter: Bound<'_>, shape: &str) -> Result<Secret, Failure> {
    let text = parameter.string_or(shape)?;
    Secret::new(text.into_owned()).map_err(|_| parameter.invalid("must not be empty"))
}

fn read_release(parameter: Bound<'_>) -> Result<Option<Release>, Failure> {
    let Some(version) = parameter.optional_string()? else { return Ok(None) };
    version.parse().map(Some).map_err(|error: ReleaseError| parameter.invalid(error))
}

fn read_actions(parameter: Bound<'_>) -> Result<Option<Actions>, Failure> {
    let Some(json) = parameter.canonical_json()? else { return Ok(None) };
    if json == r#""none""# {
        return Ok(Some(Actions::none()));
    }
    Actions::from_json(&json).map(Some).map_err(|error| parameter.invalid(error))
}

/// The settings after the call: the given ones replace those before.
fn read_settings(parameter: Bound<'_>, mut settings: Settings) -> Result<Settings, Failure> {
    let Some(json) = parameter.canonical_json()? else { return Ok(settings) };
    let json_error = |error| parameter.json_error(error);
    let mut scanner = Scanner::new(&json);
    if scanner.peek_kind() != Ok(Kind::Object) {
        return Err(parameter.invalid("must be an object"));
    }
    scanner.begin_object().map_err(json_error)?;
    while let Some(name) = scanner.next_key().map_err(json_error)? {
        let name = name.to_python().to_string();
        let kind = scanner.peek_kind().map_err(json_error)?;
        let value = scanner.raw_value().map_err(json_error)?;
        let value = match (&*name, kind) {
            (_, Kind::String) => value.as_string().map(|text| text.to_python().to_string()),
            (_, Kind::Number) | ("allow_signed_tokens", Kind::Bool) => Some(value.text.to_owned()),
            // No setting takes any other value.
            _ => None,
        };
        let value = value.unwrap_or_default();
        set_setting(&mut settings, &name, &value).map_err(|problem| {
            Failure::invalid_param("settings", format!("settings: {problem}"))
        })?;
    }
    Ok(settings)
}

/// One of several values, given by its name.
fn read_name<T: Copy>(
    parameter: Bound<'_>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, Failure> {
    let Some(given) = parameter.optional_string()? else { return Ok(None) };
    let found = all.iter().copied().find(|&one| name(one) == given);
    found.map(Some).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|&one| name(one)).collect();
        parameter.invalid(format_args!("must be {}", names.join(" or ")))
    })
}
