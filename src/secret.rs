//! The secret, as a type that is hard to leak.

use std::fmt;

use zeroize::Zeroizing;

/// A signing secret: UTF-8 text that is never empty.
///
/// There is no `Clone`, no `Display` and no serialisation; `Debug` is redacted, the bytes are
/// overwritten on drop and until then kept out of swap space where the system's limit allows.
/// Nothing compares secrets.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
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

/// Asks the system to keep the pages of these values out of swap space. A limit that is reached
/// is no reason to fail: see `ulimit -l`.
///
/// They are never unlocked: a page may hold other secrets too, and is the allocator's afterwards,
/// which uses it again.
pub(crate) fn lock_pages<T>(values: &[T]) {
    if let Ok(guard) = region::lock(values.as_ptr(), size_of_val(values)) {
        std::mem::forget(guard);
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
