//! The list of methods, in the order of the documentation.

use std::sync::Arc;

use datasette_tokens::{Datasette, Workspace};

use super::clock::Clock;
use super::method::{Method, Session};
use super::{
    configure, create_actor_cookie, create_token, info, inspect_token, ping,
    restrictions_allow_action, rpc_discover, sign, token_allows_action, unsign,
    verify_actor_cookie, verify_token,
};

/// All methods.
pub const METHODS: &[Method] = &[
    create_token::METHOD,
    verify_token::METHOD,
    inspect_token::METHOD,
    sign::METHOD,
    unsign::METHOD,
    create_actor_cookie::METHOD,
    verify_actor_cookie::METHOD,
    restrictions_allow_action::METHOD,
    token_allows_action::METHOD,
    configure::METHOD,
    info::METHOD,
    ping::METHOD,
    rpc_discover::METHOD,
];

impl Session {
    /// A session without a policy, in which all methods can be called and nobody is warned.
    #[must_use]
    pub fn new(datasette: Datasette, clock: Clock) -> Self {
        Self {
            datasette: Arc::new(datasette),
            workspace: Workspace::new(),
            clock,
            policy: Arc::default(),
            document: Arc::default(),
            warn: |_| {},
            methods: METHODS,
        }
    }
}

#[cfg(test)]
mod tests {
    use datasette_tokens::Secret;
    use serde_json::Value;

    use super::*;
    use crate::sidecar::methods::method::call;
    use crate::sidecar::protocol::{MAX_PARAMETERS, Message};

    fn session() -> Session {
        let secret = Secret::new("not-a-secret".to_owned()).unwrap();
        let datasette = Datasette::builder().secret(secret).build();
        Session::new(datasette, Clock::new(Some(0.0)))
    }

    #[test]
    fn every_example_is_true() {
        for method in METHODS {
            let Some(expected) = method.example_result else {
                // Its result would contain itself.
                assert_eq!(method.name, "rpc.discover");
                continue;
            };
            let params: Vec<_> =
                method.example.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
            let request = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{}","params":{{{}}}}}"#,
                method.name,
                params.join(",")
            );
            let mut message = Message::default();
            message.read(&request, 1).unwrap();
            let params = message.params(&message.requests[0]);
            let mut out = Vec::new();
            call(&mut session(), method.name.as_bytes(), params, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{}", method.name);
        }
    }

    #[test]
    fn the_document_is_built_once_for_all_workers() {
        let mut first = session();
        let mut second = first.for_worker();
        let mut out = Vec::new();
        call(&mut first, b"rpc.discover", &[], &mut out).unwrap();
        let document = second.document.get().unwrap().as_ptr();
        call(&mut second, b"rpc.discover", &[], &mut out).unwrap();
        assert_eq!(second.document.get().unwrap().as_ptr(), document);
    }

    #[test]
    fn every_schema_is_json() {
        for method in METHODS {
            let parameters = method.parameters.iter().map(|parameter| parameter.schema);
            for text in parameters.chain([method.result.schema]) {
                let schema: Value = serde_json::from_str(text).unwrap();
                assert!(schema.is_object() || schema == true, "{text}");
            }
        }
    }

    #[test]
    fn no_method_has_more_parameters_than_a_call_can_bind() {
        for method in METHODS {
            assert!(method.parameters.len() <= MAX_PARAMETERS);
        }
    }
}
