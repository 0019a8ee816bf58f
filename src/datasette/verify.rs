//! The other direction: signed values, API tokens and cookies that are given back.
//! Upstream: `Datasette.unsign`, `SignedTokenHandler.verify_token`, before 1.0a25
//! `actor_from_request` in `default_permissions.py`; `actor_auth_cookie.py`.

mod usual;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive, Zero};

use super::cookie::{ACTOR_NAMESPACE, base62_decode};
use super::release::{Refusal, TokenFormat};
use super::token::{TOKEN_NAMESPACE, TOKEN_PREFIX};
use super::{Datasette, Error};
use crate::itsdangerous::{BadPayload, load_payload};
use crate::pyjson::{Value, loads, transcode};

impl Datasette {
    /// Appends the JSON of what `datasette.unsign(signed, namespace)` returns.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::BadSignature`], [`Error::BadPayload`], and
    /// [`Error::NotJson`] for a value that JSON cannot carry.
    pub fn unsign(
        &mut self,
        signed: &str,
        namespace: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let text = self.unsign_text(signed, namespace)?;
        let before = out.len();
        if transcode(&text, out).is_ok() {
            return Ok(());
        }
        // Something that Python's JSON has and requests may not have.
        out.truncate(before);
        Ok(read(&text)?.write(out)?)
    }

    fn unsign_text(&mut self, signed: &str, namespace: &str) -> Result<String, Error> {
        if self.keyring.is_empty() {
            return Err(Error::NoSecret);
        }
        let (payload, _) = self.keyring.unsign(signed.as_bytes(), namespace, self.itsdangerous)?;
        Ok(load_payload(payload, self.max_payload)?)
    }

    /// Appends the JSON of the actor whose token this is at `now` (Unix seconds), or null where
    /// Datasette returns `None`.
    ///
    /// Changed in 1.0a2: `_r` becomes part of the actor. Changed in 1.0a36: tokens that begin
    /// with the prefix but are not valid raise `TokenInvalid`.
    ///
    /// # Errors
    /// [`Error::NotSupported`], [`Error::NoSecret`], [`Error::TokenInvalid`],
    /// [`Error::BadPayload`], [`Error::NotJson`].
    pub fn verify_token(&mut self, token: &str, now: f64, out: &mut Vec<u8>) -> Result<(), Error> {
        self.require_tokens()?;
        if self.keyring.is_empty() {
            return Err(Error::NoSecret);
        }
        let before = out.len();
        let verified = self.verify_signed_token(token, now, out);
        if verified.is_err() {
            out.truncate(before);
        }
        match verified {
            Err(Error::TokenInvalid(reason)) => match (reason, self.release.refusal()) {
                (TokenInvalid::NoPrefix, _) => null(out),
                // What makes Datasette crash is no silent refusal in any release.
                (TokenInvalid::Malformed, _) | (_, Refusal::Raise) => {
                    Err(Error::TokenInvalid(reason))
                }
                (_, Refusal::None) => null(out),
            },
            verified => verified,
        }
    }

    /// `Error::NotSupported` before there were API tokens.
    pub(super) fn require_tokens(&self) -> Result<(), Error> {
        match self.release.token_format() {
            TokenFormat::None => {
                Err(Error::NotSupported("API tokens exist from Datasette 1.0a0 on"))
            }
            TokenFormat::CommandLine | TokenFormat::Restrictable => Ok(()),
        }
    }

    fn verify_signed_token(
        &mut self,
        token: &str,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let signed = self.require_token(token)?;
        let text = self.unsign_text(signed, TOKEN_NAMESPACE).map_err(|error| match error {
            Error::BadSignature(_) => TokenInvalid::Signature.into(),
            error => error,
        })?;
        let before = out.len();
        self.read_usual_actor(&text, now, out).unwrap_or_else(|| {
            out.truncate(before);
            self.read_actor(&read(&text)?, now, out)
        })
    }

    /// What follows the prefix of a token, where there are such tokens.
    pub(super) fn require_token<'t>(&self, token: &'t str) -> Result<&'t str, TokenInvalid> {
        let signed = token.strip_prefix(TOKEN_PREFIX).ok_or(TokenInvalid::NoPrefix)?;
        if !self.settings.allow_signed_tokens {
            return Err(TokenInvalid::Disabled);
        }
        Ok(signed)
    }

    /// Appends the actor that the payload of a token stands for at `now` (Unix seconds).
    pub(super) fn read_actor(
        &self,
        decoded: &Value<'_>,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let lifetime = Lifetime::read(decoded, self.settings.max_signed_tokens_ttl)?;
        lifetime.check(now)?;
        out.extend_from_slice(br#"{"id":"#);
        decoded.get("a").ok_or(TokenInvalid::Malformed)?.write(out)?;
        out.extend_from_slice(br#","token":"dstok""#);
        if let Some(restrictions) = self.restrictions_of(decoded) {
            out.extend_from_slice(br#","_r":"#);
            restrictions.write(out)?;
        }
        lifetime.write_end_of_actor(out);
        Ok(())
    }

    /// The `_r` of a payload, if this release knows restrictions.
    pub(super) fn restrictions_of<'v, 'a>(&self, decoded: &'v Value<'a>) -> Option<&'v Value<'a>> {
        decoded.get("_r").filter(|_| self.release.token_format() == TokenFormat::Restrictable)
    }

    /// Appends the JSON of the actor whose `ds_actor` cookie this is at `now` (Unix seconds), or
    /// null where Datasette sees an anonymous visitor.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::BadPayload`], [`Error::NotJson`], and
    /// [`TokenInvalid::Malformed`] for an `e` on which Datasette crashes.
    pub fn verify_actor_cookie(
        &mut self,
        cookie: &str,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let text = match self.unsign_text(cookie, ACTOR_NAMESPACE) {
            Err(Error::BadSignature(_)) => return null(out),
            text => text?,
        };
        let decoded = read(&text)?;
        let Some(actor) = decoded.get("a") else { return null(out) };
        if let Some(expires_at) = decoded.get("e").filter(|e| e.is_true()) {
            let timestamp = base62_decode(expires_at).ok_or(TokenInvalid::Malformed)?;
            if is_greater(now, &timestamp) {
                return null(out);
            }
        }
        Ok(actor.write(out)?)
    }
}

fn null(out: &mut Vec<u8>) -> Result<(), Error> {
    out.extend_from_slice(b"null");
    Ok(())
}

pub(super) fn read(text: &str) -> Result<Value<'_>, Error> {
    loads(text).map_err(|_| Error::BadPayload(BadPayload::Json))
}

/// From when on a token is valid, and how long.
pub(super) struct Lifetime {
    /// `t`, in Unix seconds.
    pub(super) created: BigInt,
    /// `d`, in seconds, after the cap of `max_signed_tokens_ttl`; zero means for ever, as Python
    /// calls it false.
    duration: Option<BigInt>,
}

impl Lifetime {
    /// Reads `t` and `d` and applies the cap (seconds, 0: none).
    pub(super) fn read(decoded: &Value<'_>, max_ttl: u64) -> Result<Self, TokenInvalid> {
        let Some(created) = decoded.get("t") else {
            // Python's `"t" in decoded`, then `decoded["t"]`.
            return Err(match decoded {
                Value::Dict(_) => TokenInvalid::NoTimestamp,
                Value::List(items) if !items.contains(&Value::Str(b"t"[..].into())) => {
                    TokenInvalid::NoTimestamp
                }
                Value::Str(text) if !text.contains(&b't') => TokenInvalid::NoTimestamp,
                _ => TokenInvalid::Malformed,
            });
        };
        let created = created.as_integer().ok_or(TokenInvalid::Timestamp)?.to_big();
        let duration = match decoded.get("d") {
            None | Some(Value::Null) => None,
            Some(duration) => Some(duration.as_integer().ok_or(TokenInvalid::Duration)?.to_big()),
        };
        Ok(Self { created, duration: capped(duration, BigInt::from(max_ttl)) })
    }

    /// The last second of validity (Unix seconds), if there is one.
    pub(super) fn expires(&self) -> Option<BigInt> {
        self.duration.as_ref().map(|duration| &self.created + duration)
    }

    fn write_end_of_actor(&self, out: &mut Vec<u8>) {
        if let Some(expires) = self.expires() {
            out.extend_from_slice(br#","token_expires":"#);
            out.extend_from_slice(expires.to_string().as_bytes());
        }
        out.push(b'}');
    }

    /// Whether it has not expired at `now` (Unix seconds).
    fn check(&self, now: f64) -> Result<(), TokenInvalid> {
        let Some(duration) = &self.duration else { return Ok(()) };
        // Python converts `created` to a float, which may be too large for one.
        let created = self.created.to_f64().filter(|float| float.is_finite());
        let age = now - created.ok_or(TokenInvalid::Malformed)?;
        if is_greater(age, duration) { Err(TokenInvalid::Expired) } else { Ok(()) }
    }
}

/// A duration after a cap (0: none), both in seconds; `None` for one without end.
fn capped<T: PartialOrd + Zero>(duration: Option<T>, cap: T) -> Option<T> {
    let duration = match duration {
        None => Some(cap),
        Some(duration) if !cap.is_zero() && duration > cap => Some(cap),
        duration => duration,
    };
    duration.filter(|duration| !duration.is_zero())
}

/// `float > int`, exact as in Python.
fn is_greater(float: f64, integer: &BigInt) -> bool {
    match BigInt::from_f64(float.floor()) {
        Some(floor) => floor > *integer || (floor == *integer && float > float.floor()),
        // Out of range is what is infinite.
        None => float > 0.0,
    }
}

/// Why a token or cookie is not valid: Datasette's `TokenInvalid`, and what makes it crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenInvalid {
    /// Not a token of this kind: it does not begin with `dstok_`.
    NoPrefix,
    /// The setting `allow_signed_tokens` is off.
    Disabled,
    /// The signature does not match.
    Signature,
    /// The payload has no `t`.
    NoTimestamp,
    /// `t` is no integer.
    Timestamp,
    /// `d` is no integer.
    Duration,
    /// It has expired.
    Expired,
    /// A payload on which Datasette crashes.
    Malformed,
}

impl TokenInvalid {
    /// The message; from 1.0a36 on Datasette's own words.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::NoPrefix => "Not a signed token: it does not begin with dstok_",
            Self::Disabled => "Signed tokens are not enabled for this Datasette instance",
            Self::Signature => "Invalid token signature",
            Self::NoTimestamp => "Invalid token: no timestamp",
            Self::Timestamp => "Invalid token: invalid timestamp",
            Self::Duration => "Invalid token: invalid duration",
            Self::Expired => "Token has expired",
            Self::Malformed => "Invalid token: malformed payload",
        }
    }
}
