//! Explaining how an answer differs from Datasette's.

use std::fmt::Write;

use datasette_tokens::{Datasette, TOKEN_PREFIX};
use pyjson::{loads, write_indented};
use similar::{ChangeTag, TextDiff};

use super::answer::Answer;
use super::fixtures::Expected;
use super::results::{Failed, ScenarioResults};

/// How many characters of a line are shown.
const SHOWN_LINE: usize = 200;

/// Describes a scenario and how the answer for one release differs.
pub(super) fn difference(scenario: &ScenarioResults<'_>, failed: &Failed<'_>) -> String {
    let check = &failed.check;
    let others = match scenario.failures.len() - 1 {
        0 => String::new(),
        1 => " and one more release".to_owned(),
        others => format!(" and {others} more releases"),
    };
    let mut text = format!(
        "{}: {} ({}, line {})\n  {} as Datasette {}{others}\n",
        check.scenario.name,
        check.scenario.about,
        check.group.path.display(),
        check.line(),
        check.scenario.method,
        check.release,
    );
    for line in explain(check.expected, &failed.answer).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn explain(expected: &Expected, answer: &Answer) -> String {
    let result = expected.result();
    if let (Some(expected), Answer::Result(actual)) = (&result, answer) {
        match (SignedValue::read(expected), SignedValue::read(actual)) {
            (Some(expected), Some(actual)) => return expected.explain(&actual),
            (None, None) => return changes(&indented(expected), &indented(actual)),
            _ => {}
        }
    }
    let expected = match result {
        Some(result) => describe_result('-', &result),
        None => describe_error(expected.error.as_deref(), expected.message.as_deref()),
    };
    let actual = match answer {
        Answer::Result(result) => describe_result('+', result),
        Answer::Error { kind, message } => describe_error(Some(kind), Some(message)),
        Answer::NotConfigured(_) | Answer::Missing => "no answer".to_owned(),
    };
    format!("expected {}\ngot {actual}", expected.trim_end())
}

fn describe_result(sign: char, json: &str) -> String {
    match SignedValue::read(json) {
        Some(signed) => {
            format!(
                "a signed value with this payload:\n{}",
                lines(sign, &indented(&signed.payload))
            )
        }
        None => format!("this result:\n{}", lines(sign, &indented(json))),
    }
}

fn describe_error(kind: Option<&str>, message: Option<&str>) -> String {
    let kind = kind.unwrap_or_default();
    let message = message.map(|message| format!(" with the message {message:?}"));
    format!("the error {kind}{}", message.unwrap_or_default())
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
        let is = |compressed: bool| if compressed { "compressed" } else { "not compressed" };
        if self.has_prefix != actual.has_prefix {
            return format!("only one of the two begins with {TOKEN_PREFIX}");
        }
        if self.payload != actual.payload {
            let changes = changes(&indented(&self.payload), &indented(&actual.payload));
            return format!("the payload differs:\n{changes}");
        }
        if self.is_compressed != actual.is_compressed {
            return format!(
                "the payload is the same, but {} where Datasette's is {}: it compresses when \
                 that makes the payload shorter by at least two bytes",
                is(actual.is_compressed),
                is(self.is_compressed)
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
    match loads(json).map(|_| write_indented(&mut out, json)) {
        Ok(Ok(())) => String::from_utf8_lossy(&out).into_owned() + "\n",
        _ => json.to_owned() + "\n",
    }
}

/// A diff: `-` marks expected lines and `+` actual ones.
fn changes(expected: &str, actual: &str) -> String {
    let diff = TextDiff::from_lines(expected, actual);
    let changes = diff.iter_all_changes().map(|change| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        lines(sign, change.value())
    });
    changes.collect()
}

/// The lines of a text, each after a sign.
fn lines(sign: char, text: &str) -> String {
    let mut signed = String::new();
    for line in text.lines() {
        let shown: String = line.trim_end().chars().take(SHOWN_LINE).collect();
        let _ = writeln!(signed, "{sign} {shown}");
    }
    signed
}
