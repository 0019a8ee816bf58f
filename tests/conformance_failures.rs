//! `dstok conformance` on programs that crash, hang or break the protocol.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "reports are what is tested")]

mod common;

use std::fs;
use std::path::Path;

use common::conformance::{conformance, table};

/// A program that answers nothing is started twice. Its last words are shown once.
#[test]
fn a_program_that_never_answers_is_given_up() {
    for (script, reason) in [
        ("exit 3", "sh closed its stdout, exit status: 3; its stderr is empty"),
        ("echo oops >&2; echo garbage; cat >/dev/null", "with a line that is not JSON (length 7, "),
        ("echo oops >&2; exit 1", "    oops\n"),
        ("echo '{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}'; cat >/dev/null", "with the id 7"),
        ("echo '{\"jsonrpc\":\"2.0\",\"result\":1}'; cat >/dev/null", "it has no id"),
        ("echo '{\"id\":0,\"result\":1}'; cat >/dev/null", "its member jsonrpc is not \"2.0\""),
        ("echo '{\"jsonrpc\":\"2.0\",\"id\":0}'; cat >/dev/null", "neither result nor error"),
        ("echo '[\"2.0\",0,null,1,null]'; cat >/dev/null", "a JSON array"),
        (
            "echo '{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":\"no\"}'; cat >/dev/null",
            "no integer code",
        ),
        ("sleep 60", "did not respond within 1 seconds (--timeout; does it flush each response?)"),
        ("exec >&-; sleep 60", "closed its stdout"),
        // What it leaves behind holds its stdout open.
        (
            "sleep 60 & exit 3",
            "sh exited without a response, and another process holds its stdout open, exit status: 3",
        ),
        ("head -c 100000000 /dev/zero", "with a line that is not JSON (length 67108864, "),
        // What it leaves behind holds its stderr open.
        ("setsid sleep 5 >&- & exit 4", "sh closed its stdout, exit status: 4"),
    ] {
        let outcome =
            conformance(&["--timeout", "1", "--group", "secrets", "--", "sh", "-c", script]);
        assert_eq!(outcome.code, Some(1), "{script}: {outcome:?}");
        assert_eq!(outcome.stdout.matches(reason).count(), 1, "{script}: {outcome:?}");
        let checks = table(&outcome)[0].1[1];
        let all = format!("no response, even after 2 starts: {checks} checks failed");
        assert!(outcome.stdout.contains(&all), "{outcome:?}");
    }
}

#[test]
fn a_program_that_repeats_its_input_is_told_so() {
    let outcome = conformance(&["--group", "sign", "--", "cat"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let text = &outcome.stdout;
    assert!(text.contains("cat answered request 0 with JSON that is not a JSON-RPC 2.0"), "{text}");
    assert!(text.contains("does the program echo its input?"), "{text}");
    assert!(!text.contains("null"), "{text}");
}

/// `dstok serve`, but a line that contains `word` runs `instead`.
fn failing(word: &str, instead: &str) -> String {
    let serve = concat!(env!("CARGO_BIN_EXE_dstok"), " serve");
    let serve_line =
        "printf '%s\\n' \"$line\" >&3; IFS= read -r answer <&4; printf '%s\\n' \"$answer\"";
    format!(
        "d=$(mktemp -d); mkfifo $d/in $d/out; {serve} <$d/in >$d/out & \
         exec 3>$d/in 4<$d/out; rm -r $d; \
         while IFS= read -r line; do case $line in *'{word}'*) {instead};; \
         *) {serve_line};; esac; done"
    )
}

/// A program that crashes or hangs at one request loses one scenario.
#[test]
fn a_program_that_crashes_is_started_again() {
    let crash = "echo TypeError: boom >&2; exit 1";
    for (timeout, instead, how) in [
        (
            "30",
            crash,
            "  sh closed its stdout, exit status: 1; the end of its stderr:\n      TypeError: boom",
        ),
        ("3", "sleep 60", "  sh did not respond within 3 seconds (--timeout); its stderr is empty"),
        ("30", "echo garbage", "answered request 1 with a line that is not JSON (length 7, "),
    ] {
        // The params of one scenario.
        let script = failing(r#"{"value":true"#, instead);
        let options = ["--timeout", timeout, "--group", "sign", "--", "sh", "-c", &script];
        let outcome = conformance(&options);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let [_, checks, failed] = table(&outcome)[0].1;
        assert_eq!(failed * 31, checks, "{outcome:?}");
        assert!(outcome.stdout.contains("sign_true: in lower case"), "{outcome:?}");
        assert!(outcome.stdout.contains(how), "{outcome:?}");
        let others = "the program failed at these scenarios with another release";
        assert!(outcome.stdout.contains(others), "{outcome:?}");
    }
}

#[test]
fn a_program_that_crashes_at_configure_loses_what_it_configures() {
    let script = failing(r#""datasette_version":"1.0a3","#, "exit 1");
    let outcome = conformance(&["--group", "sign", "--", "sh", "-c", &script]);
    let text = &outcome.stdout;
    assert_eq!(table(&outcome)[0].1[2], 31, "{text}");
    assert!(text.contains("configure: sh closed its stdout, exit status: 1"), "{text}");
    assert!(text.contains("the program failed at configure: 31 checks failed"), "{text}");
}

/// A program that writes its answers after each read loses those before the one it crashes at.
#[test]
fn the_scenario_is_named_although_answers_were_lost() {
    let script = r#"
import json, os
rest = b""
while chunk := os.read(0, 65536):
    *lines, rest = (rest + chunk).split(b"\n")
    answers = ""
    for request in map(json.loads, lines):
        if request["params"] == {"value": True}:
            os._exit(1)
        answers += json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "x"}) + "\n"
    os.write(1, answers.encode())
"#;
    let options = ["--group", "sign", "--release", "1.0a41", "--", "python3", "-c", script];
    let outcome = conformance(&options);
    let text = &outcome.stdout;
    let (_, named) = text.split_once("sign_true: in lower case").unwrap();
    assert!(named.lines().nth(2).unwrap().starts_with("  python3 closed its stdout"), "{text}");
    assert_eq!(text.matches("closed its stdout").count(), 1, "{text}");
}

/// A failure that is gone when requests come one at a time is reported without a scenario.
#[test]
fn a_failure_under_load_is_a_failure() {
    let marker = Path::new(env!("CARGO_TARGET_TMPDIR")).join("under-load");
    let _ = fs::remove_file(&marker);
    let marker = marker.to_str().unwrap();
    let script = format!(
        "[ -e {marker} ] || {{ touch {marker}; exit 1; }}; exec {} serve",
        env!("CARGO_BIN_EXE_dstok")
    );
    let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit-under-load.xml");
    let options =
        ["--junit", junit.to_str().unwrap(), "--group", "sign", "--", "sh", "-c", &script];
    let outcome = conformance(&options);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(table(&outcome)[0].1[2], 0, "{outcome:?}");
    assert!(!outcome.stdout.contains("all answers are those"), "{outcome:?}");
    assert!(
        outcome.stdout.contains("Asked one request at a time, it does not fail"),
        "{outcome:?}"
    );
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains("<testsuite name=\"program\" tests=\"1\" failures=\"1\">"), "{xml}");
}

/// It answers one request and exits, whatever comes next.
#[test]
fn a_program_that_fails_everywhere_is_given_up() {
    let early = "read -r line; echo '{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":0}'";
    let outcome = conformance(&["--group", "secrets", "--group", "sign", "--", "sh", "-c", early]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("33 more scenarios differ"), "{outcome:?}");
    let why = "not asked, because the program had failed too often";
    assert!(outcome.stdout.contains(why), "{outcome:?}");
}

/// The program's own words, its error without an id among them.
#[test]
fn errors_of_the_program_are_shown() {
    let own = "echo '{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"line 1: no true\"}}'";
    let script = failing(r#"{"value":true"#, own);
    let outcome =
        conformance(&["--group", "sign", "--release", "1.0a41", "--", "sh", "-c", &script]);
    assert_eq!(table(&outcome)[0].1[2], 1, "{outcome:?}");
    let words = "sh answered request 1 with an error without an id, parse_error: line 1: no true";
    assert!(outcome.stdout.contains(words), "{outcome:?}");
}

/// A port whose line reader splits at U+2028 and the like answers twice to one line.
#[test]
fn a_program_that_splits_lines_elsewhere_is_told_so() {
    let serve = env!("CARGO_BIN_EXE_dstok");
    let split = format!(
        "import subprocess, sys\n\
         serve = subprocess.Popen(['{serve}', 'serve'], stdin=subprocess.PIPE, encoding='utf-8')\n\
         for line in sys.stdin:\n    \
             for part in line.splitlines():\n        \
                 print(part, file=serve.stdin, flush=True)"
    );
    let options = ["--group", "sign_unicode", "--release", "1.0a41", "--show", "100"];
    let outcome = conformance(&[&options[..], &["--", "python3", "-c", &split]].concat());
    let text = &outcome.stdout;
    assert!(text.contains("its params hold U+2028 as it is: split lines at \\n only"), "{text}");
    let scenarios = table(&outcome)[0].1;
    // Only those that hold such a character fail.
    let hints = text.matches("split lines at").count();
    assert_eq!((hints, scenarios[2]), (scenarios[2], scenarios[2]), "{text}");
}

/// The end of stderr, within limits and without what a terminal would obey.
#[test]
fn the_last_lines_of_stderr_are_shown() {
    let script = "seq 1 5000 | sed 's/$/ \\x1b[31mred/' >&2; exit 1";
    let outcome = conformance(&["--group", "sign", "--", "sh", "-c", script]);
    let text = &outcome.stdout;
    let lines: Vec<_> = text.lines().filter(|line| line.ends_with("red")).collect();
    assert_eq!(lines.len(), 20, "{text}");
    assert_eq!(lines[19], "    5000 \\u{1b}[31mred");
    assert!(!text.contains('\u{1b}'), "{text}");
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
