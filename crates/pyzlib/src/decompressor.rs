//! Which implementation decompresses what.

use std::fmt;

use crate::error::DecompressError;
use crate::{inflate, ng};

/// `zlib.decompress` with reusable working memory.
///
/// A new decompressor has no memory yet. Its first calls allocate less than 0.1 MB.
#[derive(Default)]
pub struct Decompressor {
    small: Option<Box<inflate::Inflater>>,
    any: Option<ng::Inflater>,
}

impl Decompressor {
    /// Creates a decompressor, without allocating.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns `zlib.decompress(stream)` if it has at most `limit` bytes. Bytes after the stream
    /// are ignored.
    ///
    /// `usize::MAX` sets no limit: memory grows with the data.
    ///
    /// # Errors
    ///
    /// [`DecompressError::Invalid`] where Python raises `zlib.error`, and
    /// [`DecompressError::TooLarge`] for data of more than `limit` bytes. A stream that is damaged
    /// after its first `limit` bytes of data can give either error.
    ///
    /// # Panics
    ///
    /// If memory runs out.
    ///
    /// ```
    /// use pyzlib::{DecompressError, Decompressor};
    ///
    /// let mut decompressor = Decompressor::new();
    /// let stream = b"x\x9cKLD\x05\x003\x98\x06\x11";
    /// assert_eq!(decompressor.decompress_within(stream, 16)?, b"aaaaaaaaaaaaaaaa");
    /// assert_eq!(decompressor.decompress_within(stream, 15), Err(DecompressError::TooLarge));
    /// # Ok::<(), DecompressError>(())
    /// ```
    pub fn decompress_within(
        &mut self,
        stream: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        // The fast path accepts a stream or declines it. It never says that a stream is bad.
        match self.small.get_or_insert_with(inflate::Inflater::new).decompress(stream, limit) {
            Some(data) => Ok(data),
            None => self.decompress_with_zlib_rs_within(stream, limit),
        }
    }

    /// Does the same as [`decompress_within`](Self::decompress_within) without the fast path for
    /// short streams.
    ///
    /// Tests, fuzz targets and benchmarks compare the fast path with it. The result is the same,
    /// but it takes longer for short streams.
    ///
    /// # Errors
    ///
    /// As [`decompress_within`](Self::decompress_within).
    ///
    /// # Panics
    ///
    /// As [`decompress_within`](Self::decompress_within).
    pub fn decompress_with_zlib_rs_within(
        &mut self,
        stream: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        self.any.get_or_insert_with(ng::Inflater::new).decompress(stream, limit)
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}
