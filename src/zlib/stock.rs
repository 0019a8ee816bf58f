//! Stock zlib, statically linked: the one place with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::mem::size_of;

use libz_sys::{
    Z_DEFAULT_COMPRESSION, Z_FINISH, Z_OK, Z_STREAM_END, deflate, deflateEnd, deflateInit_,
    deflateReset, z_stream, zlibVersion,
};

/// A deflate stream, reset before each use.
pub(super) struct Deflater {
    // zlib keeps a pointer to this struct, so it must not move.
    stream: Box<z_stream>,
}

impl Deflater {
    /// `deflateInit` with the defaults that Python's `zlib.compress` uses.
    pub(super) fn new() -> Self {
        // Zeroed as zlib asks: null allocators mean its own, which deflateInit_ fills in.
        let mut stream = Box::<z_stream>::new_uninit();
        // SAFETY: all bytes are in the allocation.
        unsafe { stream.as_mut_ptr().write_bytes(0, 1) };
        // SAFETY: the stream is valid for reads and writes and stays where it is; version and
        // size are those of the headers this was built with.
        let status = unsafe {
            deflateInit_(
                stream.as_mut_ptr(),
                Z_DEFAULT_COMPRESSION,
                zlibVersion(),
                size_of::<z_stream>() as c_int,
            )
        };
        assert_eq!(status, Z_OK, "no memory for a zlib stream");
        // SAFETY: after success the function pointers are set; any bytes are valid for the rest.
        Self { stream: unsafe { stream.assume_init() } }
    }

    /// Compresses `data` into `room`; how many bytes it takes, or `None` if it does not fit.
    pub(super) fn compress(&mut self, data: &[u8], room: &mut [u8]) -> Option<usize> {
        let stream = &mut *self.stream;
        // SAFETY: the stream was initialised by deflateInit_ and not ended.
        let reset = unsafe { deflateReset(stream) };
        assert_eq!(reset, Z_OK, "zlib refused to reset a stream");
        assert!(data.len() <= u32::MAX as usize, "more than 4 GiB to compress");
        stream.next_in = data.as_ptr().cast_mut();
        stream.avail_in = data.len() as u32;
        stream.next_out = room.as_mut_ptr();
        stream.avail_out = u32::try_from(room.len()).unwrap_or(u32::MAX);
        // SAFETY: next_in and next_out point at that many readable and writable bytes, borrowed
        // until the end of this function; zlib does not write through next_in.
        let status = unsafe { deflate(stream, Z_FINISH) };
        let length = usize::try_from(stream.total_out).ok();
        stream.next_in = std::ptr::null_mut();
        stream.next_out = std::ptr::null_mut();
        if status == Z_STREAM_END { length } else { None }
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by deflateInit_ and is not used again.
        unsafe { deflateEnd(&raw mut *self.stream) };
    }
}

/// The version of the library that is linked.
#[cfg(test)]
pub(super) fn version() -> &'static str {
    // SAFETY: zlibVersion returns a static, NUL-terminated string.
    unsafe { std::ffi::CStr::from_ptr(zlibVersion()) }.to_str().unwrap()
}
