//! Layer 1, `itsdangerous`: a payload's JSON signed, and read again.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use dstok::datasette::TOKEN_PREFIX;
use dstok::itsdangerous::{UrlSafe, Version, load_payload};

const NAMESPACE: &str = "token";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("itsdangerous");
    let mut url_safe = UrlSafe::default();
    let mut out = Vec::new();
    for payload in common::payloads() {
        let mut keyring = common::keyring();
        let (token, json) = payload.token();
        let signed = &token.as_bytes()[TOKEN_PREFIX.len()..];
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function(BenchmarkId::new("dumps", payload.name), |bencher| {
            bencher.iter(|| {
                out.clear();
                let signer = keyring.signer(NAMESPACE);
                signer.map(|signer| url_safe.dumps(signer, black_box(json.as_bytes()), &mut out))
            });
        });
        group.bench_function(BenchmarkId::new("unsign", payload.name), |bencher| {
            bencher.iter(|| keyring.unsign(black_box(signed), NAMESPACE, Version::V2_2).is_ok());
        });
        let unsigned = keyring.unsign(signed, NAMESPACE, Version::V2_2);
        let (value, _) = unsigned.unwrap_or_else(|error| panic!("{error}"));
        group.bench_function(BenchmarkId::new("load_payload", payload.name), |bencher| {
            bencher.iter(|| load_payload(black_box(value), json.len()));
        });
    }
    group.finish();
    criterion.final_summary();
}
