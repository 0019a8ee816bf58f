//! `rpc.discover`: the methods as an OpenRPC document (<https://spec.open-rpc.org>).

use serde_json::{Value, json};

use super::method::{Args, Method, MethodResult, Session};
use super::parameter::{OBJECT, Parameter};
use crate::sidecar::protocol::{ErrorKind, Failure};

pub(super) const METHOD: Method = Method {
    name: "rpc.discover",
    summary: "This document: the methods in OpenRPC",
    parameters: &[],
    result: MethodResult { name: "OpenRPC Schema", schema: OBJECT },
    example: &[],
    // It would contain itself.
    example_result: None,
    run,
};

/// The version of the OpenRPC specification that the document follows.
const OPENRPC: &str = "1.3.2";

fn run(session: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    // Built once: it is 700 times as long as the request for it.
    let document = session.document.get_or_init(|| document(session));
    out.extend_from_slice(document.as_bytes());
    Ok(())
}

fn document(session: &Session) -> String {
    let errors = errors();
    let methods = session.allowed_methods().map(|method| describe(method, &errors));
    let document = json!({
        "openrpc": OPENRPC,
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "methods": methods.collect::<Vec<_>>(),
    });
    document.to_string()
}

/// The errors. OpenRPC wants each code once, so kinds with the same code share an entry.
fn errors() -> Value {
    let describe = |same_code: &[ErrorKind]| {
        let message = same_code.iter().map(|kind| kind.when()).collect::<Vec<_>>().join(" ");
        let kind = same_code[0];
        json!({"code": kind.code(), "message": message, "data": {"kind": kind.name()}})
    };
    // Kinds with the same code stand next to each other.
    ErrorKind::ALL.chunk_by(|one, next| one.code() == next.code()).map(describe).collect()
}

fn describe(method: &Method, errors: &Value) -> Value {
    let parameter = |parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "summary": parameter.summary,
            "required": parameter.is_required,
            "schema": json_text(parameter.schema),
        })
    };
    let MethodResult { name: result, schema } = method.result;
    let value = |&(name, text): &(&str, &str)| json!({"name": name, "value": json_text(text)});
    let example = |example_result| {
        json!({
            "name": method.name,
            "params": method.example.iter().map(value).collect::<Vec<_>>(),
            "result": value(&(result, example_result)),
        })
    };
    json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "either",
        "params": method.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "result": {"name": result, "schema": json_text(schema)},
        "errors": errors,
        "examples": method.example_result.into_iter().map(example).collect::<Vec<_>>(),
    })
}

/// The value of a JSON text of this program. A test reads every one of them.
fn json_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
