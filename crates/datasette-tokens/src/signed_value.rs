//! Any value, signed. Upstream: `Datasette.sign` and `Datasette.unsign`.

use pyjson::{loads, transcode};
use pyzlib::Compressor;

use crate::error::{Error, InvalidArgument, Problem};
use crate::itsdangerous::{BadPayload, dump_payload, load_payload};
use crate::{Datasette, Value, Workspace, payload::Payload};

impl Datasette {
    /// `datasette.sign(value, namespace)`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a value that UTF-8 or JSON can't carry, then
    /// [`Error::NoSecret`].
    pub fn sign(&self, value: &Value<'_>, namespace: &str) -> Result<String, Error> {
        let json = value_json(value, "value")?;
        self.with_text(|workspace, out| self.sign_into(&json, namespace, workspace, out))
    }

    /// The same for a value given as a JSON text. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::sign`], and [`Error::InvalidArgument`] for what isn't JSON; `out` is then as
    /// it was.
    pub fn sign_into(
        &self,
        value: &str,
        namespace: &str,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        workspace.payload.clear();
        push_json(&mut workspace.payload, value, "value")?;
        self.check_payload(|| "value", workspace)?;
        self.sign_payload(namespace, workspace, out)
    }

    /// Checks the size of the payload of the workspace. `argument` is the largest that it is made of.
    pub(crate) fn check_payload(
        &self,
        argument: impl FnOnce() -> &'static str,
        workspace: &mut Workspace,
    ) -> Result<(), InvalidArgument> {
        let limit = self.max_payload.min(Compressor::max_data(self.zlib));
        if workspace.allows(workspace.payload.len(), limit) {
            return Ok(());
        }
        let problem = Problem::TooLarge { limit };
        Err(InvalidArgument { argument: argument(), problem })
    }

    /// Appends the signed payload of the workspace.
    pub(crate) fn sign_payload(
        &self,
        namespace: &str,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if !self.keyring.can_sign() {
            return Err(Error::NoSecret);
        }
        let start = out.len();
        dump_payload(workspace, self.zlib, out);
        self.keyring.sign(namespace, out, start);
        Ok(())
    }

    /// `datasette.unsign(signed, namespace)`.
    ///
    /// # Errors
    /// [`Error::NoSecret`], [`Error::BadSignature`], [`Error::BadPayload`].
    pub fn unsign(&self, signed: &str, namespace: &str) -> Result<Value<'static>, Error> {
        self.pool.with(|workspace| {
            let text = self.unsign_text(signed, namespace, workspace)?;
            Ok(loads(&text).map_err(BadPayload::from)?.into_owned())
        })
    }

    /// The same as JSON, in Python's spelling. Appends to `out`.
    ///
    /// # Errors
    /// As [`Datasette::unsign`], and [`Error::NotJson`]; `out` is then as it was.
    pub fn unsign_into(
        &self,
        signed: &str,
        namespace: &str,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut text = self.unsign_text(signed, namespace, workspace)?;
        let mut value = Payload::<0>::new();
        value.read(&mut text, |_| None, workspace)?;
        out.extend_from_slice(value.json().ok_or(Error::NotJson)?);
        Ok(())
    }

    /// The JSON text that was signed, as it was spelled.
    pub(crate) fn unsign_text(
        &self,
        signed: &str,
        namespace: &str,
        workspace: &mut Workspace,
    ) -> Result<String, Error> {
        if self.keyring.is_empty() {
            return Err(Error::NoSecret);
        }
        let (payload, _) = self.keyring.unsign(signed.as_bytes(), namespace, self.itsdangerous)?;
        Ok(load_payload(workspace, payload, self.max_payload)?)
    }

    /// Gives `write` a workspace and a buffer, and takes the text that it has written.
    pub(crate) fn with_text(
        &self,
        write: impl FnOnce(&mut Workspace, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<String, Error> {
        let mut out = Vec::new();
        self.pool.with(|workspace| write(workspace, &mut out))?;
        // Signed values are ASCII, and JSON is UTF-8.
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

/// The JSON of an argument, in which a lone surrogate stays an escape and is refused later.
pub(crate) fn value_json(value: &Value<'_>, argument: &'static str) -> Result<String, Error> {
    value.to_json().map_err(|_| {
        let problem = Problem::Value("holds NaN or an infinity, which JSON cannot carry");
        InvalidArgument { argument, problem }.into()
    })
}

/// Appends a JSON text to a payload, in Python's spelling.
pub(crate) fn push_json(
    payload: &mut Vec<u8>,
    json: &str,
    argument: &'static str,
) -> Result<(), InvalidArgument> {
    transcode(json, payload).map_err(|error| InvalidArgument { argument, problem: error.into() })
}
