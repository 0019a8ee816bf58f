//! zlib-ng's bytes, by zlib-rs, the Rust port of zlib-ng.

use zlib_rs::{Deflate, DeflateFlush, Status};

/// Compresses `data` into `out` with a stream, which is reset before, and returns the length, or
/// `None` if `out` is too short.
///
/// Level 6 of zlib-ng forgets a pending match if a block ends while the output is full. So its
/// bytes depend on how the output grows, once there are more than 16 KiB of it. Here it grows
/// as in Python's `zlib-ng` package: 16 KiB at first, then doubled.
pub(crate) fn compress(stream: &mut Deflate, data: &[u8], out: &mut [u8]) -> Option<usize> {
    stream.reset();
    let (mut read, mut written, mut end) = (0, 0, out.len().min(16 << 10));
    // zlib-rs may report the end of the stream only if there is room for one more byte.
    let mut spare = [0];
    loop {
        let input = &data[read..];
        let output = if written < out.len() { &mut out[written..end] } else { &mut spare };
        // zlib-rs takes at most this much input at once.
        let is_last = input.len() <= u32::MAX as usize;
        let flush = if is_last { DeflateFlush::Finish } else { DeflateFlush::NoFlush };
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
