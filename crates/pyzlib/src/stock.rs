//! Stock zlib, linked statically. The only file with `unsafe` code.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::mem::size_of;
use std::ptr;

use libz_sys::{
    Z_DEFAULT_COMPRESSION, Z_FINISH, Z_NO_FLUSH, Z_OK, Z_STREAM_END, deflate, deflateEnd,
    deflateInit_, deflateReset, uInt, voidpf, z_stream, zlibVersion,
};

/// A stream of zlib's `deflate`, which is reset before each use.
pub(crate) struct Deflater {
    // Boxed because zlib keeps a pointer to this struct, so it must not move.
    stream: Box<z_stream>,
}

// SAFETY: the stream is owned: its pointers lead to memory that was allocated for it alone. zlib
// keeps no state per thread.
unsafe impl Send for Deflater {}
// SAFETY: a shared reference gives access to nothing.
unsafe impl Sync for Deflater {}

impl Deflater {
    /// `deflateInit` with the defaults of Python's `zlib.compress`.
    pub(crate) fn new() -> Self {
        let mut stream = Box::new(z_stream {
            next_in: ptr::null_mut(),
            avail_in: 0,
            total_in: 0,
            next_out: ptr::null_mut(),
            avail_out: 0,
            total_out: 0,
            msg: ptr::null_mut(),
            state: ptr::null_mut(),
            zalloc,
            zfree,
            opaque: ptr::null_mut(),
            data_type: 0,
            adler: 0,
            reserved: 0,
        });
        // SAFETY: the stream is valid and never moves; version and size are those of the headers
        // that the bindings describe.
        let status = unsafe {
            let size = size_of::<z_stream>() as c_int;
            deflateInit_(&raw mut *stream, Z_DEFAULT_COMPRESSION, zlibVersion(), size)
        };
        assert_eq!(status, Z_OK, "zlib could not set up a stream");
        Self { stream }
    }

    /// Compresses `data` into `out` and returns the length, or `None` if `out` is too short.
    pub(crate) fn compress(&mut self, data: &[u8], out: &mut [u8]) -> Option<usize> {
        self.compress_in_pieces(data, out, uInt::MAX)
    }

    /// Passes at most `max` bytes of input and of output to zlib at once, because zlib counts both
    /// in 32 bits. The sizes of the pieces make no difference to the result.
    fn compress_in_pieces(&mut self, data: &[u8], out: &mut [u8], max: uInt) -> Option<usize> {
        let stream = &mut *self.stream;
        // SAFETY: deflateInit_ initialised the stream, and deflateEnd was not called.
        let status = unsafe { deflateReset(stream) };
        assert_eq!(status, Z_OK, "zlib could not reset a stream");
        let (mut read, mut written) = (0, 0);
        // zlib may report the end of the stream only if there is room for one more byte.
        let mut spare = [0];
        loop {
            let input = &data[read..];
            let output = if written < out.len() { &mut out[written..] } else { &mut spare };
            let avail_in = input.len().min(max as usize) as uInt;
            let avail_out = output.len().min(max as usize) as uInt;
            let flush = if avail_in as usize == input.len() { Z_FINISH } else { Z_NO_FLUSH };
            (stream.next_in, stream.avail_in) = (input.as_ptr().cast_mut(), avail_in);
            (stream.next_out, stream.avail_out) = (output.as_mut_ptr(), avail_out);
            // SAFETY: next_in and next_out point to that many readable and writable bytes, which
            // stay borrowed during the call; zlib does not write through next_in.
            let status = unsafe { deflate(stream, flush) };
            read += (avail_in - stream.avail_in) as usize;
            written += (avail_out - stream.avail_out) as usize;
            // No pointer outlives its borrow.
            (stream.next_in, stream.next_out) = (ptr::null_mut(), ptr::null_mut());
            match status {
                Z_STREAM_END if written <= out.len() => return Some(written),
                Z_OK if written <= out.len() => {}
                _ => return None,
            }
        }
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        // SAFETY: deflateInit_ initialised the stream, and it is not used again.
        unsafe { deflateEnd(&raw mut *self.stream) };
    }
}

/// The unit of allocations, which aligns all types of zlib.
type Word = u64;

/// Allocates memory for zlib, which has no allocator of its own on wasm32-unknown-unknown. The word
/// before it holds the number of words.
unsafe extern "C" fn zalloc(_opaque: voidpf, items: uInt, size: uInt) -> voidpf {
    let words = 1 + (items as usize * size as usize).div_ceil(size_of::<Word>());
    let mut block = vec![0; words].into_boxed_slice();
    block[0] = words as Word;
    let start: *mut Word = Box::into_raw(block).cast();
    // SAFETY: the block has at least one word.
    unsafe { start.add(1).cast() }
}

/// Frees memory that [`zalloc`] allocated.
unsafe extern "C" fn zfree(_opaque: voidpf, address: voidpf) {
    // SAFETY: zlib passes an address from `zalloc`, once, so the word before it is the start of a
    // block with that number of words.
    unsafe {
        let start = address.cast::<Word>().sub(1);
        let block = ptr::slice_from_raw_parts_mut(start, *start as usize);
        drop(Box::from_raw(block));
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn the_linked_zlib_is_the_stock_one() {
        // SAFETY: zlibVersion returns a static, NUL-terminated string.
        let version = unsafe { CStr::from_ptr(zlibVersion()) };
        assert_eq!(version, c"1.3.2");
    }

    #[test]
    fn pieces_make_no_difference() {
        let data: Vec<u8> = (0..100_000u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
        let mut deflater = Deflater::new();
        let mut whole = vec![0; 120_000];
        let length = deflater.compress(&data, &mut whole).unwrap();
        for max in [1, 7, 1_000, 99_999] {
            let mut pieces = vec![0; length];
            assert_eq!(deflater.compress_in_pieces(&data, &mut pieces, max), Some(length));
            assert!(pieces == whole[..length], "{max}");
            assert_eq!(deflater.compress_in_pieces(&data, &mut pieces[1..], max), None);
        }
    }
}
