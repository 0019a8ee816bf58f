//! Layer 0: JSON exactly as Python's `json` module reads and writes it.
//!
//! Upstream: CPython's `json.loads` and
//! `json.dumps(value, ensure_ascii=False, separators=(",", ":"))`.
//! [`transcode`] goes from the one's input to the other's output in a single pass, without a
//! tree in between. What it reads is stricter than Python where a request is ambiguous or could
//! not be signed: see [`ErrorKind`].

mod float;
mod indent;
mod integer;
mod keys;
mod raw_string;
mod scan;
mod skip;
mod string;
mod transcode;
mod value;

use std::fmt;

pub use float::write_float;
pub use indent::write_indented;
pub use integer::{Integer, MAX_INTEGER_DIGITS, parse_python_int, write_i64, write_truncated};
pub(crate) use keys::Keys;
pub use raw_string::RawString;
pub use scan::{Kind, Number, Scanner};
pub use string::{write_string, write_wtf8_string};
pub use transcode::{Transcoder, transcode};
pub use value::{NotJson, Value, loads, loads_strict};

/// How many containers may be open at once inside one value, far above what real tokens use.
pub const MAX_DEPTH: usize = 512;

/// What is wrong with a JSON text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

/// The classes of [`Error`].
///
/// As wide as a word: bytes that are copied together with their neighbours, right after they were
/// written, make the processor wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum ErrorKind {
    /// Not JSON by RFC 8259. Python would also take `NaN` and `Infinity`.
    Syntax,
    /// An object names one key twice, compared after unescaping. Python keeps the last value.
    DuplicateKey,
    /// Half of a surrogate pair. Python reads it and then fails to encode it as UTF-8.
    LoneSurrogate,
    /// A number that Python reads as an infinity.
    NumberOverflow,
    /// An integer of more than [`MAX_INTEGER_DIGITS`] digits, which Python refuses.
    IntegerTooLong,
    /// More than [`MAX_DEPTH`] open containers.
    TooDeep,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The class of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it was noticed: bytes from the start of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Syntax => "is not valid JSON",
            ErrorKind::DuplicateKey => "has a duplicate key",
            ErrorKind::LoneSurrogate => {
                "has a lone surrogate (half of a \\ud83d\\ude00 pair), which UTF-8 cannot encode"
            }
            ErrorKind::NumberOverflow => "has a number too large for a 64-bit float",
            ErrorKind::IntegerTooLong => "has an integer of more than 4300 digits",
            ErrorKind::TooDeep => "is nested more than 512 levels deep",
        })
    }
}

impl std::error::Error for Error {}
