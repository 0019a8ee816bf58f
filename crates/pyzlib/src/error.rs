//! Why a stream cannot be decompressed.

use std::error::Error;
use std::fmt;

/// Why a stream was not decompressed.
///
/// ```
/// use pyzlib::DecompressError;
///
/// let error = pyzlib::decompress(b"not a stream").unwrap_err();
/// assert_eq!(error, DecompressError::Invalid);
/// assert_eq!(error.to_string(), "not a complete, valid zlib stream");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecompressError {
    /// The stream is damaged, ends too early, or is no zlib stream: Python's `zlib.error`.
    Invalid,
    /// The decompressed data has more bytes than the limit, or than memory has room for.
    TooLarge,
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "not a complete, valid zlib stream",
            Self::TooLarge => "the decompressed data has more bytes than the limit",
        })
    }
}

impl Error for DecompressError {}
