//! `dstok conformance`: which implementations pass and which mistakes it catches.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "reports are what is tested")]

mod common;

use std::fs;
use std::path::Path;

use common::{Outcome, dstok, file, run};

const WRONG: &str = "tests/wrong_implementation.py";

#[track_caller]
/// Has no deadline, because all the checks take long on a busy machine. `--timeout` ends a hang.
fn conformance(options: &[&str]) -> Outcome {
    let output = dstok(["conformance"].iter().chain(options)).output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The rows of the table: a group's name, scenarios, checks, failed.
fn table(outcome: &Outcome) -> Vec<(String, [usize; 3])> {
    let rows = outcome.stdout.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|row| {
        let mut words = row.split_whitespace();
        let name = words.next().unwrap().to_owned();
        let counts: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        (name, counts.try_into().unwrap())
    })
    .collect()
}

#[test]
fn it_passes_on_itself() {
    let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit.xml");
    let outcome = conformance(&["--junit", junit.to_str().unwrap()]);
    outcome.quiet_success();
    let rows = table(&outcome);
    let (all, groups) = rows.split_last().unwrap();
    assert_eq!(all, &("all".to_owned(), [2041, 182891, 0]));
    assert_eq!(groups.len(), fs::read_dir("compat-fixtures").unwrap().count() - 1);
    let sum = groups.iter().fold([0; 3], |sum, (_, row)| [0, 1, 2].map(|n| sum[n] + row[n]));
    assert_eq!(sum, all.1);
    let xml = fs::read_to_string(junit).unwrap();
    assert_eq!(xml.matches("<testcase ").count(), 2041);
    assert_eq!(xml.matches("<testsuite ").count(), groups.len());
    assert!(!xml.contains("<failure") && xml.contains("</testsuites>"));
}

#[test]
fn releases_groups_and_paths_select_checks() {
    let outcome = conformance(&["--release", "1.0a3", "--release", "0.65.5", "--group", "sign"]);
    outcome.quiet_success();
    assert_eq!(table(&outcome)[0], ("sign".to_owned(), [31, 62, 0]));
    let outcome = conformance(&["compat-fixtures/sign.jsonl", "compat-fixtures/secrets.jsonl"]);
    outcome.quiet_success();
    assert_eq!(table(&outcome).len(), 3);
}

#[test]
fn a_wrong_implementation_fails_with_explanations() {
    let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit-wrong.xml");
    let fixed = ["--release", "1.0a41", "--show", "1000", "--junit", junit.to_str().unwrap()];
    let groups =
        ["compression", "create_token_restrictions", "create_token_unicode", "unsign", "secrets"];
    let groups = groups.iter().flat_map(|group| ["--group", group]);
    let options: Vec<_> = fixed.into_iter().chain(groups).chain(["--", "python3", WRONG]).collect();
    let outcome = conformance(&options);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let text = &outcome.stdout;
    // It explains each mistake and says where to look. One line counts what is just missing.
    assert!(
        text.contains("it compresses when that makes the payload shorter by at least two bytes")
    );
    assert!(
        text.contains("-         \"vd\"\n") && text.contains("+         \"view-database\"\n"),
        "{text}"
    );
    assert!(text.contains("the same value in another spelling"), "{text}");
    assert!(text.contains("the method unsign is missing: 30 checks failed"), "{text}");
    assert!(text.contains("(compat-fixtures/compression.jsonl, line "), "{text}");
    assert!(outcome.stderr.ends_with("checks failed\n"), "{outcome:?}");
    let xml = fs::read_to_string(junit).unwrap();
    let failed = table(&outcome).last().unwrap().1[2];
    assert_eq!(xml.matches("<failure ").count(), failed);
    assert!(!text.contains("dstok_ey") && !xml.contains("dstok_ey"), "a token is printed");
}

#[test]
fn a_program_that_violates_the_protocol_fails_every_check() {
    for (script, reason) in [
        ("exit 3", "sh closed its stdout, exit status: 3; its stderr is empty"),
        ("echo oops >&2; echo garbage; cat >/dev/null", "not a JSON-RPC response"),
        ("echo oops >&2; exit 1", "    oops"),
        ("echo '{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}'; cat >/dev/null", "with the id 7"),
        ("sleep 60", "did not answer within 1 seconds"),
        ("exec >&-; sleep 60", "closed its stdout"),
    ] {
        let outcome =
            conformance(&["--timeout", "1", "--group", "secrets", "--", "sh", "-c", script]);
        assert_eq!(outcome.code, Some(1), "{script}: {outcome:?}");
        assert!(outcome.stdout.contains(reason), "{script}: {outcome:?}");
        assert!(outcome.stdout.contains("no answer: 2088 checks failed"), "{outcome:?}");
    }
    // It answers a part of the requests and exits.
    let early = format!("head -n 5 | {} serve", env!("CARGO_BIN_EXE_dstok"));
    let outcome = conformance(&["--group", "secrets", "--", "sh", "-c", &early]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let failed = table(&outcome)[0].1[2];
    assert!((2000..2088).contains(&failed), "{outcome:?}");
}

#[test]
fn a_refused_configuration_is_reported_once() {
    let refusing = "while read line; do id=$((id + 1)); \
        printf '{\"jsonrpc\":\"2.0\",\"id\":%d,\"error\":{\"code\":6,\"message\":\"no\"}}\\n' \
        $((id - 1)); done";
    let outcome =
        conformance(&["--group", "sign", "--release", "1.0a41", "--", "sh", "-c", refusing]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stdout.contains("configure was refused with not_supported: no: 31 checks failed"),
        "{outcome:?}"
    );
}

#[test]
fn secrets_in_the_environment_do_not_matter() {
    let mut command = dstok(["conformance", "--group", "inspect_token"]);
    command.env("DATASETTE_SECRET", "mine").env("DSTOK_OLD_SECRETS", "older");
    run(&mut command, "").quiet_success();
}

#[test]
fn missing_and_malformed_fixtures_are_usage_errors() {
    let cut = file("cut.jsonl", "{\"format\":1,\"group\":\"cut\",\"count\":2}\n");
    let newer = file("newer.jsonl", "{\"format\":2,\"group\":\"x\",\"count\":0}\n");
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no fixtures");
    fs::create_dir_all(&empty).unwrap();
    for (options, reason) in [
        (&["/no/such/folder"][..], "cannot read"),
        (&[empty.to_str().unwrap()], "no .jsonl files"),
        (&[cut.to_str().unwrap()], "counts 2 scenarios, the file has 0"),
        (&[newer.to_str().unwrap()], "format 2"),
        (&["README.md"], "not the header"),
        (&["--group", "x"], "unknown group"),
        (&["--release", "2.0"], "no fixture has an answer of"),
        (&["--", "/no/such/program"], "cannot start /no/such/program"),
        (&["--timeout", "0"], "--timeout"),
        (&["--group", "secrets", "--junit", "/no/such/folder/x"], "--junit"),
    ] {
        let outcome = conformance(options);
        outcome.usage_error();
        assert!(outcome.stderr.contains(reason), "{options:?}: {outcome:?}");
    }
    let mut elsewhere = dstok(["conformance", "--group", "secrets"]);
    // It finds the folder above the program.
    run(elsewhere.current_dir("/"), "").quiet_success();
}
