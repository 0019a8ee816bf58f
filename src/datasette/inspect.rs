//! What a token says and what is wrong with it. No counterpart in Datasette, whose users have
//! asked for one; it judges as [`Datasette::verify_token`] does.

use num_bigint::BigInt;

use super::token::{TOKEN_NAMESPACE, TOKEN_PREFIX};
use super::verify::{Lifetime, TokenInvalid, read};
use super::{Allowlist, Datasette, Error, Name};
use crate::itsdangerous::load_payload;
use crate::pyjson::Value;

/// What there is to know about a token. JSON is Python's, as bytes of UTF-8.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The payload as JSON, if it can be decoded and JSON can carry it.
    pub payload: Option<Vec<u8>>,
    /// Whether the payload is compressed.
    pub compressed: bool,
    /// Whether and by which secret it is signed.
    pub signature: Signature,
    /// What `verify_token` would say.
    pub status: Status,
    /// What is wrong, if anything is.
    pub reason: Option<Error>,
    /// `a`, as JSON.
    pub actor_id: Option<Vec<u8>>,
    /// `t`, in Unix seconds.
    pub created: Option<BigInt>,
    /// The last second of validity (Unix seconds), after the cap of `max_signed_tokens_ttl`.
    pub expires: Option<BigInt>,
    /// What it is restricted to.
    pub restrictions: Restricted,
    /// Names in the restrictions that this Datasette does not know.
    pub unknown_actions: Vec<Name<'static>>,
}

/// What a token is restricted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restricted {
    /// Nothing: it may do whatever its actor may.
    No,
    /// There is an `_r`, but not of its shape: Datasette refuses or crashes.
    Malformed,
    /// These actions, by their full names.
    To(Allowlist<'static>),
}

/// What the signature of a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It was made with this secret, 0 being the newest.
    Valid(usize),
    /// It was made with none of the secrets, or there is none.
    Invalid,
    /// There is no secret to check it with.
    Unchecked,
}

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Datasette accepts it.
    Valid,
    /// Datasette would have accepted it before it expired.
    Expired,
    /// Datasette refuses it.
    Invalid,
    /// Nothing is wrong but for the signature, which could not be checked.
    Unchecked,
}

impl Datasette {
    /// Says what a token holds and whether it is valid at `now` (Unix seconds). Needs no secret;
    /// without one the signature is not checked, and the rest is.
    ///
    /// # Errors
    /// [`Error::NotSupported`] before 1.0a0.
    pub fn inspect_token(&mut self, token: &str, now: f64) -> Result<Inspection, Error> {
        self.require_tokens()?;
        let signed = token.strip_prefix(TOKEN_PREFIX).unwrap_or(token);
        let signature = self.check_signature(signed);
        let encoded = signed.rsplit_once('.').map_or(signed, |(payload, _)| payload);
        let text = load_payload(encoded.as_bytes(), self.max_payload).map_err(Error::from);
        let decoded = text.as_deref().map_err(Clone::clone).and_then(read);
        let judged = self.judge(token, signature, decoded.as_ref(), now);
        let status = match (&judged, signature) {
            (Ok(()), Signature::Unchecked) => Status::Unchecked,
            (Ok(()), _) => Status::Valid,
            (Err(Error::TokenInvalid(TokenInvalid::Expired)), _) => Status::Expired,
            (Err(_), _) => Status::Invalid,
        };
        let decoded = decoded.ok();
        let max_ttl = self.settings.max_signed_tokens_ttl;
        let lifetime = decoded.as_ref().map(|decoded| Lifetime::read(decoded, max_ttl));
        let restrictions = decoded
            .as_ref()
            .and_then(|decoded| self.restrictions_of(decoded))
            .filter(|restrictions| **restrictions != Value::Null);
        let allowlist = restrictions.and_then(Allowlist::read);
        Ok(Inspection {
            payload: decoded.as_ref().and_then(json),
            compressed: encoded.starts_with('.'),
            signature,
            status,
            reason: judged.err(),
            actor_id: decoded.as_ref().and_then(|decoded| decoded.get("a")).and_then(json),
            created: decoded
                .as_ref()
                .and_then(|decoded| Some(decoded.get("t")?.as_integer()?.to_big())),
            expires: lifetime.and_then(Result::ok).and_then(|lifetime| lifetime.expires()),
            unknown_actions: allowlist
                .as_ref()
                .map(|allowlist| allowlist.unknown_actions(&self.actions))
                .unwrap_or_default(),
            restrictions: match (restrictions, allowlist) {
                (None, _) => Restricted::No,
                (Some(_), None) => Restricted::Malformed,
                (Some(_), Some(list)) => Restricted::To(list.with_full_names(&self.actions)),
            },
        })
    }

    fn check_signature(&mut self, signed: &str) -> Signature {
        if !signed.contains('.') {
            return Signature::Invalid;
        }
        if self.keyring.is_empty() {
            return Signature::Unchecked;
        }
        match self.keyring.unsign(signed.as_bytes(), TOKEN_NAMESPACE, self.itsdangerous) {
            Ok((_, secret)) => Signature::Valid(secret),
            Err(_) => Signature::Invalid,
        }
    }

    /// What `verify_token` would find wrong first.
    fn judge(
        &self,
        token: &str,
        signature: Signature,
        decoded: Result<&Value<'_>, &Error>,
        now: f64,
    ) -> Result<(), Error> {
        self.require_token(token)?;
        if signature == Signature::Invalid {
            return Err(TokenInvalid::Signature.into());
        }
        self.read_actor(decoded.map_err(Clone::clone)?, now, &mut Vec::new())
    }
}

fn json(value: &Value<'_>) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    value.write(&mut json).ok()?;
    Some(json)
}
