//! The secret, as a type that is hard to leak.

use std::fmt;

use zeroize::Zeroizing;

/// A signing secret: UTF-8 text that is never empty.
///
/// There is no `Clone`, no `Display` and no serialisation; `Debug` is redacted and the bytes
/// are overwritten on drop. Nothing compares secrets.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    ///
    /// # Errors
    /// [`EmptySecret`] for an empty text: Datasette would replace it by a random secret.
    pub fn new(text: String) -> Result<Self, EmptySecret> {
        let text = Zeroizing::new(text);
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text)) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let secret = Secret::new("hunter2".to_owned()).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
    }

    #[test]
    fn empty_is_refused() {
        assert_eq!(Secret::new(String::new()).unwrap_err(), EmptySecret);
    }
}
