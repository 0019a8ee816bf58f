//! `dstok conformance`: which implementations pass and which mistakes it catches.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "reports are what is tested")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Outcome, dstok, file, run};
use datasette_tokens::Secret;
use datasette_tokens::itsdangerous::Keyring;
use serde_json::Value;

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

/// How many scenarios and answers `compat-fixtures/` has.
fn recorded() -> [usize; 2] {
    let mut counts = [0; 2];
    for entry in fs::read_dir("compat-fixtures").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().trim_end_matches('\n').split('\n').skip(1) {
            let scenario: Value = serde_json::from_str(line).unwrap();
            let answers = scenario["answers"].as_array().unwrap();
            let releases =
                answers.iter().map(|answer| answer["releases"].as_array().unwrap().len());
            counts = [counts[0] + 1, counts[1] + releases.sum::<usize>()];
        }
    }
    counts
}

#[test]
fn it_passes_on_itself() {
    let [scenarios, checks] = recorded();
    let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit.xml");
    let outcome = conformance(&["--junit", junit.to_str().unwrap()]);
    outcome.quiet_success();
    let rows = table(&outcome);
    let (all, groups) = rows.split_last().unwrap();
    assert_eq!(all, &("all".to_owned(), [scenarios, checks, 0]));
    assert_eq!(groups.len(), fs::read_dir("compat-fixtures").unwrap().count() - 1);
    let sum = groups.iter().fold([0; 3], |sum, (_, row)| [0, 1, 2].map(|n| sum[n] + row[n]));
    assert_eq!(sum, all.1);
    let xml = fs::read_to_string(junit).unwrap();
    assert_eq!(xml.matches("<testcase ").count(), scenarios);
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
        ("sleep 60", "did not answer within 1 seconds (--timeout; does it flush each answer?)"),
        ("exec >&-; sleep 60", "closed its stdout"),
        // What it leaves behind holds its stdout open.
        (
            "sleep 60 & exit 3",
            "sh exited without an answer, and another process holds its stdout open, exit status: 3",
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
        let all = format!("no answer, even after 2 starts: {checks} checks failed");
        assert!(outcome.stdout.contains(&all), "{outcome:?}");
    }
}

#[test]
fn a_program_that_repeats_its_input_is_told_so() {
    let outcome = conformance(&["--group", "sign", "--", "cat"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let text = &outcome.stdout;
    assert!(text.contains("cat answered request 0 with JSON that is not a JSON-RPC 2.0"), "{text}");
    assert!(text.contains("does the program repeat its input?"), "{text}");
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
        ("3", "sleep 60", "  sh did not answer within 3 seconds (--timeout); its stderr is empty"),
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

/// The same program with another zlib's bytes: dstok with those of zlib-ng and zlib exchanged.
#[test]
fn payloads_of_another_zlib_are_right_if_asked_for() {
    let serve = concat!(env!("CARGO_BIN_EXE_dstok"), " serve");
    let script = format!(
        "sed -u -e 's/\"zlib\":\"zlib\"/\"zlib\":\"X\"/' -e 's/\"zlib\":\"zlib-ng\"/\"zlib\":\"zlib\"/' \
         -e 's/\"zlib\":\"X\"/\"zlib\":\"zlib-ng\"/' | {serve}"
    );
    let options = ["--release", "1.0a41", "--release", "1.0a1"];
    let program = ["--", "sh", "-c", &script];
    let exact = conformance(&[&options[..], &program].concat());
    assert_eq!(exact.code, Some(1), "{exact:?}");
    assert!(exact.stdout.contains("Pass --payloads if the program has another zlib"), "{exact:?}");
    let outcome = conformance(&[&options[..], &["--payloads"], &program].concat());
    outcome.quiet_success();
    assert!(table(&exact).last().unwrap().1[2] > 200, "{exact:?}");
}

/// What `--payloads` still tells apart.
#[test]
fn payloads_must_be_the_same_json_under_a_right_signature() {
    let json_text = format!("\"{}\"", "spam, egg and ".repeat(20));
    let json = json_text.as_bytes();
    let stream = pyzlib::compress(json);
    let body = format!(".{}", URL_SAFE_NO_PAD.encode(&stream));
    let sign = |body: String| signed_by("a secret", &body);
    let result = sign(body.clone());
    let fixture = file(
        "one.jsonl",
        format!(
            "{{\"format\":1,\"group\":\"one\",\"count\":1}}\n{{\"name\":\"one\",\"about\":\"\",\"method\":\"sign\",\
             \"params\":\"[{}]\",\"config\":{{\"secret\":\"a secret\",\"now\":1}},\
             \"answers\":[{{\"releases\":[\"1.0a41\"],\"result\":\"{result}\"}}]}}\n",
            json_text.replace('"', "\\\""),
        ),
    );
    let compressed = |data: &[u8]| format!(".{}", URL_SAFE_NO_PAD.encode(deflate_at_level_1(data)));
    let spaced = format!(" {json_text}");
    let (other, own) = (compressed(json), sign(compressed(json)));
    assert_ne!(other, body, "it is another stream");
    for (answer, reason) in [
        (own.clone(), None),
        (result.clone(), None),
        (
            format!("{other}.{}", result.rsplit_once('.').unwrap().1),
            Some("its signature is not the right one"),
        ),
        (format!("{own}="), Some("its signature is not the right one")),
        (format!("dstok_{own}"), Some("only one of the two begins with")),
        (sign(compressed(spaced.as_bytes())), Some("another spelling")),
        (
            sign(format!(".{}", URL_SAFE_NO_PAD.encode([&stream[..], b"!"].concat()))),
            Some("bytes follow the zlib stream"),
        ),
        (sign(format!(".{}=", &other[1..])), Some("not base64 in the URL-safe alphabet")),
        (
            sign(URL_SAFE_NO_PAD.encode(json)),
            Some("is not compressed, although that would make it much shorter"),
        ),
        ("nothing".to_owned(), Some("got this result:")),
    ] {
        let script = format!(
            "read -r line; echo '{{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":0}}'; \
             read -r line; echo '{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{answer}\"}}'"
        );
        let path = fixture.to_str().unwrap();
        let options = [path, "--release", "1.0a41", "--payloads", "--", "sh", "-c", &script];
        let outcome = conformance(&options);
        assert_eq!(outcome.code, Some(i32::from(reason.is_some())), "{reason:?}: {outcome:?}");
        assert!(outcome.stdout.contains(reason.unwrap_or_default()), "{reason:?}: {outcome:?}");
    }
}

/// A text with the signature that itsdangerous gives it in the namespace `default`.
fn signed_by(secret: &str, body: &str) -> String {
    let keyring = Keyring::new(Secret::new(secret.to_owned()).unwrap(), []);
    let mut signed = body.as_bytes().to_vec();
    assert!(keyring.sign("default", &mut signed, 0));
    String::from_utf8(signed).unwrap()
}

/// A stream that is not Python's.
fn deflate_at_level_1(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0; data.len() + 100];
    let mut deflate = zlib_rs::Deflate::new(1, true, 15);
    let status = deflate.compress(data, &mut out, zlib_rs::DeflateFlush::Finish);
    assert_eq!(status.unwrap(), zlib_rs::Status::StreamEnd);
    out.truncate(usize::try_from(deflate.total_out()).unwrap());
    out
}

#[test]
fn methods_select_checks() {
    let outcome = conformance(&["--release", "1.0a41", "--method", "unsign", "--method", "sign"]);
    outcome.quiet_success();
    assert!(table(&outcome).iter().all(|(name, row)| row[0] > 0 || name == "all"), "{outcome:?}");
    let unknown = conformance(&["--method", "unsing"]);
    unknown.usage_error();
    assert!(unknown.stderr.contains("expected one of: create_actor_cookie, "), "{unknown:?}");
}

/// Wherever it is installed: no folder is near.
#[test]
fn the_fixtures_are_in_the_program() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("dstok");
    fs::copy(env!("CARGO_BIN_EXE_dstok"), &program).unwrap();
    let mut command = Command::new(&program);
    command.args(["conformance", "--release", "1.0a41"]).current_dir("/");
    let outcome = run(&mut command, "");
    outcome.quiet_success();
    let groups = fs::read_dir("compat-fixtures").unwrap().count() - 1;
    assert_eq!(table(&outcome).len(), groups + 1);
    // They are those of the folder.
    let extracted = folder.join("fixtures");
    let path = extracted.to_str().unwrap();
    conformance(&["--extract", path]).quiet_success();
    for entry in fs::read_dir("compat-fixtures").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        assert!(fs::read(&path).unwrap() == fs::read(extracted.join(name)).unwrap(), "{name:?}");
    }
    assert_eq!(fs::read_dir(&extracted).unwrap().count(), groups + 1);
    let again = conformance(&["--extract", path]);
    again.usage_error();
    assert!(again.stderr.contains("--extract: cannot write"), "{again:?}");
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
        (&["--release", "2.0"], "has an answer of Datasette"),
        (&["--", "/no/such/program"], "cannot start /no/such/program"),
        (&["--timeout", "0"], "--timeout"),
        (&["--group", "secrets", "--junit", "/no/such/folder/x"], "--junit"),
    ] {
        let outcome = conformance(options);
        outcome.usage_error();
        assert!(outcome.stderr.contains(reason), "{options:?}: {outcome:?}");
    }
}

/// The archive holds the files and nothing of the machine that built it, every time.
#[test]
fn the_archive_of_the_fixtures_is_reproducible() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("archives");
    let _ = fs::remove_dir_all(&root);
    let [first, second] = ["one", "other/folder"].map(|folder| {
        let folder = root.join(folder);
        let done = Command::new("python3")
            .args(["scripts/build_fixtures_archive", "--output", folder.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        folder
    });
    let name = concat!("dstok-fixtures-", env!("CARGO_PKG_VERSION"));
    let archive = format!("{name}.tar.gz");
    let data = fs::read(first.join(&archive)).unwrap();
    assert!(data == fs::read(second.join(&archive)).unwrap());
    let unpack = format!(
        "sha256sum --quiet --check {archive}.sha256 && tar xzf {archive} && cd {name} && \
         sha256sum --quiet --check SHA256SUMS && for file in {}/*; do cmp $file $(basename $file) || exit 1; done",
        Path::new(env!("CARGO_MANIFEST_DIR")).join("compat-fixtures").display()
    );
    let done = Command::new("sh").args(["-c", &unpack]).current_dir(&first).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let inside = fs::read_dir(first.join(name)).unwrap().map(|entry| entry.unwrap().path());
    for path in inside {
        let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{path:?}");
    }
}
