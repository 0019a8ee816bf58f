//! Which release of itsdangerous is reproduced, as far as signatures go.

/// A release of itsdangerous, by what it accepts. Both sign with HMAC-SHA1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// The name by which options and methods know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_2 => "2.2",
            Self::V1_1 => "1.1",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// Whether a signature by HMAC-SHA512 is accepted too.
    #[must_use]
    pub(super) fn accepts_sha512(self) -> bool {
        self == Self::V1_1
    }
}
