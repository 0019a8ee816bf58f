//! What each release of Datasette does differently, as data. Nothing else compares versions.
//!
//! `scripts/generate_pages` puts each paragraph that begins with `Changed in` into
//! `docs/reference/releases.md`.

use std::{fmt, str::FromStr};

use crate::base62::Base62;
use crate::version::parse_version;

/// The newest release whose behaviour is known, as an alpha of 1.0.
const NEWEST_ALPHA: u32 = 41;

/// The oldest release with `datasette.sign`.
///
/// Changed in 0.44: `datasette.sign()` and `datasette.unsign()` exist, and `ds_actor` cookies are
/// signed.
const OLDEST: (u32, u32) = (0, 44);

/// The releases before 1.0 that sign values. Each was asked for the answers in `compat-fixtures/`.
const BEFORE_1_0: &str = "
    0.44 0.45a0 0.45a1 0.45a2 0.45a3 0.45a4 0.45a5 0.45 0.46 0.47 0.47.1 0.47.2 0.47.3 0.48
    0.49a0 0.49a1 0.49 0.49.1 0.50a0 0.50a1 0.50 0.50.1 0.50.2 0.51a0 0.51a1 0.51a2 0.51
    0.51.1 0.52 0.52.1 0.52.2 0.52.3 0.52.4 0.52.5 0.53 0.54a0 0.54 0.54.1 0.55 0.56 0.56.1
    0.57a0 0.57a1 0.57 0.57.1 0.58a0 0.58a1 0.58 0.58.1 0.59a0 0.59a1 0.59a2 0.59 0.59.1
    0.59.2 0.59.3 0.59.4 0.60a0 0.60a1 0.60 0.60.1 0.60.2 0.61a0 0.61 0.61.1 0.62a0 0.62a1
    0.62 0.63a0 0.63a1 0.63 0.63.1 0.63.2 0.63.3 0.64 0.64.1 0.64.2 0.64.3 0.64.4 0.64.5
    0.64.6 0.64.7 0.64.8 0.65 0.65.1 0.65.2 0.65.3 0.65.4 0.65.5";

/// The first release with its own base62 instead of the package python-baseconv.
///
/// Changed in 0.62a0: the expiry in a cookie is base62 with the alphabet `A-Z0-9a-z`, no longer
/// `0-9A-Za-z`.
const OWN_BASE62: (u32, u32) = (0, 62);

/// The built-in actions: the alpha of 1.0 that added each, its name, its abbreviation, and whether
/// its resources are tables or views, Datasette's `TableResource`. No release has changed or removed
/// one.
const ACTIONS: [(u32, &str, &str, bool); 21] = [
    (2, "view-instance", "vi", false),
    (2, "view-database", "vd", false),
    (2, "view-database-download", "vdd", false),
    (2, "view-table", "vt", true),
    (2, "view-query", "vq", false),
    (2, "execute-sql", "es", false),
    (2, "permissions-debug", "pd", false),
    (2, "debug-menu", "dm", false),
    (2, "insert-row", "ir", true),
    (2, "delete-row", "dr", true),
    (2, "update-row", "ur", true),
    (2, "create-table", "ct", false),
    (2, "drop-table", "dt", true),
    (9, "alter-table", "at", true),
    (26, "set-column-type", "sct", true),
    (31, "execute-write-sql", "ews", false),
    (31, "store-query", "sq", false),
    (31, "update-query", "uq", false),
    (31, "delete-query", "dq", false),
    (36, "create-view", "cv", false),
    (36, "drop-view", "dv", true),
];

/// What some releases have and older ones don't.
///
/// ```
/// use datasette_tokens::{Feature, Release};
///
/// let release: Release = "0.65.5".parse()?;
/// assert!(!release.has(Feature::ApiTokens));
/// # Ok::<(), datasette_tokens::ReleaseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// API tokens.
    ///
    /// Changed in 1.0a0: there are signed API tokens, and the command `datasette create-token`.
    ApiTokens,
    /// Tokens with restrictions, `_r`.
    ///
    /// Changed in 1.0a2: tokens can be restricted, also by the options of `create-token`.
    TokenRestrictions,
    /// `restrictions_allow_action` that matches names exactly. From 1.0a5 to 1.0a19 Datasette has a
    /// function of that name with implied permissions, which isn't reproduced.
    ///
    /// Changed in 1.0a20: `restrictions_allow_action` matches names exactly. dstok answers it, and
    /// `token_allows_action`, from this release on.
    RestrictionsAllowAction,
    /// The command `datasette create-token`.
    CreateTokenCommand,
    /// The options `--all`, `--database` and `--resource` of that command.
    CreateTokenRestrictions,
}

impl Feature {
    /// The alpha of 1.0 that added the feature, and the words around it in the message for older
    /// releases.
    const fn data(self) -> (u32, &'static str, &'static str) {
        match self {
            Self::ApiTokens => (0, "API tokens need", ""),
            Self::TokenRestrictions => (2, "restrictions need", ""),
            Self::RestrictionsAllowAction => {
                (20, "restrictions_allow_action and token_allows_action need", "")
            }
            Self::CreateTokenCommand => {
                (0, "create-token needs", "; choose another --datasette-version")
            }
            Self::CreateTokenRestrictions => (2, "--all, --database and --resource need", ""),
        }
    }
}

/// A release of Datasette.
///
/// ```
/// use datasette_tokens::Release;
///
/// let release: Release = "1.0a36".parse()?;
/// assert!(release.is_known() && release.raises_token_invalid());
/// assert!("0.43".parse::<Release>().is_err());
/// # Ok::<(), datasette_tokens::ReleaseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    name: String,
    /// The alpha of 1.0 whose behaviour it has; `None` before 1.0.
    alpha: Option<u32>,
    base62: Base62,
    is_known: bool,
}

/// Reads a version as Python spells it: `0.65.5`, `1.0a41`. A release newer than the newest known
/// one is treated as that one: see [`Release::is_known`]. Older ones must exist.
impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let version = parse_version(text).ok_or(ReleaseError::NotAVersion)?;
        let numbers = version.first_two_numbers();
        if numbers < OLDEST {
            return Err(ReleaseError::TooOld);
        }
        match version.alpha_of_1_0().filter(|&number| number <= NEWEST_ALPHA) {
            None if numbers >= (1, 0) => {
                Ok(Self { name: text.trim().to_owned(), is_known: false, ..Self::newest() })
            }
            _ if !version.is_plain => Err(ReleaseError::Unknown),
            Some(number) => Ok(Self::alpha(number)),
            None => Self::before_1_0(version.to_string(), numbers),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Release {
    /// The newest release that this crate knows.
    pub fn newest() -> Self {
        Self::alpha(NEWEST_ALPHA)
    }

    /// Every release that this crate knows, oldest first.
    ///
    /// ```
    /// use datasette_tokens::Release;
    ///
    /// let names: Vec<_> = Release::all().map(|release| release.name().to_owned()).collect();
    /// assert_eq!((&*names[0], &*names[names.len() - 1]), ("0.44", "1.0a41"));
    /// ```
    pub fn all() -> impl Iterator<Item = Self> {
        let before = BEFORE_1_0.split_whitespace().filter_map(|name| name.parse().ok());
        before.chain((0..=NEWEST_ALPHA).map(Self::alpha))
    }

    fn alpha(number: u32) -> Self {
        let name = format!("1.0a{number}");
        Self { name, alpha: Some(number), base62: Base62::Datasette, is_known: true }
    }

    fn before_1_0(name: String, numbers: (u32, u32)) -> Result<Self, ReleaseError> {
        if BEFORE_1_0.split_whitespace().all(|known| known != name) {
            return Err(ReleaseError::Unknown);
        }
        let base62 = if numbers < OWN_BASE62 { Base62::Baseconv } else { Base62::Datasette };
        Ok(Self { name, alpha: None, base62, is_known: true })
    }

    /// The version. For a release that this crate doesn't know, the text it was parsed from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this crate knows the release. Otherwise it has the behaviour of the newest known one.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    fn is_since(&self, alpha: u32) -> bool {
        self.alpha >= Some(alpha)
    }

    /// Whether the release has a feature.
    pub fn has(&self, feature: Feature) -> bool {
        self.is_since(feature.data().0)
    }

    /// The same as an error with a message.
    ///
    /// # Errors
    /// [`NotSupported`].
    pub fn require(&self, feature: Feature) -> Result<(), NotSupported> {
        if self.has(feature) { Ok(()) } else { Err(NotSupported(feature)) }
    }

    /// Whether a token's payload has `"token":"dstok"`, as in 1.0a0 and 1.0a1.
    ///
    /// Changed in 1.0a2: a payload no longer has `"token":"dstok"`.
    pub(crate) fn names_token_in_payload(&self) -> bool {
        !self.is_since(2)
    }

    /// Whether creating a token fails when the setting `allow_signed_tokens` is off.
    ///
    /// Changed in 1.0a25: with the setting `allow_signed_tokens` off, `create_token` fails.
    pub(crate) fn create_token_obeys_setting(&self) -> bool {
        self.is_since(25)
    }

    /// Whether an invalid token raises `TokenInvalid`. Before, `verify_token` returned `None`, as
    /// for a visitor without a token.
    ///
    /// Changed in 1.0a36: an invalid token is an error (`TokenInvalid`, status 401). Before, it
    /// counted as no token.
    pub fn raises_token_invalid(&self) -> bool {
        self.is_since(36)
    }

    /// Whether `restrictions_allow_action` matches names of tables whatever their ASCII case, and
    /// fails on null in place of the list of a resource.
    ///
    /// Changed in 1.0a39: the ASCII case of a table's name doesn't matter for actions on tables
    /// (`Action.normalize_child`). A restriction with null in place of a list is an error.
    pub(crate) fn normalizes_children(&self) -> bool {
        self.is_since(39)
    }

    /// Whether an actor cookie made with an `expire_after` ends after a day, whatever was asked for.
    ///
    /// Changed in 1.0a17: a cookie made with any `expire_after` except 0 ends after a day.
    ///
    /// Changed in 1.0a39: a cookie ends when `expire_after` says.
    pub(crate) fn ends_cookies_after_a_day(&self) -> bool {
        self.is_since(17) && !self.is_since(39)
    }

    /// The base62 in which cookies say when they expire.
    pub(crate) fn base62(&self) -> Base62 {
        self.base62
    }

    /// The built-in actions: name and abbreviation.
    pub fn actions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let known = ACTIONS.iter().filter(|(since, ..)| self.is_since(*since));
        known.map(|&(_, name, abbreviation, _)| (name, abbreviation))
    }

    /// Whether the resources of a built-in action are tables, in every release that has it.
    pub(crate) fn is_table_action(name: &str) -> bool {
        ACTIONS.iter().any(|&(_, known, _, is_on_tables)| known == name && is_on_tables)
    }
}

/// The chosen release doesn't have a feature.
///
/// ```
/// use datasette_tokens::{Feature, Release};
///
/// let release: Release = "0.65.5".parse()?;
/// let error = release.require(Feature::ApiTokens).unwrap_err();
/// assert!(error.to_string().contains("need Datasette 1.0a0 or newer"), "{error}");
/// # Ok::<(), datasette_tokens::ReleaseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSupported(
    /// What is missing.
    pub Feature,
);

impl fmt::Display for NotSupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (since, what, advice) = self.0.data();
        write!(f, "{what} Datasette 1.0a{since} or newer{advice}")
    }
}

impl std::error::Error for NotSupported {}

/// Why a release can't be reproduced. Reads after the name of what is wrong:
/// `datasette_version is too old: …`.
///
/// ```
/// use datasette_tokens::{Release, ReleaseError};
///
/// assert_eq!("0.43".parse::<Release>().unwrap_err(), ReleaseError::TooOld);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The text isn't a version.
    NotAVersion,
    /// Older than 0.44, the first release with `datasette.sign`.
    TooOld,
    /// Older than the newest known release, but no such release exists.
    Unknown,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAVersion => "is not a release of Datasette, such as 1.0a41 or 0.65.5",
            Self::TooOld => "is too old: Datasette signs values from 0.44 on",
            Self::Unknown => {
                "is not a known release of Datasette; dstok knows 0.44 to 0.65.5 and 1.0a0 to \
                 1.0a41"
            }
        })
    }
}

impl std::error::Error for ReleaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_abbreviation_has_two_meanings() {
        // Neither in one release nor in two, so a table of another release can't mislead.
        let names = ACTIONS.iter().flat_map(|&(_, name, abbreviation, _)| [name, abbreviation]);
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2 * ACTIONS.len());
    }

    #[test]
    fn versions_are_told_apart() {
        for (text, alpha, is_known) in [
            ("1.0a0", Some(0), true),
            ("1.0a41", Some(41), true),
            (" v1.0.alpha-7 ", Some(7), true),
            ("1.0.0a9", Some(9), true),
            ("0.44", None, true),
            ("0.65.5", None, true),
            ("0.45a5", None, true),
            ("v0.63.alpha1", None, true),
            ("0.61.1.0", None, true),
            ("0.65.5+local.1", None, true),
            ("1.0a3+local", Some(3), true),
            ("1.0a42", Some(41), false),
            ("1.0b1", Some(41), false),
            ("1.0rc1", Some(41), false),
            ("1.0", Some(41), false),
            ("1", Some(41), false),
            ("1.0.1a3", Some(41), false),
            ("2.3.post1", Some(41), false),
        ] {
            let release: Release = text.parse().unwrap();
            assert_eq!((release.alpha, release.is_known), (alpha, is_known), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "banana",
            "",
            "1.0x",
            "1..0",
            ".1",
            "1.0a1a2",
            "1.0a-b",
            "99999999999999",
            "1.0+",
            "١.٠",
        ] {
            assert_eq!(text.parse::<Release>(), Err(ReleaseError::NotAVersion), "{text}");
        }
        for text in [
            "0.44a0",
            "0.44.1",
            "0.44.post1",
            "0.45a6",
            "0.45b1",
            "0.64a1",
            "0.65.6",
            "0.66",
            "0.99",
            "0.65.5.dev1",
            "0.65.5.0.1",
            "1.0a3.post1",
            "1.0a41.dev0",
        ] {
            assert_eq!(text.parse::<Release>(), Err(ReleaseError::Unknown), "{text}");
        }
        for text in ["0.43", "0.8", "0.0.1"] {
            assert_eq!(text.parse::<Release>(), Err(ReleaseError::TooOld), "{text}");
        }
    }
}
