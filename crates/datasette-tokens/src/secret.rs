//! The secret, as a type that is hard to leak.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Error, mlock::lock_pages};

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
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text, which is used as it is: a newline at its end is part of the secret.
    ///
    /// # Errors
    /// [`Error::EmptySecret`] for an empty text: Datasette would replace it by a random secret.
    pub fn new(text: String) -> Result<Self, Error> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(Error::EmptySecret);
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
