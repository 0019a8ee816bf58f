//! What the program answered, and whether Datasette answers the same.

use dstok::sidecar::protocol::ErrorKind;
use pyjson::{Str, loads};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;
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
    /// The program ended, hung or broke the protocol at this request, and how.
    Failed(String),
    /// The request has no answer that counts, for a reason that many requests share.
    NotAsked(String),
}

/// A response as it is sent: any member may be wrong.
#[derive(Deserialize)]
struct Response<'l> {
    jsonrpc: Option<Value>,
    id: Option<Value>,
    method: Option<Value>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'l RawValue>,
    error: Option<Value>,
}

/// Reads a member that may be null, which serde would take for an absent one.
fn present<'l, D: Deserializer<'l>>(deserializer: D) -> Result<Option<&'l RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Answer {
    /// Reads the response to request number `id`.
    ///
    /// # Errors
    /// What is wrong with it, as a predicate that follows the program's name. It never repeats the
    /// line, which may hold a token.
    pub(super) fn read(line: &[u8], id: usize) -> Result<Self, String> {
        let about = |what: &str| format!("answered request {id} with {what}");
        let response: Response<'_> = match serde_json::from_slice(line) {
            Ok(_) if !line.trim_ascii_start().starts_with(b"{") => {
                return Err(about("a JSON array, which is not a JSON-RPC response"));
            }
            Ok(response) => response,
            Err(error) => return Err(about(&describe(line, &error))),
        };
        let not_a_response =
            |why: &str| Err(about(&format!("JSON that is not a JSON-RPC 2.0 response: {why}")));
        if response.method.is_some() {
            return not_a_response("it is a request (does the program echo its input?)");
        }
        if response.jsonrpc.is_none_or(|version| version != "2.0") {
            return not_a_response("its member jsonrpc is not \"2.0\"");
        }
        let answer = match (response.result, response.error) {
            (Some(result), None) => Self::Result(result.get().to_owned()),
            (None, Some(error)) => match Self::error(&error) {
                Some(error) => error,
                None => return not_a_response("its error has no integer code"),
            },
            (None, None) => return not_a_response("it has neither result nor error"),
            (Some(_), Some(_)) => return not_a_response("it has both result and error"),
        };
        match (response.id, answer) {
            (Some(answered), answer) if answered == id => Ok(answer),
            (Some(other), _) => Err(about(&format!("the id {:.40}", other.to_string()))),
            // A program that can't read a line can't know its id. One line may look like two to it.
            (None, Self::Error { kind, message }) => {
                let message = message.unwrap_or_default();
                Err(about(&format!("an error without an id, {kind}: {message:.200}")))
            }
            (None, _) => not_a_response("it has no id"),
        }
    }

    fn error(error: &Value) -> Option<Self> {
        let code = error["code"].as_i64()?;
        let known = || ErrorKind::from_code(code).map(ErrorKind::name);
        let kind = error["data"]["kind"].as_str().or_else(known);
        let kind = kind.map_or_else(|| format!("code {code}"), str::to_owned);
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        Some(Self::Error { kind, message: Some(message) })
    }

    /// If `configure` failed with this answer: what replaces the answers that follow. A right
    /// answer without that configuration would be an accident.
    pub(super) fn refusal(&self) -> Option<Self> {
        let Self::Error { kind, message } = self else { return None };
        let message = message.as_deref().unwrap_or_default();
        Some(Self::NotAsked(format!("configure was refused with {kind}: {message:.200}")))
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

/// Describes a line that isn't a response. serde's own message may quote it.
fn describe(line: &[u8], error: &serde_json::Error) -> String {
    let (length, at) = (line.len(), error.column());
    match error.classify() {
        Category::Data => format!("JSON that is not a JSON-RPC response (error at byte {at})"),
        _ => format!("a line that is not JSON (length {length}, error at byte {at})"),
    }
}

/// A result as a value whose members are sorted: their order doesn't count. 1 and 1.0 stay
/// different. `None` if it isn't JSON.
fn comparable(json: &str, is_inspection: bool) -> Option<pyjson::Value<'_>> {
    let mut value = loads(json).ok()?;
    if is_inspection && let pyjson::Value::Dict(members) = &mut value {
        // Each implementation words the `reason` as it likes. Fixtures have "" there.
        let reason = members.iter_mut().find(|(name, _)| name == "reason");
        if let Some((_, pyjson::Value::Str(reason))) = reason {
            *reason = Str::default();
        }
    }
    sort_members(&mut value);
    Some(value)
}

fn sort_members(value: &mut pyjson::Value<'_>) {
    match value {
        pyjson::Value::List(values) => values.iter_mut().for_each(sort_members),
        pyjson::Value::Dict(members) => {
            members.iter_mut().for_each(|(_, value)| sort_members(value));
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        _ => {}
    }
}
