//! This crate's deflate beside zlib's by size, zlib-ng's, and decompressing with and without the
//! fast path.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use pyzlib::{Compressor, Decompressor, Flavour};

/// The least bytes of JSON: one size for each class of `scripts/measure/compressor.py`.
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
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    let mut out = Vec::new();
    for min_size in SIZES {
        let json = json(min_size);
        let json = json.as_bytes();
        let size = json.len();
        group.throughput(Throughput::Bytes(size as u64));
        // A token carries the compressed payload if it is at least two bytes shorter.
        let limit = size - 2;
        for &flavour in Flavour::ALL {
            group.bench_function(BenchmarkId::new(flavour.name(), size), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    compressor.compress_within(flavour, black_box(json), limit, &mut out)
                });
            });
        }
        group.bench_function(BenchmarkId::new("libz", size), |bencher| {
            bencher.iter(|| {
                out.clear();
                compressor.compress_with_libz_within(black_box(json), size + 64, &mut out)
            });
        });
        let stream = pyzlib::compress(json);
        group.bench_function(BenchmarkId::new("decompress", size), |bencher| {
            bencher.iter(|| decompressor.decompress_within(black_box(&stream), size));
        });
        group.bench_function(BenchmarkId::new("decompress-zlib-rs", size), |bencher| {
            bencher.iter(|| decompressor.decompress_with_zlib_rs_within(black_box(&stream), size));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// The JSON of a token, at least `min_size` bytes long. Names and lists differ between tables.
fn json(min_size: usize) -> String {
    let mut text = r#"{"a":"root","t":1700000000"#.to_owned();
    if text.len() >= min_size {
        return text + "}";
    }
    // Any sequence without a short period is good enough.
    let mut state = 1u32;
    let mut next = |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as usize / 65_536 % count
    };
    let mut separator = r#","_r":{"r":{"docs":{"#;
    while text.len() < min_size {
        text += separator;
        let (first, second) = (WORDS[next(WORDS.len())], WORDS[next(WORDS.len())]);
        let (number, list) = (next(100), LISTS[next(LISTS.len())]);
        text += &format!(r#""{first}_{second}{number}":{list}"#);
        separator = ",";
    }
    text + "}}}}"
}
