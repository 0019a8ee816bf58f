//! Which release of itsdangerous is reproduced, as far as signatures go.

/// A release of itsdangerous, by the signatures it accepts. Both sign with HMAC-SHA1.
///
/// ```
/// use datasette_tokens::itsdangerous::Version;
///
/// assert_eq!(Version::from_name("1.1"), Some(Version::V1_1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// 2.x: HMAC-SHA1.
    #[default]
    V2_2,
    /// 1.1.0: HMAC-SHA1, then HMAC-SHA512 by its `default_fallback_signers`.
    V1_1,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V2_2, Self::V1_1];

    /// The name in options and configuration: `2.2` or `1.1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_2 => "2.2",
            Self::V1_1 => "1.1",
        }
    }

    /// The version with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}
