//! What is wrong with a JSON text.

use std::fmt;

/// What is wrong with a JSON text, and where.
///
/// ```
/// let error = pyjson::loads("[1,]").unwrap_err();
/// assert_eq!(error.kind(), pyjson::ErrorKind::Syntax);
/// assert_eq!(error.to_string(), "the text is not valid JSON (byte 4)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

/// The classes of [`Error`].
///
/// As wide as a word: a byte that is stored and then loaded together with its neighbours makes the
/// processor wait for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum ErrorKind {
    /// Not JSON by RFC 8259, and under [`Rules::Python`](crate::Rules::Python) none of Python's
    /// extensions either.
    Syntax,
    /// An object has the same key twice, compared after unescaping. Python keeps the last value.
    DuplicateKey,
    /// Half of a surrogate pair. Python reads it and then can't encode it as UTF-8.
    LoneSurrogate,
    /// A number that Python reads as an infinity.
    NumberOverflow,
    /// An integer of more than [`MAX_INTEGER_DIGITS`](crate::MAX_INTEGER_DIGITS) digits, which
    /// Python refuses.
    IntegerTooLong,
    /// More than [`MAX_DEPTH`](crate::MAX_DEPTH) open containers.
    TooDeep,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The class of this error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where the error was noticed, in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// Reads after the name of what is wrong: `actor_id is not valid JSON`.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not valid JSON",
            Self::DuplicateKey => "has a duplicate key",
            Self::LoneSurrogate => {
                "has a lone surrogate (half of a \\ud83d\\ude00 pair), which UTF-8 cannot encode"
            }
            Self::NumberOverflow => "has a number too large for a 64-bit float",
            Self::IntegerTooLong => "has an integer of more than 4300 digits",
            Self::TooDeep => "is nested more than 512 levels deep",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text {} (byte {})", self.kind, self.offset + 1)
    }
}

impl std::error::Error for Error {}
