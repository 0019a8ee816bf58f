//! Python's `zlib.compress` and `zlib.decompress`, byte for byte.
//!
//! The same data can be compressed into many valid streams, so the bytes depend on the
//! implementation. This crate reproduces the two that Pythons are linked with, at Python's default
//! level (6), with a zlib header and a 32 KiB window. [`Flavour`] tells which one a Python has.
//!
//! ```
//! let stream = pyzlib::compress(b"spam, spam, spam, egg and spam");
//! assert_eq!(stream, b"x\x9c+.H\xcc\xd5Q(F\"S\xd3\xd3\x15\x12\xf3R\xc0<\x00\x9f\x87\nO");
//! assert_eq!(pyzlib::decompress(&stream)?, b"spam, spam, spam, egg and spam");
//! # Ok::<(), pyzlib::DecompressError>(())
//! ```
//!
//! [`Compressor`] and [`Decompressor`] own the memory they work in. Keep them to process many
//! messages: setting one up costs more than compressing a short message. Both take a limit on the
//! size of the result.
//!
//! ```
//! use pyzlib::{Compressor, Flavour};
//!
//! let mut compressor = Compressor::new();
//! let mut out = Vec::new();
//! for message in ["spam, spam, spam, spam", "egg"] {
//!     // Compress only what becomes shorter.
//!     let limit = message.len() - 1;
//!     out.clear();
//!     if compressor.compress_within(Flavour::Zlib, message.as_bytes(), limit, &mut out) {
//!         println!("{message:?} takes {} bytes", out.len());
//!     } else {
//!         println!("{message:?} does not become shorter");
//!     }
//! }
//! ```
//!
//! # Implementations
//!
//! | task | implementation | oracle in the tests |
//! | --- | --- | --- |
//! | [`Flavour::Zlib`], up to 65,273 bytes of data | this crate's deflate, in safe Rust | stock zlib, by [`Compressor::compress_with_libz_within`] |
//! | [`Flavour::Zlib`], more data | stock zlib, linked statically | Python |
//! | `Flavour::ZlibNg` | zlib-rs | Python's package `zlib-ng` |
//! | decompressing streams of up to 8,192 bytes | this crate's inflate, in safe Rust | zlib-rs, by [`Decompressor::decompress_with_zlib_rs_within`], and stock zlib |
//! | decompressing other streams | zlib-rs, which alone rejects a stream | stock zlib |
//!
//! # Features
//!
//! * `libz` (default): stock zlib, which needs a C compiler. Without it, [`Flavour::Zlib`] compresses
//!   at most 65,273 bytes of data: [`Compressor::max_data`] says how many.
//! * `zlib-ng`: `Flavour::ZlibNg`.

#![deny(unsafe_code)]

mod codes;
mod compressor;
mod decompressor;
mod deflate;
mod error;
mod flavour;
mod inflate;
#[cfg(feature = "zlib-ng")]
mod ng;
#[cfg(feature = "libz")]
mod stock;

pub use compressor::Compressor;
pub use decompressor::Decompressor;
pub use error::DecompressError;
pub use flavour::Flavour;

/// Compresses data as `zlib.compress(data)` does in a Python with stock zlib.
///
/// Each call sets up a [`Compressor`]. Keep one to compress many messages, to choose a [`Flavour`]
/// or to limit the result.
///
/// # Panics
///
/// If memory runs out, or for more than [`Compressor::max_data`] bytes of data.
///
/// ```
/// assert_eq!(pyzlib::compress(b"a"), b"x\x9cK\x04\x00\x00b\x00b");
/// ```
#[must_use]
pub fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let fits = Compressor::new().compress_within(Flavour::Zlib, data, usize::MAX, &mut out);
    debug_assert!(fits, "every result fits in usize::MAX bytes");
    out
}

/// Decompresses a zlib stream as `zlib.decompress(stream)` does. Bytes after the stream are
/// ignored.
///
/// Each call sets up a [`Decompressor`]. Keep one to decompress many streams, or to limit how much
/// memory a stream can take: this function sets no limit, and a stream can hold a thousand times
/// its own size.
///
/// # Errors
///
/// [`DecompressError::Invalid`].
///
/// ```
/// assert_eq!(pyzlib::decompress(b"x\x9cK\x04\x00\x00b\x00b")?, b"a");
/// assert!(pyzlib::decompress(b"x\x9cK\x04").is_err());
/// # Ok::<(), pyzlib::DecompressError>(())
/// ```
pub fn decompress(stream: &[u8]) -> Result<Vec<u8>, DecompressError> {
    Decompressor::new().decompress_within(stream, usize::MAX)
}
