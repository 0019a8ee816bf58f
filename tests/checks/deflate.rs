//! Our deflate gives zlib's bytes, or stops where zlib's would be too many.

use dstok::zlib::{Flavour, compress_with_libz_within, compress_within};

/// Data of up to so many bytes does not go to zlib itself.
pub const LARGEST: usize = 16_383;

/// What a fuzzer found: the first byte chooses the limit; the second says whether the rest is to
/// be repeated, so that a short input is long data.
pub fn any_input(input: &[u8]) {
    let [limit, repeat, data @ ..] = input else { return };
    let mut data = data.repeat(1 + usize::from(repeat.saturating_sub(240)));
    data.truncate(LARGEST + 1);
    match limit {
        0..16 => check_all_limits(&data),
        _ => _ = check(&data, data.len() * usize::from(limit - 16) / 200),
    }
    // The compressor is used again without being cleared.
    check(&data[data.len() / 2..], data.len());
}

/// Both give the same bytes, or both say that there are more than the limit; whether they fit.
#[track_caller]
pub fn check(data: &[u8], limit: usize) -> bool {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let fits = compress_within(Flavour::Zlib, data, limit, &mut ours);
    assert_eq!(fits, compress_with_libz_within(data, limit, &mut theirs), "{limit}: {data:?}");
    assert!(ours == theirs, "limit {limit}: {data:?}");
    fits
}

/// With the limit of a payload, without one, and with the very size and one byte less.
#[track_caller]
pub fn check_all_limits(data: &[u8]) {
    let mut compressed = Vec::new();
    assert!(compress_with_libz_within(data, data.len() + 64, &mut compressed));
    for limit in
        [data.len().saturating_sub(2), data.len() + 64, compressed.len(), compressed.len() - 1]
    {
        check(data, limit);
    }
}
