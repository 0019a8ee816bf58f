//! What the instance is: start-up options, files and environment, `configure`, releases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{
    NO_SECRET, READY, assert_error, assert_invalid_param, cli, dstok, file, one, payload, request,
    result, results, run, session,
};
use datasette_tokens::Release;
use serde_json::{Value, json};

const TOKEN: (&str, &str) = ("create_token", r#"["root"]"#);

/// The results of all calls after these options and this environment.
#[track_caller]
fn with(options: &[&str], environment: &[(&str, &str)], calls: &[(&str, &str)]) -> Vec<Value> {
    let lines: String =
        calls.iter().map(|(method, params)| request(method, params) + "\n").collect();
    let outcome =
        run(dstok(NO_SECRET.iter().chain(options)).envs(environment.iter().copied()), lines);
    outcome.quiet_success();
    outcome.answers().into_iter().map(result).collect()
}

/// The token of the instance that signs with this secret and knows no other.
#[track_caller]
fn token_of(secret: &str) -> Value {
    with(&["--secret", secret], &[], &[TOKEN]).remove(0)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_secret_signs_and_old_ones_verify_newest_first() {
    let old = token_of("old");
    let inspect = format!(r#"["{}"]"#, old.as_str().unwrap());
    let inspect = ("inspect_token", inspect.as_str());
    // Each call with the number of secrets after it, and which of them made the old token.
    let calls = [
        (r#"{"secret":"old"}"#, "old", 1, json!(0)),
        (r#"{"old_secrets":["b","a"],"secret":"new"}"#, "new", 3, Value::Null),
        (r#"{"old_secrets":["b","old"]}"#, "new", 3, json!(2)),
        (r#"{"old_secrets":null,"zlib":"zlib"}"#, "new", 3, json!(2)),
        (r#"{"old_secrets":["old","new","old"]}"#, "new", 4, json!(1)),
        (r#"{"old_secrets":[]}"#, "new", 1, Value::Null),
        (r#"[null,null,null,null,null,null,["old"]]"#, "new", 2, json!(1)),
        (r#"{"secret":"only"}"#, "only", 1, Value::Null),
    ];
    let sent = calls.iter().flat_map(|call| [("configure", call.0), TOKEN, inspect]);
    let results = with(&[], &[], &sent.collect::<Vec<_>>());
    for ((params, signs, count, which), results) in calls.iter().zip(results.chunks(3)) {
        assert_eq!(results[0]["secrets"], *count, "{params}");
        assert_eq!(results[1], token_of(signs), "{params}");
        assert_eq!(results[2]["secret"], *which, "{params}");
    }
}

/// Without a current secret there is nothing to keep, and the process only verifies.
#[test]
fn old_secrets_alone_verify_and_never_sign() {
    let verify = format!(r#"["{}"]"#, token_of("old").as_str().unwrap());
    let lines = [
        request("configure", r#"{"old_secrets":["newer","old"]}"#),
        request("verify_token", &verify),
        request(TOKEN.0, TOKEN.1),
    ];
    let answers = session(NO_SECRET, &lines);
    assert_eq!(result(&answers[0])["secrets"], 2);
    assert_eq!(result(&answers[1])["id"], "root");
    assert_error(&answers[2], 1, "no_secret", 1);
}

/// It went from the oldest to the newest. In the other order it would sign with an old secret.
#[test]
fn a_list_in_place_of_the_secret_is_refused() {
    for params in [r#"[["a","b"]]"#, r#"{"secret":["a"]}"#, r#"{"secret":[],"old_secrets":["a"]}"#]
    {
        let line = request("configure", params);
        let answers = session(NO_SECRET, &[line.clone(), request("info", "[]")]);
        assert_invalid_param(&answers[0], "secret", &line);
        for words in ["old_secrets", "newest first", "no longer accepted"] {
            assert!(answers[0].contains(words), "{}", answers[0]);
        }
        assert_eq!(result(&answers[1])["secrets"], 0);
    }
}

#[test]
fn configure_answers_the_new_info() {
    let params = r#"{"secret":"b","old_secrets":["a"],"datasette_version":"1.0a5","settings":{"max_signed_tokens_ttl":7,"allow_signed_tokens":false},"zlib":"zlib-ng","itsdangerous":"1.1"}"#;
    let results = with(&[], &[], &[("info", "[]"), ("configure", params), ("info", "[]")]);
    assert_eq!(results[1], results[2]);
    let mut expected = results[0].clone();
    for (member, value) in [
        ("secrets", json!(2)),
        ("datasette_version", json!("1.0a5")),
        ("zlib", json!("zlib-ng")),
        ("itsdangerous", json!("1.1")),
        ("settings", json!({"allow_signed_tokens": false, "max_signed_tokens_ttl": 7})),
    ] {
        assert_ne!(expected[member], value, "{member} changes");
        expected[member] = value;
    }
    assert_eq!(results[2], expected);
}

#[test]
fn info_has_the_members_and_defaults_of_the_contract() {
    let info = with(&[], &[], &[("info", "null")]).remove(0);
    let expected = json!({
        "name": "dstok", "version": env!("CARGO_PKG_VERSION"), "protocol": 1, "datasette_version": "1.0a41",
        "datasette_version_known": true, "zlib": "zlib", "itsdangerous": "2.2",
        "settings": {"allow_signed_tokens": true, "max_signed_tokens_ttl": 0}, "secrets": 0, "methods": info["methods"],
    });
    assert_eq!(info.to_string(), expected.to_string());
}

#[test]
fn only_what_is_present_changes() {
    let calls = [
        (
            "configure",
            r#"{"secret":"s","datasette_version":"1.0a5","settings":{"max_signed_tokens_ttl":5}}"#,
        ),
        ("configure", r#"{"settings":{"allow_signed_tokens":"off"}}"#),
        (
            "configure",
            r#"{"secret":null,"datasette_version":null,"actions":null,"settings":null,"zlib":null,"itsdangerous":null,"old_secrets":null}"#,
        ),
        TOKEN,
    ];
    let results = with(&[], &[], &calls);
    assert_eq!(
        results[1]["settings"],
        json!({"allow_signed_tokens": false, "max_signed_tokens_ttl": 5})
    );
    assert_eq!(
        (&results[1]["secrets"], &results[1]["datasette_version"]),
        (&json!(1), &json!("1.0a5"))
    );
    assert_eq!(results[2], results[1]);
    assert_eq!(results[3], token_of("s"));
}

/// Each call has something right before or after what is wrong.
#[test]
fn a_failed_call_changes_nothing_and_names_the_parameter() {
    let others = [
        r#""settings":{"allow_signed_tokens":0}"#,
        r#""secret":"x""#,
        r#""old_secrets":["y"]"#,
        r#""zlib":"zlib-ng""#,
        r#""actions":"none""#,
        r#""datasette_version":"1.0a3""#,
        r#""itsdangerous":"1.1""#,
    ];
    let token = ("create_token", r#"["root",null,["view-table"]]"#);
    for (param, values) in [
        ("secret", r#"5 [] "" [""] ["a",""] ["a",5] ["a",null] [["a"]] {} true"#),
        ("old_secrets", r#"5 "" "a" [""] ["a",""] ["a",5] ["a",null] [["a"]] {} {"a":"b"} true"#),
        ("datasette_version", r#""banana" "" "0.43" "1.0a1x" 1.0 [] 5"#),
        (
            "actions",
            r#""some" 5 true [1] {"a":1} [{"abbr":"x"}] [{"name":1}] {"actions":[{"name":"x","abbr":1}]}"#,
        ),
        ("settings", r#"5 [] "x" {"sql_time_limit_ms":1} {"max_signed_tokens_ttl":9,"x":1}"#),
        (
            "settings",
            r#"{"allow_signed_tokens":"maybe"} {"allow_signed_tokens":2} {"allow_signed_tokens":[]}"#,
        ),
        (
            "settings",
            r#"{"max_signed_tokens_ttl":-1} {"max_signed_tokens_ttl":1.5} {"max_signed_tokens_ttl":"x"}"#,
        ),
        ("settings", r#"{"max_signed_tokens_ttl":true} {"max_signed_tokens_ttl":""}"#),
        ("zlib", r#""gzip" 5 "" []"#),
        ("itsdangerous", r#""3" 2.2 1.1 """#),
    ] {
        let right: Vec<_> =
            others.into_iter().filter(|member| !member[1..].starts_with(param)).collect();
        let right = right.join(",");
        for value in values.split(' ') {
            let bad = [
                format!("{{{right},\"{param}\":{value}}}"),
                format!("{{\"{param}\":{value},{right}}}"),
            ];
            let calls = bad.each_ref().map(|params| ("configure", &**params));
            let calls = [("info", "[]"), token, calls[0], calls[1], ("info", "[]"), token];
            let lines = calls.map(|(method, params)| request(method, params));
            let answers = session(READY, &lines);
            assert_invalid_param(&answers[2], param, &lines[2]);
            assert_invalid_param(&answers[3], param, &lines[3]);
            assert_eq!((&answers[4], &answers[5]), (&answers[0], &answers[1]), "{value}");
        }
    }
}

#[test]
fn it_holds_from_the_next_request_on_in_a_batch_too() {
    let configure = r#"{"jsonrpc":"2.0","method":"configure","params":["s"]}"#;
    let token = request(TOKEN.0, TOKEN.1);
    let answer = one(session(NO_SECRET, &[format!("[{token},{configure},{token}]")]));
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 2, "configure was a notification: {answer}");
    assert_error(&answers[0].to_string(), 1, "no_secret", 1);
    assert_eq!(answers[1]["result"], token_of("s"));
}

#[test]
fn a_failed_notification_changes_nothing_either() {
    let lines = [
        r#"{"jsonrpc":"2.0","method":"configure","params":["x","banana"]}"#.to_owned(),
        request(TOKEN.0, TOKEN.1),
    ];
    assert_eq!(result(&one(session(READY, &lines))), results(READY, &[TOKEN])[0]);
}

#[test]
fn settings_are_taken_in_every_spelling() {
    let spellings = [(r#"true 1 "1" "on" "true""#, true), (r#"false 0 "0" "off" "false""#, false)];
    for (value, on) in
        spellings.iter().flat_map(|(all, on)| all.split(' ').map(move |one| (one, *on)))
    {
        let params = format!(r#"{{"settings":{{"allow_signed_tokens":{value}}}}}"#);
        let start = if on { "off" } else { "on" };
        let info =
            with(&["--setting", "allow_signed_tokens", start], &[], &[("configure", &params)]);
        assert_eq!(info[0]["settings"]["allow_signed_tokens"], on, "{value}");
        if value.starts_with('"') {
            let info = with(
                &["--setting", "allow_signed_tokens", value.trim_matches('"')],
                &[],
                &[("info", "[]")],
            );
            assert_eq!(info[0]["settings"]["allow_signed_tokens"], on, "--setting {value}");
        }
    }
    let options =
        ["--setting", "max_signed_tokens_ttl", "60", "--setting", "allow_signed_tokens", "0"];
    let info = with(
        &options,
        &[],
        &[("info", "[]"), ("configure", r#"{"settings":{"max_signed_tokens_ttl":"90"}}"#)],
    );
    assert_eq!(
        info[0]["settings"],
        json!({"allow_signed_tokens": false, "max_signed_tokens_ttl": 60})
    );
    assert_eq!(
        info[1]["settings"],
        json!({"allow_signed_tokens": false, "max_signed_tokens_ttl": 90})
    );
}

/// The restrictions of a token tell which abbreviations there were.
#[test]
fn actions_in_all_their_shapes() {
    let call = ("create_token", r#"{"actor_id":1,"now":1,"restrict_all":["my-act","view-table"]}"#);
    let expect = |names: &str| format!(r#"{{"a":1,"t":1,"_r":{{"a":[{names}]}}}}"#);
    assert_eq!(payload(&results(READY, &[call])[0]), expect(r#""my-act","vt""#));
    for (shape, names) in [
        (r#""none""#, r#""my-act","view-table""#),
        ("{}", r#""my-act","view-table""#),
        ("[]", r#""my-act","view-table""#),
        (r#"{"my-act":"ma"}"#, r#""ma","view-table""#),
        (r#"{"my-act":null,"view-table":""}"#, r#""my-act","view-table""#),
        (
            r#"[{"name":"my-act","abbr":"ma","description":"x","takes_child":false}]"#,
            r#""ma","view-table""#,
        ),
        (
            r#"{"ok":true,"actions":[{"name":"my-act","abbr":null},{"name":"view-table","abbr":"VT"}]}"#,
            r#""my-act","VT""#,
        ),
    ] {
        let params = format!(r#"{{"actions":{shape}}}"#);
        assert_eq!(
            payload(&results(READY, &[("configure", &params), call])[1]),
            expect(names),
            "{shape}"
        );
        let path = file("actions_in_all_their_shapes.json", shape);
        let option = if shape == r#""none""# { "none" } else { text(&path) };
        let token = results(READY.iter().chain(&["--actions", option]), &[call]).remove(0);
        assert_eq!(payload(&token), expect(names), "--actions {shape}");
    }
}

#[test]
fn the_secret_file_comes_before_the_option_and_that_before_the_environment() {
    let path = file("precedence.txt", "of-file");
    let env = [("DATASETTE_SECRET", "of-env")];
    let (file, option) = (["--secret-file", text(&path)], ["--secret", "of-option"]);
    assert_eq!(with(&[option, file].concat(), &env, &[TOKEN])[0], token_of("of-file"));
    assert_eq!(with(&option, &env, &[TOKEN])[0], token_of("of-option"));
    assert_eq!(with(&[], &env, &[TOKEN])[0], token_of("of-env"));
    let configured = with(&file, &env, &[("configure", r#"["of-call"]"#), TOKEN]);
    assert_eq!(configured[1], token_of("of-call"));
    assert_eq!(configured[0]["secrets"], 1);
}

/// What a parent passes is closed only after it was read.
#[test]
fn a_secret_file_may_be_an_inherited_descriptor() {
    let path = file("inherited-secret.txt", "of-descriptor");
    for folder in ["/dev/fd", "/proc/self/fd"] {
        if !Path::new(folder).exists() {
            continue;
        }
        let mut shell = Command::new("sh");
        let script = r#"exec "$0" serve --now 1700000000 --secret-file "$1/7" 7<"$2""#;
        shell.args(["-c", script, env!("CARGO_BIN_EXE_dstok"), folder]).arg(&path);
        let outcome = run(&mut shell, request(TOKEN.0, TOKEN.1));
        outcome.quiet_success();
        assert_eq!(result(outcome.answers()[0]), token_of("of-descriptor"), "{folder}");
    }
}

#[test]
fn one_newline_at_the_end_of_a_secret_file_is_stripped() {
    // What the secret is, and what the file adds to it.
    for (secret, ends) in [
        ("s", &["", "\n", "\r\n"][..]),
        ("s\n", &["\n", "\r\n"]),
        ("s\r\n", &["\n", "\r\n"]),
        ("s\r", &[""]),
        ("\n", &["\n"]),
        (" \n s ", &[""]),
        ("pässwörd 😀", &["\n"]),
    ] {
        for end in ends {
            let path = file("newlines.txt", format!("{secret}{end}"));
            let token = with(&["--secret-file", text(&path)], &[], &[TOKEN]).remove(0);
            assert_eq!(token, token_of(secret), "{secret:?} and {end:?}");
        }
    }
}

#[test]
fn old_secrets_are_counted_and_never_sign() {
    let (one, two) = (file("old_1.txt", "old-1\n"), file("old_2.txt", "old-2"));
    let old = ["--old-secret-file", text(&one), "--old-secret-file", text(&two)];
    let env = [("DSTOK_OLD_SECRETS", "old-3\r\nold-4\nold-5\n")];
    let calls = [TOKEN, ("sign", "[1]"), ("info", "[]")];
    let results = with(&[&old[..], &["--secret", "s"]].concat(), &env, &calls);
    assert_eq!(results[..2], with(&["--secret", "s"], &[], &calls)[..2]);
    assert_eq!(results[2]["secrets"], 6);
    let lines = [request(TOKEN.0, TOKEN.1), request("sign", "[1]"), request("info", "[]")];
    let answers = session(NO_SECRET.iter().chain(&old), &lines);
    assert_error(&answers[0], 1, "no_secret", 1);
    assert_error(&answers[1], 1, "no_secret", 1);
    assert_eq!(result(&answers[2])["secrets"], 2);
}

#[test]
fn a_newer_release_is_the_newest_known_with_one_warning() {
    let calls =
        [request("info", "[]"), request(TOKEN.0, TOKEN.1), request(TOKEN.0, TOKEN.1)].join("\n");
    for version in ["1.0a42", "1.0a999", "1.0b1", "1.0rc1", "1.0", "1.1", "2.0.1"] {
        let outcome = run(dstok(READY).args(["--datasette-version", version]), &calls);
        let configure = request("configure", &format!(r#"{{"datasette_version":"{version}"}}"#));
        let configured = run(&mut dstok(READY), format!("{configure}\n{calls}"));
        for outcome in [&outcome, &configured] {
            assert_eq!(
                (outcome.code, outcome.stderr.lines().count()),
                (Some(0), 1),
                "{version} {outcome:?}"
            );
            assert!(
                outcome.stderr.contains(version) && outcome.stderr.contains("1.0a41"),
                "{outcome:?}"
            );
            let token = results(READY, &[TOKEN]);
            assert_eq!(result(outcome.answers().last().unwrap()), token[0]);
            assert_eq!(result(outcome.answers()[0])["datasette_version_known"], false);
        }
        assert_eq!(result(configured.answers()[1]), result(outcome.answers()[0]));
    }
}

#[test]
fn a_known_release_gives_no_warning() {
    for version in ["0.65.5", "1.0a0", "1.0a17", "1.0a41"] {
        let info = with(&["--datasette-version", version], &[], &[("info", "[]")]).remove(0);
        assert_eq!(
            (&info["datasette_version"], &info["datasette_version_known"]),
            (&json!(version), &json!(true))
        );
    }
}

#[test]
fn the_first_two_alphas_have_another_payload_and_no_restrictions() {
    for version in ["1.0a0", "1.0a1"] {
        let args = ["serve", "--secret", "s", "--now", "1", "--datasette-version", version];
        let good = results(args, &[("create_token", "[1,5,[],{}]")]);
        assert_eq!(payload(&good[0]), r#"{"a":1,"token":"dstok","t":1,"d":5}"#);
        for params in
            [r#"[1,null,["x"]]"#, r#"{"actor_id":1,"restrictions":{"database":{"d":["x"]}}}"#]
        {
            let answer = one(session(args, &[request("create_token", params)]));
            assert_error(&answer, 6, "not_supported", 1);
        }
    }
}

#[test]
fn before_1_0_there_are_signatures_and_cookies_but_no_tokens() {
    let calls = [("sign", "[1]"), ("create_actor_cookie", "[{},60,5]")];
    let new = results(["serve", "--secret", "s"], &calls);
    for (version, has_baseconv) in
        [("0.65.5", false), ("0.62a0", false), ("0.61.1", true), ("0.44", true), ("0.54a0", true)]
    {
        let args = ["serve", "--secret", "s", "--datasette-version", version];
        let answer = one(session(args, &[request("create_token", "[1]")]));
        assert_error(&answer, 6, "not_supported", 1);
        let old = results(args, &calls);
        assert_eq!((old[0] == new[0], old[1] == new[1]), (true, !has_baseconv), "{version}");
    }
}

/// In the alphabet of later releases, the cookie of 0.44 was valid until 2314.
#[test]
fn a_cookie_of_python_baseconv_expires_in_an_hour() {
    const CALL: (&str, &str) = ("create_actor_cookie", r#"[{"id":"root"},3600,1700000000]"#);
    for (version, e) in [("0.44", "1r32au"), ("0.61.1", "1r32au"), ("0.62a0", "BrDCau")] {
        let args = ["serve", "--secret", "s", "--datasette-version", version];
        let cookie = results(args, &[CALL]).remove(0);
        assert_eq!(payload(&cookie), format!(r#"{{"a":{{"id":"root"}},"e":"{e}"}}"#), "{version}");
        let read =
            |now: u64| results(args, &[("verify_actor_cookie", &format!("[{cookie},{now}]"))]);
        let found = [read(1_700_003_600), read(1_700_003_601)].concat();
        assert_eq!(found, [json!({"id": "root"}), Value::Null], "{version}");
    }
}

#[test]
fn only_releases_that_exist_are_accepted() {
    let configure = |version: &str| format!(r#"{{"datasette_version":"{version}"}}"#);
    let lines: Vec<_> =
        Release::all().map(|known| request("configure", &configure(known.name()))).collect();
    for (known, answer) in Release::all().zip(session(READY, &lines)) {
        assert_eq!(result(&answer)["datasette_version"], known.name());
    }
    for version in ["0.43", "0.44.1", "0.45a6", "0.64a1", "0.64.9", "0.65.6", "0.66", "0.99"] {
        cli(["serve", "--datasette-version", version]).usage_error();
        let answer = one(session(READY, &[request("configure", &configure(version))]));
        assert_invalid_param(&answer, "datasette_version", version);
    }
}

#[test]
fn allow_signed_tokens_is_obeyed_from_1_0a25_on() {
    for (version, obeyed) in
        [("1.0a24", false), ("1.0a1", false), ("1.0a25", true), ("1.0a41", true)]
    {
        let args = [
            "serve",
            "--secret",
            "s",
            "--setting",
            "allow_signed_tokens",
            "off",
            "--datasette-version",
            version,
        ];
        let answer = one(session(args, &[request("create_token", "[1]")]));
        if obeyed {
            assert_error(&answer, 5, "signed_tokens_disabled", 1);
        } else {
            result(&answer);
        }
    }
    let args = ["serve", "--secret", "s", "--setting", "allow_signed_tokens", "off"];
    assert_eq!(
        results(args, &[("sign", "[1]")]),
        results(["serve", "--secret", "s"], &[("sign", "[1]")])
    );
}
