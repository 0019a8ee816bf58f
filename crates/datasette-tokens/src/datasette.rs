//! A configured Datasette, as far as signing goes.

use std::fmt;
use std::sync::Arc;

use crate::itsdangerous::{Keyring, Version};
use crate::{Actions, Flavour, Release, Secret, workspace::Pool};

/// The default limit on the size of a payload's JSON, in bytes.
pub const DEFAULT_MAX_PAYLOAD: usize = 4 << 20;

/// The settings that tokens depend on, named as Datasette names them.
///
/// ```
/// use datasette_tokens::{Datasette, Settings};
///
/// let settings = Settings { max_signed_tokens_ttl: 86_400, ..Settings::default() };
/// let datasette = Datasette::builder().settings(settings).build();
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

/// A Datasette instance: its release, secrets, settings and actions. It never changes; a changed
/// one is [built anew](Datasette::to_builder) and shares what stays.
///
/// The default has no secret and the newest known release. See the [crate's documentation](crate)
/// for more examples.
///
/// ```
/// use datasette_tokens::{Datasette, Secret, Value};
///
/// let datasette = Datasette::builder().secret(Secret::new("not a secret".to_owned())?).build();
/// let signed = datasette.sign(&Value::from("a value"), "my-plugin")?;
/// assert_eq!(datasette.unsign(&signed, "my-plugin")?, Value::from("a value"));
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Clone)]
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
    /// Starts with the newest known release and no secret.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts with the configuration of this instance. What isn't changed is shared, not copied.
    ///
    /// ```
    /// use datasette_tokens::{Datasette, Secret};
    ///
    /// let secret = Secret::new("not a secret".to_owned())?;
    /// let newest = Datasette::builder().secret(secret).build();
    /// let older = newest.to_builder().release("1.0a20".parse()?).build();
    /// assert_eq!(older.secrets(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_builder(&self) -> Builder {
        Builder { datasette: self.clone(), ..Builder::default() }
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

    /// The zlib to reproduce, byte for byte, in compressed payloads.
    pub fn zlib(&self) -> Flavour {
        self.zlib
    }

    /// Whether there is a current secret. Without one, only old secrets verify.
    pub fn can_sign(&self) -> bool {
        self.keyring.can_sign()
    }

    /// How many secrets there are, old ones included.
    pub fn secrets(&self) -> usize {
        self.keyring.len()
    }

    /// The bytes of all secrets.
    pub fn secrets_size(&self) -> usize {
        self.keyring.size()
    }
}

impl fmt::Debug for Datasette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datasette")
            .field("release", &self.release.name())
            .field("secrets", &self.secrets())
            .finish_non_exhaustive()
    }
}

/// Collects the configuration of a [`Datasette`].
///
/// ```
/// use datasette_tokens::itsdangerous::Version;
/// use datasette_tokens::{Actions, Datasette, Flavour};
///
/// let datasette = Datasette::builder()
///     .release("1.0a20".parse()?)
///     .actions(Actions::from_json(r#"{"play": "pl"}"#)?)
///     .itsdangerous(Version::V1_1)
///     .zlib(Flavour::Zlib)
///     .max_payload(1 << 20)
///     .build();
/// assert_eq!(datasette.release().name(), "1.0a20");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct Builder {
    datasette: Datasette,
    secret: Option<Secret>,
    old_secrets: Option<Vec<Secret>>,
}

impl Builder {
    /// The secret that signs. It replaces all secrets of the instance that the builder started
    /// with.
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Secrets that verify and never sign, newest first. They replace the old secrets of the
    /// instance that the builder started with. Its current secret stays unless another is given.
    pub fn old_secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.old_secrets = Some(secrets.into_iter().collect());
        self
    }

    /// The release to reproduce. Its built-in actions come with it unless others were given.
    pub fn release(mut self, release: Release) -> Self {
        if !self.datasette.has_own_actions {
            self.datasette.actions = Arc::new(Actions::built_in(&release));
        }
        self.datasette.release = release;
        self
    }

    /// Actions in place of the built-in ones of any release.
    pub fn actions(mut self, actions: Actions) -> Self {
        self.datasette.actions = Arc::new(actions);
        self.datasette.has_own_actions = true;
        self
    }

    /// The settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.datasette.settings = settings;
        self
    }

    /// Whose signatures are accepted.
    pub fn itsdangerous(mut self, version: Version) -> Self {
        self.datasette.itsdangerous = version;
        self
    }

    /// The zlib to reproduce, byte for byte, in compressed payloads. Choose the one your Python links.
    pub fn zlib(mut self, flavour: Flavour) -> Self {
        self.datasette.zlib = flavour;
        self
    }

    /// The most bytes that the JSON of a payload may have, of one that is signed or that is read.
    /// Without the feature `libz`, at most 65,273 bytes are signed with [`Flavour::Zlib`].
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.datasette.max_payload = bytes;
        self
    }

    /// The finished instance.
    #[must_use]
    pub fn build(mut self) -> Datasette {
        let keyring = match (self.secret, self.old_secrets) {
            (None, None) => return self.datasette,
            (None, Some(old)) => self.datasette.keyring.with_old_secrets(old),
            (secret, old) => Keyring::new(secret, old.unwrap_or_default()),
        };
        self.datasette.keyring = Arc::new(keyring);
        self.datasette
    }
}
