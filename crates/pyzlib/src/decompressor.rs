//! Which implementation decompresses what.

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use crate::error::DecompressError;
use crate::inflate::Inflater;

/// `zlib.decompress` with reusable working memory.
///
/// A new decompressor has no memory yet. Its first calls allocate less than 0.15 MB.
#[derive(Default)]
pub struct Decompressor {
    small: Option<Box<Inflater>>,
    /// A stream of zlib-rs's `inflate`, which is reset before each use.
    any: Option<Inflate>,
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
    /// [`DecompressError::TooLarge`] for data of more than `limit` bytes, or of more than there is
    /// memory for. A stream that is damaged after its first `limit` bytes of data can give either
    /// error.
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
        match self.small.get_or_insert_with(Inflater::new).decompress(stream, limit) {
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
    pub fn decompress_with_zlib_rs_within(
        &mut self,
        stream: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        let inflate = self.any.get_or_insert_with(|| Inflate::new(true, 15));
        inflate.reset(true);
        // One byte over the limit shows that there is more data.
        let capacity = limit.saturating_add(1);
        let mut data = vec![0; capacity.min(4 << 10)];
        let (mut read, mut written) = (0, 0);
        loop {
            let (input, output) = (&stream[read..], &mut data[written..]);
            let status = inflate.decompress(input, output, InflateFlush::Finish);
            // Both counts are lengths of slices.
            (read, written) = (inflate.total_in() as usize, inflate.total_out() as usize);
            match status {
                Ok(_) if written > limit => return Err(DecompressError::TooLarge),
                Ok(Status::StreamEnd) => {
                    data.truncate(written);
                    return Ok(data);
                }
                Ok(_) if written == data.len() => {
                    let length = written.saturating_mul(2).min(capacity);
                    // A 32-bit process can't hold what a limit may allow.
                    data.try_reserve_exact(length - written)
                        .map_err(|_| DecompressError::TooLarge)?;
                    data.resize(length, 0);
                }
                // zlib-rs takes at most 4 GiB of input at once.
                Ok(_) if read < stream.len() => {}
                _ => return Err(DecompressError::Invalid),
            }
        }
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}
