//! Whether a token may do something. Upstream: `verify_token`, then `restrictions_allow_action` on
//! the actor's `_r`.

use crate::payload::{as_str, value};
use crate::{Actor, Datasette, Error, Feature, Resource, Str, TokenInvalid, Value, Workspace};

/// The actor of a token, and whether the token allows an action.
///
/// ```
/// use datasette_tokens::{Datasette, Resource, Secret, TokenRequest, TokenRestrictions};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let restrictions = TokenRestrictions::new().allow_database("docs", "insert-row");
/// let request = TokenRequest::new("ann").restrictions(restrictions);
/// let token = datasette.create_token(&request, 0.0)?;
///
/// let pages = Resource::Child("docs".into(), "pages".into());
/// let access = datasette.token_allows_action(&token, &"insert-row".into(), Some(&pages), 0.0)?;
/// assert!(access.allowed);
/// assert_eq!(access.actor.expect("a token with the prefix").id().as_str(), Some("ann"));
///
/// let access = datasette.token_allows_action(&token, &"drop-table".into(), Some(&pages), 0.0)?;
/// assert!(!access.allowed);
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Access {
    /// The actor, or `None` where Datasette's `verify_token` returns `None`.
    pub actor: Option<Actor>,
    /// Whether the token allows the action. Whether its actor may do it is another question.
    pub allowed: bool,
}

impl Datasette {
    /// Verifies a token at `now` (Unix seconds), and says whether its restrictions allow an action.
    /// A token without `_r` allows everything, one that Datasette ignores nothing.
    ///
    /// # Errors
    /// [`Error::NotSupported`] before 1.0a20, then as [`Datasette::verify_token`]. Restrictions on
    /// which Datasette crashes are [`TokenInvalid::Malformed`].
    pub fn token_allows_action(
        &self,
        token: &str,
        action: &Str<'_>,
        resource: Option<&Resource<'_>>,
        now: f64,
    ) -> Result<Access, Error> {
        let json = self.with_text(|workspace, out| {
            self.token_allows_action_into(token, action, resource, now, workspace, out)
        })?;
        let answer = value(json.as_bytes()).unwrap_or_default();
        let actor = answer.get("actor").filter(|actor| **actor != Value::Null);
        let allowed = answer.get("allowed") == Some(&Value::Bool(true));
        Ok(Access { actor: actor.cloned().map(Actor), allowed })
    }

    /// The same as JSON, `{"actor":…,"allowed":…}`. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::token_allows_action`]; `out` is then as it was.
    pub fn token_allows_action_into(
        &self,
        token: &str,
        action: &Str<'_>,
        resource: Option<&Resource<'_>>,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.release.require(Feature::RestrictionsAllowAction)?;
        let start = out.len();
        out.extend_from_slice(br#"{"actor":"#);
        let verified = self.write_verified(token, now, workspace, out);
        let allowed = verified.and_then(|restrictions| {
            let Some(place) = restrictions else { return Ok(false) };
            match &out[place] {
                b"" => Ok(true),
                json => self
                    .allows_by_any_restrictions(as_str(json), action, resource)
                    .ok_or(TokenInvalid::Malformed.into()),
            }
        });
        match allowed {
            Ok(allowed) => out.extend_from_slice(format!(r#","allowed":{allowed}}}"#).as_bytes()),
            Err(_) => out.truncate(start),
        }
        allowed.map(drop)
    }
}
