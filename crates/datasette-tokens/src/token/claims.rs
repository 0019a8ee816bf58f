//! What a token's payload says, and when it ends: one reader and one rule for everybody who asks.

use pyjson::{Integer, Value, loads};

use super::TokenInvalid;
use crate::error::Error;
use crate::itsdangerous::BadPayload;
use crate::payload::Payload;
use crate::workspace::Workspace;

/// The payload of a token.
pub(super) struct Claims<'p>(Payload<'p, 4>);

impl<'p> Claims<'p> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self(Payload::new())
    }

    /// Reads a payload's JSON text.
    pub(super) fn read(
        &mut self,
        text: &'p str,
        workspace: &'p mut Workspace,
    ) -> Result<(), BadPayload> {
        let Workspace { keys, payload, .. } = workspace;
        self.0.read(text, ["a", "t", "d", "_r"], keys, payload)
    }

    /// The payload as JSON; `None` where JSON can't carry it.
    pub(super) fn json(&self) -> Option<&'p [u8]> {
        self.0.json()
    }

    /// `a`, in Python's spelling.
    pub(super) fn actor_id(&self) -> Option<&'p [u8]> {
        self.0.member(0)
    }

    /// `t`, in Unix seconds.
    pub(super) fn created(&self) -> Option<Integer> {
        integer(self.0.member(1)?)
    }

    /// `_r`, in Python's spelling.
    pub(super) fn restrictions(&self) -> Option<&'p [u8]> {
        self.0.member(3)
    }

    /// Fails for a part of the payload that JSON can't carry.
    pub(super) fn require_json(&self, part: &[u8]) -> Result<(), Error> {
        if self.0.is_json(part) { Ok(()) } else { Err(Error::NotJson) }
    }

    /// `t` and `d`, after the cap of `max_signed_tokens_ttl` (seconds, 0 for none).
    pub(super) fn lifetime(&self, max_ttl: u64) -> Result<Lifetime, TokenInvalid> {
        let created = self.0.member(1).ok_or_else(|| self.no_timestamp())?;
        let created = integer(created).ok_or(TokenInvalid::Timestamp)?;
        let duration = match self.0.member(2) {
            None | Some(b"null") => None,
            Some(duration) => Some(integer(duration).ok_or(TokenInvalid::Duration)?),
        };
        Ok(Lifetime { created, duration: capped(duration, max_ttl) })
    }

    /// Python's `"t" in decoded`, then `decoded["t"]`, on a payload that has none.
    fn no_timestamp(&self) -> TokenInvalid {
        let lacks_t = match loads(self.0.text()) {
            _ if self.0.is_object() => true,
            Ok(Value::List(items)) => !items.contains(&Value::from("t")),
            Ok(Value::Str(text)) => !text.as_wtf8().contains(&b't'),
            _ => false,
        };
        if lacks_t { TokenInvalid::NoTimestamp } else { TokenInvalid::Malformed }
    }
}

/// What Python's `isinstance(value, int)` accepts: an `int` or a `bool`.
fn integer(json: &[u8]) -> Option<Integer> {
    match json {
        b"true" => Some(1.into()),
        b"false" => Some(0.into()),
        json => Integer::from_digits(json),
    }
}

/// When a token was made, and how long it is valid.
pub(super) struct Lifetime {
    /// In Unix seconds.
    created: Integer,
    /// In seconds; `None` for a token without an end.
    duration: Option<Integer>,
}

impl Lifetime {
    /// The last second of validity (Unix seconds), if there is one.
    pub(super) fn expires(&self) -> Option<Integer> {
        self.duration.as_ref().map(|duration| &self.created + duration)
    }

    /// Datasette's `if duration and now - created > duration`.
    pub(super) fn check(&self, now: f64) -> Result<(), TokenInvalid> {
        let Some(duration) = &self.duration else { return Ok(()) };
        // Python converts `created` to a float, and raises where it is too large for one.
        let age = now - self.created.to_f64().ok_or(TokenInvalid::Malformed)?;
        if duration.is_less_than_f64(age) { Err(TokenInvalid::Expired) } else { Ok(()) }
    }
}

/// A duration after a cap; zero is none, for both.
fn capped(duration: Option<Integer>, cap: u64) -> Option<Integer> {
    match duration {
        None => Some(cap.into()),
        Some(duration) if cap > 0 && duration > cap.into() => Some(cap.into()),
        duration => duration,
    }
    .filter(|duration| !duration.is_zero())
}
