//! The audit log, through the program.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the audit log is what is tested")]

mod common;

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;

use common::{
    Outcome, READY, assert_error, cli, dstok, file, full_device, hex_sha256, new_path, records,
    request, run, session,
};
use serde_json::{Value, json};

/// The answers of `serve` with further options.
#[track_caller]
fn serve(options: &[&str], calls: &[(&str, &str)]) -> Vec<String> {
    let lines: Vec<_> = calls.iter().map(|(method, params)| request(method, params)).collect();
    session(READY.iter().chain(options), &lines)
}

#[test]
fn each_token_has_one_line_in_the_order_of_the_answers() {
    ["1", "2", "8"].iter().for_each(|threads| assert_order(threads));
}

#[track_caller]
fn assert_order(threads: &str) {
    let log = new_path(&format!("order-{threads}.jsonl"));
    let options = ["--audit-log", log.to_str().unwrap(), "--threads", threads];
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
fn a_record_says_what_the_token_carries() {
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
        "_r": {"a": ["vt"], "r": {"a": {"b": ["x"]}}},
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
    if full_device().is_none() {
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

/// What is known of a token from the record: all names, and what the token carries.
#[track_caller]
fn names(options: &[&str], lines: &[(&str, &str)]) -> Vec<(Value, Value)> {
    let log = new_path(&format!("names-{:?}.jsonl", thread::current().id()));
    serve(&[options, &["--audit-log", log.to_str().unwrap()]].concat(), lines);
    let pair = |record: &Value| (record["restrictions"]["all"].clone(), record["_r"]["a"].clone());
    records(&log).iter().map(pair).collect()
}

#[test]
fn no_table_can_make_a_record_say_something_else() {
    // Refused, or else a token for `view-instance` might drop tables.
    let found = names(
        &[],
        &[
            ("configure", r#"{"actions":{"view-instance":"drop-table"}}"#),
            ("configure", r#"{"actions":{"view-instance":"dt"}}"#),
            ("create_token", r#"[1,1,["view-instance"]]"#),
            ("create_token", r#"[1,1,["dt","nothing"]]"#),
            ("configure", r#"{"datasette_version":"1.0a2"}"#),
            ("create_token", r#"[1,1,["create-view","vt"]]"#),
        ],
    );
    let expected = [
        (json!(["view-instance"]), json!(["vi"])),
        // Abbreviations that were given as names.
        (json!(["drop-table", "nothing"]), json!(["dt", "nothing"])),
        (json!(["create-view", "view-table"]), json!(["create-view", "vt"])),
    ];
    assert_eq!(found, expected);
    // Actions of a release that came later.
    let found = names(
        &["--datasette-version", "1.0a2"],
        &[
            ("configure", r#"{"datasette_version":"1.0a41"}"#),
            ("create_token", r#"[1,1,["create-view"]]"#),
        ],
    );
    assert_eq!(found, [(json!(["create-view"]), json!(["cv"]))]);
    // A name that another action has as its abbreviation allows both.
    let actions = file("ambiguous.json", r#"{"drop-table":"dt","dt":null}"#);
    let found =
        names(&["--actions", actions.to_str().unwrap()], &[("create_token", r#"[1,1,["dt"]]"#)]);
    assert_eq!(found, [(json!(["dt", "drop-table"]), json!(["dt"]))]);
}

#[test]
fn actions_cannot_be_replaced_while_tokens_are_recorded_or_limited() {
    let log = new_path("frozen.jsonl");
    for option in [
        &["--audit-log", log.to_str().unwrap()][..],
        &["--require-expiry"],
        &["--max-expires-after", "60"],
        &["--known-actions-only"],
    ] {
        for actions in [r#"{"x":"y"}"#, "{}", "[]", r#""none""#, r#"{"actions":[]}"#] {
            let configure = format!(r#"{{"secret":"other","actions":{actions}}}"#);
            let calls =
                [("info", "[]"), ("sign", "[1]"), ("configure", &configure), ("sign", "[1]")];
            let answers = serve(option, &calls);
            assert_error(&answers[2], 7, "policy", 1);
            assert!(answers[2].contains("--actions"), "{}", answers[2]);
            assert_eq!(answers[1], answers[3], "a call that failed changed the secret");
        }
        // What is wrong with the parameters comes first, and null is nothing.
        let calls = [
            ("configure", r#"{"actions":{"x":1}}"#),
            ("configure", r#"{"actions":{},"zlib":"gzip"}"#),
            ("configure", r#"{"actions":null,"secret":"other"}"#),
        ];
        let answers = serve(option, &calls);
        assert_error(&answers[0], -32602, "invalid_params", 1);
        assert_error(&answers[1], -32602, "invalid_params", 1);
        assert!(answers[2].contains("result"), "{}", answers[2]);
    }
    assert!(serve(&[], &[("configure", r#"{"actions":{"x":"y"}}"#)])[0].contains("result"));
}

#[test]
fn a_record_has_the_form_of_every_release() {
    for (release, claims) in
        [("1.0a0", r#""token":"dstok","#), ("1.0a1", r#""token":"dstok","#), ("1.0a41", "")]
    {
        let log = new_path(&format!("release-{release}.jsonl"));
        let options = ["--audit-log", log.to_str().unwrap(), "--datasette-version", release];
        let answer = serve(&options, &[("create_token", r#"[{"t":1,"_r":2},5]"#)]).remove(0);
        let payload = common::payload(&common::result(&answer));
        assert_eq!(payload, format!(r#"{{"a":{{"t":1,"_r":2}},{claims}"t":1700000000,"d":5}}"#));
        let record = &records(&log)[0];
        assert_eq!(record["actor_id"], json!({"t": 1, "_r": 2}));
        assert_eq!(
            (&record["created"], &record["expires"]),
            (&json!(1700000000), &json!(1700000005))
        );
        assert_eq!((&record["restrictions"], &record["_r"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn an_end_that_python_cannot_read_is_not_recorded() {
    let log = new_path("digits.jsonl");
    let options = ["--audit-log", log.to_str().unwrap()];
    let digits = "9".repeat(4300);
    let calls = [
        ("create_token", format!("[1,{digits}]")),
        ("create_token", format!("[1,-{digits}]")),
        ("create_token", r#"{"actor_id":1,"expires_after":1,"now":2e14}"#.to_owned()),
    ];
    let calls = calls.each_ref().map(|(method, params)| (*method, &**params));
    let answers = serve(&options, &calls);
    assert_error(&answers[0], 7, "policy", 1);
    assert!(answers[1].contains("dstok_") && answers[2].contains("dstok_"));
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.lines().count(), 2);
    let digits = |line: &str| line.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    assert_eq!(text.lines().filter_map(digits).max(), Some(4300));
}

/// Mints a token with a log that is there already.
#[track_caller]
fn mint(log: &Path) -> Outcome {
    cli(["create-token", "root", "--secret", "s", "--audit-log", log.to_str().unwrap()])
}

/// A log of this content, readable by its owner only, and what a token adds to it.
#[track_caller]
fn added(name: &str, content: &str, mode: u32) -> String {
    let log = file(name, content);
    fs::set_permissions(&log, Permissions::from_mode(mode)).unwrap();
    mint(&log).quiet_success();
    fs::set_permissions(&log, Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(&log).unwrap();
    let added = text.strip_prefix(content).unwrap();
    let record: Value = serde_json::from_str(added.trim_start()).unwrap();
    assert_eq!(record["actor_id"], "root");
    added.to_owned()
}

#[test]
fn a_torn_line_is_closed_before_the_next_record() {
    for torn in [r#"{"time":17"#, "x", "{}\n{", "{}\n\r", "{}\0"] {
        assert!(added("torn.jsonl", torn, 0o600).starts_with("\n{"), "{torn:?}");
    }
    for whole in ["", "\n", "{}\n", "{}\r\n", "{}\n\n"] {
        assert!(added("whole.jsonl", whole, 0o600).starts_with('{'), "{whole:?}");
    }
    // Every record after the torn line is whole, from `serve` and from `create-tokens` too.
    let log = file("torn.jsonl", "{");
    let options = ["--audit-log", log.to_str().unwrap()];
    serve(&options, &[("create_token", "[1]"), ("create_token", "[2]")]);
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.lines().skip(1).filter(|line| line.starts_with("{\"time")).count(), 2);
    assert_eq!(text.lines().count(), 3);
    let log = file("torn.jsonl", "{");
    let args = ["create-tokens", "--secret", "s", "--audit-log", log.to_str().unwrap()];
    run(&mut dstok(args), "actor_id\na\n").quiet_success();
    assert!(fs::read_to_string(&log).unwrap().starts_with("{\n{"));
}

#[test]
fn a_log_that_cannot_be_read_gets_a_blank_line_at_most() {
    // Root may read anything.
    let is_root = File::open(file_of_mode("unreadable.txt", 0o200)).is_ok();
    let expected = if is_root { "{" } else { "\n{" };
    assert!(added("append-only.jsonl", "{}\n", 0o200).starts_with(expected));
    assert!(added("append-only.jsonl", "{", 0o200).starts_with("\n{"));
    assert!(added("append-only.jsonl", "", 0o200).starts_with('{'));
}

fn file_of_mode(name: &str, mode: u32) -> PathBuf {
    let path = file(name, "");
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn others_who_can_read_the_log_are_warned_of_once() {
    for mode in [0o640, 0o604, 0o644, 0o666] {
        let log = file_of_mode("public.jsonl", mode);
        let outcome = mint(&log);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let warnings = outcome.stderr.matches("chmod 600").count();
        assert_eq!((warnings, outcome.stderr.lines().count()), (1, 1), "{mode:o}: {outcome:?}");
        assert!(outcome.stderr.contains("public.jsonl") && outcome.stderr.contains("--audit-log"));
        let lines = [request("create_token", "[1]"), request("create_token", "[2]")].join("\n");
        let options = ["--audit-log", log.to_str().unwrap()];
        let outcome = run(&mut dstok(READY.iter().chain(&options)), lines);
        assert_eq!(outcome.stderr.lines().count(), 1, "{mode:o}: {outcome:?}");
        // It stays as whoever made it wants it.
        assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, mode);
    }
    for mode in [0o600, 0o622] {
        mint(&file_of_mode("private.jsonl", mode)).quiet_success();
    }
}

#[test]
fn only_files_and_devices_can_be_a_log() {
    let fifo = new_path("log.fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let socket = new_path("log.socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let check = |path: &Path, kind: &str| {
        let outcome = mint(path);
        outcome.usage_error();
        assert!(outcome.stderr.contains(kind), "{outcome:?}");
        let log = path.to_str().unwrap();
        run(&mut dstok(READY.iter().chain(&["--audit-log", log])), "").usage_error();
        let args = ["create-tokens", "--secret", "s", "--audit-log", log];
        run(&mut dstok(args), "actor_id\na\n").usage_error();
    };
    check(&fifo, "FIFO");
    check(&socket, "socket");
    check(&directory, "directory");
    // With a reader the FIFO could be opened.
    let reader = {
        let fifo = fifo.clone();
        thread::spawn(move || File::open(fifo).map(drop))
    };
    let writer = OpenOptions::new().write(true).open(&fifo).unwrap();
    check(&fifo, "FIFO");
    drop(writer);
    reader.join().unwrap().unwrap();
    mint(Path::new("/dev/null")).quiet_success();
}

#[test]
fn a_symbolic_link_leads_to_the_log() {
    let (log, link) = (file("linked.jsonl", "{"), new_path("link.jsonl"));
    std::os::unix::fs::symlink(&log, &link).unwrap();
    mint(&link).quiet_success();
    assert!(fs::read_to_string(&log).unwrap().starts_with("{\n{"));
}

#[test]
fn a_record_is_one_line_whatever_ends_a_line() {
    let log = new_path("one-line.jsonl");
    let forged = "\u{85}x\u{2028}{}\u{2029}\\n\\r\\u2028\u{7f}";
    let params = format!(r#"{{"actor_id":"{forged}","restrict_all":["{forged}"]}}"#);
    serve(&["--audit-log", log.to_str().unwrap()], &[("create_token", &params)]);
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count(), 2, "{text}");
    let expected = "\u{85}x\u{2028}{}\u{2029}\n\r\u{2028}\u{7f}";
    let record = &records(&log)[0];
    assert_eq!((&record["actor_id"], &record["_r"]["a"][0]), (&expected.into(), &expected.into()));
    assert_eq!(record["restrictions"]["all"], json!([expected]));
}

#[test]
fn the_output_of_create_tokens_does_not_replace_the_log() {
    let log = common::file("log-and-output", "an old record\n");
    let link = common::new_path("link-to-the-log");
    std::os::unix::fs::symlink(&log, &link).unwrap();
    for output in [&log, &link] {
        let [log, output] = [&log, output].map(|path| path.to_str().unwrap());
        let args = ["create-tokens", "--secret", "s", "--audit-log", log, "--output", output];
        run(&mut dstok(args), "actor_id\nann\n").usage_error();
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "an old record\n");
}
