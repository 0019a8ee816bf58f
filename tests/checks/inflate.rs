//! Inflating gives what zlib's own `inflate` gives where Python calls it: `zlib.decompress`.
#![allow(unsafe_code, reason = "zlib itself is the judge")]
#![allow(clippy::unwrap_used, reason = "a checker that cannot go on fails")]

use std::mem::{MaybeUninit, size_of};

use dstok::zlib::{DecompressError, decompress};
use libz_sys::{
    Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, inflate, inflateEnd, inflateInit2_, z_stream,
    zlibVersion,
};

/// Python's `zlib.MAX_WBITS`.
const MAX_WBITS: i32 = 15;

/// Around the sizes at which the room for the data grows, and one that is never reached.
const LIMITS: [usize; 8] = [0, 1, 17, 4_095, 4_096, 4_097, 10_000, 64 << 20];

/// What a fuzzer found: the first byte chooses the limit, the rest is the stream. What fails by
/// its checksum only is tried with the right one, too, which nobody finds by chance.
pub fn any_input(input: &[u8]) {
    let Some((choice, stream)) = input.split_first() else { return };
    let limit = LIMITS[usize::from(choice % 8)];
    let judged = check(stream, limit);
    if let Some(end) = judged.read.checked_sub(4).filter(|_| !judged.whole) {
        let mended = [&stream[..end], &judged.adler.to_be_bytes(), &stream[judged.read..]].concat();
        check(&mended, limit);
    }
}

fn check(stream: &[u8], limit: usize) -> Judged {
    let judged = libz_inflate(stream);
    match decompress(stream, limit) {
        Ok(data) => {
            assert!(judged.whole, "zlib refuses {stream:?}");
            assert!(data.len() <= limit && data == judged.data, "{stream:?}");
        }
        Err(DecompressError::TooLarge) => assert!(judged.data.len() > limit, "{stream:?}"),
        Err(DecompressError::Invalid) => assert!(!judged.whole, "zlib accepts {stream:?}"),
    }
    judged
}

/// What zlib makes of a stream.
struct Judged {
    /// Whether its end was reached, and all was right.
    whole: bool,
    data: Vec<u8>,
    /// How many bytes of the stream were read.
    read: usize,
    /// The checksum of the data.
    adler: u32,
}

/// The loop of CPython's `zlib.decompress`: piece by piece, until the end of the stream, an
/// error, or nothing left to read.
fn libz_inflate(stream: &[u8]) -> Judged {
    let mut z = MaybeUninit::<z_stream>::zeroed();
    // SAFETY: zlib is told its own version and the size of the struct, whose null allocators
    // mean its own, and sets the rest.
    let z = unsafe {
        let size = size_of::<z_stream>().try_into().unwrap();
        assert_eq!(inflateInit2_(z.as_mut_ptr(), MAX_WBITS, zlibVersion(), size), Z_OK);
        // Not moved: zlib keeps a pointer to it.
        z.assume_init_mut()
    };
    z.next_in = stream.as_ptr().cast_mut();
    z.avail_in = stream.len().try_into().unwrap();
    let (mut data, mut piece) = (Vec::new(), [0; 16 << 10]);
    let status = loop {
        z.next_out = piece.as_mut_ptr();
        z.avail_out = piece.len().try_into().unwrap();
        // SAFETY: the stream was initialised; its pointers are to as many bytes as it is told.
        let status = unsafe { inflate(z, Z_NO_FLUSH) };
        data.extend_from_slice(&piece[..piece.len() - z.avail_out as usize]);
        if !matches!(status, Z_OK | Z_BUF_ERROR) || z.avail_out > 0 {
            break status;
        }
    };
    let (read, adler) = (stream.len() - z.avail_in as usize, z.adler as u32);
    // SAFETY: the stream was initialised and is not used again.
    unsafe { inflateEnd(z) };
    Judged { whole: status == Z_STREAM_END, data, read, adler }
}
