//! Tokens made and verified, and base64 decoded, without JSON-RPC and pipes.

use std::error::Error;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use datasette_tokens::itsdangerous::base64_decode;
use datasette_tokens::{Datasette, RawRestrictions, RawTokenRequest, Secret, Workspace};

/// The time of day at which tokens are made and verified, in Unix seconds.
const NOW: f64 = 1_700_000_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let secret = Secret::new("a secret for measuring".to_owned())?;
    let datasette = Datasette::builder().secret(secret).build();
    let mut workspace = Workspace::new();
    let mut group = criterion.benchmark_group("tokens");
    for (name, all, resource) in [
        ("actor only", None, None),
        (
            "documentation",
            Some(r#"["view-instance","view-table"]"#),
            Some(r#"{"docs":{"attachments":["insert-row","update-row"]}}"#.to_owned()),
        ),
        ("20 databases", None, Some(databases())),
    ] {
        let restrictions = RawRestrictions { all, database: None, resource: resource.as_deref() };
        let request = RawTokenRequest { restrictions, ..RawTokenRequest::new(r#""root""#) };
        let mut out = Vec::new();
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("create_token", name), |bencher| {
            bencher.iter(|| {
                out.clear();
                datasette.create_token_into(black_box(&request), NOW, &mut workspace, &mut out)
            });
        });
        out.clear();
        datasette.create_token_into(&request, NOW, &mut workspace, &mut out)?;
        let token = String::from_utf8(out)?;
        let mut actor = Vec::new();
        group.bench_function(BenchmarkId::new("verify_token", name), |bencher| {
            bencher.iter(|| {
                actor.clear();
                datasette.verify_token_into(black_box(&token), NOW, &mut workspace, &mut actor)
            });
        });
        group.throughput(Throughput::Bytes(token.len() as u64));
        group.bench_function(BenchmarkId::new("base64_decode", name), |bencher| {
            bencher.iter(|| base64_decode(black_box(token.as_bytes())));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Restrictions to five tables of each of 20 databases, all with other names.
fn databases() -> String {
    let table = |n: usize| format!(r#""table_{n}":["view-table","insert-row","update-row"]"#);
    let tables = |d: usize| (5 * d..5 * d + 5).map(table).collect::<Vec<_>>().join(",");
    let databases: Vec<_> =
        (0..20).map(|d| format!(r#""database_{d}":{{{}}}"#, tables(d))).collect();
    format!("{{{}}}", databases.join(","))
}
