//! What input is cut into.

use std::ops::Range;
use std::str::Utf8Error;

/// The place of a message in the buffer, or why there is none.
pub(super) type Piece = Result<Range<usize>, Fault>;

/// Why a message isn't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is over the limit. It is discarded unread.
    TooLong,
    /// It isn't UTF-8.
    NotUtf8(Utf8Error),
    /// Nobody can tell where the next message begins, or it isn't meant for dstok. The input ends
    /// here. The text reads after `line 1` or `frame 1`.
    Broken(&'static str),
}
