//! `configure`: reads everything first, and changes the configuration only if all of it is right.

use std::sync::Arc;

use datasette_tokens::itsdangerous::Version;
use datasette_tokens::{Actions, Flavour, Release, ReleaseError, Secret, Settings};
use pyjson::{Kind, Scanner};

use super::info;
use super::method::{Args, Bound, Failure, Method, Session};
use super::parameter::{OPTIONAL_STRING, optional};
use super::settings::set_setting;
use crate::sidecar::protocol::ErrorKind;

pub(super) const METHOD: Method = Method {
    name: "configure",
    summary: "Changes what is given, from the next request on, and answers the new info",
    parameters: &[
        optional(
            "secret",
            SECRET,
            "The secret, or all secrets from the oldest to the newest, which signs",
        ),
        optional("datasette_version", OPTIONAL_STRING, "The release to reproduce"),
        optional(
            "actions",
            r#"{"oneOf":[{"type":["object","array","null"]},{"const":"none"}]}"#,
            "Abbreviations: a /-/actions.json body, {\"name\":\"abbr\"} or \"none\"",
        ),
        optional(
            "settings",
            SETTINGS,
            "allow_signed_tokens, max_signed_tokens_ttl (seconds, 0: no limit)",
        ),
        optional(
            "zlib",
            r#"{"enum":["zlib","zlib-ng",null]}"#,
            "Whose bytes compressed payloads carry",
        ),
        optional(
            "itsdangerous",
            r#"{"enum":["2.2","1.1",null]}"#,
            "Which release's signatures are accepted",
        ),
    ],
    result: info::RESULT,
    example: &[
        ("datasette_version", r#""1.0a36""#),
        ("settings", r#"{"max_signed_tokens_ttl":86400}"#),
    ],
    example_result: Some(info::example_result!("1.0a36", "86400")),
    run,
};

const SECRET: &str = concat!(
    r#"{"oneOf":[{"type":"string","minLength":1},"#,
    r#"{"type":"array","minItems":1,"items":{"type":"string","minLength":1}},{"type":"null"}]}"#,
);
const SETTINGS: &str = concat!(
    r#"{"type":["object","null"],"properties":{"allow_signed_tokens":"#,
    r#"{"enum":[true,false,1,0,"1","0","on","off","true","false"]},"max_signed_tokens_ttl":"#,
    r#"{"oneOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^[0-9]+$"}]}},"#,
    r#""additionalProperties":false}"#,
);

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [secret, release, actions, settings, zlib, itsdangerous] = args.values();
    let mut builder = session.datasette.to_builder();
    if let Some((secret, old_secrets)) = read_secrets(secret)? {
        builder = builder.secret(secret).old_secrets(old_secrets);
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
    session.datasette = Arc::new(builder.build());
    if let Some(warning) = warning {
        (session.warn)(&warning);
    }
    info::run(session, args, out)
}

/// The warning for a release that is newer than the newest known one.
#[must_use]
pub fn newer_release_warning(release: &Release) -> Option<String> {
    (!release.is_known()).then(|| {
        let newest = Release::newest();
        format!("Datasette {release} is newer than this dstok knows; treating it as {newest}")
    })
}

/// The secret that signs, and the old ones, newest first.
fn read_secrets(parameter: Bound<'_>) -> Result<Option<(Secret, Vec<Secret>)>, Failure> {
    const SHAPE: &str = "must be a string, or an array of strings from the oldest to the newest";
    let Some(json) = parameter.given_json() else { return Ok(None) };
    let read = |json| {
        let text = Bound { json, ..parameter }.string_or(SHAPE)?;
        Secret::new(text.into_owned()).map_err(|_| parameter.invalid("must not be empty"))
    };
    if !json.starts_with('[') {
        return Ok(Some((read(json)?, Vec::new())));
    }
    let json_error = |error| parameter.json_error(error);
    let mut scanner = Scanner::new(json);
    let mut secrets = Vec::new();
    scanner.begin_array().map_err(json_error)?;
    while scanner.next_element().map_err(json_error)? {
        secrets.push(read(scanner.raw_value().map_err(json_error)?.text)?);
    }
    // The list goes from the oldest to the newest.
    let newest = secrets.pop().ok_or_else(|| parameter.invalid("must not be an empty list"))?;
    secrets.reverse();
    Ok(Some((newest, secrets)))
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
