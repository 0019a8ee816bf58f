//! What the program answered.

use serde::Deserialize;
use serde_json::value::RawValue;

use dstok::sidecar::protocol::ErrorKind;

/// What the program answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The JSON text of a result.
    Result(String),
    Error {
        kind: String,
        message: String,
    },
    /// `configure` failed before, with this error.
    NotConfigured(String),
    Missing,
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
        Ok(match (response.result, response.error) {
            (_, Some(ResponseError { code, message, data })) => {
                let kind = data["kind"].as_str().map_or_else(|| kind_of(code), str::to_owned);
                Self::Error { kind, message }
            }
            (Some(result), None) => Self::Result(result.get().to_owned()),
            // serde reads a null as `None`.
            (None, None) => Self::Result("null".to_owned()),
        })
    }

    /// Why `configure` failed, if this is its answer.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Self::Error { kind, message } => Some(format!("{kind}: {message}")),
            _ => None,
        }
    }

    /// The answer of a program that was asked under a configuration that it may have refused. A
    /// right answer would then be an accident.
    pub(super) fn or_refused(self, refusal: Option<&str>) -> Self {
        match (self, refusal) {
            (Self::Missing, _) => Self::Missing,
            (_, Some(reason)) => Self::NotConfigured(reason.to_owned()),
            (answer, None) => answer,
        }
    }

    /// Whether the program lacks the method.
    pub(super) fn is_missing_method(&self) -> bool {
        matches!(self, Self::Error { kind, .. } if kind == ErrorKind::MethodNotFound.name())
    }
}

/// The kind of an error without `data.kind`.
fn kind_of(code: i64) -> String {
    match ErrorKind::from_code(code) {
        Some(kind) => kind.name().to_owned(),
        None => format!("code {code}"),
    }
}
