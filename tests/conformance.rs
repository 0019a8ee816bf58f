//! `dstok conformance`: what it checks, and which mistakes it catches.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "reports are what is tested")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::conformance::{conformance, table};
use common::{compress, dstok, file, run, signed_by};
use serde_json::Value;

const WRONG: &str = "tests/wrong_implementation.py";

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
    let sign = |body: String| signed_by("a secret", "default", body);
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
    let compressed = |data: &[u8]| format!(".{}", URL_SAFE_NO_PAD.encode(compress(data)));
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
    assert!(again.stderr.contains("fixtures exists; name a new folder"), "{again:?}");
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
        (&["CHANGELOG.md"], "not the header"),
        (&["--group", "x"], "unknown group"),
        (&["--release", "2.0"], "has an answer from Datasette"),
        (&["--", "/no/such/program"], "cannot start /no/such/program"),
        (&["--timeout", "0"], "--timeout"),
        (&["--group", "secrets", "--junit", "/no/such/folder/x"], "--junit"),
    ] {
        let outcome = conformance(options);
        outcome.usage_error();
        assert!(outcome.stderr.contains(reason), "{options:?}: {outcome:?}");
    }
}
