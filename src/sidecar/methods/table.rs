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

    use super::*;
    use crate::sidecar::methods::method::call;
    use crate::sidecar::protocol::MAX_PARAMETERS;

    fn session() -> Session {
        let secret = Secret::new("not-a-secret".to_owned()).unwrap();
        let datasette = Datasette::builder().secret(secret).build();
        Session::new(datasette, Clock::new(Some(0.0)))
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
    fn calls_can_bind_the_parameters_of_every_method() {
        for Method { name, parameters, .. } in METHODS {
            assert!(parameters.len() <= MAX_PARAMETERS, "{name}");
            assert!(parameters.is_sorted_by_key(|parameter| !parameter.is_required), "{name}");
        }
    }
}
