//! A token's contents and what is wrong with it. Datasette has no counterpart, and its users have
//! asked for one. It comes to the verdict that [`Datasette::verify_token`] comes to.

use super::PREFIX;
use super::claims::{Claims, place};
use super::pasted::{check_length, pasted};
use crate::itsdangerous::{BadSignature, load_payload};
use crate::payload::value;
use crate::{
    Allowlist, Datasette, Error, Feature, Integer, Str, TOKEN_NAMESPACE, TokenInvalid, Value,
    Workspace,
};

/// What there is to know about a token.
///
/// ```
/// use datasette_tokens::{Datasette, Secret, TokenRequest};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let token = datasette.create_token(&TokenRequest::new("ann"), 1000.0)?;
/// let inspection = datasette.inspect_token(&token, 1000.0)?;
/// assert_eq!(inspection.actor_id, Some("ann".into()));
/// assert_eq!(inspection.created, Some(1000.into()));
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "Value<'static>"))]
#[non_exhaustive]
pub struct Inspection {
    /// The payload, if it can be decoded and JSON can carry it.
    pub payload: Option<Value<'static>>,
    /// Whether the payload is compressed.
    pub compressed: bool,
    /// Whether and by which secret it is signed.
    pub signature: Signature,
    /// What `verify_token` would say.
    pub status: Status,
    /// What is wrong, if anything is.
    pub reason: Option<Error>,
    /// `a`, if JSON can carry it.
    pub actor_id: Option<Value<'static>>,
    /// `t`, in Unix seconds.
    pub created: Option<Integer>,
    /// The last second of validity (Unix seconds), after the cap of `max_signed_tokens_ttl`.
    pub expires: Option<Integer>,
    /// The restrictions of the token.
    pub restrictions: Restricted,
    /// Names in the restrictions that this Datasette doesn't know.
    pub unknown_actions: Vec<Str<'static>>,
}

/// The restrictions of a token.
///
/// ```
/// use datasette_tokens::{Datasette, Restricted, Secret, TokenRequest};
///
/// let datasette = Datasette::builder().secret(Secret::new("s".to_owned())?).build();
/// let token = datasette.create_token(&TokenRequest::new("ann"), 0.0)?;
/// assert_eq!(datasette.inspect_token(&token, 0.0)?.restrictions, Restricted::No);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restricted {
    /// To nothing: it may do whatever its actor may.
    No,
    /// There is an `_r`, but not of its shape: Datasette refuses or crashes.
    Malformed,
    /// To these actions, by their full names.
    To(Allowlist<'static>),
}

/// The result of checking a token's signature.
///
/// ```
/// use datasette_tokens::{Datasette, Signature};
///
/// let token = "dstok_e30.3Ej-Qm_enIP50cD4icGpb5S3Ny8";
/// let inspection = Datasette::default().inspect_token(token, 0.0)?;
/// assert_eq!(inspection.signature, Signature::Unchecked);
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// This secret made it, 0 being the newest.
    Valid(usize),
    /// None of the secrets made it, no secret can have made it, or there is none.
    Invalid,
    /// There is no secret to check it with.
    Unchecked,
}

/// Whether a token is valid. See the [crate's documentation](crate#inspecting) for an example.
///
/// ```
/// use datasette_tokens::{Datasette, Status};
///
/// let inspection = Datasette::default().inspect_token("not a token", 0.0)?;
/// assert_eq!(inspection.status, Status::Invalid);
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Datasette accepts it.
    Valid,
    /// Datasette would have accepted it before it expired.
    Expired,
    /// Datasette refuses it.
    Invalid,
    /// Nothing is wrong, but the signature could not be checked.
    Unchecked,
}

/// The same as a `dict`, as dstok's method `inspect_token` answers it.
impl From<Inspection> for Value<'static> {
    fn from(inspection: Inspection) -> Self {
        let (signature, secret) = match inspection.signature {
            Signature::Valid(secret) => ("valid", Some(secret as u64)),
            Signature::Invalid => ("invalid", None),
            Signature::Unchecked => ("unchecked", None),
        };
        let status = match inspection.status {
            Status::Valid => "valid",
            Status::Expired => "expired",
            Status::Invalid => "invalid",
            Status::Unchecked => "unchecked",
        };
        let restrictions = match inspection.restrictions {
            Restricted::To(allowlist) => Some(Value::from(allowlist)),
            Restricted::No | Restricted::Malformed => None,
        };
        let unknown_actions = inspection.unknown_actions.into_iter().map(Value::Str).collect();
        Value::from_iter([
            ("payload", inspection.payload.into()),
            ("compressed", inspection.compressed.into()),
            ("signature", signature.into()),
            ("secret", secret.into()),
            ("status", status.into()),
            ("reason", inspection.reason.map(|reason| reason.to_string()).into()),
            ("actor_id", inspection.actor_id.into()),
            ("created", inspection.created.into()),
            ("expires", inspection.expires.into()),
            ("restrictions", restrictions.into()),
            ("unknown_actions", Value::List(unknown_actions)),
        ])
    }
}

impl Datasette {
    /// Says what a token holds and whether it is valid at `now` (Unix seconds). Needs no secret;
    /// without one only the signature's length is checked, and the rest is.
    ///
    /// Judges what a person meant to paste: white space and quotes around the token are dropped,
    /// and so are `Authorization:` and `Bearer` before it.
    ///
    /// # Errors
    /// [`Error::NotSupported`] before 1.0a0.
    pub fn inspect_token(&self, token: &str, now: f64) -> Result<Inspection, Error> {
        self.pool.with(|workspace| self.inspect_token_with(token, now, workspace))
    }

    /// The same with a workspace of the caller's.
    ///
    /// # Errors
    /// As [`Datasette::inspect_token`].
    pub fn inspect_token_with(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
    ) -> Result<Inspection, Error> {
        self.release.require(Feature::ApiTokens)?;
        let token = pasted(token);
        let signed = token.strip_prefix(PREFIX).unwrap_or(token);
        let (signature, signature_error) = self.check_signature(signed);
        let encoded = signed.rsplit_once('.').map_or(signed, |(payload, _)| payload);
        let mut text = load_payload(workspace, encoded.as_bytes(), self.max_payload);
        let mut payload = Claims::new();
        let read = match &mut text {
            Ok(text) => payload.read(text, place, workspace),
            Err(error) => Err(*error),
        };
        let claims = read.map(|()| &payload);
        // What `verify_token` would find wrong first.
        let verdict = match (self.require_token(token), signature) {
            (Err(reason), _) => Err(reason.into()),
            (Ok(_), Signature::Invalid) => Err(signature_error.into()),
            _ => claims.map_err(Error::from).and_then(|claims| self.check_claims(claims, now)),
        };
        let status = match &verdict {
            Ok(_) if signature == Signature::Unchecked => Status::Unchecked,
            Ok(_) => Status::Valid,
            Err(Error::TokenInvalid(TokenInvalid::Expired)) => Status::Expired,
            Err(_) => Status::Invalid,
        };
        let claims = claims.ok();
        let restrictions = claims.and_then(|claims| self.restrictions_of(claims));
        let (restrictions, unknown_actions) = self.read_restrictions(restrictions);
        let lifetime = claims.and_then(|c| c.lifetime(self.settings.max_signed_tokens_ttl).ok());
        Ok(Inspection {
            payload: claims.and_then(|claims| value(claims.json()?)),
            compressed: encoded.starts_with('.'),
            signature,
            status,
            reason: verdict.err(),
            actor_id: claims
                .and_then(|c| value(c.actor_id().filter(|id| c.require_json(id).is_ok())?)),
            created: claims.and_then(Claims::created),
            expires: lifetime.and_then(|(created, duration)| Some(&created + &duration?)),
            restrictions,
            unknown_actions,
        })
    }

    /// The restrictions in the `_r` of a token, and the names in it that belong to no known action.
    fn read_restrictions(&self, json: Option<&[u8]>) -> (Restricted, Vec<Str<'static>>) {
        let Some(json) = json.filter(|json| *json != b"null") else {
            return (Restricted::No, Vec::new());
        };
        let Some(mut allowlist) = Allowlist::read(&value(json).unwrap_or_default()) else {
            return (Restricted::Malformed, Vec::new());
        };
        let unknown_actions = allowlist.expand_abbreviations(&self.actions);
        (Restricted::To(allowlist), unknown_actions)
    }

    /// The result, and for an invalid signature what is wrong with it.
    fn check_signature(&self, signed: &str) -> (Signature, TokenInvalid) {
        let (payload, signature) = signed.rsplit_once('.').unwrap_or_default();
        let length = check_length(signature, self.itsdangerous);
        // A compressed payload begins with a dot. If that is the only one, no signature follows.
        let error = length.err().filter(|_| !payload.is_empty()).unwrap_or(TokenInvalid::Signature);
        let result =
            match self.keyring.unsign(signed.as_bytes(), TOKEN_NAMESPACE, self.itsdangerous) {
                Ok((_, secret)) => Signature::Valid(secret),
                Err(BadSignature::NoSeparator) => {
                    return (Signature::Invalid, TokenInvalid::Signature);
                }
                Err(_) if self.keyring.is_empty() && length.is_ok() => Signature::Unchecked,
                Err(_) => Signature::Invalid,
            };
        (result, error)
    }
}
