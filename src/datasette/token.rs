//! API tokens. Upstream: `datasette/tokens.py`, before 1.0a25 `Datasette.create_token`.

use super::release::TokenFormat;
use super::{Datasette, Error, Param, Restrictions};
use crate::pyjson::{Integer, transcode, write_truncated};

/// What a token starts with.
pub const TOKEN_PREFIX: &str = "dstok_";

/// The namespace that API tokens are signed in.
pub const TOKEN_NAMESPACE: &str = "token";

/// The arguments of `datasette.create_token()`.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// `actor_id`: any value, as a JSON text.
    pub actor_id: &'a str,
    /// `expires_after`, in seconds. Zero means never, as in Datasette; a negative one is kept.
    pub expires_after: Option<Integer<'a>>,
    /// What the token may do; nothing given means everything.
    pub restrictions: Restrictions<'a>,
}

impl Datasette {
    /// Appends the token that `datasette.create_token()` returns at `now` (Unix seconds).
    ///
    /// Changed in 1.0a2: restrictions. Changed in 1.0a25: fails when `allow_signed_tokens` is
    /// off.
    ///
    /// # Errors
    /// [`Error::Invalid`] for arguments that could not be signed, then [`Error::NotSupported`],
    /// [`Error::NoSecret`] and [`Error::SignedTokensDisabled`]; `out` is then as it was.
    pub fn create_token(
        &mut self,
        request: &TokenRequest<'_>,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let restrictions = request.restrictions.without_empty();
        self.write_token_payload(request, &restrictions, now)?;
        self.require_tokens()?;
        if self.release.token_format() == TokenFormat::CommandLine && !restrictions.is_empty() {
            return Err(Error::NotSupported("tokens can be restricted from Datasette 1.0a2 on"));
        }
        let signer = self.keyring.signer(TOKEN_NAMESPACE).ok_or(Error::NoSecret)?;
        if self.release.create_token_obeys_setting() && !self.settings.allow_signed_tokens {
            return Err(Error::SignedTokensDisabled);
        }
        out.extend_from_slice(TOKEN_PREFIX.as_bytes());
        self.url_safe.dumps(signer, &self.payload, out);
        Ok(())
    }

    /// `{"a": actor_id, "t": int(time.time())[, "d": expires_after][, "_r": {…}]}`; 1.0a0 and
    /// 1.0a1 have `"token": "dstok"` after the first.
    fn write_token_payload(
        &mut self,
        request: &TokenRequest<'_>,
        restrictions: &Restrictions<'_>,
        now: f64,
    ) -> Result<(), Error> {
        let payload = &mut self.payload;
        payload.clear();
        payload.extend_from_slice(br#"{"a":"#);
        transcode(request.actor_id, payload).map_err(Param::ActorId.error())?;
        if self.release.token_format() == TokenFormat::CommandLine {
            payload.extend_from_slice(br#","token":"dstok""#);
        }
        payload.extend_from_slice(br#","t":"#);
        write_truncated(payload, now);
        if let Some(seconds) = request.expires_after.as_ref().filter(|n| !n.is_zero()) {
            payload.extend_from_slice(br#","d":"#);
            payload.extend_from_slice(seconds.as_str().as_bytes());
        }
        if !restrictions.is_empty() {
            payload.extend_from_slice(br#","_r":"#);
            restrictions.write(&self.actions, &mut self.keys, payload)?;
        }
        payload.push(b'}');
        Ok(())
    }

    /// The payload of the token that was made last, as JSON.
    #[must_use]
    pub fn last_payload(&self) -> &[u8] {
        &self.payload
    }
}
