//! Reading and writing JSON as Python does.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use pyjson::{Scanner, loads, transcode, write_float, write_string};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    texts(&mut criterion);
    strings(&mut criterion);
    floats(&mut criterion);
    criterion.final_summary();
}

/// The restrictions of a token with so many tables, whose names and lists differ.
fn tables(count: usize, comma: &str, colon: &str) -> String {
    const ACTIONS: [&str; 7] = [
        "view-table",
        "insert-row",
        "update-row",
        "delete-row",
        "alter-table",
        "drop-table",
        "view-query",
    ];
    let list = |n: usize| {
        let three: Vec<_> =
            (0..3).map(|k| format!("\"{}\"", ACTIONS[(n * 5 + k * n) % 7])).collect();
        three.join(comma)
    };
    let members: Vec<_> =
        (0..count).map(|n| format!("\"table_{}\"{colon}[{}]", n * 37 % 1000, list(n))).collect();
    format!("{{\"docs\"{colon}{{{}}}}}", members.join(comma))
}

/// Skips, transcodes and parses a text.
fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json");
    let mut out = Vec::new();
    for (name, comma, colon) in [("compact", ",", ":"), ("default", ", ", ": ")] {
        for count in [1, 20, 200] {
            let text = tables(count, comma, colon);
            let id = |function| BenchmarkId::new(format!("{function}/{name}"), count);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(id("raw_value"), |bencher| {
                bencher.iter(|| Scanner::new(black_box(&text)).raw_value().is_ok());
            });
            group.bench_function(id("transcode"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    transcode(black_box(&text), &mut out)
                });
            });
            group.bench_function(id("loads"), |bencher| {
                bencher.iter(|| loads(black_box(&text)).map(drop));
            });
        }
    }
    group.finish();
}

fn strings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write_string");
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
    let mut group = criterion.benchmark_group("write_float");
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
