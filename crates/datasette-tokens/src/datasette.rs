//! A configured Datasette, as far as signing goes.

use std::fmt;
use std::sync::Arc;

use crate::itsdangerous::{Keyring, Version};
use crate::{Actions, Flavour, Release, Secret, workspace::Pool};

/// What a payload may inflate to unless something else is chosen, in bytes.
pub const DEFAULT_MAX_PAYLOAD: usize = 64 << 20;

/// The settings that tokens depend on, named as Datasette names them.
///
/// ```
/// use datasette_tokens::{Datasette, Settings};
///
/// let settings = Settings { max_signed_tokens_ttl: 86_400, ..Settings::default() };
/// let datasette = Datasette::default().with_settings(settings);
/// assert!(datasette.settings().allow_signed_tokens);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `allow_signed_tokens`: whether there are signed tokens at all.
    pub allow_signed_tokens: bool,
    /// `max_signed_tokens_ttl`: the longest that a token is valid, in seconds; 0 for no limit.
    pub max_signed_tokens_ttl: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { allow_signed_tokens: true, max_signed_tokens_ttl: 0 }
    }
}

/// A Datasette instance: its release, secrets, settings and actions. The default has no secret and
/// the newest known release. See the [crate's documentation](crate) for more examples.
///
/// An instance never changes. The methods `with_…` make another one, which shares what stays.
///
/// ```
/// use datasette_tokens::itsdangerous::Version;
/// use datasette_tokens::{Actions, Datasette, Flavour, Secret};
///
/// let newest = Datasette::new(Secret::new("not a secret".to_owned())?);
/// let older = newest
///     .clone()
///     .with_release("1.0a20".parse()?)
///     .with_actions(Actions::from_json(r#"{"play": "pl"}"#)?)
///     .with_itsdangerous(Version::V1_1)
///     .with_zlib(Flavour::Zlib)
///     .with_max_payload(1 << 20);
/// assert_eq!(older.release().name(), "1.0a20");
/// assert_eq!(older.secrets(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Datasette {
    pub(crate) release: Release,
    pub(crate) actions: Arc<Actions>,
    /// Whether `actions` replace the built-in ones of whatever release is chosen.
    has_own_actions: bool,
    pub(crate) settings: Settings,
    pub(crate) itsdangerous: Version,
    pub(crate) zlib: Flavour,
    pub(crate) max_payload: usize,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) pool: Arc<Pool>,
}

impl Default for Datasette {
    fn default() -> Self {
        let release = Release::newest();
        Self {
            actions: Arc::new(Actions::built_in(&release)),
            release,
            has_own_actions: false,
            settings: Settings::default(),
            itsdangerous: Version::default(),
            zlib: Flavour::default(),
            max_payload: DEFAULT_MAX_PAYLOAD,
            keyring: Arc::default(),
            pool: Arc::default(),
        }
    }
}

impl Datasette {
    /// The newest known release, with a secret.
    pub fn new(secret: Secret) -> Self {
        Self::default().with_secrets(secret, [])
    }

    /// The same with other secrets: one that signs, and old ones, newest first, that verify and
    /// never sign. Without the first, signing fails.
    pub fn with_secrets(
        self,
        secret: impl Into<Option<Secret>>,
        old_secrets: impl IntoIterator<Item = Secret>,
    ) -> Self {
        Self { keyring: Arc::new(Keyring::new(secret, old_secrets)), ..self }
    }

    /// The same with another release. Its built-in actions come with it unless others were given.
    pub fn with_release(mut self, release: Release) -> Self {
        if !self.has_own_actions {
            self.actions = Arc::new(Actions::built_in(&release));
        }
        Self { release, ..self }
    }

    /// The same with these actions in place of the built-in ones of any release.
    pub fn with_actions(self, actions: Actions) -> Self {
        Self { actions: Arc::new(actions), has_own_actions: true, ..self }
    }

    /// The same with other settings.
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The same with the signatures of this release of itsdangerous accepted.
    pub fn with_itsdangerous(self, itsdangerous: Version) -> Self {
        Self { itsdangerous, ..self }
    }

    /// The same with another zlib, whose bytes compressed payloads carry: the one that your Python
    /// is linked with.
    pub fn with_zlib(self, zlib: Flavour) -> Self {
        Self { zlib, ..self }
    }

    /// The same with another limit on what a compressed payload may inflate to, in bytes.
    pub fn with_max_payload(self, max_payload: usize) -> Self {
        Self { max_payload, ..self }
    }

    /// The release that is reproduced.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// The actions, with their abbreviations.
    pub fn actions(&self) -> &Actions {
        &self.actions
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Whose signatures are accepted.
    pub fn itsdangerous(&self) -> Version {
        self.itsdangerous
    }

    /// Whose bytes compressed payloads carry.
    pub fn zlib(&self) -> Flavour {
        self.zlib
    }

    /// How many secrets there are.
    pub fn secrets(&self) -> usize {
        self.keyring.len()
    }
}

impl fmt::Debug for Datasette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datasette({}, {} secrets)", self.release, self.secrets())
    }
}
