//! The output of `dstok verify`, `inspect`, `sign` and `unsign`. Fixtures test the answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use std::env;

use common::{Outcome, cli, dstok, file, request, run, session};
use serde_json::{Value, json};

const HOUR: [&str; 4] = ["--secret", "s", "--now", "1700000000"];
const DAYS_LATER: [&str; 4] = ["--secret", "s", "--now", "1700300000"];

/// A token that lasts an hour, with all three kinds of restriction and an unknown action.
fn token() -> String {
    let restrictions = "-e 3600 -a view-instance -d docs insert-row -r docs dogs sail";
    let args = ["create-token", "root"].into_iter().chain(restrictions.split(' ')).chain(HOUR);
    let outcome = cli(args);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout.trim_end().to_owned()
}

fn on(subcommand: &str, operand: &str, options: &[&str]) -> Outcome {
    cli([subcommand, operand].iter().chain(options))
}

/// Asserts exit code 1 and the exact line on stderr, which thus repeats no input.
#[track_caller]
fn assert_negative(outcome: &Outcome, stdout: &str, message: &str) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), stdout), "{outcome:?}");
    assert_eq!(outcome.stderr, format!("dstok: {message}\n"));
}

#[test]
fn verify_prints_the_actor() {
    let outcome = on("verify", &token(), &HOUR);
    outcome.quiet_success();
    let actor: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&actor["id"], &actor["token_expires"]), (&json!("root"), &json!(1_700_003_600)));
    let from_stdin = run(dstok(["verify", "-"]).args(HOUR), format!("  {}\r\n", token()));
    from_stdin.quiet_success();
    assert_eq!(from_stdin.stdout, outcome.stdout);
}

#[test]
fn verify_says_why_a_token_is_invalid() {
    let token = token();
    assert_negative(&on("verify", &token, &DAYS_LATER), "", "Token has expired");
    let with_old = |release| {
        let args = [&DAYS_LATER[..], &["--datasette-version", release]].concat();
        on("verify", &token, &args)
    };
    assert_negative(&with_old("1.0a35"), "null\n", "Token has expired");
    with_old("0.65.5").usage_error();
    let changed = format!("{}x", &token[..token.len() - 1]);
    assert_negative(&on("verify", &changed, &HOUR), "", "Invalid token signature");
    let off = [&HOUR[..], &["--setting", "allow_signed_tokens", "off"]].concat();
    let message = "Signed tokens are not enabled for this Datasette instance";
    assert_negative(&on("verify", &token, &off), "", message);
    let outcome = on("verify", "no-token", &HOUR);
    let message = "Not a signed token: it does not begin with dstok_";
    assert_negative(&outcome, "null\n", message);
    on("verify", &token, &["--now", "1700000000"]).usage_error();
}

#[test]
fn inspect_reports_everything_on_one_screen() {
    let old = file("inspect-old-secret.txt", "s\n");
    let args = ["--secret", "new", "--old-secret-file", old.to_str().unwrap()];
    let outcome = on("inspect", &token(), &[&args[..], &["--now", "1700300000"]].concat());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
    for words in [
        "expired 3 days ago",
        "Token has expired",
        "signed with old secret 1",
        "root",
        "2023-11-14 22:13:20 UTC",
        "2023-11-14 23:13:20 UTC, 3 days ago",
        "everywhere  view-instance",
        "docs        insert-row",
        "docs/dogs   sail",
        "sail (not an action of this Datasette",
        "create a new token with dstok create-token",
    ] {
        assert!(outcome.stdout.contains(words), "{words:?} is not in\n{}", outcome.stdout);
    }
    assert!(outcome.stdout.lines().count() <= 24);
    assert!(!outcome.stdout.contains('\x1b'), "no colour outside a terminal");
}

#[test]
fn inspect_needs_no_secret() {
    let outcome = on("inspect", &token(), &["--now", "1700000005"]);
    outcome.quiet_success();
    for words in ["not checked", "5 seconds ago", "in 59 minutes", "--secret-file"] {
        assert!(outcome.stdout.contains(words), "{words:?} is not in\n{}", outcome.stdout);
    }
}

#[test]
fn inspect_prints_json_as_the_method_answers() {
    let token = token();
    let outcome = on("inspect", &token, &[&HOUR[..], &["--json"]].concat());
    outcome.quiet_success();
    let line = request("inspect_token", &json!([token]).to_string());
    let answers = session([&["serve"][..], &HOUR].concat(), &[line]);
    let expected = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}}}"#, outcome.stdout.trim_end());
    assert_eq!(answers[0], expected);
    let nothing = on("inspect", "rubbish", &["--json"]);
    assert_eq!(nothing.code, Some(1));
    let json: Value = serde_json::from_str(&nothing.stdout).unwrap();
    assert_eq!((&json["payload"], &json["status"]), (&Value::Null, &json!("invalid")));
}

#[test]
fn control_characters_in_a_token_are_escaped() {
    let value = json!({"a": "x\u{1b}[31m\u{9b}2J", "t": 1, "_r": {"a": ["\u{7}bell"]}});
    let signed = on("sign", &value.to_string(), &["--secret", "s", "--namespace", "token"]);
    let token = format!("dstok_{}", signed.stdout.trim_end());
    let outcome = on("inspect", &token, &["--secret", "s"]);
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!outcome.stdout.contains(control), "{:?}", outcome.stdout);
    assert!(outcome.stdout.contains("x\\u{1b}[31m"), "{}", outcome.stdout);
}

#[test]
fn unsign_returns_the_value_that_sign_took() {
    for value in [r#"{"id":5}"#, r#""text""#, "-1.5", "null", r#"["\u00e9"]"#] {
        let signed = on("sign", value, &["--secret", "s", "--namespace=n"]);
        signed.quiet_success();
        let signed = signed.stdout.trim_end();
        let back = on("unsign", signed, &["--secret", "s", "--namespace=n"]);
        back.quiet_success();
        let value: Value = serde_json::from_str(value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&back.stdout).unwrap(), value);
        let message =
            "the signature does not match: another secret or namespace, or a changed value";
        assert_negative(&on("unsign", signed, &["--secret", "s"]), "", message);
    }
    let from_stdin = run(&mut dstok(["sign", "-", "--secret", "s"]), "{\"id\": 5}\n");
    assert_eq!(from_stdin.stdout, on("sign", r#"{"id":5}"#, &["--secret", "s"]).stdout);
}

#[test]
fn an_invalid_operand_is_a_usage_error() {
    on("sign", "hello", &["--secret", "s"]).usage_error();
    on("sign", r#"{"a":1,"a":2}"#, &["--secret", "s"]).usage_error();
    for more in ["1 2", "1,", r#"{"a":1} x"#] {
        on("sign", more, &["--secret", "s"]).usage_error();
    }
    on("sign", "1", &[]).usage_error();
    on("unsign", "x.y", &[]).usage_error();
    on("inspect", "-", &[]).usage_error();
    cli(["verify"]).usage_error();
    run(&mut dstok(["verify", "-", "--secret", "s"]), b"\xff").usage_error();
}

#[test]
fn max_payload_limits_payloads_that_are_signed_and_read() {
    let value = json!("x".repeat(100_000)).to_string();
    let signed = run(&mut dstok(["sign", "-", "--secret", "s"]), &value).stdout;
    let unsign = |limit: &str| {
        let args = ["unsign", "-", "--secret", "s", "--max-payload", limit];
        run(&mut dstok(args), &signed)
    };
    unsign("100002").quiet_success();
    assert_negative(&unsign("100001"), "", "the payload is over max_payload (100001 bytes)");
    let sign = |limit| {
        let args = ["sign", "-", "--secret", "s", "--max-payload", limit];
        run(&mut dstok(args), &value)
    };
    assert_eq!(sign("100002").stdout, signed);
    sign("100001").usage_error();
    unsign("0").usage_error();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the library reads no variables, but this test does")]
fn sizes_that_the_process_has_no_room_for_are_refused() {
    // scripts/cross sets the variable where an emulator runs the program.
    let is_small = cfg!(target_pointer_width = "32") || env::var_os("DSTOK_HAS_32_BITS").is_some();
    for (option, with_64_bits) in
        [("--max-payload", u64::from(u32::MAX)), ("--max-line", 512 << 20)]
    {
        let start = |bytes: u64| {
            let args = ["serve", "--secret", "s", option, &bytes.to_string()];
            run(&mut dstok(args), request("ping", "[]") + "\n")
        };
        let largest = if is_small { 64 << 20 } else { with_64_bits };
        start(largest).quiet_success();
        let outcome = start(largest + 1);
        outcome.usage_error();
        assert!(outcome.stderr.contains(&format!("value of {option} ")), "{outcome:?}");
    }
}

#[test]
fn malformed_restrictions_are_told_from_none() {
    for (restrictions, words) in [
        (r#"{"a":"vi"}"#, "unknown: its restrictions are malformed"),
        ("[]", "unknown: its restrictions are malformed"),
        ("{}", "nothing: its restrictions are empty"),
        ("null", "unknown: its restrictions are malformed"),
    ] {
        let value = format!(r#"{{"a":"root","t":1,"_r":{restrictions}}}"#);
        let signed = on("sign", &value, &["--secret", "s", "--namespace", "token"]);
        let token = format!("dstok_{}", signed.stdout.trim_end());
        let outcome = on("inspect", &token, &["--secret", "s"]);
        assert!(outcome.stdout.contains(words), "{restrictions}: {}", outcome.stdout);
    }
}

#[test]
fn a_token_without_its_signature_is_shown_and_invalid() {
    let args = ["create-token", "root"].into_iter().chain(HOUR);
    let token = cli(args).stdout;
    for secret in [&["--secret", "s"][..], &[]] {
        let (cut, _) = token.rsplit_once('.').unwrap();
        let outcome = on("inspect", cut, &[secret, &["--now", "1700000000", "--json"]].concat());
        let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!((&json["signature"], &json["status"]), (&json!("invalid"), &json!("invalid")));
        assert_eq!((outcome.code, &json["actor_id"]), (Some(1), &json!("root")));
        assert_eq!(json["reason"], "Invalid token signature");
    }
}

#[test]
fn inspect_says_which_secret_signed() {
    let [old, other] = ["s", "t"].map(|secret| file(&format!("inspect-old-{secret}.txt"), secret));
    let [old, other] = [&old, &other].map(|path| path.to_str().unwrap());
    let advice = "replace the token before the old secret is removed";
    for (options, words, is_old) in [
        (&["--secret", "s"][..], "signed with the current secret", false),
        (&["--secret", "u", "--old-secret-file", old], "signed with old secret 1", true),
        (&["--old-secret-file", old], "signed with old secret 1", true),
        (&["--old-secret-file", other, "--old-secret-file", old], "signed with old secret 2", true),
    ] {
        let report = on("inspect", &token(), &[options, &["--now", "1700000000"]].concat()).stdout;
        assert!(report.contains(words), "{report}");
        assert_eq!(report.contains(advice), is_old, "{report}");
    }
}

#[test]
fn inspect_takes_what_people_paste_and_verify_does_not() {
    let token = token();
    let json = [&HOUR[..], &["--json"]].concat();
    let plain = on("inspect", &token, &json);
    plain.quiet_success();
    for (before, after) in [
        ("\"", "\""),
        ("'", "'"),
        ("“", "”"),
        ("Bearer ", ""),
        ("bearer  ", "\n"),
        ("Authorization: Bearer ", "\r\n"),
        ("AUTHORIZATION:BEARER ", ""),
        ("'Authorization: Bearer ", "'"),
        (" \t\u{a0}", "\u{3000} "),
    ] {
        let pasted = format!("{before}{token}{after}");
        assert_eq!(on("inspect", &pasted, &json).stdout, plain.stdout, "{pasted:?}");
        let from_stdin = run(dstok(["inspect", "-"]).args(&json), &pasted);
        assert_eq!(from_stdin.stdout, plain.stdout, "{pasted:?}");
        let params = json!([pasted, 1_700_000_000]).to_string();
        let lines = [request("inspect_token", &params), request("verify_token", &params)];
        let answers = session(["serve", "--secret", "s"], &lines);
        let expected =
            format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}}}"#, plain.stdout.trim_end());
        assert_eq!(answers[0], expected);
        if !before.is_empty() {
            assert_eq!(answers[1], r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "{pasted:?}");
        }
    }
}

#[test]
fn a_signature_of_another_length_is_cut_short_or_too_long() {
    let token = token();
    let (whole, signature) = token.rsplit_once('.').unwrap();
    for (text, words) in [
        (&signature[..20], "it is cut short (20 of 27 characters)"),
        ("", "it is cut short (0 of 27 characters)"),
        (&format!("{signature}{signature}"), "it is too long, with 54 characters instead of 27"),
    ] {
        let token = format!("{whole}.{text}");
        for secret in [&["--secret", "s"][..], &[]] {
            let options = [secret, &["--now", "1700000000"]].concat();
            let outcome = on("inspect", &token, &options);
            assert_eq!(outcome.code, Some(1), "{outcome:?}");
            assert!(outcome.stdout.contains(words), "{}", outcome.stdout);
            assert!(outcome.stdout.contains("copy the token again"), "{}", outcome.stdout);
            let outcome = on("inspect", &token, &[&options[..], &["--json"]].concat());
            let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
            assert_eq!(json["reason"], format!("Invalid token signature: {words}"));
            assert_eq!(
                (&json["signature"], &json["status"]),
                (&json!("invalid"), &json!("invalid"))
            );
            assert_eq!(json["actor_id"], "root");
        }
        // Datasette's own words.
        assert_negative(&on("verify", &token, &HOUR), "", "Invalid token signature");
    }
    // The whole signature of a compressed token is gone, and its first dot is not the one before it.
    let args =
        ["create-token", "a a a a a a a a a a a a a a a a a a a a a"].into_iter().chain(HOUR);
    let compressed = cli(args).stdout;
    let (cut, _) = compressed.rsplit_once('.').unwrap();
    assert!(cut.starts_with("dstok_."));
    let outcome = on("inspect", cut, &[&HOUR[..], &["--json"]].concat());
    assert!(outcome.stdout.contains(r#""reason":"Invalid token signature""#), "{outcome:?}");
    // Another spelling of the same bytes is a valid signature.
    for text in [format!("{signature}="), format!("****{signature}")] {
        on("inspect", &format!("{whole}.{text}"), &HOUR).quiet_success();
        on("inspect", &format!("{whole}.{text}"), &HOUR[2..]).quiet_success();
    }
    let other = format!("{whole}.{}", "A".repeat(86));
    let with = |version| on("inspect", &other, &[&HOUR[..], &["--itsdangerous", version]].concat());
    assert!(with("2.2").stdout.contains("too long, with 86"), "only 1.1 takes SHA-512");
    assert!(!with("1.1").stdout.contains("too long"));
}

/// A hostile token must not keep the process busy.
#[test]
fn many_unknown_actions_take_linear_time() {
    let names: Vec<_> = (0..200_000).map(|n| format!("\"action-{n}\"")).collect();
    let value = format!(r#"{{"a":1,"t":1,"_r":{{"a":[{}]}}}}"#, names.join(","));
    let signed = run(&mut dstok(["sign", "-", "--secret", "s"]), &value).stdout;
    let outcome = run(&mut dstok(["inspect", "-", "--json"]), format!("dstok_{signed}"));
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["unknown_actions"].as_array().unwrap().len(), 200_000);
}
