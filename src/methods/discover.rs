//! `rpc.discover`: the method table as an OpenRPC document (<https://spec.open-rpc.org>).

use serde_json::{Value, json};

use super::table::{Method, Param};
use crate::rpc::ErrorKind;

/// The version of the OpenRPC specification that the document follows.
const OPENRPC: &str = "1.3.2";

/// The errors that any method may answer with, and what they mean.
const ERRORS: [(ErrorKind, &str); 12] = [
    (ErrorKind::ParseError, "the line is not JSON; data.line is its number"),
    (ErrorKind::InvalidRequest, "not a Request (too_large: over a limit)"),
    (ErrorKind::MethodNotFound, "no such method"),
    (ErrorKind::InvalidParams, "data.param names the parameter at fault"),
    (ErrorKind::InternalError, "a bug in dstok"),
    (ErrorKind::NoSecret, "no secret is configured yet"),
    (ErrorKind::BadSignature, "itsdangerous' BadSignature"),
    (ErrorKind::BadPayload, "itsdangerous' BadPayload: signed, but broken inside"),
    (ErrorKind::TokenInvalid, "Datasette's TokenInvalid, in its own words"),
    (ErrorKind::SignedTokensDisabled, "the setting allow_signed_tokens is off"),
    (ErrorKind::NotSupported, "the selected release has no such thing"),
    (ErrorKind::Policy, "refused by a guard rail chosen at the start"),
];

pub(super) fn document(methods: &[Method]) -> Value {
    let errors: Vec<_> = ERRORS
        .iter()
        .map(|(kind, message)| {
            json!({"code": kind.code(), "message": message, "data": {"kind": kind.name()}})
        })
        .collect();
    let methods: Vec<_> = methods
        .iter()
        .map(|method| {
            json!({
                "name": method.name,
                "summary": method.summary,
                "paramStructure": "either",
                "params": method.params.iter().map(param).collect::<Vec<_>>(),
                "result": {"name": method.result.0, "schema": schema(method.result.1)},
                "errors": errors,
            })
        })
        .collect();
    json!({
        "openrpc": OPENRPC,
        "info": {
            "title": env!("CARGO_PKG_NAME"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "methods": methods,
    })
}

fn param(param: &Param) -> Value {
    json!({
        "name": param.name,
        "summary": param.summary,
        "required": param.required,
        "schema": schema(param.schema),
    })
}

/// The schemas are constants of the table; a test reads every one of them.
fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::METHODS;

    #[test]
    fn every_schema_is_json() {
        for method in METHODS {
            for text in method.params.iter().map(|p| p.schema).chain([method.result.1]) {
                let schema: serde_json::Value = serde_json::from_str(text).unwrap();
                assert!(schema.is_object() || schema == true, "{text}");
            }
        }
    }
}
