//! The secret, as a type that is hard to leak.

use std::fmt;

use zeroize::Zeroizing;

use crate::mlock::lock_pages;

/// A signing secret: UTF-8 text that is never empty.
///
/// There is no `Clone`, no `Display` and no serialisation. `Debug` is redacted. The bytes are
/// overwritten on drop, and with the feature `mlock` their pages are kept out of swap space, as
/// far as the system's limit allows (`ulimit -l`). Nothing compares secrets.
///
/// ```
/// use datasette_tokens::Secret;
///
/// let secret = Secret::new("correct horse battery staple".to_owned())?;
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// assert!(Secret::new(String::new()).is_err());
/// # Ok::<(), datasette_tokens::EmptySecret>(())
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text, which is used as it is: a newline at its end is part of the secret.
    ///
    /// # Errors
    /// [`EmptySecret`] for an empty text: Datasette would replace it by a random secret.
    pub fn new(text: String) -> Result<Self, EmptySecret> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(EmptySecret);
        }
        lock_pages(text.as_bytes());
        Ok(Self(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// The secret is an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is empty")
    }
}

impl std::error::Error for EmptySecret {}
