//! Explaining how an answer differs from Datasette's.

use std::fmt::Display;

use pyjson::write_indented;
use similar::TextDiff;

use super::answer::Answer;
use super::fixtures::Scenario;
use super::results::{Failed, ScenarioResults};
use super::signed_value::SignedValue;

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
    let explanation = explain(&failed.check.expected.answer(), failed);
    let lines: String = explanation.lines().map(|line| format!("  {line}\n")).collect();
    format!("{name}: {about} ({place})\n  {method} as Datasette {release}{others}\n{lines}")
}

fn explain(expected: &Answer, failed: &Failed<'_>) -> String {
    let actual = &failed.answer;
    if let Answer::Failed(how) = actual {
        return match line_end_in(&failed.check.scenario.params) {
            Some(name) => {
                format!("{how}\nits params hold {name} as it is: split lines at \\n only")
            }
            None => how.clone(),
        };
    }
    if let (Answer::Result(expected), Answer::Result(actual)) = (expected, actual) {
        match (SignedValue::read(expected), SignedValue::read(actual)) {
            (Some(expected), Some(actual)) if expected.payload == actual.payload => {
                return expected.explain(&actual, failed.mismatch);
            }
            (Some(expected), Some(actual)) => {
                let changes = changes(&expected.payload, &actual.payload);
                return format!("the payload differs:\n{changes}");
            }
            (None, None) => return changes(expected, actual),
            _ => {}
        }
    }
    format!("expected {}\ngot {}", describe('-', expected).trim_end(), describe('+', actual))
}

/// A character that many line readers take for the end of a line.
fn line_end_in(params: &str) -> Option<&'static str> {
    let names = [
        ('\r', "a carriage return"),
        ('\u{85}', "U+0085"),
        ('\u{2028}', "U+2028"),
        ('\u{2029}', "U+2029"),
    ];
    names.iter().find(|(end, _)| params.contains(*end)).map(|(_, name)| *name)
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
            let message: String = message.chars().take(SHOWN_LINE).collect();
            format!("the error {kind} with the message {message:?}")
        }
        Answer::Failed(_) | Answer::NotAsked(_) => "no response".to_owned(),
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
