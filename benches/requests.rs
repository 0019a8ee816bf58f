//! From a line to its answer, without pipes: parsing alone, and with the call.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use dstok::sidecar::methods::{Clock, Session, call};
use dstok::sidecar::protocol::{Message, NULL_ID, begin_result, end_result};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("requests");
    let mut session = Session::new(common::datasette(), Clock::new(Some(common::NOW)));
    let mut out = Vec::new();
    for payload in common::payloads() {
        let token = payload.token();
        for (method, params) in
            [("create_token", payload.params()), ("verify_token", format!(r#"["{token}"]"#))]
        {
            let line =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            let mut message = Message::default();
            group.throughput(Throughput::Bytes(line.len() as u64));
            let id = |function| BenchmarkId::new(format!("{method}/{function}"), payload.name);
            group.bench_function(id("parse"), |bencher| {
                bencher.iter(|| message.read(black_box(&line), 1));
            });
            group.bench_function(id("answer"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    answer(&mut message, &mut session, black_box(&line), &mut out)
                });
            });
            assert!(answer(&mut message, &mut session, &line, &mut out), "{method} fails");
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Appends the answer to a line with one request, and says whether it is a result.
fn answer<'a>(
    message: &mut Message<'a>,
    session: &mut Session,
    line: &'a str,
    out: &mut Vec<u8>,
) -> bool {
    message.read(line, 1).is_ok()
        && message.requests.iter().all(|request| {
            let Ok(method) = &request.method else { return false };
            let start = begin_result(out, request.id.unwrap_or(NULL_ID));
            let result = call(session, method.as_wtf8(), message.params(request), out);
            end_result(out, start);
            result.is_ok()
        })
}
