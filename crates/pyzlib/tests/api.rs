//! The public API, and results of real Pythons.
#![allow(clippy::disallowed_methods, reason = "values move to another thread")]

use std::thread;

use pyzlib::{Compressor, DecompressError, Decompressor, Flavour, compress, decompress};
use zlib_rs::adler32::adler32;

/// By size of [`data`]: the size and the Adler-32 of `zlib.compress`. CPython 3.11 with zlib 1.2.13
/// and the package zlib-ng 1.0.0 with zlib-ng 2.3.3 gave these.
const PYTHON: [(usize, [(usize, u32); 2]); 8] = [
    (0, [(8, 0x081f_0119), (8, 0x081f_0119)]),
    (1, [(9, 0x0c28_022b), (9, 0x0c28_022b)]),
    (30, [(29, 0x9133_08a1), (29, 0x9133_08a1)]),
    (400, [(129, 0xc2d1_3f41), (132, 0xed6f_3f81)]),
    (16_383, [(3_669, 0x6b9a_3014), (3_528, 0x9269_f461)]),
    (16_384, [(3_669, 0x6dc2_309f), (3_528, 0x9551_f504)]),
    (70_000, [(16_820, 0xf5c0_11c1), (16_199, 0x1174_4928)]),
    (300_000, [(94_777, 0xce31_4911), (94_107, 0xa093_060e)]),
];

/// Words with numbers, and copies of earlier parts.
fn data(size: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut data = Vec::new();
    while data.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state & 4 != 0 {
            data.extend_from_slice(format!("table{} ", state >> 16).as_bytes());
        } else {
            let (start, length) = (data.len() / 2, (state >> 20) as usize % 40);
            data.extend_from_within(start..(start + length).min(data.len()));
        }
    }
    data.truncate(size);
    data
}

#[test]
fn python_gives_the_same_bytes() {
    let mut compressor = Compressor::new();
    for (size, expected) in PYTHON {
        let data = data(size);
        for (&flavour, expected) in Flavour::ALL.iter().zip(expected) {
            let mut stream = Vec::new();
            assert!(compressor.compress_within(flavour, &data, usize::MAX, &mut stream));
            assert_eq!((stream.len(), adler32(1, &stream)), expected, "{flavour}, {size} bytes");
            assert_eq!(decompress(&stream), Ok(data.clone()));
        }
        let (length, checksum) = expected[0];
        let stream = compress(&data);
        assert_eq!((stream.len(), adler32(1, &stream)), (length, checksum), "{size} bytes");
    }
}

#[test]
fn over_the_limit_the_output_keeps_its_content() {
    let mut compressor = Compressor::new();
    for (size, _) in PYTHON {
        let data = data(size);
        for &flavour in Flavour::ALL {
            let mut out = b"kept".to_vec();
            assert!(compressor.compress_within(flavour, &data, usize::MAX, &mut out));
            let length = out.len() - 4;
            out.truncate(4);
            for limit in [0, 5, 6, length / 2, length - 1] {
                assert!(!compressor.compress_within(flavour, &data, limit, &mut out));
                assert_eq!(out, b"kept");
            }
            assert!(compressor.compress_within(flavour, &data, length, &mut out));
            assert_eq!(out.len(), 4 + length);
        }
    }
}

#[test]
fn incompressible_data_fits_without_a_limit() {
    let (mut compressor, mut state) = (Compressor::new(), 1u64);
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    for size in [1, 8, 9, 1_000, 16_384, 65_536, 1_000_000] {
        let data: Vec<u8> = (0..size).map(|_| random()).collect();
        for &flavour in Flavour::ALL {
            let mut stream = Vec::new();
            assert!(compressor.compress_within(flavour, &data, usize::MAX, &mut stream));
            assert!(stream.len() > size && stream.capacity() < 2 * size + 100, "{flavour}");
            assert_eq!(decompress(&stream), Ok(data.clone()));
        }
    }
}

#[test]
fn limits_on_decompressed_data() {
    let mut decompressor = Decompressor::new();
    for (size, _) in PYTHON {
        let data = data(size);
        let stream = compress(&data);
        for limit in [size, size + 1, usize::MAX - 1, usize::MAX] {
            assert_eq!(decompressor.decompress_within(&stream, limit).as_ref(), Ok(&data));
            assert_eq!(
                decompressor.decompress_with_zlib_rs_within(&stream, limit).as_ref(),
                Ok(&data)
            );
        }
        if let Some(limit) = size.checked_sub(1) {
            assert_eq!(
                decompressor.decompress_within(&stream, limit),
                Err(DecompressError::TooLarge)
            );
        }
        // Cut streams end: no limit makes a decompressor wait for more.
        for end in [0, 1, 2, stream.len() / 2, stream.len() - 1] {
            assert_eq!(
                decompressor.decompress_within(&stream[..end], usize::MAX),
                Err(DecompressError::Invalid)
            );
        }
    }
}

/// A 32-bit process has no room for it, whatever the limit.
#[cfg(target_pointer_width = "32")]
#[test]
fn data_beyond_the_address_space_is_too_large() {
    let mut deflate = zlib_rs::Deflate::new(9, true, 15);
    let (zeros, mut stream) = (vec![0; 16 << 20], vec![0; 4 << 20]);
    for _ in 0..160 {
        let written = deflate.total_out() as usize;
        deflate.compress(&zeros, &mut stream[written..], zlib_rs::DeflateFlush::NoFlush).unwrap();
    }
    let mut decompressor = Decompressor::new();
    for limit in [u32::MAX as usize, 3 << 30] {
        let outcome = decompressor.decompress_within(&stream, limit);
        assert_eq!(outcome, Err(DecompressError::TooLarge));
    }
}

#[test]
fn flavours_have_names() {
    for &flavour in Flavour::ALL {
        assert_eq!(Flavour::from_name(flavour.name()), Some(flavour));
        assert_eq!(format!("{flavour:>8}|"), format!("{:>8}|", flavour.name()));
    }
    assert_eq!(Flavour::from_name("zlib-ng").is_some(), cfg!(feature = "zlib-ng"));
    assert_eq!(Flavour::from_name("ZLIB"), None);
    assert_eq!(Flavour::default(), Flavour::Zlib);
}

#[test]
fn errors_are_errors() {
    fn message(error: impl std::error::Error + Send + Sync + 'static) -> String {
        error.to_string()
    }
    assert_eq!(message(DecompressError::Invalid), "not a complete, valid zlib stream");
    assert_eq!(
        message(DecompressError::TooLarge),
        "the decompressed data has more bytes than the limit"
    );
}

#[test]
fn values_are_small_and_cross_threads() {
    fn check<T: Default + std::fmt::Debug + Send + Sync + 'static>() {
        assert!(size_of::<T>() <= 256);
        assert!(format!("{:?}", T::default()).ends_with(" { .. }"));
    }
    check::<Compressor>();
    check::<Decompressor>();
    // A compressor that has been used moves to another thread.
    let (small, large) = (data(400), data(70_000));
    let mut compressor = Compressor::new();
    let mut out = Vec::new();
    for data in [&small, &large] {
        assert!(compressor.compress_within(Flavour::Zlib, data, usize::MAX, &mut out));
    }
    let again = thread::scope(|scope| {
        let moved = scope.spawn(move || {
            let mut out = Vec::new();
            for data in [&small, &large] {
                assert!(compressor.compress_within(Flavour::Zlib, data, usize::MAX, &mut out));
            }
            out
        });
        moved.join().unwrap()
    });
    assert_eq!(again, out);
}
