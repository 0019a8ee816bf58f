//! What the program answered, and whether Datasette answers the same.

use dstok::sidecar::protocol::ErrorKind;
use pyjson::{Str, Value, loads};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the program or Datasette answered.
#[derive(Clone, Debug)]
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
            (Self::Result(expected), Self::Result(actual)) => {
                expected == actual || is_same_value(expected, actual, method == "inspect_token")
            }
            (
                Self::Error { kind: expected_kind, message: expected_message },
                Self::Error { kind, message },
            ) => {
                kind == expected_kind && (expected_message.is_none() || message == expected_message)
            }
            _ => false,
        }
    }
}

fn is_same_value(expected: &str, actual: &str, is_inspection: bool) -> bool {
    let (Ok(mut expected), Ok(mut actual)) = (loads(expected), loads(actual)) else {
        return false;
    };
    if is_inspection {
        clear_reason(&mut expected);
        clear_reason(&mut actual);
    }
    is_equal(&expected, &actual)
}

/// Each implementation words the `reason` as it likes. Fixtures have "" there.
fn clear_reason(inspection: &mut Value<'_>) {
    let Value::Dict(members) = inspection else { return };
    if let Some((_, reason @ Value::Str(_))) = members.iter_mut().find(|(name, _)| name == "reason")
    {
        *reason = Value::Str(Str::default());
    }
}

/// Whether values are equal and have the same types: 1 and 1.0 differ. The order of members
/// doesn't count.
fn is_equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter().any(|(other, member)| name == other && is_equal(value, member))
                })
        }
        _ => a == b,
    }
}
