//! pyzlib's deflate gives zlib's bytes, or reports that there are more of them than the limit.

use pyzlib::{Compressor, Flavour};

/// The most data that pyzlib does not leave to zlib.
pub const LARGEST: usize = 65_273;

/// Checks any input. Its first byte chooses the limit. The second says how often the rest is
/// repeated, so that a short input can be long data.
pub fn any_input(input: &[u8]) {
    let [limit, repeat, data @ ..] = input else { return };
    let mut data = data.repeat(1 + usize::from(repeat.saturating_sub(240)));
    data.truncate(LARGEST + 1);
    let mut checker = Checker::default();
    match limit {
        0..16 => checker.check_all_limits(&data),
        _ => _ = checker.check(&data, data.len() * usize::from(limit - 16) / 200),
    }
    // The compressor is reused, and was not cleared.
    checker.check(&data[data.len() / 2..], data.len());
}

/// Compares the two, and reuses its compressor.
#[derive(Default)]
pub struct Checker(Compressor);

impl Checker {
    /// Checks that both give the same bytes, or both exceed the limit. Returns whether they fit.
    #[track_caller]
    pub fn check(&mut self, data: &[u8], limit: usize) -> bool {
        let Self(compressor) = self;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let fits = compressor.compress_within(Flavour::Zlib, data, limit, &mut ours);
        let theirs_fit = compressor.compress_with_libz_within(data, limit, &mut theirs);
        assert_eq!(fits, theirs_fit, "limit {limit}: {data:?}");
        assert!(ours == theirs, "limit {limit}: {data:?}");
        fits
    }

    /// Checks with the limit of a token's payload, with one that is never reached, and with the
    /// compressed size and one byte less.
    #[track_caller]
    pub fn check_all_limits(&mut self, data: &[u8]) {
        let mut compressed = Vec::new();
        assert!(self.0.compress_with_libz_within(data, usize::MAX, &mut compressed));
        let size = compressed.len();
        for limit in [data.len().saturating_sub(2), usize::MAX, size, size - 1] {
            self.check(data, limit);
        }
    }
}
