//! What each release of Datasette does differently, as data. Nobody else compares versions.

use std::fmt;

/// The first release whose tokens are reproduced, as an alpha of 1.0.
const NEWEST_ALPHA: u32 = 41;

/// The oldest release with `datasette.sign`.
const OLDEST: (u32, u32) = (0, 44);

/// The built-in actions: the alpha of 1.0 that brought each, its name, its abbreviation. None
/// was ever changed or removed.
const ACTIONS: [(u32, &str, &str); 21] = [
    (2, "view-instance", "vi"),
    (2, "view-database", "vd"),
    (2, "view-database-download", "vdd"),
    (2, "view-table", "vt"),
    (2, "view-query", "vq"),
    (2, "execute-sql", "es"),
    (2, "permissions-debug", "pd"),
    (2, "debug-menu", "dm"),
    (2, "insert-row", "ir"),
    (2, "delete-row", "dr"),
    (2, "update-row", "ur"),
    (2, "create-table", "ct"),
    (2, "drop-table", "dt"),
    (9, "alter-table", "at"),
    (26, "set-column-type", "sct"),
    (31, "execute-write-sql", "ews"),
    (31, "store-query", "sq"),
    (31, "update-query", "uq"),
    (31, "delete-query", "dq"),
    (36, "create-view", "cv"),
    (36, "drop-view", "dv"),
];

/// The built-in actions whose resources are tables or views, Datasette's `TableResource`.
const TABLE_ACTIONS: [&str; 8] = [
    "view-table",
    "insert-row",
    "delete-row",
    "update-row",
    "alter-table",
    "set-column-type",
    "drop-table",
    "drop-view",
];

/// Which API tokens a release makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// None: before 1.0.
    None,
    /// 1.0a0 and 1.0a1: from the command line only, with `"token":"dstok"` inside and without
    /// restrictions.
    CommandLine,
    /// From 1.0a2: `a`, `t`, `d` and `_r`.
    Restrictable,
}

/// When a `ds_actor` cookie made with an `expire_after` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieExpiry {
    /// After that many seconds: by the documented recipe before 1.0a17, by
    /// `datasette.set_actor_cookie` from 1.0a39.
    AsAsked,
    /// After a day, whatever was asked: 1.0a17 to 1.0a38.
    OneDay,
}

/// How a release refuses an invalid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `None`, as for a visitor without a token.
    None,
    /// `TokenInvalid`, with a message.
    Raise,
}

/// A release of Datasette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    name: String,
    /// The alpha of 1.0 whose behaviour it has; `None` before 1.0.
    alpha: Option<u32>,
    known: bool,
}

impl Default for Release {
    fn default() -> Self {
        Self::newest()
    }
}

impl Release {
    /// The newest release that this dstok knows.
    #[must_use]
    pub fn newest() -> Self {
        Self::alpha(NEWEST_ALPHA)
    }

    fn alpha(number: u32) -> Self {
        Self { name: format!("1.0a{number}"), alpha: Some(number), known: true }
    }

    /// Reads a version as Python spells it: `0.65.5`, `1.0a41`. A release newer than the newest
    /// known is treated as that one.
    ///
    /// # Errors
    /// [`ReleaseError`] for a text that is no version, and for a release older than 0.44.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        let version = Version::parse(text).ok_or(ReleaseError::NotAVersion)?;
        let name = text.trim().to_owned();
        if version.release < OLDEST {
            return Err(ReleaseError::TooOld);
        }
        if version.release < (1, 0) {
            return Ok(Self { name, alpha: None, known: true });
        }
        match version.alpha_of_1_0 {
            Some(number) if number <= NEWEST_ALPHA => Ok(Self::alpha(number)),
            _ => Ok(Self { name, alpha: Some(NEWEST_ALPHA), known: false }),
        }
    }

    /// The version, as it was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this dstok knows the release; otherwise it has the newest known one's behaviour.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Which API tokens it makes.
    ///
    /// Changed in 1.0a0: `datasette create-token`. Changed in 1.0a2: `datasette.create_token()`
    /// and restrictions.
    #[must_use]
    pub fn token_format(&self) -> TokenFormat {
        match self.alpha {
            None => TokenFormat::None,
            Some(0 | 1) => TokenFormat::CommandLine,
            Some(_) => TokenFormat::Restrictable,
        }
    }

    /// Whether `create_token` obeys the setting `allow_signed_tokens`.
    ///
    /// Changed in 1.0a25: it raises `ValueError` when the setting is off.
    #[must_use]
    pub fn create_token_obeys_setting(&self) -> bool {
        self.alpha >= Some(25)
    }

    /// How it refuses an invalid token.
    ///
    /// Changed in 1.0a36: `TokenInvalid`.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        if self.alpha >= Some(36) { Refusal::Raise } else { Refusal::None }
    }

    /// Whether there is `restrictions_allow_action` with exact matching, from 1.0a20 on.
    #[must_use]
    pub fn has_restrictions_allow_action(&self) -> bool {
        self.alpha >= Some(20)
    }

    /// Whether names of tables match whatever their ASCII case.
    ///
    /// Changed in 1.0a39: `Action.normalize_child`.
    #[must_use]
    pub fn folds_table_names(&self) -> bool {
        self.alpha >= Some(39)
    }

    /// Whether `restrictions_allow_action` fails on null in place of the list of a resource.
    ///
    /// Changed in 1.0a39: it asserts that there is a list.
    #[must_use]
    pub fn refuses_null_lists(&self) -> bool {
        self.alpha >= Some(39)
    }

    /// Whether a built-in action is one on tables, in every release that has it.
    #[must_use]
    pub(super) fn is_on_tables(action: &str) -> bool {
        TABLE_ACTIONS.contains(&action)
    }

    /// When its actor cookies end.
    #[must_use]
    pub fn cookie_expiry(&self) -> CookieExpiry {
        match self.alpha {
            Some(17..=38) => CookieExpiry::OneDay,
            _ => CookieExpiry::AsAsked,
        }
    }

    /// Its built-in actions: name and abbreviation.
    pub fn actions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let alpha = self.alpha;
        ACTIONS
            .into_iter()
            .filter(move |(since, ..)| alpha >= Some(*since))
            .map(|(_, name, abbr)| (name, abbr))
    }
}

/// A version by PEP 440, as far as Datasette's go.
struct Version {
    /// The first two numbers of the release.
    release: (u32, u32),
    /// N for 1.0aN.
    alpha_of_1_0: Option<u32>,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let numbers_end =
            text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, suffix) = text.split_at(numbers_end);
        let dotted_suffix = numbers.ends_with('.') && !suffix.is_empty();
        let numbers = if dotted_suffix { &numbers[..numbers.len() - 1] } else { numbers };
        let numbers: Vec<u32> =
            numbers.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let release = (*numbers.first()?, numbers.get(1).copied().unwrap_or(0));
        let is_1_0 = release == (1, 0) && numbers.iter().skip(2).all(|&n| n == 0);
        let pre = Suffix::parse(suffix)?;
        let alpha_of_1_0 = pre.alpha.filter(|_| is_1_0);
        Some(Self { release, alpha_of_1_0 })
    }
}

/// What may follow the numbers of a version.
struct Suffix {
    alpha: Option<u32>,
}

impl Suffix {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut alpha = None;
        let mut last = 0;
        while !rest.is_empty() {
            if let Some(local) = rest.strip_prefix('+') {
                let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                return (!local.is_empty() && local.chars().all(valid)).then_some(Self { alpha });
            }
            rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            let tail = tail.strip_prefix(['.', '-', '_']).unwrap_or(tail);
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let (number, tail) = tail.split_at(end);
            let number = if number.is_empty() { 0 } else { number.parse().ok()? };
            // PEP 440 has them in this order, each at most once.
            let place = match word {
                "a" | "alpha" | "b" | "beta" | "c" | "rc" | "pre" | "preview" => 1,
                "post" | "rev" | "r" => 2,
                "dev" => 3,
                _ => return None,
            };
            if place <= last {
                return None;
            }
            last = place;
            if matches!(word, "a" | "alpha") {
                alpha = Some(number);
            }
            rest = tail;
        }
        Some(Self { alpha })
    }
}

/// Why a release cannot be reproduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseError {
    /// The text is no version.
    NotAVersion,
    /// Older than 0.44, the first release with `datasette.sign`.
    TooOld,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAVersion => "is not a version of Datasette, such as 1.0a41 or 0.65.5",
            Self::TooOld => "is too old: Datasette signs values since 0.44",
        })
    }
}

impl std::error::Error for ReleaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for (text, alpha, known) in [
            ("1.0a0", Some(0), true),
            ("1.0a41", Some(41), true),
            (" v1.0.alpha-7 ", Some(7), true),
            ("1.0.0a9", Some(9), true),
            ("0.44", None, true),
            ("0.65.5", None, true),
            ("0.64a1", None, true),
            ("1.0a42", Some(41), false),
            ("1.0b1", Some(41), false),
            ("1.0rc1", Some(41), false),
            ("1.0", Some(41), false),
            ("1", Some(41), false),
            ("1.0.1a3", Some(41), false),
            ("2.3.post1", Some(41), false),
        ] {
            let release = Release::parse(text).unwrap();
            assert_eq!((release.alpha, release.known), (alpha, known), "{text}");
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
            assert_eq!(Release::parse(text), Err(ReleaseError::NotAVersion), "{text}");
        }
        for text in ["0.43", "0.8", "0.0.1"] {
            assert_eq!(Release::parse(text), Err(ReleaseError::TooOld), "{text}");
        }
    }
}
