//! Layer 0, `pyjson`: reading and writing JSON as Python does.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use dstok::pyjson::{Scanner, loads, transcode, write_float, write_string};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    texts(&mut criterion);
    strings(&mut criterion);
    floats(&mut criterion);
    criterion.final_summary();
}

/// A text is stepped over, transcoded, and read into a tree.
fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pyjson");
    let mut out = Vec::new();
    for payload in common::payloads() {
        let text = payload.params();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("scan", payload.name), |bencher| {
            bencher.iter(|| Scanner::new(black_box(&text)).skip_value());
        });
        group.bench_function(BenchmarkId::new("transcode", payload.name), |bencher| {
            bencher.iter(|| {
                out.clear();
                transcode(black_box(&text), &mut out)
            });
        });
        group.bench_function(BenchmarkId::new("loads", payload.name), |bencher| {
            bencher.iter(|| loads(black_box(&text)).map(drop));
        });
    }
    group.finish();
}

fn strings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pyjson/write_string");
    let mut out = Vec::new();
    for (name, text) in [
        ("plain", "insert-row ".repeat(20)),
        ("escaped", "a \"quote\"\n\t".repeat(20)),
        ("other scripts", "naïve 日本語 ".repeat(20)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                write_string(&mut out, black_box(&text));
            });
        });
    }
    group.finish();
}

fn floats(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pyjson/write_float");
    let mut out = Vec::new();
    for (name, value) in [("short", 0.5), ("long", 0.1 + 0.2), ("exponent", 1.797e308)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                write_float(&mut out, black_box(value));
            });
        });
    }
    group.finish();
}
