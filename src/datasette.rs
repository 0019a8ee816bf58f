//! Layer 2: a configured Datasette, as far as signing goes.

mod actions;
mod cookie;
mod inspect;
mod release;
mod restrictions;
mod token;
mod verify;

use std::fmt;

pub use actions::{Actions, ActionsError};
pub use inspect::{Inspection, Restricted, Signature, Status};
pub use release::{CookieExpiry, Refusal, Release, ReleaseError, TokenFormat};
pub use restrictions::{Allowlist, ByName, Name, Names, NullList, Resource, Restrictions};
pub use token::{TOKEN_NAMESPACE, TOKEN_PREFIX, TokenRequest};
pub use verify::TokenInvalid;

use crate::itsdangerous::{BadPayload, BadSignature, Keyring, UrlSafe, Version};
use crate::pyjson::{Keys, NotJson, transcode};
use crate::zlib::Flavour;
use restrictions::Malformed;

/// Bytes of scratch space kept from one value to the next.
const KEPT_CAPACITY: usize = 1 << 20;

/// What a payload may inflate to unless something else is chosen, in bytes.
pub const DEFAULT_MAX_PAYLOAD: usize = 64 << 20;

/// The settings that tokens depend on, named as Datasette names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `allow_signed_tokens`: whether there are signed tokens at all.
    pub allow_signed_tokens: bool,
    /// `max_signed_tokens_ttl`: the longest that a token is valid, in seconds; 0: no limit.
    pub max_signed_tokens_ttl: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { allow_signed_tokens: true, max_signed_tokens_ttl: 0 }
    }
}

/// A Datasette instance: its release, its secrets, its settings and its actions.
#[derive(Default)]
pub struct Datasette {
    release: Release,
    actions: Actions,
    /// Whether `actions` replace the built-in ones of whatever release is chosen.
    actions_given: bool,
    /// The settings.
    pub settings: Settings,
    /// Whose signatures are accepted.
    pub itsdangerous: Version,
    /// Bytes that a payload may inflate to.
    pub max_payload: usize,
    keyring: Keyring,
    url_safe: UrlSafe,
    /// The JSON that is being signed.
    payload: Vec<u8>,
    /// Scratch space for restrictions.
    keys: Keys,
}

impl Datasette {
    /// A Datasette of the newest known release, without a secret.
    #[must_use]
    pub fn new() -> Self {
        let mut datasette = Self { max_payload: DEFAULT_MAX_PAYLOAD, ..Self::default() };
        datasette.set_release(Release::newest());
        datasette
    }

    /// A Datasette of its own with the same configuration, for another thread. The secrets are
    /// shared, not copied.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            release: self.release.clone(),
            actions: self.actions.clone(),
            keyring: self.keyring.fork(),
            url_safe: UrlSafe::new(self.zlib()),
            payload: Vec::new(),
            keys: Keys::default(),
            ..*self
        }
    }

    /// The release that is reproduced.
    #[must_use]
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// Chooses the release, and its built-in actions unless others were given.
    pub fn set_release(&mut self, release: Release) {
        if !self.actions_given {
            self.actions = Actions::built_in(&release);
        }
        self.release = release;
    }

    /// The actions, with their abbreviations.
    #[must_use]
    pub fn actions(&self) -> &Actions {
        &self.actions
    }

    /// Replaces the release's built-in actions.
    pub fn set_actions(&mut self, actions: Actions) {
        self.actions = actions;
        self.actions_given = true;
    }

    /// Whose bytes compressed payloads carry.
    #[must_use]
    pub fn zlib(&self) -> Flavour {
        self.url_safe.flavour
    }

    /// Chooses whose bytes compressed payloads carry.
    pub fn set_zlib(&mut self, flavour: Flavour) {
        self.url_safe.flavour = flavour;
    }

    /// Replaces the list of secrets.
    pub fn set_keyring(&mut self, keyring: Keyring) {
        self.keyring = keyring;
    }

    /// How many secrets there are.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.keyring.len()
    }

    /// Appends `datasette.sign(value, namespace)` for a value given as a JSON text.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that could not be signed, then [`Error::NoSecret`]; `out`
    /// is then as it was.
    pub fn sign(&mut self, value: &str, namespace: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        self.payload.clear();
        transcode(value, &mut self.payload).map_err(Param::Value.error())?;
        let signer = self.keyring.signer(namespace).ok_or(Error::NoSecret)?;
        self.url_safe.dumps(signer, &self.payload, out);
        Ok(())
    }

    /// Gives back what a rare large value took.
    pub fn shrink(&mut self) {
        self.payload.shrink_to(KEPT_CAPACITY);
        self.keys.shrink();
    }
}

/// The arguments of Datasette's functions that an [`Error`] may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is Datasette's argument of that name")]
pub enum Param {
    ActorId,
    Actor,
    ExpireAfter,
    RestrictAll,
    RestrictDatabase,
    RestrictResource,
    Value,
}

impl Param {
    /// The argument's name in Datasette.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ActorId => "actor_id",
            Self::Actor => "actor",
            Self::ExpireAfter => "expire_after",
            Self::RestrictAll => "restrict_all",
            Self::RestrictDatabase => "restrict_database",
            Self::RestrictResource => "restrict_resource",
            Self::Value => "value",
        }
    }

    fn error<E: Into<Malformed>>(self) -> impl Fn(E) -> Error {
        move |error| Error::Invalid {
            param: self,
            reason: match error.into() {
                Malformed::Json(error) => error.to_string(),
                Malformed::Shape(reason) => reason.to_owned(),
            },
        }
    }
}

/// Why Datasette would not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An argument that Datasette would turn into something it refuses itself, or crash on.
    Invalid {
        /// Which one.
        param: Param,
        /// What is wrong with it, to be read after its name.
        reason: String,
    },
    /// The selected release has no such thing.
    NotSupported(&'static str),
    /// There is no secret.
    NoSecret,
    /// itsdangerous' `BadSignature`.
    BadSignature(BadSignature),
    /// itsdangerous' `BadPayload`.
    BadPayload(BadPayload),
    /// The value holds an infinity or NaN, which JSON cannot carry.
    NotJson,
    /// Datasette's `TokenInvalid`.
    TokenInvalid(TokenInvalid),
    /// Datasette's `ValueError`: the setting `allow_signed_tokens` is off.
    SignedTokensDisabled,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { param, reason } => write!(f, "{} {reason}", param.name()),
            Self::NotSupported(what) => f.write_str(what),
            Self::NoSecret => f.write_str("no secret is configured"),
            Self::BadSignature(error) => error.fmt(f),
            Self::BadPayload(error) => error.fmt(f),
            Self::NotJson => {
                f.write_str("the value holds NaN or an infinity: JSON cannot carry it")
            }
            Self::TokenInvalid(reason) => f.write_str(reason.message()),
            // Datasette's own words.
            Self::SignedTokensDisabled => {
                f.write_str("Signed tokens are not enabled for this Datasette instance")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<BadSignature> for Error {
    fn from(error: BadSignature) -> Self {
        Self::BadSignature(error)
    }
}

impl From<BadPayload> for Error {
    fn from(error: BadPayload) -> Self {
        Self::BadPayload(error)
    }
}

impl From<NotJson> for Error {
    fn from(NotJson: NotJson) -> Self {
        Self::NotJson
    }
}

impl From<TokenInvalid> for Error {
    fn from(reason: TokenInvalid) -> Self {
        Self::TokenInvalid(reason)
    }
}
