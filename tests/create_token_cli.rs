//! `dstok create-token`: the arguments, the output and the exit codes of
//! `datasette create-token`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{Outcome, cli, dstok, file, payload, results, run};
use serde_json::Value;

/// Runs with a secret and a frozen clock. Splits `line` at white space.
fn create(line: &str) -> Outcome {
    let fixed = ["create-token", "--secret", "s", "--now", "1700000000"];
    cli(fixed.into_iter().chain(line.split_whitespace()))
}

/// The token that a run without warnings prints.
#[track_caller]
fn token(line: &str) -> String {
    let outcome = create(line);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{line}");
    let token = outcome.stdout.strip_suffix('\n').expect("a line").to_owned();
    assert!(token.starts_with("dstok_") && !token.contains('\n'), "{token}");
    token
}

/// The payload that `--debug` shows, checked against the token itself.
#[track_caller]
fn decoded(line: &str) -> Value {
    let outcome = create(&format!("--debug {line}"));
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{line}");
    let (token, shown) = outcome.stdout.split_once("\n\nDecoded:\n\n").expect("a heading");
    let decoded: Value = serde_json::from_str(shown).unwrap();
    assert_eq!(payload(&token.into()), decoded.to_string(), "{line}");
    decoded
}

#[test]
fn prints_the_token_of_the_method_and_a_newline() {
    for (line, params) in [
        ("root", r#"["root"]"#),
        ("root -e 3600", r#"["root",3600]"#),
        ("root -a view-instance", r#"["root",null,["view-instance"]]"#),
        ("root -d db create-table", r#"["root",null,null,{"db":["create-table"]}]"#),
        ("root -r db t insert-row", r#"["root",null,null,null,{"db":{"t":["insert-row"]}}]"#),
        ("é😀", r#"["é😀"]"#),
        ("5", r#"["5"]"#),
    ] {
        let args = ["serve", "--secret", "s", "--now", "1700000000"];
        assert_eq!(token(line), results(args, &[("create_token", params)])[0], "{line}");
    }
}

#[test]
fn options_have_two_spellings_and_any_order() {
    let token_of_all = token("root -e 60 -a view-instance -d db create-table -r db t insert-row");
    for line in [
        "-e 60 -a view-instance -d db create-table -r db t insert-row root",
        "-r db t insert-row root -d db create-table -a view-instance -e 60",
        "--expires-after 60 --all view-instance --database db create-table --resource db t insert-row root",
        "--expires-after=60 --all=view-instance -d db create-table root --resource db t insert-row",
        "-e60 -aview-instance -d db create-table -r db t insert-row -- root",
    ] {
        assert_eq!(token(line), token_of_all, "{line}");
    }
}

#[test]
fn repeated_options_add_up_or_the_last_one_wins() {
    let line = "root -e 5 -e 60 -a view-table -r db t insert-row -a vi -d d ct -r db u vt -d e vd -d d dt -r db t vt -a vi";
    let outcome = create(&format!("--debug {line}"));
    assert_eq!(outcome.code, Some(0));
    assert_eq!(
        outcome.stdout.split_once("Decoded:").unwrap().1,
        r#"

{
  "a": "root",
  "t": 1700000000,
  "d": 60,
  "_r": {
    "a": [
      "vt",
      "vi",
      "vi"
    ],
    "d": {
      "d": [
        "ct",
        "dt"
      ],
      "e": [
        "vd"
      ]
    },
    "r": {
      "db": {
        "t": [
          "ir",
          "vt"
        ],
        "u": [
          "vt"
        ]
      }
    }
  }
}
"#
    );
    assert_eq!(decoded("root --debug --secret a --secret b")["a"], "root");
    assert_eq!(token("root --secret a --secret s"), token("root"));
}

#[test]
fn warnings_about_unknown_actions_have_datasettes_words_and_order() {
    let outcome = create("root -r db t y -d db x -a z -a view-instance -a vi -d db insert-row");
    assert_eq!(outcome.code, Some(0));
    assert_eq!(
        outcome.stderr,
        ["z", "vi", "x", "y"].map(|name| format!("  Unknown permission: {name} \n")).concat(),
    );
    assert_eq!(outcome.stdout.lines().count(), 1, "stdout has no warnings");
}

#[test]
fn debug_shows_the_payload_with_escapes_as_python_writes_them() {
    let outcome = cli(["create-token", "é\"\u{7f}\n😀", "--secret", "s", "--now", "1", "--debug"]);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
    let (token, shown) = outcome.stdout.split_once("\n\n").unwrap();
    assert!(token.starts_with("dstok_"));
    let expected =
        "Decoded:\n\n{\n  \"a\": \"\\u00e9\\\"\\u007f\\n\\ud83d\\ude00\",\n  \"t\": 1\n}\n";
    assert_eq!(shown, expected);
}

#[test]
fn debug_shows_the_payload_of_the_token() {
    assert_eq!(decoded("root")["a"], "root");
    let outcome = create("root --debug -r db t view-table -e -5");
    assert!(outcome.stdout.contains("\n  \"d\": -5,\n  \"_r\": {\n"), "{}", outcome.stdout);
}

#[test]
fn expires_after_takes_what_pythons_int_takes() {
    for (text, seconds) in [
        ("60", "60"),
        ("+60", "60"),
        ("-60", "-60"),
        ("060", "60"),
        ("1_000", "1000"),
        ("٣٦", "36"),
        ("\u{ff11}\u{ff12}", "12"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (" 60 ", "60"),
        ("\t60\n", "60"),
        ("\u{a0}60\u{3000}", "60"),
    ] {
        let run = |text| cli(["create-token", "x", "--secret", "s", "--now", "1", "-e", text]);
        let outcome = run(text);
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{text:?}");
        assert_eq!(outcome.stdout, run(seconds).stdout, "{text:?}");
        assert_ne!(outcome.stdout, run("1").stdout, "{text:?}");
    }
    for zero in ["0", "-0", "000", "+0"] {
        assert_eq!(token(&format!("root -e {zero}")), token("root"), "{zero} means none");
    }
}

#[test]
fn expires_after_refuses_what_pythons_int_refuses() {
    let long = "1".repeat(4301);
    for text in [
        "", " ", "x", "1.0", "1e3", "0x10", "_1", "1_", "1__0", "--5", "+ 5", "½", "²", "true",
        &long,
    ] {
        cli(["create-token", "x", "--secret", "s", "-e", text]).usage_error();
    }
}

#[test]
fn a_usage_error_is_exit_2_with_one_line() {
    for line in [
        "",
        "root extra",
        "root --nonsense",
        "root -a",
        "root -d db",
        "root -r db t",
        "root -e",
        "root --deb",
        "root --debug=1",
        "-x root",
        "root --plugins-dir plugins",
        "root --datasette-version banana",
        "root --datasette-version 0.65.5",
        "root --datasette-version 0.65.5 -a view-instance",
        "root --zlib gzip",
        "root --now soon",
        "root --actions /nonexistent/actions",
        "root --secret-file /nonexistent/secret",
        "-- -root --debug",
    ] {
        let outcome = create(line);
        assert_eq!(outcome.code, Some(2), "{line}: {outcome:?}");
        outcome.usage_error();
    }
    for args in ["no-such-command", "--nonsense"].map(|arg| [arg]) {
        cli(args).usage_error();
    }
}

#[test]
fn a_missing_secret_is_a_usage_error_that_says_what_to_do() {
    let outcome = cli(["create-token", "root"]);
    outcome.usage_error();
    assert!(outcome.stderr.contains("DATASETTE_SECRET"), "{outcome:?}");
    assert!(outcome.stderr.contains("--secret-file"), "{outcome:?}");
    cli(["create-token", "root", "--secret", ""]).usage_error();
    cli(["create-token", "root", "--secret="]).usage_error();
    run(dstok(["create-token", "root"]).env("DATASETTE_SECRET", ""), "").usage_error();
    let old_only = run(dstok(["create-token", "root"]).env("DSTOK_OLD_SECRETS", "old"), "");
    old_only.usage_error();
}

#[test]
fn the_secret_comes_from_the_same_places_as_for_serve() {
    let fixed = ["create-token", "root", "--now", "1700000000"];
    let path = file("create_token_secret.txt", "s\r\n");
    let of_env = run(dstok(fixed).env("DATASETTE_SECRET", "s"), "");
    let of_file = run(
        dstok(fixed)
            .arg("--secret-file")
            .arg(path)
            .args(["--secret", "x"])
            .env("DATASETTE_SECRET", "y"),
        "",
    );
    let expected = token("root") + "\n";
    assert_eq!((of_env.stdout, of_file.stdout), (expected.clone(), expected));
}

#[test]
fn plugins_dir_points_to_actions() {
    for line in ["root --plugins-dir plugins", "root --plugins-dir=plugins"] {
        assert!(create(line).stderr.contains("--actions"), "{line}");
    }
}

#[test]
fn the_first_two_alphas_have_no_restrictions() {
    for version in ["1.0a0", "1.0a1"] {
        let version = format!("--datasette-version {version}");
        for line in ["-a view-instance", "--all x", "-d db ct", "-r db t ir", "--resource db t ir"]
        {
            let outcome = create(&format!("root {version} {line}"));
            assert_eq!(outcome.code, Some(2), "{line}: {outcome:?}");
            outcome.usage_error();
        }
        let payload = decoded(&format!("root {version} -e 5")).to_string();
        assert_eq!(payload, r#"{"a":"root","token":"dstok","t":1700000000,"d":5}"#);
    }
}

#[test]
fn a_newer_release_is_the_newest_known_with_one_warning() {
    let outcome = create("root --datasette-version 1.0a999 -a drop-view");
    assert_eq!((outcome.code, outcome.stderr.lines().count()), (Some(0), 1), "{outcome:?}");
    assert_eq!(outcome.stdout, token("root -a drop-view") + "\n");
}

#[test]
fn given_actions_replace_the_built_in_ones() {
    let path = file("create_token_actions.json", r#"{"my-act":"ma"}"#);
    let path = path.to_str().unwrap();
    let outcome = create(&format!("root --actions {path} -a my-act -a view-table"));
    assert_eq!(outcome.stderr, "  Unknown permission: view-table \n");
    assert!(payload(&outcome.stdout.trim_end().into()).contains(r#"["ma","view-table"]"#));
    let outcome = create("root --actions none -a view-table");
    assert_eq!(outcome.stderr, "  Unknown permission: view-table \n");
    assert!(payload(&outcome.stdout.trim_end().into()).contains(r#"["view-table"]"#));
}

#[test]
fn without_now_the_systems_clock_counts() {
    let shown = |now: &str| decoded(now)["t"].as_f64().unwrap();
    assert_eq!(shown("root --now 1600000000.9"), 1_600_000_000.0);
    let outcome = cli(["create-token", "root", "--secret", "s"]);
    let payload: Value = serde_json::from_str(&payload(&outcome.stdout.trim_end().into())).unwrap();
    assert!(payload["t"].as_i64().unwrap() > 1_700_000_000, "{payload}");
}

#[test]
fn an_id_may_be_empty_or_begin_with_a_hyphen_after_a_double_hyphen() {
    for (args, id) in
        [(&[""][..], ""), (&["--", "-root"], "-root"), (&["--", "--debug"], "--debug")]
    {
        let outcome = cli(["create-token", "--secret", "s", "--now", "1"].iter().chain(args));
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{args:?}");
        let payload = payload(&outcome.stdout.trim_end().into());
        assert_eq!(payload, format!(r#"{{"a":"{id}","t":1}}"#));
    }
}
