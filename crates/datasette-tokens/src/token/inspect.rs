//! A token's contents and what is wrong with it. Datasette has no counterpart, and its users have
//! asked for one. It comes to the verdict that [`Datasette::verify_token`] comes to.

use super::PREFIX;
use super::claims::{Claims, place};
use super::pasted::{check_length, pasted};
use crate::itsdangerous::{BadSignature, load_payload};
use crate::payload::{as_str, value};
use crate::{
    Actions, Allowlist, Datasette, Error, Feature, FullNames, Integer, Str, TOKEN_NAMESPACE,
    TokenInvalid, Value, Workspace,
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
    json: String,
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

/// The result of verifying a token's signature.
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
    /// This secret made it. 0 is the newest: the current one, unless there are only old ones.
    Valid(usize),
    /// None of the secrets made it, no secret can have made it, or there is none.
    Invalid,
    /// There is no secret to verify it with.
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
    /// Nothing is wrong, but there is no secret to verify the signature with.
    Unchecked,
}

impl Inspection {
    /// The answer of dstok's method `inspect_token`, as JSON.
    pub fn to_json(&self) -> &str {
        &self.json
    }
}

#[cfg(feature = "serde")]
impl From<Inspection> for Value<'static> {
    fn from(inspection: Inspection) -> Self {
        value(inspection.json.as_bytes()).unwrap_or_default()
    }
}

impl Status {
    fn new<T>(verdict: &Result<T, Error>, signature: Signature) -> Self {
        match verdict {
            Ok(_) if signature == Signature::Unchecked => Self::Unchecked,
            Ok(_) => Self::Valid,
            Err(Error::TokenInvalid(TokenInvalid::Expired)) => Self::Expired,
            Err(_) => Self::Invalid,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
            Self::Unchecked => "unchecked",
        }
    }
}

/// What a token holds, as JSON in Python's spelling. Nothing is copied yet: a payload may be large.
struct Findings<'p> {
    payload: Option<&'p [u8]>,
    is_compressed: bool,
    signature: Signature,
    status: Status,
    reason: Option<Error>,
    actor_id: Option<&'p [u8]>,
    created: Option<Integer>,
    expires: Option<Integer>,
    restrictions: Option<&'p [u8]>,
}

impl Findings<'_> {
    /// Appends the answer of dstok's method `inspect_token`. Names of actions stay abbreviated if the
    /// restrictions would have more than `max_names` bytes otherwise; says whether that is so.
    fn write(&self, actions: &Actions, max_names: usize, out: &mut Vec<u8>) -> bool {
        let (signature, secret) = match self.signature {
            Signature::Valid(secret) => ("valid", Some(secret as u64)),
            Signature::Invalid => ("invalid", None),
            Signature::Unchecked => ("unchecked", None),
        };
        let mut member = |name: &str, json: Option<&[u8]>| {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(json.unwrap_or(b"null"));
        };
        let json = |value: Value<'_>| value.to_json().unwrap_or_default().into_bytes();
        let reason = self.reason.as_ref().map(Error::to_string);
        member(r#"{"payload":"#, self.payload);
        member(r#","compressed":"#, Some(&json(self.is_compressed.into())));
        member(r#","signature":"#, Some(&json(signature.into())));
        member(r#","secret":"#, Some(&json(secret.into())));
        member(r#","status":"#, Some(&json(self.status.name().into())));
        member(r#","reason":"#, Some(&json(reason.into())));
        member(r#","actor_id":"#, self.actor_id);
        member(r#","created":"#, Some(&json(self.created.clone().into())));
        member(r#","expires":"#, Some(&json(self.expires.clone().into())));
        member(r#","restrictions":"#, Some(b""));
        let start = out.len();
        let json = as_str(self.restrictions.unwrap_or(b"null"));
        let names = FullNames {
            tables: &[actions],
            every_meaning: false,
            absent: ["[]", "{}", "{}"],
            limit: max_names,
        };
        let unknown = names.write(json, out);
        let is_too_long = out.len() - start > max_names;
        if unknown.is_none() {
            out.truncate(start);
            // The names as they stand in the token say as much, to those who know them.
            let as_they_are = FullNames { tables: &[], limit: usize::MAX, ..names };
            if !is_too_long || as_they_are.write(json, out).is_none() {
                out.extend_from_slice(b"null");
            }
        }
        out.extend_from_slice(br#","unknown_actions":"#);
        out.extend_from_slice(unknown.as_deref().unwrap_or(b"[]"));
        out.push(b'}');
        is_too_long
    }

    fn to_inspection(&self, actions: &Actions) -> Inspection {
        let mut json = Vec::new();
        self.write(actions, usize::MAX, &mut json);
        let all = value(&json).unwrap_or_default();
        let restrictions = match all.get("restrictions").and_then(Allowlist::read_arguments) {
            _ if self.restrictions.is_none() => Restricted::No,
            Some(allowlist) => Restricted::To(allowlist),
            None => Restricted::Malformed,
        };
        let name = |name: &Value<'static>| match name {
            Value::Str(name) => Some(name.clone()),
            _ => None,
        };
        let unknown = match all.get("unknown_actions") {
            Some(Value::List(names)) => names.iter().filter_map(name).collect(),
            _ => Vec::new(),
        };
        Inspection {
            payload: self.payload.and_then(value),
            compressed: self.is_compressed,
            signature: self.signature,
            status: self.status,
            reason: self.reason.clone(),
            actor_id: self.actor_id.and_then(value),
            created: self.created.clone(),
            expires: self.expires.clone(),
            restrictions,
            unknown_actions: unknown,
            json: as_str(&json).to_owned(),
        }
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
        self.pool.with(|workspace| {
            let inspection = |findings: Findings<'_>| findings.to_inspection(&self.actions);
            self.with_findings(token, now, workspace, inspection)
        })
    }

    /// The same as JSON, see [`Inspection::to_json`]. Appends to `out`. Builds no tree. Actions stay
    /// abbreviated if full names make the restrictions more than eight times as long as a payload may
    /// be, which takes a table of long names.
    ///
    /// # Errors
    /// As [`Datasette::inspect_token`]; `out` is then as it was.
    pub fn inspect_token_into(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let max_names = workspace.max_payload(self.max_payload).saturating_mul(8);
        let is_too_long = self.with_findings(token, now, workspace, |findings| {
            findings.write(&self.actions, max_names, out)
        })?;
        if is_too_long {
            workspace.refuse(self.max_payload);
        }
        Ok(())
    }

    fn with_findings<T>(
        &self,
        token: &str,
        now: f64,
        workspace: &mut Workspace,
        finish: impl FnOnce(Findings<'_>) -> T,
    ) -> Result<T, Error> {
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
        let claims = claims.ok();
        let cap = self.settings.max_signed_tokens_ttl;
        let lifetime = claims.and_then(|claims| claims.lifetime(cap).ok());
        let actor_id = claims
            .and_then(|claims| claims.actor_id().filter(|id| claims.require_json(id).is_ok()));
        Ok(finish(Findings {
            payload: claims.and_then(Claims::json),
            is_compressed: encoded.starts_with('.'),
            signature,
            status: Status::new(&verdict, signature),
            reason: verdict.err(),
            actor_id,
            created: claims.and_then(Claims::created),
            expires: lifetime
                .and_then(|(created, duration)| Some(&created + &duration?))
                .filter(Integer::has_python_str),
            restrictions: claims.and_then(|claims| self.restrictions_of(claims)),
        }))
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
