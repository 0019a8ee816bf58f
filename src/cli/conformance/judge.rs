//! Whether an answer is what real Datasette answered.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fixtures::{Answer, Group, Scenario};
use super::requests::Place;
use dstok::pyjson::{Value, loads};
use dstok::rpc::ErrorKind;

/// What a program answered.
#[derive(Clone, Debug)]
pub(super) enum Got {
    /// A result: its JSON text.
    Result(String),
    Error {
        kind: String,
        message: String,
    },
    /// The release or the configuration that the scenario needs is refused, and why.
    NotConfigured(String),
    Unanswered,
}

/// What a check found.
pub(super) enum Verdict {
    Passed,
    Failed(Got),
}

/// What all checks found.
pub(super) struct Outcome {
    /// By group and scenario: how many checks there were, and those that failed.
    scenarios: Vec<Vec<Checks>>,
    /// Why sessions came to an early end.
    pub(super) broken: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct Checks {
    pub(super) count: usize,
    pub(super) failures: Vec<(Place, Got)>,
}

impl Outcome {
    pub(super) fn new(groups: &[Group]) -> Self {
        let scenarios = groups.iter().map(|g| vec![Checks::default(); g.scenarios.len()]).collect();
        Self { scenarios, broken: Vec::new() }
    }

    pub(super) fn record(&mut self, place: &Place, verdict: Verdict) {
        let checks = &mut self.scenarios[place.group][place.scenario];
        checks.count += 1;
        if let Verdict::Failed(got) = verdict {
            checks.failures.push((place.clone(), got));
        }
    }

    /// The checks of each scenario of a group.
    pub(super) fn of_group(&self, group: usize) -> &[Checks] {
        &self.scenarios[group]
    }

    /// How many checks failed.
    pub(super) fn failed(&self) -> usize {
        self.scenarios.iter().flatten().map(|checks| checks.failures.len()).sum()
    }

    /// All failures.
    pub(super) fn failures(&self) -> impl Iterator<Item = &(Place, Got)> {
        self.scenarios.iter().flatten().flat_map(|checks| &checks.failures)
    }
}

#[derive(Deserialize)]
struct Response {
    id: u64,
    result: Option<Box<RawValue>>,
    error: Option<ResponseError>,
}

#[derive(Deserialize)]
struct ResponseError {
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    kind: Option<String>,
}

impl Got {
    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the program's name.
    pub(super) fn read(line: &[u8], id: usize) -> Result<Self, String> {
        let response: Response = serde_json::from_slice(line).map_err(|error| {
            // serde's own words may quote the line, and the line may hold a token.
            let (length, at) = (line.len(), error.column());
            format!(
                "answered request {id} with a line of {length} bytes that is no JSON-RPC answer \
                 (byte {at})"
            )
        })?;
        if response.id != id as u64 {
            return Err(format!("answered request {id} under the id {}", response.id));
        }
        match (response.result, response.error) {
            (_, Some(error)) => Ok(Self::Error {
                kind: error.data.and_then(|data| data.kind).unwrap_or_else(|| kind_of(error.code)),
                message: error.message,
            }),
            (Some(result), None) => Ok(Self::Result(result.get().to_owned())),
            // serde takes a null for nothing.
            (None, None) => Ok(Self::Result("null".to_owned())),
        }
    }

    /// Why `configure` was refused.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Self::Error { kind, message } => Some(format!("{kind}: {message}")),
            _ => None,
        }
    }

    /// Whether the program has no such method.
    pub(super) fn is_missing_method(&self) -> bool {
        matches!(self, Self::Error { kind, .. } if kind == ErrorKind::MethodNotFound.name())
    }
}

/// The kind that goes with a code, for programs that send no `data.kind`.
fn kind_of(code: i64) -> String {
    const KINDS: [ErrorKind; 10] = [
        ErrorKind::ParseError,
        ErrorKind::InvalidRequest,
        ErrorKind::MethodNotFound,
        ErrorKind::InvalidParams,
        ErrorKind::NoSecret,
        ErrorKind::BadSignature,
        ErrorKind::BadPayload,
        ErrorKind::TokenInvalid,
        ErrorKind::SignedTokensDisabled,
        ErrorKind::NotSupported,
    ];
    let known = KINDS.iter().find(|kind| i64::from(kind.code()) == code);
    known.map_or_else(|| format!("code {code}"), |kind| kind.name().to_owned())
}

/// Compares strings and errors exactly; other results as values, for how JSON is spelled is the
/// business of whoever writes it.
pub(super) fn judge(scenario: &Scenario, answer: &Answer, got: Got) -> Verdict {
    let same = match (answer.result(), &got) {
        (Some(expected), Got::Result(text)) => {
            expected == *text || same_value(&expected, text, scenario.method == "inspect_token")
        }
        (None, Got::Error { kind, message }) => {
            answer.error.as_ref() == Some(kind)
                && answer.message.as_ref().is_none_or(|expected| expected == message)
        }
        _ => false,
    };
    if same { Verdict::Passed } else { Verdict::Failed(got) }
}

fn same_value(expected: &str, got: &str, is_inspection: bool) -> bool {
    let (Ok(mut expected), Ok(mut got)) = (loads(expected), loads(got)) else { return false };
    if is_inspection {
        // A reason is in words of the program's own, for which the fixture has "".
        for value in [&mut expected, &mut got] {
            take_words(value);
        }
    }
    equal(&expected, &got)
}

fn take_words(value: &mut Value<'_>) {
    let Value::Dict(members) = value else { return };
    if let Some((_, reason @ Value::Str(_))) =
        members.iter_mut().find(|(name, _)| **name == *b"reason")
    {
        *reason = Value::Str(Cow::Borrowed(b""));
    }
}

/// Equality of values as Python has them, the order of members aside.
fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter().any(|(other, member)| name == other && equal(value, member))
                })
        }
        _ => a == b,
    }
}
