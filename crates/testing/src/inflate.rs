//! Both of pyzlib's ways to decompress give what zlib's `inflate` gives, called as Python calls it.
#![allow(unsafe_code, reason = "zlib itself is the oracle")]

use std::mem::{MaybeUninit, size_of};

use libz_sys::{
    Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, inflate, inflateEnd, inflateInit2_, z_stream,
    zlibVersion,
};
use pyzlib::{DecompressError, Decompressor};

/// Python's `zlib.MAX_WBITS`.
const MAX_WBITS: i32 = 15;

/// Sizes around those at which buffers grow, and one that is never reached.
const LIMITS: [usize; 8] = [0, 1, 17, 4_096, 32_767, 32_768, 32_769, 64 << 20];

/// Checks any input. Its first byte chooses the limit, and the rest is the stream. If only the
/// checksum is wrong, the stream is checked with the right one too, which no fuzzer finds by
/// chance.
pub fn any_input(input: &[u8]) {
    Checker::default().any_input(input);
}

/// Compares all three, and reuses its decompressor.
#[derive(Default)]
pub struct Checker(Decompressor);

impl Checker {
    /// Does the same as [`any_input`]. Returns whether the stream is good.
    #[track_caller]
    pub fn any_input(&mut self, input: &[u8]) -> bool {
        let Some((choice, stream)) = input.split_first() else { return false };
        let limit = LIMITS[usize::from(choice % 8)];
        let expected = self.check(stream, limit);
        if let Some(end) = expected.read.checked_sub(4).filter(|_| !expected.complete) {
            let checksum = expected.adler.to_be_bytes();
            self.check(&[&stream[..end], &checksum, &stream[expected.read..]].concat(), limit);
        }
        expected.complete
    }

    #[track_caller]
    fn check(&mut self, stream: &[u8], limit: usize) -> Expected {
        let expected = libz_inflate(stream);
        let result = self.0.decompress_within(stream, limit);
        assert_eq!(result, self.0.decompress_with_zlib_rs_within(stream, limit), "{stream:?}");
        match result {
            Ok(data) => {
                assert!(expected.complete, "zlib rejects {stream:?}");
                assert!(data.len() <= limit && data == expected.data, "{stream:?}");
            }
            Err(DecompressError::TooLarge) => assert!(expected.data.len() > limit, "{stream:?}"),
            Err(error) => {
                assert_eq!(error, DecompressError::Invalid);
                assert!(!expected.complete, "zlib accepts {stream:?}");
            }
        }
        expected
    }
}

/// What zlib reads from a stream.
struct Expected {
    /// Whether zlib reached the end of the stream without an error.
    complete: bool,
    data: Vec<u8>,
    /// How many bytes of the stream it read.
    read: usize,
    /// The checksum of the data.
    adler: u32,
}

/// The loop of CPython's `zlib.decompress`: piece by piece, until the stream ends, an error occurs,
/// or there is nothing left to read.
fn libz_inflate(stream: &[u8]) -> Expected {
    let mut z = MaybeUninit::<z_stream>::zeroed();
    // SAFETY: zlib gets its own version and the size of the struct. Null allocators select its
    // own, and it sets the rest.
    let z = unsafe {
        let size = size_of::<z_stream>().try_into().unwrap();
        assert_eq!(inflateInit2_(z.as_mut_ptr(), MAX_WBITS, zlibVersion(), size), Z_OK);
        // Not moved, because zlib keeps a pointer to it.
        z.assume_init_mut()
    };
    z.next_in = stream.as_ptr().cast_mut();
    z.avail_in = stream.len().try_into().unwrap();
    let (mut data, mut piece) = (Vec::new(), [0; 16 << 10]);
    let status = loop {
        z.next_out = piece.as_mut_ptr();
        z.avail_out = piece.len().try_into().unwrap();
        // SAFETY: the stream was initialised, and its pointers lead to as many bytes as it says.
        let status = unsafe { inflate(z, Z_NO_FLUSH) };
        data.extend_from_slice(&piece[..piece.len() - z.avail_out as usize]);
        if !matches!(status, Z_OK | Z_BUF_ERROR) || z.avail_out > 0 {
            break status;
        }
    };
    let (read, adler) = (stream.len() - z.avail_in as usize, z.adler as u32);
    // SAFETY: the stream was initialised, and is not used again.
    unsafe { inflateEnd(z) };
    Expected { complete: status == Z_STREAM_END, data, read, adler }
}
