//! Python's `str`.

use std::borrow::Cow;
use std::fmt;

use super::string;

/// A Python `str`: any code points, lone surrogates included.
///
/// The bytes are WTF-8: UTF-8 in which a lone surrogate takes three bytes. Strings that Python
/// tells apart differ here too.
///
/// ```
/// use pyjson::{Str, Value, loads};
///
/// assert_eq!(Str::from("docs").to_str(), Some("docs"));
/// let Value::Str(half) = loads(r#""\ud83d""#)? else { panic!("a string") };
/// assert_eq!(half.to_str(), None);
/// # Ok::<(), pyjson::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str<'a>(pub(crate) Cow<'a, [u8]>);

impl<'a> Str<'a> {
    /// The text; `None` where a lone surrogate keeps it from being UTF-8.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text for people to read, with U+FFFD in place of what isn't UTF-8.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes in WTF-8.
    #[must_use]
    pub fn as_wtf8(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no character.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Str<'static> {
        Str(Cow::Owned(self.0.into_owned()))
    }

    /// Appends what `json.dumps(self, ensure_ascii=False)` writes, with a lone surrogate as
    /// `\udXXX`.
    pub fn write(&self, out: &mut Vec<u8>) {
        string::write_wtf8_string(out, &self.0);
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text.into_bytes()))
    }
}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}
