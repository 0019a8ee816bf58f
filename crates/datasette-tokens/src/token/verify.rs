//! Verifying tokens. Upstream: `SignedTokenHandler.verify_token`; before 1.0a25
//! `actor_from_request` in `default_permissions.py`.

use std::ops::Range;

use super::PREFIX;
use super::claims::{Claims, place};
use crate::payload::value;
use crate::{
    Actor, Datasette, Error, Feature, Integer, TOKEN_NAMESPACE, TokenInvalid, Value, Workspace,
};

impl Datasette {
    /// The actor that a token stands for at `now` (Unix seconds), or `None` where Datasette returns
    /// `None`: for what isn't a token of this kind, and before 1.0a36 for every invalid one.
    ///
    /// Changed in 1.0a2: `_r` becomes part of the actor. Changed in 1.0a36: tokens that begin
    /// with the prefix but are not valid raise `TokenInvalid`.
    ///
    /// # Errors
    /// [`Error::NotSupported`], [`Error::NoSecret`], [`Error::TokenInvalid`],
    /// [`Error::BadPayload`], [`Error::NotJson`].
    pub fn verify_token(&self, token: &str, now: f64) -> Result<Option<Actor>, Error> {
        let json =
            self.with_text(|workspace, out| self.verify_token_into(token, now, workspace, out))?;
        Ok(value(json.as_bytes()).filter(|actor| *actor != Value::Null).map(Actor))
    }

    /// The same as JSON: the actor or `null`. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::verify_token`]; `out` is then as it was.
    pub fn verify_token_into(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.write_verified(token, now, workspace, out).map(drop)
    }

    /// Appends the actor or `null`. For an actor says where its `_r` stands in `out`: an empty range
    /// if it has none.
    pub(super) fn write_verified(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<Option<Range<usize>>, Error> {
        self.release.require(Feature::ApiTokens)?;
        if self.keyring.is_empty() {
            return Err(Error::NoSecret);
        }
        match self.write_actor(token, now, workspace, out) {
            Err(Error::TokenInvalid(reason)) if self.returns_none(reason) => {
                out.extend_from_slice(b"null");
                Ok(None)
            }
            result => result.map(Some),
        }
    }

    /// Whether Datasette's `verify_token` returns `None` for this reason.
    fn returns_none(&self, reason: TokenInvalid) -> bool {
        let is_refusal = reason != TokenInvalid::Malformed;
        // A crash of Datasette is no silent refusal in any release.
        reason == TokenInvalid::NoPrefix || is_refusal && !self.release.raises_token_invalid()
    }

    fn write_actor(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<Range<usize>, Error> {
        let signed = self.require_token(token)?;
        let mut text =
            self.unsign_text(signed, TOKEN_NAMESPACE, workspace).map_err(|error| match error {
                Error::BadSignature(_) => TokenInvalid::Signature.into(),
                error => error,
            })?;
        let mut claims = Claims::new();
        claims.read(&mut text, place, workspace)?;
        let expires = self.check_claims(&claims, now)?;
        out.extend_from_slice(br#"{"id":"#);
        out.extend_from_slice(claims.actor_id().unwrap_or_default());
        out.extend_from_slice(br#","token":"dstok""#);
        let mut place = 0..0;
        if let Some(restrictions) = self.restrictions_of(&claims) {
            out.extend_from_slice(br#","_r":"#);
            place = out.len()..out.len() + restrictions.len();
            out.extend_from_slice(restrictions);
        }
        if let Some(expires) = expires {
            out.extend_from_slice(br#","token_expires":"#);
            match expires.has_python_str() {
                true => expires.write(out),
                // Python could not read it.
                false => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        workspace.decoded = text.into_bytes();
        Ok(place)
    }

    /// What follows the prefix of a token, where there are such tokens.
    pub(super) fn require_token<'t>(&self, token: &'t str) -> Result<&'t str, TokenInvalid> {
        let signed = token.strip_prefix(PREFIX).ok_or(TokenInvalid::NoPrefix)?;
        if !self.settings.allow_signed_tokens {
            return Err(TokenInvalid::Disabled);
        }
        Ok(signed)
    }

    /// Checks a payload whose signature is right. The last second of validity, if there is one.
    pub(super) fn check_claims(
        &self,
        claims: &Claims<'_>,
        now: f64,
    ) -> Result<Option<Integer>, Error> {
        let (created, duration) = claims.lifetime(self.settings.max_signed_tokens_ttl)?;
        // Datasette's `if duration and now - created > duration`.
        if let Some(duration) = &duration {
            // Python converts `created` to a float, and raises where it is too large for one.
            let age = now - created.to_f64().ok_or(TokenInvalid::Malformed)?;
            if duration.is_less_than_f64(age) {
                return Err(TokenInvalid::Expired.into());
            }
        }
        claims.require_json(claims.actor_id().ok_or(TokenInvalid::Malformed)?)?;
        claims.require_json(self.restrictions_of(claims).unwrap_or_default())?;
        Ok(duration.map(|duration| &created + &duration))
    }

    /// The `_r` of a payload, if this release knows restrictions.
    pub(super) fn restrictions_of<'p>(&self, claims: &Claims<'p>) -> Option<&'p [u8]> {
        claims.restrictions().filter(|_| self.release.has(Feature::TokenRestrictions))
    }
}
