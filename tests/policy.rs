//! The limits on tokens, through the program.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]

mod common;

use common::{
    READY, assert_error, cli, dstok, hex_sha256, new_path, records, request, run, session,
};
use serde_json::json;

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
        assert_refused(&limit, params, "must be at most 3600 seconds");
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
        assert_refused(&limit, params, "did you mean insert-row?");
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
        "expires": 1700000060, "restrictions": null, "_r": null, "sha256": hex_sha256(minted.stdout.trim_end()),
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
fn a_known_action_is_known_at_the_start_and_now() {
    let create = ("create_token", r#"["root",null,["create-view"]]"#);
    for (start, later) in [("1.0a20", "1.0a41"), ("1.0a41", "1.0a20"), ("0.65.5", "1.0a41")] {
        let options = ["--known-actions-only", "--datasette-version", start];
        let configure = format!(r#"{{"datasette_version":"{later}"}}"#);
        let answers = serve(&options, &[("configure", &configure), create]);
        assert!(answers[0].contains("result"), "{}", answers[0]);
        assert_error(&answers[1], 7, "policy", 1);
    }
    assert_minted(&["--known-actions-only"], create.1);
}

#[test]
fn unknown_names_are_shown_up_to_40_characters_and_compared_up_to_60() {
    let names: Vec<_> =
        (0..1000).map(|n| format!(r#""action-{n:05}-{}":null"#, "x".repeat(200))).collect();
    let actions = common::file("many-actions.json", format!("{{{}}}", names.join(",")));
    let options = ["--known-actions-only", "--actions", actions.to_str().unwrap()];
    let name = format!("action-00123-{}", "y".repeat(20_000));
    let answer = serve(&options, &[("create_token", &format!(r#"[1,null,["{name}"]]"#))]).remove(0);
    assert_error(&answer, 7, "policy", 1);
    assert!(answer.contains("did you mean action-00123-xxx") && answer.len() < 400, "{answer}");
}
