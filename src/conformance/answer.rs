//! What the program answered, and whether Datasette answers the same.

use dstok::sidecar::protocol::ErrorKind;
use pyjson::{Str, Value, loads};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the program or Datasette answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The JSON text of a result.
    Result(String),
    Error {
        kind: String,
        /// `None` if any message is right.
        message: Option<String>,
    },
    /// No answer that counts, and why.
    Unanswered(String),
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
    #[serde(default)]
    data: serde_json::Value,
}

impl Answer {
    /// Reads the response to request number `id`.
    ///
    /// # Errors
    /// What is wrong with it, as a predicate that follows the program's name.
    pub(super) fn read(line: &[u8], id: usize) -> Result<Self, String> {
        let response: Response = serde_json::from_slice(line).map_err(|error| {
            // serde's message may quote the line, which may hold a token.
            let (length, at) = (line.len(), error.column());
            format!(
                "answered request {id} with {length} bytes that are not a JSON-RPC response \
                 (error at byte {at})"
            )
        })?;
        if response.id != id as u64 {
            return Err(format!("answered request {id} with the id {}", response.id));
        }
        let Some(ResponseError { code, message, data }) = response.error else {
            // serde reads a null as `None`.
            return Ok(Self::Result(
                response.result.as_deref().map_or("null", RawValue::get).to_owned(),
            ));
        };
        let known = || ErrorKind::from_code(code).map(ErrorKind::name);
        let kind = data["kind"].as_str().or_else(known);
        let kind = kind.map_or_else(|| format!("code {code}"), str::to_owned);
        Ok(Self::Error { kind, message: Some(message) })
    }

    /// If `configure` failed with this answer: what replaces the answers that follow. A right
    /// answer without that configuration would be an accident.
    pub(super) fn refusal(&self) -> Option<Self> {
        let Self::Error { kind, message } = self else { return None };
        let message = message.as_deref().unwrap_or_default();
        Some(Self::Unanswered(format!("configure was refused with {kind}: {message}")))
    }

    /// Whether this is the answer that Datasette gave.
    ///
    /// Strings and errors must be equal. Other results are compared as values, since their JSON may
    /// be spelled in several ways.
    pub(super) fn is_expected(&self, expected: &Self, method: &str) -> bool {
        match (expected, self) {
            (Self::Error { kind: expected, message: None }, Self::Error { kind, .. }) => {
                kind == expected
            }
            (Self::Result(expected), Self::Result(actual)) if expected != actual => {
                let comparable = |json| comparable(json, method == "inspect_token");
                comparable(expected).is_some_and(|expected| comparable(actual) == Some(expected))
            }
            _ => self == expected,
        }
    }
}

/// A result as a value whose members are sorted: their order doesn't count. 1 and 1.0 stay
/// different. `None` if it isn't JSON.
fn comparable(json: &str, is_inspection: bool) -> Option<Value<'_>> {
    let mut value = loads(json).ok()?;
    if is_inspection && let Value::Dict(members) = &mut value {
        // Each implementation words the `reason` as it likes. Fixtures have "" there.
        let reason = members.iter_mut().find(|(name, _)| name == "reason");
        if let Some((_, Value::Str(reason))) = reason {
            *reason = Str::default();
        }
    }
    sort_members(&mut value);
    Some(value)
}

fn sort_members(value: &mut Value<'_>) {
    match value {
        Value::List(values) => values.iter_mut().for_each(sort_members),
        Value::Dict(members) => {
            members.iter_mut().for_each(|(_, value)| sort_members(value));
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        _ => {}
    }
}
