//! `rpc.discover`: the methods as an OpenRPC document (<https://spec.open-rpc.org>).

use serde_json::{Error, Value, json};

use super::args::Args;
use super::method::{Example, Method, MethodResult, Session};
use super::parameter::Parameter;
use super::schema::OBJECT;
use crate::sidecar::protocol::{ErrorKind, Failure};

pub(super) const METHOD: Method = Method {
    name: "rpc.discover",
    summary: "This document: the methods in OpenRPC",
    parameters: &[],
    result: MethodResult { name: "OpenRPC Schema", schema: OBJECT },
    // The result would contain itself.
    example: None,
    run,
};

/// The version of the OpenRPC specification that the document follows.
const OPENRPC: &str = "1.3.2";

fn run(session: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let document = document(session.methods).map_err(|error| {
        Failure::new(ErrorKind::InternalError, format!("Internal error: a schema: {error}"))
    })?;
    out.extend_from_slice(document.to_string().as_bytes());
    Ok(())
}

/// The document. Fails if a schema or an example isn't JSON; a test reads every one of them.
fn document(methods: &[Method]) -> Result<Value, Error> {
    let errors = errors();
    let methods: Result<Vec<_>, _> =
        methods.iter().map(|method| describe(method, &errors)).collect();
    Ok(json!({
        "openrpc": OPENRPC,
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "methods": methods?,
    }))
}

/// The errors. OpenRPC wants each code once, so kinds with the same code share an entry.
fn errors() -> Vec<Value> {
    let first_of_code =
        |kind: &&ErrorKind| ErrorKind::from_code(kind.code().into()) == Some(**kind);
    let describe = |kind: &ErrorKind| {
        let same_code = ErrorKind::ALL.iter().filter(|other| other.code() == kind.code());
        let message = same_code.map(|kind| kind.when()).collect::<Vec<_>>().join(" ");
        json!({"code": kind.code(), "message": message, "data": {"kind": kind.name()}})
    };
    ErrorKind::ALL.iter().filter(first_of_code).map(describe).collect()
}

fn describe(method: &Method, errors: &[Value]) -> Result<Value, Error> {
    let parameters: Result<Vec<_>, _> = method.parameters.iter().map(describe_parameter).collect();
    let example = method.example.as_ref().map(|example| describe_example(method, example));
    Ok(json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "either",
        "params": parameters?,
        "result": {"name": method.result.name, "schema": json_text(method.result.schema)?},
        "errors": errors,
        "examples": example.into_iter().collect::<Result<Vec<_>, _>>()?,
    }))
}

fn describe_parameter(parameter: &Parameter) -> Result<Value, Error> {
    Ok(json!({
        "name": parameter.name,
        "summary": parameter.summary,
        "required": parameter.is_required,
        "schema": json_text(parameter.schema)?,
    }))
}

fn describe_example(method: &Method, example: &Example) -> Result<Value, Error> {
    let param = |(name, value): &(&str, &str)| {
        Ok::<_, Error>(json!({"name": name, "value": json_text(value)?}))
    };
    Ok(json!({
        "name": method.name,
        "params": example.params.iter().map(param).collect::<Result<Vec<_>, _>>()?,
        "result": {"name": method.result.name, "value": json_text(example.result)?},
    }))
}

fn json_text(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
}
