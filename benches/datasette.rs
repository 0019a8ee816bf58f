//! Layer 2, `datasette`: tokens made and verified.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("datasette");
    let mut datasette = common::datasette();
    let mut out = Vec::new();
    group.throughput(Throughput::Elements(1));
    for payload in common::payloads() {
        let request = payload.request();
        group.bench_function(BenchmarkId::new("create_token", payload.name), |bencher| {
            bencher.iter(|| {
                out.clear();
                datasette.create_token(black_box(&request), common::NOW, &mut out)
            });
        });
        let (token, _) = payload.token();
        group.bench_function(BenchmarkId::new("verify_token", payload.name), |bencher| {
            bencher.iter(|| {
                out.clear();
                datasette.verify_token(black_box(&token), common::NOW, &mut out)
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
