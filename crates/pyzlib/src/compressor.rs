//! Which implementation compresses what.

use std::fmt;

#[cfg(feature = "zlib-ng")]
use crate::ng;
#[cfg(feature = "libz")]
use crate::stock;
use crate::{Flavour, deflate};

/// `zlib.compress` with reusable working memory.
///
/// A new compressor has no memory yet. The first call with a [`Flavour`] makes it hold less than
/// 1 MB more, and so does the first one with data of more than 65,273 bytes.
#[derive(Default)]
pub struct Compressor {
    small: Option<Box<deflate::Deflater>>,
    #[cfg(feature = "libz")]
    stock: Option<stock::Deflater>,
    #[cfg(feature = "zlib-ng")]
    ng: Option<zlib_rs::Deflate>,
}

impl Compressor {
    /// Creates a compressor, without allocating.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes of data that this build compresses with a flavour: `usize::MAX`, but 65,273
    /// with [`Flavour::Zlib`] where the feature `libz` is off.
    ///
    /// ```
    /// use pyzlib::{Compressor, Flavour};
    ///
    /// let max = if cfg!(feature = "libz") { usize::MAX } else { 65_273 };
    /// assert_eq!(Compressor::max_data(Flavour::Zlib), max);
    /// ```
    #[must_use]
    pub fn max_data(flavour: Flavour) -> usize {
        match flavour {
            Flavour::Zlib if cfg!(not(feature = "libz")) => deflate::MAX_DATA,
            _ => usize::MAX,
        }
    }

    /// Appends `zlib.compress(data)` to `out` if it has at most `limit` bytes, and returns whether
    /// it has. Otherwise `out` keeps its content.
    ///
    /// `usize::MAX` sets no limit. A low limit saves time: with [`Flavour::Zlib`] and up to 65,273
    /// bytes of data, compression stops as soon as the result is certain to be too long.
    ///
    /// # Panics
    ///
    /// If memory runs out, or for more than [`max_data`](Self::max_data) bytes of data: other bytes
    /// than Python's would be worse.
    ///
    /// ```
    /// use pyzlib::{Compressor, Flavour};
    ///
    /// let mut compressor = Compressor::new();
    /// let mut out = b"data: ".to_vec();
    /// assert!(!compressor.compress_within(Flavour::Zlib, b"aaaaaaaaaaaaaaaa", 10, &mut out));
    /// assert_eq!(out, b"data: ");
    /// assert!(compressor.compress_within(Flavour::Zlib, b"aaaaaaaaaaaaaaaa", 11, &mut out));
    /// assert_eq!(out, b"data: x\x9cKLD\x05\x003\x98\x06\x11");
    /// ```
    pub fn compress_within(
        &mut self,
        flavour: Flavour,
        data: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        match flavour {
            Flavour::Zlib if data.len() <= deflate::MAX_DATA => {
                self.small.get_or_insert_with(deflate::Deflater::new).compress(data, limit, out)
            }
            #[cfg(feature = "libz")]
            Flavour::Zlib => self.compress_with_libz_within(data, limit, out),
            #[cfg(not(feature = "libz"))]
            Flavour::Zlib => panic!("without the feature libz, the data is too long"),
            #[cfg(feature = "zlib-ng")]
            Flavour::ZlibNg => append_within(data, limit, out, |buffer| {
                // The defaults of Python's `zlib.compress`.
                let stream = self.ng.get_or_insert_with(|| zlib_rs::Deflate::new(6, true, 15));
                ng::compress(stream, data, buffer)
            }),
        }
    }

    /// Does the same as [`compress_within`](Self::compress_within) with [`Flavour::Zlib`], by
    /// stock zlib itself for data of any size.
    ///
    /// This is the oracle: tests, fuzz targets and benchmarks compare this crate's own
    /// implementation with it. The result is the same, but it takes longer.
    ///
    /// # Panics
    ///
    /// As [`compress_within`](Self::compress_within).
    #[cfg(feature = "libz")]
    pub fn compress_with_libz_within(
        &mut self,
        data: &[u8],
        limit: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        append_within(data, limit, out, |buffer| {
            self.stock.get_or_insert_with(stock::Deflater::new).compress(data, buffer)
        })
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

/// Lets `compress` write to a buffer at the end of `out`. The buffer has as many bytes as the limit,
/// so a longer result fails, but no more than the longest possible result.
#[cfg(any(feature = "libz", feature = "zlib-ng"))]
fn append_within(
    data: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
    compress: impl FnOnce(&mut [u8]) -> Option<usize>,
) -> bool {
    let start = out.len();
    out.resize(start + limit.min(zlib_rs::compress_bound(data.len())), 0);
    let length = compress(&mut out[start..]);
    out.truncate(start + length.unwrap_or(0));
    length.is_some()
}
