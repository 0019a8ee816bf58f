//! The limits on tokens and the audit log, through the program.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the audit log is what is tested")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use common::{READY, assert_error, cli, dstok, request, run, session};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A path at which there is no file.
fn new_path(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

fn hex_sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    assert!(!text.contains("dstok_"), "a token in the audit log");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The answers of `serve` with further options.
#[track_caller]
fn serve(options: &[&str], calls: &[(&str, &str)]) -> Vec<String> {
    let lines: Vec<_> = calls.iter().map(|(method, params)| request(method, params)).collect();
    session(READY.iter().chain(options), &lines)
}

#[track_caller]
fn assert_refused(options: &[&str], params: &str, reason: &str) {
    let answer = serve(options, &[("create_token", params)]).remove(0);
    assert_error(&answer, 7, "policy", 1);
    assert!(answer.contains(reason), "{answer}");
}

#[track_caller]
fn assert_minted(options: &[&str], params: &str) {
    let answers = serve(options, &[("create_token", params)]);
    assert_eq!(answers, serve(&[], &[("create_token", params)]), "{params}");
    assert!(answers[0].contains("dstok_"), "{params}: {answers:?}");
}

#[test]
fn tokens_that_never_expire() {
    let limit = ["--require-expiry"];
    for params in [r#"["root"]"#, r#"["root",null]"#, r#"["root",0]"#, r#"["root",-0]"#] {
        assert_refused(&limit, params, "expires_after is required");
        assert_refused(&["--max-expires-after", "60"], params, "at most 60 seconds");
    }
    assert_minted(&limit, r#"["root",1]"#);
    assert_minted(&limit, r#"["root",99999999999999999999]"#);
    assert_minted(&limit, r#"["root",-1]"#);
}

#[test]
fn tokens_that_live_too_long() {
    let limit = ["--max-expires-after", "3600"];
    assert_minted(&limit, r#"["root",3600]"#);
    assert_minted(&limit, r#"["root",-5]"#);
    for params in [r#"["root",3601]"#, r#"["root",99999999999999999999]"#] {
        assert_refused(&limit, params, "is over the 3600 seconds");
    }
}

#[test]
fn unknown_actions_are_refused_with_the_nearest_known_one() {
    let limit = ["--known-actions-only"];
    assert_minted(&limit, r#"["root"]"#);
    assert_minted(
        &limit,
        r#"["root",1,["view-table"],{"vi":["view-database"]},{"a":{"b":["insert-row"]}}]"#,
    );
    for params in [
        r#"{"actor_id":1,"restrict_all":["view-table","insert_row"]}"#,
        r#"{"actor_id":1,"restrict_database":{"view-table":["inser-row"]}}"#,
        r#"{"actor_id":1,"restrict_resource":{"a":{"b":["insert-rows"]}}}"#,
        r#"{"actor_id":1,"restrictions":{"resource":{"a":{"b":["ir"]}}}}"#,
        r#"{"actor_id":1,"restrict_all":["insert\u002drwo"]}"#,
    ] {
        assert_refused(&limit, params, "the nearest is insert-row");
    }
    assert_refused(
        &["--known-actions-only", "--actions", "none"],
        r#"[1,null,["view-table"]]"#,
        "knows no actions",
    );
}

#[test]
fn errors_of_datasette_come_before_limits() {
    let limits = ["--require-expiry", "--known-actions-only"];
    let invalid = serve(&limits, &[("create_token", r#"["root","1h"]"#)]).remove(0);
    assert_error(&invalid, -32602, "invalid_params", 1);
    let no_secret =
        session(common::NO_SECRET.iter().chain(&limits), &[request("create_token", r#"["root"]"#)]);
    assert_error(&no_secret[0], 1, "no_secret", 1);
}

#[test]
fn sign_cannot_bypass_the_limits() {
    for options in [&["--require-expiry"][..], &["--known-actions-only"]] {
        let answers =
            serve(options, &[("sign", r#"[{"a":"root"},"token"]"#), ("sign", r#"["x"]"#)]);
        assert_error(&answers[0], 7, "policy", 1);
        assert!(answers[1].contains("result"), "{}", answers[1]);
    }
    assert!(serve(&[], &[("sign", r#"[1,"token"]"#)])[0].contains("result"));
}

#[test]
fn no_request_can_lift_a_limit() {
    let limits = ["--require-expiry"];
    let answers = serve(
        &limits,
        &[
            ("configure", r#"{"secret":"other","datasette_version":"1.0a20","settings":{}}"#),
            ("create_token", r#"["root"]"#),
        ],
    );
    assert_error(&answers[1], 7, "policy", 1);
}

#[test]
fn the_command_line_has_the_same_limits() {
    let secret = ["--secret", "s", "--now", "1700000000"];
    let refused = cli(["create-token", "root", "--require-expiry"].iter().chain(&secret));
    assert_eq!((refused.code, &*refused.stdout), (Some(1), ""), "{refused:?}");
    assert!(refused.stderr.contains("expires_after is required"), "{refused:?}");
    let log = new_path("cli.jsonl");
    let options = ["create-token", "root", "-e", "60", "--audit-log", log.to_str().unwrap()];
    let minted = cli(options.iter().chain(&secret));
    minted.quiet_success();
    let records = records(&log);
    let expected = json!({
        "time": 1700000000.0, "method": "create-token", "actor_id": "root", "created": 1700000000,
        "expires": 1700000060, "restrictions": null, "sha256": hex_sha256(minted.stdout.trim_end()),
    });
    assert_eq!(records, [expected]);
    let wrong = ["create-token", "root", "--audit-log", "/no/such/folder/log"];
    cli(wrong.iter().chain(&secret)).usage_error();
    cli(["create-token", "root", "--max-expires-after", "1h"].iter().chain(&secret)).usage_error();
}

#[test]
fn records_have_the_same_limits() {
    let log = new_path("records.jsonl");
    let options =
        ["create-tokens", "--secret", "s", "--max-expires-after", "60", "--known-actions-only"];
    let mut command = dstok(options);
    command.args(["--format", "tokens", "--audit-log", log.to_str().unwrap()]);
    let outcome = run(
        &mut command,
        "actor_id,expires_after,restrict_all\na,60,\nb,61,\nc,1,view-tabel\nd,,\ne,5,\n",
    );
    assert_eq!(outcome.code, Some(1));
    let tokens: Vec<_> = outcome.stdout.lines().collect();
    let minted: Vec<_> = tokens.iter().map(|token| !token.is_empty()).collect();
    assert_eq!(minted, [true, false, false, false, true], "{outcome:?}");
    let records = records(&log);
    let actors: Vec<_> =
        records.iter().map(|record| record["actor_id"].as_str().unwrap()).collect();
    assert_eq!(actors, ["a", "e"]);
    assert_eq!(records[1]["sha256"], hex_sha256(tokens[4]));
    assert_eq!(records[1]["method"], "create-tokens");
}

#[test]
fn each_token_has_one_line_in_the_order_of_the_answers() {
    let log = new_path("order.jsonl");
    let options = ["--audit-log", log.to_str().unwrap(), "--threads", "4"];
    let mut lines: Vec<_> =
        (0..5000).map(|n| request("create_token", &format!("[{n},60]"))).collect();
    lines.insert(2500, request("configure", r#"["other"]"#));
    lines.insert(1000, request("ping", "[]"));
    let answers = session(READY.iter().chain(&options), &lines);
    let tokens = answers.iter().filter_map(|answer| {
        let answer: Value = serde_json::from_str(answer).unwrap();
        answer["result"].as_str().filter(|text| text.starts_with("dstok_")).map(str::to_owned)
    });
    let expected: Vec<_> = tokens.map(|token| hex_sha256(&token)).collect();
    let found: Vec<_> =
        records(&log).iter().map(|record| record["sha256"].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), 5000);
    assert!(found == expected);
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_record_says_what_was_asked_for() {
    let log = new_path("everything.jsonl");
    let options = ["--audit-log", log.to_str().unwrap()];
    let params = r#"{"actor_id":{"a":  [1e3,"\u00e9"]},"expires_after":-5,"now":17.5,
        "restrictions":{"all":[ "view-table" ],"resource":{"a":{"b":["x"]}}}}"#;
    let answer = serve(&options, &[("create_token", &params.replace('\n', ""))]).remove(0);
    let token = common::result(&answer);
    let expected = json!({
        "time": 1700000000.0, "method": "create_token", "actor_id": {"a": [1000.0, "é"]},
        "created": 17, "expires": 12,
        "restrictions": {"all": ["view-table"], "database": null, "resource": {"a": {"b": ["x"]}}},
        "sha256": hex_sha256(token.as_str().unwrap()),
    });
    assert_eq!(records(&log), [expected]);
    // A notification mints a token too, although nobody sees it. A refused request doesn't.
    let lines = [
        r#"{"jsonrpc":"2.0","method":"create_token","params":["n"]}"#.to_owned(),
        request("create_token", r#"["x","y"]"#),
        request("verify_token", r#"["dstok_x"]"#),
    ];
    session(READY.iter().chain(&options), &lines);
    assert_eq!(records(&log).len(), 2);
}

#[test]
fn several_processes_share_a_log() {
    let log = new_path("shared.jsonl");
    let actor = "x".repeat(3000);
    let work = |process: usize| {
        let (log, actor) = (log.clone(), actor.clone());
        thread::spawn(move || {
            let lines: Vec<_> = (0..500)
                .map(|n| request("create_token", &format!(r#"["{process} {n} {actor}"]"#)))
                .collect();
            session(READY.iter().chain(&["--audit-log", log.to_str().unwrap()]), &lines)
        })
    };
    let processes: Vec<_> = (0..4).map(work).collect();
    processes.into_iter().for_each(|process| assert_eq!(process.join().unwrap().len(), 500));
    assert_eq!(records(&log).len(), 2000);
}

#[test]
fn a_token_that_cannot_be_recorded_is_withheld() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let answers = serve(
        &["--audit-log", "/dev/full"],
        &[("create_token", r#"["root"]"#), ("verify_token", r#"["x"]"#)],
    );
    assert_error(&answers[0], 7, "policy", 1);
    assert!(!answers[0].contains("dstok_") && answers[0].contains("withheld"), "{}", answers[0]);
    assert!(answers[1].contains("result"));
    let outcome = cli(["create-token", "root", "--secret", "s", "--audit-log", "/dev/full"]);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(1), ""), "{outcome:?}");
}
