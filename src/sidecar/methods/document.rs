//! The OpenRPC document, from the table of methods (<https://spec.open-rpc.org>).
//!
//! `schemas.json` holds the schemas that the methods name. `examples.json` holds answers of real
//! Datasette; `tests/openrpc.rs` writes it from `compat-fixtures/`.

use std::collections::BTreeSet;
use std::sync::Arc;

use datasette_tokens::Datasette;
use pyjson::RawValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::method::{Args, Examples, Method, MethodResult, Session};
use super::parameter::Parameter;
use crate::sidecar::protocol::ErrorKind;

/// The version of the OpenRPC specification that the document follows. Generators refuse newer ones.
const OPENRPC: &str = "1.2.6";

/// What stands before the name in a reference to a schema.
const SCHEMA: &str = "#/components/schemas/";

/// The errors of every method. Invalid JSON and unknown methods belong to no method.
const COMMON_ERRORS: &[ErrorKind] = &[
    ErrorKind::InvalidRequest,
    ErrorKind::TooLarge,
    ErrorKind::InvalidParams,
    ErrorKind::InternalError,
];

const DESCRIPTION: &str = "Creates, verifies and inspects Datasette's signed API tokens, `ds_actor` \
    cookies and other signed values, byte for byte as Datasette does. The transport is stdin and \
    stdout of `dstok serve`: each message is one line, or has a `Content-Length` header. The \
    errors that belong to no method are in `components.errors`: a line that is not JSON, and an unknown \
    method. `rpc.discover`, which returns this document, is an extension of JSON-RPC and isn't \
    listed. The examples come from real Datasette, wherever it has such a call.";

/// The document of the methods that can be called, as JSON.
pub(super) fn document(session: &Session) -> String {
    let listed = session.allowed_methods().filter(|method| !method.name.starts_with("rpc."));
    let methods: Value = listed.map(|method| describe(session, method)).collect();
    let components = json!({"schemas": schemas(&methods), "errors": all_errors()});
    let document = json!({
        "openrpc": OPENRPC,
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "methods": methods,
        "components": components,
    });
    document.to_string()
}

fn describe(session: &Session, method: &Method) -> Value {
    let parameter = |parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "summary": parameter.summary,
            "required": parameter.is_required,
            "schema": reference(parameter.schema),
        })
    };
    let errors = ErrorKind::ALL
        .iter()
        .copied()
        .filter(|kind| COMMON_ERRORS.contains(kind) || method.errors.contains(kind));
    let MethodResult { name: result, schema } = method.result;
    json!({
        "name": method.name,
        "summary": method.summary,
        "description": method.description,
        "paramStructure": "either",
        "params": method.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "result": {"name": result, "schema": reference(schema)},
        "errors": by_code(&errors.collect::<Vec<_>>()).map(describe_error).collect::<Vec<_>>(),
        "examples": examples(session, method),
    })
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("{SCHEMA}{schema}")})
}

/// The errors by name.
fn all_errors() -> Map<String, Value> {
    by_code(ErrorKind::ALL)
        .map(|kinds| (format!("{:?}", kinds[0]), describe_error(kinds)))
        .collect()
}

/// OpenRPC wants each code once, so kinds with the same code share an entry. They stand next to each
/// other.
fn by_code(kinds: &[ErrorKind]) -> impl Iterator<Item = &[ErrorKind]> {
    kinds.chunk_by(|one, next| one.code() == next.code())
}

/// An error, with the schema of its `data`.
fn describe_error(kinds: &[ErrorKind]) -> Value {
    let message = kinds.iter().map(|kind| kind.when()).collect::<Vec<_>>().join(" ");
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let (kind, mut required) = (kinds[0], vec!["kind"]);
    let mut properties =
        json!({"kind": {"title": format!("{kind:?}Kind"), "type": "string", "enum": names}});
    if let Some((name, schema_type)) = detail(kind) {
        required.push(name);
        properties[name] = json!({"title": format!("{kind:?}Detail"), "type": schema_type});
    }
    let data = json!({
        "title": format!("{kind:?}Data"),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    json!({"code": kind.code(), "message": message, "data": data})
}

/// The member of `data` besides `kind`, and its type.
fn detail(kind: ErrorKind) -> Option<(&'static str, &'static str)> {
    match kind {
        ErrorKind::ParseError => Some(("line", "integer")),
        ErrorKind::InvalidParams => Some(("param", "string")),
        _ => None,
    }
}

/// The schemas that methods use, with their names as titles, and the schemas that these use.
fn schemas(methods: &Value) -> Map<String, Value> {
    let mut all: Map<String, Value> = json_text(include_str!("schemas.json"));
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    find_references(methods, &mut found);
    while let Some(name) = found.pop() {
        if let Some(schema) = all.get_mut(&name).filter(|_| used.insert(name.clone())) {
            find_references(schema, &mut found);
            schema["title"] = name.into();
        }
    }
    all.into_iter().filter(|(name, _)| used.contains(name)).collect()
}

/// Appends the names of the schemas that a value refers to.
fn find_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            found.extend(target.and_then(|target| target.strip_prefix(SCHEMA)).map(str::to_owned));
            members.values().for_each(|value| find_references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| find_references(value, found)),
        _ => {}
    }
}

/// A scenario of `compat-fixtures/` in `examples.json`.
#[derive(Deserialize)]
struct Fixture {
    about: String,
    params: Map<String, Value>,
    result: Value,
}

fn examples(session: &Session, method: &Method) -> Vec<Value> {
    let pairing = |name: &str, about: &str, params: Map<String, Value>, result: Value| {
        let value = |(name, value)| json!({"name": name, "value": value});
        json!({
            "name": name,
            "description": about,
            "params": params.into_iter().map(value).collect::<Vec<_>>(),
            "result": {"name": method.result.name, "value": result},
        })
    };
    match method.examples {
        Examples::Fixtures(names) => {
            let mut fixtures: Map<String, Value> = json_text(include_str!("examples.json"));
            let mut fixture = |name: &&str| serde_json::from_value(fixtures.remove(*name)?).ok();
            let pairing = |name| {
                let Fixture { about, params, result } = fixture(name)?;
                Some(pairing(name, &about, params, result))
            };
            names.iter().filter_map(pairing).collect()
        }
        Examples::Own(params) => {
            let result = own_answer(session, method, params);
            let value = |&(name, text): &(&str, &str)| (name.to_owned(), json_text(text));
            let params = params.iter().map(value).collect();
            let pairing = |result| pairing(method.name, method.summary, params, result);
            result.map(pairing).into_iter().collect()
        }
    }
}

/// What this process would answer with the default settings. The document is built once, so it
/// can't show what `configure` may change.
fn own_answer(session: &Session, method: &Method, params: &[(&str, &str)]) -> Option<Value> {
    let mut args = Args::new(method.parameters);
    let value = |&(name, text): &_| (name, RawValue { text, depth: 1 });
    args.bind_members(params.iter().map(value)).ok()?;
    let mut session = session.for_worker();
    session.datasette = Arc::new(Datasette::builder().build());
    let mut out = Vec::new();
    (method.run)(&mut session, &args, &mut out).ok()?;
    serde_json::from_slice(&out).ok()
}

/// The value of a JSON text of this program. A test reads every one of them.
fn json_text<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}
