//! The actor of a valid token.

use crate::{Allowlist, Integer, Value};

/// The actor that a valid token stands for: `{"id": …, "token": "dstok"[, "_r": …]
/// [, "token_expires": …]}`.
///
/// ```
/// use datasette_tokens::{Datasette, Secret, TokenRequest, TokenRestrictions};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let request = TokenRequest::new("ann").restrictions(TokenRestrictions::new().allow_all("view-table"));
/// let token = datasette.create_token(&request, 0.0)?;
/// let actor = datasette.verify_token(&token, 0.0)?.expect("a token with the prefix");
/// assert_eq!(actor.to_json(), r#"{"id":"ann","token":"dstok","_r":{"a":["vt"]}}"#);
/// assert!(actor.allowlist().is_some() && actor.expires().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Actor(pub(crate) Value<'static>);

impl Actor {
    /// `id`: the actor's id. A string, unless the token was made with another JSON value.
    pub fn id(&self) -> &Value<'static> {
        self.0.get("id").unwrap_or(&Value::Null)
    }

    /// `_r`: what the token is restricted to, in any shape that a signed payload may have. `None`
    /// for a token that may do whatever its actor may.
    pub fn restrictions(&self) -> Option<&Value<'static>> {
        self.0.get("_r")
    }

    /// `_r`, if it has the shape that Datasette reads.
    pub fn allowlist(&self) -> Option<Allowlist<'static>> {
        Allowlist::read(self.restrictions()?)
    }

    /// `token_expires`: the last second of validity, in Unix seconds. `None` for a token that
    /// never expires.
    pub fn expires(&self) -> Option<&Integer> {
        let Value::Int(seconds) = self.0.get("token_expires")? else { return None };
        Some(seconds)
    }

    /// The whole actor, a `dict`.
    pub fn as_value(&self) -> &Value<'static> {
        &self.0
    }

    /// The whole actor as JSON, in Python's spelling.
    pub fn to_json(&self) -> String {
        // It was read from JSON.
        self.0.to_json().unwrap_or_default()
    }
}
