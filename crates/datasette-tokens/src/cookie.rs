//! The `ds_actor` cookie. Upstream: `Datasette.set_actor_cookie`, `actor_auth_cookie.py`.

use crate::base62::Base62;
use crate::error::{Error, InvalidArgument, Problem};
use crate::payload::{Payload, unix_seconds, value};
use crate::signed_value::{push_json, value_json};
use crate::{Datasette, Integer, TokenInvalid, Value, Workspace, namespace::ACTOR_NAMESPACE};

/// The lifetime that 1.0a17 to 1.0a38 give every cookie that is to expire, in seconds.
const ONE_DAY: i64 = 24 * 60 * 60;

impl Datasette {
    /// The value of the cookie that `datasette.set_actor_cookie()` sets at `now` (Unix seconds).
    /// `expire_after` is in seconds and zero means never.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an actor that could not be signed and for an expiry that
    /// Datasette's base62 can't write, then [`Error::NoSecret`].
    pub fn create_actor_cookie(
        &self,
        actor: &Value<'_>,
        expire_after: Option<&Integer>,
        now: f64,
    ) -> Result<String, Error> {
        let actor = value_json(actor, "actor")?;
        self.with_text(|workspace, out| {
            self.create_actor_cookie_into(&actor, expire_after, now, workspace, out)
        })
    }

    /// The same for an actor given as a JSON text. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::create_actor_cookie`]; `out` is then as it was.
    pub fn create_actor_cookie_into(
        &self,
        actor: &str,
        expire_after: Option<&Integer>,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let payload = &mut workspace.payload;
        payload.clear();
        payload.extend_from_slice(br#"{"a":"#);
        push_json(payload, actor, "actor")?;
        if let Some(seconds) = expire_after.filter(|seconds| !seconds.is_zero()) {
            let one_day = ONE_DAY.into();
            let is_a_day = self.release.ends_cookies_after_a_day();
            let lifetime = if is_a_day { &one_day } else { seconds };
            payload.extend_from_slice(br#","e":""#);
            let base62 = self.release.base62();
            if !base62.write(&(&unix_seconds(now) + lifetime), payload) {
                let problem = Problem::Value(base62.too_large());
                return Err(InvalidArgument { argument: "expire_after", problem }.into());
            }
            payload.push(b'"');
        }
        payload.push(b'}');
        self.check_payload(|| "actor", workspace)?;
        self.sign_payload(ACTOR_NAMESPACE, workspace, out)
    }

    /// The actor whose `ds_actor` cookie this is at `now` (Unix seconds), or `None` where Datasette
    /// sees an anonymous visitor.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::BadPayload`], [`Error::NotJson`], and
    /// [`TokenInvalid::Malformed`] for an `e` on which Datasette crashes.
    pub fn verify_actor_cookie(
        &self,
        cookie: &str,
        now: f64,
    ) -> Result<Option<Value<'static>>, Error> {
        let json = self.with_text(|workspace, out| {
            self.verify_actor_cookie_into(cookie, now, workspace, out)
        })?;
        Ok(value(json.as_bytes()).filter(|actor| *actor != Value::Null))
    }

    /// The same as JSON: the actor or `null`. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::verify_actor_cookie`]; `out` is then as it was.
    pub fn verify_actor_cookie_into(
        &self,
        cookie: &str,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut text = match self.unsign_text(cookie, ACTOR_NAMESPACE, workspace) {
            // What isn't signed is an anonymous visitor's, as JSON that says so.
            Err(Error::BadSignature(_)) => "{}".to_owned(),
            text => text?,
        };
        let mut payload = Payload::<2>::new();
        let place = |name: &[u8]| [b"a", b"e"].iter().position(|known| *known == name);
        payload.read(&mut text, place, workspace)?;
        let actor = match payload.member(0) {
            Some(actor) if !has_expired(payload.member(1), self.release.base62(), now)? => actor,
            _ => b"null",
        };
        payload.require_json(actor)?;
        out.extend_from_slice(actor);
        Ok(())
    }
}

/// Whether the `e` of a cookie is over. Datasette's `if expires_at:`, then base62 of
/// `str(expires_at)`.
fn has_expired(expires_at: Option<&[u8]>, base62: Base62, now: f64) -> Result<bool, TokenInvalid> {
    let expires_at = match expires_at {
        None | Some(b"[]" | b"{}") => return Ok(false),
        // `str()` of a container has characters that base62 lacks.
        Some([b'[' | b'{', ..]) => return Err(TokenInvalid::Malformed),
        Some(scalar) => value(scalar).filter(Value::is_true),
    };
    let Some(expires_at) = expires_at else { return Ok(false) };
    let timestamp = expires_at.to_python_str().and_then(|text| base62.decode(text.as_wtf8()));
    Ok(timestamp.ok_or(TokenInvalid::Malformed)?.is_less_than_f64(now))
}
