//! Nothing that the process prints contains a secret. No error repeats a token, a signed value or a
//! value to sign.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{Peer, READY, dstok, error, file, request, results, run};
use serde_json::Value;

/// Tests also look for its halves, and for its base64 at every alignment.
const SECRET: &str = "MARKER-7fQ2-sesame-open";

#[track_caller]
fn assert_absent(text: &str, what: &str) {
    let half = SECRET.len() / 2;
    let encoded = ["TUFSS0VS", "UktFUi03", "QVJLRVIt"];
    for needle in [&SECRET[..half], &SECRET[half..], "7fQ2"].iter().chain(&encoded) {
        let at = text.find(needle).map(|at| &text[at.saturating_sub(100)..]);
        assert!(at.is_none(), "{what} prints {needle}: {:.300}", at.unwrap_or_default());
    }
}

/// Valid and invalid lines of every kind.
fn lines() -> Vec<String> {
    let mut lines: Vec<_> = [
        ("info", "[]"),
        ("ping", "[]"),
        ("rpc.discover", "[]"),
        ("nope", "[]"),
        ("sign", "[1]"),
        ("sign", r#"["x","n"]"#),
        ("sign", r#"["\ud800"]"#),
        ("sign", "[]"),
        ("create_token", r#"["root"]"#),
        ("create_token", r#"["root",60,["view-instance"]]"#),
        ("create_token", r#"["root","60"]"#),
        ("create_token", r#"{"actor_id":1,"restrict_all":"x"}"#),
        ("create_actor_cookie", r#"[{"id":"root"},60]"#),
        ("verify_token", r#"["dstok_x.y"]"#),
        ("inspect_token", r#"["dstok_x.y"]"#),
        ("unsign", r#"["x.y"]"#),
        ("verify_actor_cookie", r#"["x.y"]"#),
        ("restrictions_allow_action", r#"[{},"x"]"#),
        ("create_actor_cookie", r#"[{"id":"root"},1.5]"#),
        ("configure", r#"{"datasette_version":"banana"}"#),
        ("configure", r#"{"datasette_version":"0.65.5"}"#),
        ("configure", r#"{"datasette_version":"1.0a999"}"#),
        ("configure", r#"{"settings":{"x":1}}"#),
        ("configure", "[5]"),
        ("configure", r#"[""]"#),
    ]
    .iter()
    .map(|(method, params)| request(method, params))
    .collect();
    for line in [
        "",
        "{",
        "5",
        "[]",
        "[1]",
        "{}",
        r#"{"id":1}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
    ] {
        lines.push(line.to_owned());
    }
    lines
}

#[test]
fn the_secret_is_never_printed_whatever_its_source() {
    let path = file("secrecy.txt", SECRET);
    let path = path.to_str().unwrap();
    let input = lines().join("\n");
    for (args, environment) in [
        (&["serve", "--secret", SECRET][..], None),
        (&["serve", "--secret-file", path], None),
        (&["serve", "--old-secret-file", path, "--secret", "s"], None),
        (&["serve"], Some("DATASETTE_SECRET")),
        (&["serve"], Some("DSTOK_OLD_SECRETS")),
    ] {
        let outcome = run(dstok(args).envs(environment.map(|name| (name, SECRET))), &input);
        assert_eq!(outcome.code, Some(0));
        assert!(outcome.answers().len() > 20, "the session went through");
        assert_absent(&outcome.stdout, "stdout");
        assert_absent(&outcome.stderr, "stderr");
    }
}

#[test]
fn a_secret_in_configure_is_never_repeated() {
    let mut input: Vec<_> = [
        format!(r#"["{SECRET}"]"#),
        format!(r#"[["{SECRET}","{SECRET}"]]"#),
        format!(r#"{{"old_secrets":"{SECRET}"}}"#),
        format!(r#"{{"old_secrets":["{SECRET}",""]}}"#),
        format!(r#"{{"old_secrets":["{SECRET}",["{SECRET}"]]}}"#),
        format!(r#"{{"old_secrets":{{"{SECRET}":"{SECRET}"}}}}"#),
        format!(r#"[["{SECRET}",5]]"#),
        format!(r#"[["{SECRET}",""]]"#),
        format!(r#"["{SECRET}\ud800"]"#),
        format!(r#"[{{"secret":"{SECRET}"}}]"#),
        format!(r#"{{"secret":"{SECRET}","secret":"{SECRET}"}}"#),
        format!(r#"{{"secret":"{SECRET}","zlib":"gzip"}}"#),
        format!(r#"{{"datasette_version":"{SECRET}"}}"#),
        format!(r#"{{"actions":"{SECRET}"}}"#),
        format!(r#"{{"settings":"{SECRET}"}}"#),
        format!(r#"{{"settings":{{"allow_signed_tokens":"{SECRET}"}}}}"#),
        format!(r#"{{"settings":{{"{SECRET}":1}}}}"#),
        format!(r#"{{"zlib":"{SECRET}"}}"#),
        format!(r#"{{"itsdangerous":"{SECRET}"}}"#),
        format!(r#"[null,null,null,null,null,null,"{SECRET}"]"#),
        format!("\"{SECRET}\""),
    ]
    .iter()
    .map(|params| request("configure", params))
    .collect();
    input.extend(lines());
    // An incomplete line and one that is not UTF-8, both with the secret.
    input.push(request("configure", &format!(r#"["{SECRET}""#)));
    let mut bytes = input.join("\n").into_bytes();
    bytes.extend_from_slice(format!("\n{{\"secret\":\"{SECRET}\u{1}\"}}\n").as_bytes());
    bytes.extend_from_slice(SECRET.as_bytes());
    bytes.extend_from_slice(b"\xff\n");
    let outcome = run(&mut dstok(["serve"]), bytes);
    assert_eq!(outcome.code, Some(0));
    assert_absent(&outcome.stdout, "stdout");
    assert_absent(&outcome.stderr, "stderr");
}

#[test]
fn an_oversized_line_or_batch_is_not_repeated() {
    let line = request("configure", &format!(r#"["{SECRET}"]"#));
    let input =
        format!("{line}{}\n[{line},{line},{line}]\n{}\n", " ".repeat(500), request("ping", "[]"));
    let outcome = run(&mut dstok(["serve", "--max-line", "400", "--max-batch", "2"]), input);
    outcome.quiet_success();
    assert_eq!(outcome.answers().len(), 3);
    assert_absent(&outcome.stdout, "stdout");
}

/// Covers every stream and file that `serve` writes to, and its command line in `ps`.
#[test]
fn no_output_contains_the_secret_and_only_stdout_contains_tokens() {
    for (name, options) in
        [("DATASETTE_SECRET", &[][..]), ("DSTOK_OLD_SECRETS", &["--secret", "s"])]
    {
        let log = file(&format!("secrecy-{name}.jsonl"), "");
        let mut peer = std::process::Command::new(env!("CARGO_BIN_EXE_dstok"));
        peer.arg("serve").args(options).args(["--audit-log", log.to_str().unwrap()]);
        peer.env_clear().env(name, SECRET);
        let mut peer = Peer::spawn(peer);
        let mut stdout = String::new();
        for line in lines() {
            peer.send(line.clone() + "\n");
            if !line.is_empty() {
                stdout += &(peer.receive() + "\n");
            }
        }
        let command_line = format!("/proc/{}/cmdline", peer.child.id());
        #[expect(clippy::disallowed_methods, reason = "what was written is what is tested")]
        let [log, command_line] = [log, command_line.into()]
            .map(|path| std::fs::read_to_string(path).unwrap_or_default());
        drop(peer.stdin.take());
        let (code, rest, stderr) = peer.end();
        assert_eq!((code, rest.len()), (Some(0), 0));
        assert!(stdout.contains("dstok_") && !log.is_empty() && stderr.contains("1.0a999"));
        assert!(cfg!(not(target_os = "linux")) || command_line.contains("serve"));
        for (what, text) in
            [("stdout", &stdout), ("stderr", &stderr), ("audit log", &log), ("ps", &command_line)]
        {
            assert_absent(text, what);
            assert!(what == "stdout" || !text.contains("dstok_"), "a token in {what}");
        }
    }
}

/// The token stands in the wrong place: as a method, in a parameter of another type, as an extra
/// parameter.
#[test]
fn errors_do_not_repeat_a_token() {
    let tokens = results(READY, &[("create_token", r#"["root"]"#), ("sign", r#"["x"]"#)]);
    for token in tokens.iter().map(|token| token.as_str().unwrap()) {
        let lines = [
            request(token, "[]"),
            request("create_token", &format!(r#"["root","{token}"]"#)),
            request("create_token", &format!(r#"["root",null,"{token}"]"#)),
            request("create_token", &format!(r#"["root",null,null,{{"{token}":"{token}"}}]"#)),
            request("create_token", &format!(r#"{{"actor_id":1,"restrictions":{{"{token}":1}}}}"#)),
            request("create_token", &format!(r#"{{"actor_id":1,"now":"{token}"}}"#)),
            request("create_token", &format!(r#"["{token}\ud800"]"#)),
            request("ping", &format!(r#"{{"{token}":1}}"#)),
            request("create_token", &format!(r#"{{"actor_id":1,"{token}":1}}"#)),
            request("verify_token", &format!(r#"{{"Bearer {token}":"{token}"}}"#)),
            request("create_token", &format!(r#"{{"actor_id":1,"{}":1}}"#, token.to_uppercase())),
            request("configure", &format!(r#"{{"settings":{{"{token}":1}}}}"#)),
            request("configure", &format!(r#"{{"actions":{{"{token}":1}}}}"#)),
            request("configure", &format!(r#"{{"secret":["{token}"]}}"#)),
            request("configure", &format!(r#"{{"old_secrets":"{token}"}}"#)),
            request("configure", &format!(r#"{{"zlib":"{token}"}}"#)),
            request("configure", &format!(r#"{{"datasette_version":"{token}"}}"#)),
            request("restrictions_allow_action", &format!(r#"[{{"a":{{"{token}":1}}}},"x"]"#)),
            request("token_allows_action", &format!(r#"["{token}","x","y",1,"{token}"]"#)),
            request("token_allows_action", &format!(r#"["{token}",["{token}"]]"#)),
            request("create_actor_cookie", &format!(r#"[1,"{token}"]"#)),
            request("sign", &format!(r#"["{token}","n","{token}"]"#)),
            request("sign", &format!(r#"[{{"{token}":1,"{token}":1}}]"#)),
            request("sign", &format!(r#"[1,["{token}"]]"#)),
            request("ping", &format!(r#"["{token}"]"#)),
            request("ping", &format!(r#""{token}""#)),
            request("ping", &format!(r#"[],"{token}":1,"{token}":1"#)),
            format!(r#"{{"jsonrpc":"{token}","method":"{token}"}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":1,"params":"{token}"}}"#),
            format!("\"{token}\""),
            token.to_owned(),
        ];
        let outcome = run(&mut dstok(READY), lines.join("\n"));
        outcome.quiet_success();
        assert_eq!(outcome.answers().len(), lines.len());
        for (answer, line) in outcome.answers().iter().zip(&lines) {
            assert!(error(answer).0 < 0 && !answer.contains(&token[..20]), "{line}\n{answer}");
        }
    }
}

/// Datasette's warning about an unknown action repeats its name. It contains no secret.
#[test]
fn command_lines_do_not_repeat_the_secret() {
    let path = file("secrecy_latin.txt", [SECRET.as_bytes(), b"\xff"].concat());
    let json = file("secrecy.json", format!("{{\"{SECRET}"));
    let (path, json) = (path.to_str().unwrap(), json.to_str().unwrap());
    let inline = format!("--secret={SECRET}");
    for args in [
        &["create-token", "root", "--secret", SECRET][..],
        &["create-token", "root", "--debug", &inline],
        &["create-token", "root", &inline, "-a", "nope"],
        &["create-token", "root", &inline, "-e", "x"],
        &["create-token", "root", &inline, "--datasette-version", "banana"],
        &["create-token", "root", &inline, "--plugins-dir", "x"],
        &["create-token", "root", &inline, "extra"],
        &["create-token", &inline],
        &["create-token", "root", "--secret-file", path],
        &["create-token", "root", "--old-secret-file", path, "--secret", "s"],
        &["create-token", "root", "--secret", "s", "--actions", json],
        &["serve", "--secret", SECRET, "--nonsense"],
        &["serve", "--secret", SECRET, "--zlib", "gzip"],
        &["serve", "--secret", SECRET, "--setting", "x", "1"],
        &["serve", "--secret-file", path],
        &["--secret", SECRET, "serve"],
        &["serve", "--secret", SECRET, "--help"],
        &["create-token", "--help", "--secret", SECRET],
    ] {
        let outcome = run(&mut dstok(args), "");
        assert_absent(&outcome.stdout, &format!("stdout of {args:?}"));
        assert_absent(&outcome.stderr, &format!("stderr of {args:?}"));
        assert!(!(outcome.stdout + &outcome.stderr).is_empty() || args[0] == "serve");
    }
}

/// The secret follows a forgotten or misspelt option.
#[test]
fn a_stray_argument_is_not_repeated() {
    let misspelt = format!("--secrets={SECRET}");
    for args in [
        &[SECRET][..],
        &["serve", SECRET],
        &["serve", &misspelt],
        &["serve", "--secrets", SECRET],
        &["create-token", "root", SECRET],
        &["create-token", "root", &misspelt],
        &["create-token", "root", "--secret", "s", SECRET],
        &[&misspelt, "serve"],
    ] {
        let outcome = run(&mut dstok(args), "");
        assert_eq!(outcome.code, Some(2), "{args:?}: {outcome:?}");
        assert_absent(&outcome.stderr, &format!("stderr of {args:?}"));
        outcome.usage_error();
    }
}

#[test]
fn the_environment_is_not_repeated_in_help_or_usage_errors() {
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["create-token", "--help"],
        &["create-token"],
        &["serve", "-x"],
    ] {
        let environment = [("DATASETTE_SECRET", SECRET), ("DSTOK_OLD_SECRETS", SECRET)];
        let outcome = run(dstok(args).envs(environment), "");
        assert_absent(&(outcome.stdout + &outcome.stderr), &format!("{args:?}"));
    }
}

#[test]
fn info_only_counts_secrets() {
    let input = request("info", "[]");
    let outcome = run(dstok(["serve", "--secret", SECRET]).env("DSTOK_OLD_SECRETS", "a\nb"), input);
    let answer: Value = serde_json::from_str(outcome.answers()[0]).unwrap();
    assert_eq!(answer["result"]["secrets"], 3);
    assert_absent(&outcome.stdout, "info");
}

#[test]
fn create_tokens_the_audit_log_and_conformance_print_neither() {
    let token = results(READY, &[("create_token", r#"["root"]"#)])[0].as_str().unwrap().to_owned();
    let log = file("secrecy-audit.jsonl", "");
    let options =
        ["--secret", SECRET, "--audit-log", log.to_str().unwrap(), "--known-actions-only"];
    // The token stands in the wrong place of each record.
    let records = [
        format!("{{\"actor_id\":1,\"expires_after\":\"{token}\"}}"),
        format!("{{\"actor_id\":1,\"restrict_all\":\"{token}\"}}"),
        format!("{{\"actor_id\":1,\"restrictions\":{{\"{token}\":[]}}}}"),
        format!("{{\"actor_id\":1}}{token}"),
        token.clone(),
    ];
    let input = records.join("\n") + "\n{\"actor_id\":\"last\"}\n";
    let outcome = run(dstok(["create-tokens", "--format", "tokens"]).args(options), input);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(outcome.stdout.matches("dstok_").count(), 1, "{outcome:?}");
    #[expect(clippy::disallowed_methods, reason = "what was written is what is tested")]
    let log = std::fs::read_to_string(log).unwrap();
    for text in [&outcome.stdout, &outcome.stderr, &log] {
        assert_absent(text, "create-tokens");
        assert!(!text.contains(&token), "{text}");
    }
    assert!(!log.contains("dstok_") && log.lines().count() == 1, "{log}");
    // The token is the name of a column or member.
    for input in [
        format!("actor_id,{token},actor_id\nroot,1,1\n"),
        format!("{{\"actor_id\":1}}\n{{\"actor_id\":1,\"{token}\":1}}\n"),
        format!("{{\"actor_id\":1,\"{token}\":1,\"{token}\":1}}\n"),
    ] {
        let args = ["create-tokens", "--secret", SECRET, "--now", "1", "--format", "csv"];
        let outcome = run(&mut dstok(args), &input);
        assert_ne!(outcome.code, Some(0), "{input}\n{outcome:?}");
        assert!(!outcome.stderr.contains(&token[..20]), "{}", outcome.stderr);
        // What stands in the input is passed through. Errors come after it.
        let errors: Vec<_> =
            outcome.stdout.lines().filter_map(|line| line.split_once(",,")).collect();
        assert!(!format!("{errors:?}").contains(&token[..20]), "{}", outcome.stdout);
    }
    let garbage = format!("while read line; do echo '{token}'; done");
    let outcome =
        run(&mut dstok(["conformance", "--group", "secrets", "--", "sh", "-c", &garbage]), "");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(!(outcome.stdout + &outcome.stderr).contains(&token[..20]));
}
