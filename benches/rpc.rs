//! Layer 3: a line read by `rpc`, and a line to its answer by `rpc` and `methods`, without pipes.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use dstok::guard_rails::GuardRails;
use dstok::methods::{Clock, Session, call};
use dstok::rpc::{self, Message};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("rpc");
    let datasette = common::datasette();
    let mut session = Session {
        datasette,
        clock: Clock::new(Some(common::NOW)),
        guard_rails: GuardRails::default(),
        warn: |_| {},
    };
    let mut out = Vec::new();
    for payload in common::payloads() {
        let (token, _) = payload.token();
        for (method, params) in
            [("create_token", payload.params()), ("verify_token", format!(r#"["{token}"]"#))]
        {
            let line =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            group.throughput(Throughput::Bytes(line.len() as u64));
            let id = |function| BenchmarkId::new(format!("{method}/{function}"), payload.name);
            group.bench_function(id("parse"), |bencher| {
                bencher.iter(|| rpc::parse(black_box(&line), 1).is_ok());
            });
            group.bench_function(id("answer"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    answer(&mut session, black_box(&line), &mut out)
                });
            });
            assert!(answer(&mut session, &line, &mut out), "{method} fails");
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Appends the answer to a line with a single request, and says whether it is a result.
fn answer(session: &mut Session, line: &str, out: &mut Vec<u8>) -> bool {
    let Ok(Message::Single(Ok(request))) = rpc::parse(line, 1) else { return false };
    rpc::begin_result(out, request.id.unwrap_or(rpc::NULL_ID));
    let result = call(session, &request.method, &request.params, out);
    rpc::end_result(out);
    result.is_ok()
}
