//! Making tokens. Upstream: `SignedTokenHandler.create_token` in `datasette/tokens.py`.

use super::PREFIX;
use crate::restrictions::{TokenRestrictions, write_restrictions};
use crate::{Datasette, Error, Feature, Integer, TOKEN_NAMESPACE, Value, Workspace};
use crate::{RawRestrictions, signed_value, unix_seconds};

/// The arguments of `datasette.create_token()`.
///
/// ```
/// use datasette_tokens::{TokenRequest, TokenRestrictions};
///
/// let request = TokenRequest::new("root")
///     .expires_after(3600)
///     .restrictions(TokenRestrictions::new().allow_all("view-instance"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct TokenRequest {
    actor_id: Value<'static>,
    expires_after: Option<Integer>,
    restrictions: TokenRestrictions,
}

impl TokenRequest {
    /// A token for an actor: unrestricted, without an end. In Datasette the id is a string.
    pub fn new(actor_id: impl Into<Value<'static>>) -> Self {
        let actor_id = actor_id.into();
        Self { actor_id, expires_after: None, restrictions: TokenRestrictions::new() }
    }

    /// Lets the token expire after this many seconds. Zero means never, as in Datasette; a negative
    /// number is kept.
    pub fn expires_after(mut self, seconds: impl Into<Integer>) -> Self {
        self.expires_after = Some(seconds.into());
        self
    }

    /// Restricts what the token may do.
    pub fn restrictions(mut self, restrictions: TokenRestrictions) -> Self {
        self.restrictions = restrictions;
        self
    }
}

/// The arguments of `datasette.create_token()`, as JSON texts. See
/// [`TokenRequest`](crate::TokenRequest) for typed ones.
///
/// ```
/// use datasette_tokens::{Datasette, RawTokenRequest, Secret, Workspace};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let request = RawTokenRequest::new(r#""root""#);
/// let mut token = Vec::new();
/// datasette.create_token_into(&request, 1_700_000_000.0, &mut Workspace::new(), &mut token)?;
/// assert!(token.starts_with(b"dstok_"));
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RawTokenRequest<'a> {
    /// `actor_id`: any value.
    pub actor_id: &'a str,
    /// `expires_after`, in seconds. Zero means never, as in Datasette; a negative one is kept.
    pub expires_after: Option<Integer>,
    /// What the token may do. Nothing given means everything.
    pub restrictions: RawRestrictions<'a>,
}

impl<'a> RawTokenRequest<'a> {
    /// An unrestricted token without an end.
    #[must_use]
    pub fn new(actor_id: &'a str) -> Self {
        Self { actor_id, expires_after: None, restrictions: RawRestrictions::default() }
    }

    fn largest_argument(&self) -> &'static str {
        let RawRestrictions { all, database, resource } = self.restrictions;
        let arguments = [
            ("actor_id", Some(self.actor_id)),
            ("restrict_all", all),
            ("restrict_database", database),
            ("restrict_resource", resource),
        ];
        let largest = arguments.into_iter().max_by_key(|(_, json)| json.map_or(0, str::len));
        largest.map_or("actor_id", |(name, _)| name)
    }

    /// For how many seconds the token is valid; `None` if it never expires.
    pub fn lifetime(&self) -> Option<&Integer> {
        self.expires_after.as_ref().filter(|seconds| !seconds.is_zero())
    }
}

impl Datasette {
    /// The token that `datasette.create_token()` returns at `now` (Unix seconds).
    ///
    /// Changed in 1.0a2: restrictions. Changed in 1.0a25: fails when `allow_signed_tokens` is
    /// off.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for arguments that could not be signed, then
    /// [`Error::NotSupported`], [`Error::NoSecret`] and [`Error::SignedTokensDisabled`].
    pub fn create_token(&self, request: &TokenRequest, now: f64) -> Result<String, Error> {
        let actor_id = signed_value::value_json(&request.actor_id, "actor_id")?;
        let restrictions = request.restrictions.to_json();
        let [all, database, resource] = restrictions.each_ref().map(|json| Some(&**json));
        let request = RawTokenRequest {
            actor_id: &actor_id,
            expires_after: request.expires_after.clone(),
            restrictions: RawRestrictions { all, database, resource },
        };
        self.with_text(|workspace, out| self.create_token_into(&request, now, workspace, out))
    }

    /// The same for arguments given as JSON texts. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::create_token`]; `out` is then as it was.
    pub fn create_token_into(
        &self,
        request: &RawTokenRequest<'_>,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let restrictions = request.restrictions.without_empty();
        // `{"a": actor_id, "t": int(time.time())[, "d": expires_after][, "_r": {…}]}`; 1.0a0 and
        // 1.0a1 have `"token": "dstok"` after the first.
        let Workspace { payload, keys, .. } = &mut *workspace;
        payload.clear();
        payload.extend_from_slice(br#"{"a":"#);
        signed_value::push_json(payload, request.actor_id, "actor_id")?;
        if self.release.names_token_in_payload() {
            payload.extend_from_slice(br#","token":"dstok""#);
        }
        payload.extend_from_slice(br#","t":"#);
        unix_seconds(now).write(payload);
        if let Some(seconds) = request.lifetime() {
            payload.extend_from_slice(br#","d":"#);
            seconds.write(payload);
        }
        if !restrictions.is_empty() {
            payload.extend_from_slice(br#","_r":"#);
            write_restrictions(&restrictions, &self.actions, keys, payload)?;
        }
        payload.push(b'}');
        self.check_payload(|| request.largest_argument(), workspace)?;
        // Only now, because a wrong argument is the first error.
        self.release.require(Feature::ApiTokens)?;
        if !restrictions.is_empty() {
            self.release.require(Feature::TokenRestrictions)?;
        }
        if !self.keyring.can_sign() {
            return Err(Error::NoSecret);
        }
        if self.release.create_token_obeys_setting() && !self.settings.allow_signed_tokens {
            return Err(Error::SignedTokensDisabled);
        }
        out.extend_from_slice(PREFIX.as_bytes());
        self.sign_payload(TOKEN_NAMESPACE, workspace, out)
    }
}
