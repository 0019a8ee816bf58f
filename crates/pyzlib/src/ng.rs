//! zlib-rs, the Rust port of zlib-ng: its compressor, which gives zlib-ng's bytes, and its
//! decompressor, which takes any stream.

#[cfg(feature = "zlib-ng")]
use zlib_rs::{Deflate, DeflateFlush};
use zlib_rs::{Inflate, InflateFlush, Status};

use crate::error::DecompressError;

/// A stream of zlib-ng's `deflate`, which is reset before each use.
#[cfg(feature = "zlib-ng")]
pub(crate) struct Deflater(Deflate);

#[cfg(feature = "zlib-ng")]
impl Deflater {
    pub(crate) fn new() -> Self {
        Self(Deflate::new(6, true, 15))
    }

    /// Compresses `data` into `out` and returns the length, or `None` if `out` is too short.
    ///
    /// Level 6 of zlib-ng forgets a pending match if a block ends while the output is full. So its
    /// bytes depend on how the output grows, once there are more than 16 KiB of it. Here it grows
    /// as in Python's `zlib-ng` package: 16 KiB at first, then doubled.
    pub(crate) fn compress(&mut self, data: &[u8], out: &mut [u8]) -> Option<usize> {
        let Self(stream) = self;
        stream.reset();
        let (mut read, mut written, mut end) = (0, 0, out.len().min(16 << 10));
        // zlib-rs may report the end of the stream only if there is room for one more byte.
        let mut spare = [0];
        loop {
            let input = &data[read..];
            let output = if written < out.len() { &mut out[written..end] } else { &mut spare };
            // zlib-rs takes at most this much input at once.
            let flush = if input.len() > u32::MAX as usize {
                DeflateFlush::NoFlush
            } else {
                DeflateFlush::Finish
            };
            let status = stream.compress(input, output, flush);
            // Both counts are lengths of slices.
            (read, written) = (stream.total_in() as usize, stream.total_out() as usize);
            match status {
                Ok(Status::StreamEnd) if written <= out.len() => return Some(written),
                Ok(Status::Ok) if written < end => {}
                Ok(Status::Ok) if written <= out.len() => end = (2 * end).min(out.len()),
                _ => return None,
            }
        }
    }
}

/// A stream of `inflate`, which is reset before each use.
pub(crate) struct Inflater(Inflate);

impl Inflater {
    /// The size of the first output buffer.
    const FIRST_BUFFER: usize = 4 << 10;

    pub(crate) fn new() -> Self {
        Self(Inflate::new(true, 15))
    }

    /// Decompresses a stream whose data has at most `limit` bytes.
    pub(crate) fn decompress(
        &mut self,
        stream: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        let Self(inflate) = self;
        inflate.reset(true);
        // One byte over the limit shows that there is more data.
        let capacity = limit.saturating_add(1);
        let mut data = vec![0; Self::FIRST_BUFFER.min(capacity)];
        let (mut read, mut written) = (0, 0);
        loop {
            let status =
                inflate.decompress(&stream[read..], &mut data[written..], InflateFlush::Finish);
            // Both counts are lengths of slices.
            (read, written) = (inflate.total_in() as usize, inflate.total_out() as usize);
            match status {
                Ok(_) if written > limit => return Err(DecompressError::TooLarge),
                Ok(Status::StreamEnd) => {
                    data.truncate(written);
                    return Ok(data);
                }
                Ok(_) if written == data.len() => data.resize((2 * written).min(capacity), 0),
                // zlib-rs takes at most 4 GiB of input at once.
                Ok(_) if read < stream.len() => {}
                _ => return Err(DecompressError::Invalid),
            }
        }
    }
}
