//! Explaining how an answer differs from Datasette's.

use std::fmt::Display;

use datasette_tokens::{Datasette, TOKEN_PREFIX};
use pyjson::write_indented;
use similar::TextDiff;

use super::answer::Answer;
use super::fixtures::Scenario;
use super::results::{Failed, ScenarioResults};

/// How many characters of a line are shown.
const SHOWN_LINE: usize = 200;

/// Describes a scenario and how the answer for one release differs.
pub(super) fn difference(results: &ScenarioResults<'_>, failed: &Failed<'_>) -> String {
    let Scenario { name, about, place, method, .. } = results.scenario;
    let others = match results.failures.len() - 1 {
        0 => String::new(),
        1 => " and one more release".to_owned(),
        others => format!(" and {others} more releases"),
    };
    let release = failed.check.release;
    let explanation = explain(&failed.check.expected.answer(), &failed.answer);
    let lines: String = explanation.lines().map(|line| format!("  {line}\n")).collect();
    format!("{name}: {about} ({place})\n  {method} as Datasette {release}{others}\n{lines}")
}

fn explain(expected: &Answer, actual: &Answer) -> String {
    if let (Answer::Result(expected), Answer::Result(actual)) = (expected, actual) {
        match (SignedValue::read(expected), SignedValue::read(actual)) {
            (Some(expected), Some(actual)) => return expected.explain(&actual),
            (None, None) => return changes(expected, actual),
            _ => {}
        }
    }
    format!("expected {}\ngot {}", describe('-', expected).trim_end(), describe('+', actual))
}

fn describe(sign: char, answer: &Answer) -> String {
    match answer {
        Answer::Result(json) => {
            let signed = SignedValue::read(json);
            let (what, json) = match &signed {
                Some(signed) => ("a signed value with this payload", &signed.payload),
                None => ("this result", json),
            };
            format!("{what}:\n{}", lines(sign, &indented(json)))
        }
        Answer::Error { kind, message: None } => format!("the error {kind}"),
        Answer::Error { kind, message: Some(message) } => {
            format!("the error {kind} with the message {message:?}")
        }
        Answer::Unanswered(_) => "no answer".to_owned(),
    }
}

/// A token, a cookie or another signed value, without its signature: nothing that could be used
/// as a token is printed.
struct SignedValue {
    has_prefix: bool,
    payload: String,
    is_compressed: bool,
    /// The signed text: the payload as base64.
    body: String,
}

impl SignedValue {
    fn read(json: &str) -> Option<Self> {
        let text: String = serde_json::from_str(json).ok()?;
        let value = text.strip_prefix(TOKEN_PREFIX).unwrap_or(&text);
        let (body, _) = value.rsplit_once('.')?;
        let token = format!("{TOKEN_PREFIX}{value}");
        let inspection = Datasette::default().inspect_token(&token, 0.0).ok()?;
        Some(Self {
            has_prefix: text.starts_with(TOKEN_PREFIX),
            payload: inspection.payload?.to_json().ok()?,
            is_compressed: inspection.compressed,
            body: body.to_owned(),
        })
    }

    fn explain(&self, actual: &Self) -> String {
        if self.has_prefix != actual.has_prefix {
            return format!("only one of the two begins with {TOKEN_PREFIX}");
        }
        if self.payload != actual.payload {
            return format!("the payload differs:\n{}", changes(&self.payload, &actual.payload));
        }
        if self.is_compressed != actual.is_compressed {
            let is =
                |value: &Self| if value.is_compressed { "compressed" } else { "not compressed" };
            let (expected, actual) = (is(self), is(actual));
            return format!(
                "the payload is the same, but {actual} where Datasette's is {expected}: it \
                 compresses when that makes the payload shorter by at least two bytes"
            );
        }
        let reason = if self.body == actual.body {
            "the payload is the same to the byte; only the signature differs: check the secret, \
             the key derivation and the namespace"
        } else if self.is_compressed {
            "the payload is the same, but its compressed bytes differ: Python compresses with \
             zlib's level 6"
        } else {
            "the payload is the same value in another spelling: check separators, escapes and \
             the format of numbers"
        };
        reason.to_owned()
    }
}

/// JSON with one member a line.
fn indented(json: &str) -> String {
    let mut out = Vec::new();
    let text = match write_indented(&mut out, json) {
        Ok(()) => String::from_utf8_lossy(&out),
        Err(_) => json.into(),
    };
    format!("{text}\n")
}

/// The differences of two JSON texts: `-` marks expected lines and `+` actual ones.
fn changes(expected: &str, actual: &str) -> String {
    let (expected, actual) = (indented(expected), indented(actual));
    let diff = TextDiff::from_lines(&expected, &actual);
    diff.iter_all_changes().map(|change| lines(change.tag(), change.value())).collect()
}

/// The lines of a text, each after a sign.
fn lines(sign: impl Display, text: &str) -> String {
    let signed = |line: &str| format!("{sign} {:.SHOWN_LINE$}\n", line.trim_end());
    text.lines().map(signed).collect()
}
