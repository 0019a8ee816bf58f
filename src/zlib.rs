//! Layer 0: `zlib.compress` as the Python that Datasette runs on was built.
//!
//! Which bytes a compressor emits is its own choice, so there is one implementation for each
//! zlib that Pythons are linked with. Both run at Python's default level (6), with a zlib
//! header and a 32 KiB window.

mod codes;
mod deflate;
mod inflate;
mod stock;

use std::cell::RefCell;

use zlib_rs::{Deflate, DeflateFlush, Status};

/// Whose bytes compressed payloads carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Stock zlib, which most Pythons are linked with: `zlib.ZLIB_RUNTIME_VERSION` is a plain
    /// version.
    #[default]
    Zlib,
    /// zlib-ng 2.3 in its zlib-compatible mode: Fedora's Python since 40, CPython 3.14 for
    /// Windows. The version ends in `.zlib-ng`.
    ZlibNg,
}

impl Flavour {
    /// All flavours.
    pub const ALL: [Self; 2] = [Self::Zlib, Self::ZlibNg];

    /// The name by which options and methods know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::ZlibNg => "zlib-ng",
        }
    }

    /// The flavour of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flavour| flavour.name() == name)
    }
}

thread_local! {
    // Setting a stream up costs ten times what resetting one does.
    static SMALL: RefCell<Option<deflate::Deflater>> = const { RefCell::new(None) };
    static STOCK: RefCell<Option<stock::Deflater>> = const { RefCell::new(None) };
    static NG: RefCell<Option<Deflate>> = const { RefCell::new(None) };
    static INFLATE: RefCell<Option<inflate::Inflater>> = const { RefCell::new(None) };
}

/// Appends `zlib.compress(data)` if it has at most `limit` bytes, and says whether it has.
/// Otherwise `out` is left as it was.
///
/// # Panics
/// When there is no memory for a stream, and for more than 4 GiB of data.
pub fn compress_within(flavour: Flavour, data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    match flavour {
        Flavour::Zlib if data.len() <= deflate::MAX_DATA => SMALL.with_borrow_mut(|deflater| {
            deflater.get_or_insert_with(deflate::Deflater::new).compress(data, limit, out)
        }),
        Flavour::Zlib => compress_with_libz_within(data, limit, out),
        Flavour::ZlibNg => append_within(limit, out, |room| {
            NG.with_borrow_mut(|stream| {
                compress_ng(stream.get_or_insert_with(|| Deflate::new(6, true, 15)), data, room)
            })
        }),
    }
}

/// What [`compress_within`] does as stock zlib, for data of any size by zlib itself: the judge of
/// the implementation that takes small data.
///
/// # Panics
/// As [`compress_within`].
pub fn compress_with_libz_within(data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    append_within(limit, out, |room| {
        STOCK.with_borrow_mut(|stream| {
            stream.get_or_insert_with(stock::Deflater::new).compress(data, room)
        })
    })
}

/// Gives `compress` room for `limit` bytes at the end of `out`. The room is the limit: a stream
/// that needs more is given up.
fn append_within(
    limit: usize,
    out: &mut Vec<u8>,
    compress: impl FnOnce(&mut [u8]) -> Option<usize>,
) -> bool {
    let start = out.len();
    out.resize(start + limit, 0);
    let length = compress(&mut out[start..]);
    out.truncate(start + length.unwrap_or(0));
    length.is_some()
}

/// zlib-ng's level 6 forgets a pending match where a block ends while the output is full, so its
/// bytes depend on how the output grows: here as in the package `zlib-ng` for Python, which
/// starts with 16 KiB and doubles. Output of up to 16 KiB does not depend on it.
fn compress_ng(stream: &mut Deflate, data: &[u8], room: &mut [u8]) -> Option<usize> {
    stream.reset();
    let (mut read, mut written, mut end) = (0, 0, 16 << 10);
    loop {
        end = end.min(room.len());
        let status = stream.compress(&data[read..], &mut room[written..end], DeflateFlush::Finish);
        read = usize::try_from(stream.total_in()).ok()?;
        written = usize::try_from(stream.total_out()).ok()?;
        match status {
            Ok(Status::StreamEnd) => return Some(written),
            Ok(_) if end < room.len() => end *= 2,
            _ => return None,
        }
    }
}

/// Why [`decompress`] gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecompressError {
    /// No zlib stream, a damaged one, or one that ends too early: Python's `zlib.error`.
    Invalid,
    /// The data has more bytes than allowed.
    TooLarge,
}

/// `zlib.decompress(stream)`: what follows the stream is ignored. What it gives does not depend
/// on whose zlib is used.
///
/// # Errors
/// [`DecompressError`]; data of more than `limit` bytes is not kept.
pub fn decompress(stream: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    INFLATE.with_borrow_mut(|inflater| {
        inflater.get_or_insert_with(inflate::Inflater::new).decompress(stream, limit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_zlib_is_the_stock_one() {
        assert_eq!(stock::version(), "1.3.2");
    }

    #[test]
    fn over_the_limit_leaves_the_output_alone() {
        for flavour in Flavour::ALL {
            let mut out = b"kept".to_vec();
            let data = b"abcabcabcabcabcabcabcabcabcabc";
            assert!(compress_within(flavour, data, 100, &mut out));
            let length = out.len() - 4;
            out.truncate(4);
            assert!(!compress_within(flavour, data, length - 1, &mut out));
            assert_eq!(out, b"kept");
            assert!(compress_within(flavour, data, length, &mut out));
            assert_eq!(out.len(), 4 + length);
        }
    }
}
