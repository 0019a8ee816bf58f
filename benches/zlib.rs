//! Layer 0, `zlib`: our deflate beside zlib's own by size, zlib-ng's, and inflating.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use dstok::zlib::{Flavour, compress_with_libz_within, compress_within, decompress};

/// Bytes of JSON, at least: one for each class of `scripts/measure/compressor.py`.
const SIZES: [usize; 6] = [20, 60, 200, 3_000, 10_000, 40_000];
const WORDS: [&str; 12] = [
    "attachments",
    "census",
    "comments",
    "docs",
    "events",
    "issues",
    "museums",
    "orders",
    "releases",
    "repos",
    "roads",
    "trees",
];
const LISTS: [&str; 4] = [r#"["vt"]"#, r#"["ir","ur"]"#, r#"["es"]"#, r#"["vt","ir","dr"]"#];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("zlib");
    let mut out = Vec::new();
    for least in SIZES {
        let json = json(least);
        let json = json.as_bytes();
        let size = json.len();
        group.throughput(Throughput::Bytes(size as u64));
        // What a token leaves room for, see `UrlSafe`.
        let limit = size - 2;
        for flavour in Flavour::ALL {
            group.bench_function(BenchmarkId::new(flavour.name(), size), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    compress_within(flavour, black_box(json), limit, &mut out)
                });
            });
        }
        group.bench_function(BenchmarkId::new("libz", size), |bencher| {
            bencher.iter(|| {
                out.clear();
                compress_with_libz_within(black_box(json), size + 64, &mut out)
            });
        });
        out.clear();
        assert!(compress_with_libz_within(json, size + 64, &mut out));
        group.bench_function(BenchmarkId::new("decompress", size), |bencher| {
            bencher.iter(|| decompress(black_box(&out), size));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// The JSON of a token, of `least` bytes or a table more: names and lists change from table to
/// table.
fn json(least: usize) -> String {
    let mut text = r#"{"a":"root","t":1700000000"#.to_owned();
    if text.len() >= least {
        return text + "}";
    }
    // Any sequence without a short period will do.
    let mut state = 1u32;
    let mut next = |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as usize / 65_536 % count
    };
    let mut separator = r#","_r":{"r":{"docs":{"#;
    while text.len() < least {
        text += separator;
        let (first, second) = (WORDS[next(WORDS.len())], WORDS[next(WORDS.len())]);
        let (number, list) = (next(100), LISTS[next(LISTS.len())]);
        text += &format!(r#""{first}_{second}{number}":{list}"#);
        separator = ",";
    }
    text + "}}}}"
}
