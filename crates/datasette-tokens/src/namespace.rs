//! The namespaces that Datasette itself signs in.

/// The namespace that API tokens are signed in.
pub const TOKEN_NAMESPACE: &str = "token";

/// The namespace that actor cookies are signed in.
pub const ACTOR_NAMESPACE: &str = "actor";
