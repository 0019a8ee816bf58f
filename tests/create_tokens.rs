//! `dstok create-tokens`, through the program.
//!
//! The expected tokens come from `serve`. `scripts/records_compare` compares with real Datasette.
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]
#![allow(clippy::disallowed_methods, reason = "the test reads the files that the program writes")]

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use common::{
    CREATE_TOKENS, PATIENCE, READY, create_tokens, dstok, file, folder, full_device, results, run,
};
use serde_json::{Value, json};

/// The tokens that `serve` makes.
#[track_caller]
fn tokens(params: &[&str]) -> Vec<String> {
    let calls: Vec<_> = params.iter().map(|params| ("create_token", *params)).collect();
    results(READY, &calls).iter().map(|token| token.as_str().unwrap().to_owned()).collect()
}

#[test]
fn csv_keeps_its_columns_and_gains_token_and_error() {
    let input = "\u{feff}note,actor_id,expires_after,restrict_all,restrict_database,restrict_resource\r\n\
        \"a, \"\"b\"\"\",alice,3600,view-table x,db:view-database,db/t:insert-row db/t:vt\r\n\
        ,root,,,,\r\n";
    let outcome = create_tokens(&[], input);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), "  Unknown permission: x \n"));
    let tokens = tokens(&[
        r#"{"actor_id":"alice","expires_after":3600,"restrict_all":["view-table","x"],
            "restrict_database":{"db":["view-database"]},
            "restrict_resource":{"db":{"t":["insert-row","vt"]}}}"#
            .replace('\n', " ")
            .as_str(),
        r#"["root"]"#,
    ]);
    let expected = format!(
        "\u{feff}note,actor_id,expires_after,restrict_all,restrict_database,restrict_resource,token,\
         error\r\n\
         \"a, \"\"b\"\"\",alice,3600,view-table x,db:view-database,db/t:insert-row db/t:vt,{},\r\n\
         ,root,,,,,{},\r\n",
        tokens[0], tokens[1]
    );
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn json_lines_keep_their_text() {
    let input = "\n{ \"actor_id\" : 7, \"x\":[1.0, {}] } \n\n{\"actor_id\":null,\
        \"restrictions\":{\"all\":[\"vt\"]},\"now\":5}";
    let outcome = create_tokens(&[], input);
    outcome.quiet_success();
    let tokens = tokens(&["[7]", r#"{"actor_id":null,"restrictions":{"all":["vt"]},"now":5}"#]);
    let expected = format!(
        "{{ \"actor_id\" : 7, \"x\":[1.0, {{}}],\"token\":\"{}\"}}\n\
         {{\"actor_id\":null,\"restrictions\":{{\"all\":[\"vt\"]}},\"now\":5,\"token\":\"{}\"}}\n",
        tokens[0], tokens[1]
    );
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn each_format_from_each_input() {
    let token = tokens(&[r#"["root"]"#]).remove(0);
    let csv = "actor_id,n\nroot,\"é,\"\n";
    let lines = "{\"actor_id\":\"root\",\"n\":\"é,\"}\n";
    let as_csv = format!("actor_id,n,token,error\nroot,\"é,\",{token},\n");
    let as_lines = format!("{{\"actor_id\":\"root\",\"n\":\"é,\",\"token\":\"{token}\"}}\n");
    for input in [csv, lines] {
        assert_eq!(create_tokens(&["--format", "csv"], input).stdout, as_csv);
        assert_eq!(create_tokens(&["--format", "jsonl"], input).stdout, as_lines);
        assert_eq!(create_tokens(&["--format", "tokens"], input).stdout, format!("{token}\n"));
    }
}

#[test]
fn options_supply_defaults_for_missing_values() {
    let options = ["-e", "60", "--all=x", "-d", "db", "y", "--resource", "db", "t", "z"];
    let outcome = create_tokens(
        &[&options[..], &["--format", "tokens"]].concat(),
        "{\"actor_id\":1}\n{\"actor_id\":1,\"expires_after\":null,\"restrict_all\":[]}\n\
         {\"actor_id\":1,\"expires_after\":0,\"restrict_all\":[\"a\"]}\n\
         {\"actor_id\":1,\"restrictions\":{\"database\":{\"e\":[\"a\"]}}}\n",
    );
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let warnings = ["x", "y", "z", "a"].map(|action| format!("  Unknown permission: {action} \n"));
    assert_eq!(outcome.stderr, warnings.concat());
    let rest = r#""restrict_database":{"db":["y"]},"restrict_resource":{"db":{"t":["z"]}}"#;
    let all = format!(r#"{{"actor_id":1,"expires_after":60,"restrict_all":["x"],{rest}}}"#);
    let own = format!(r#"{{"actor_id":1,"expires_after":0,"restrict_all":["a"],{rest}}}"#);
    let new = all.replace(r#"{"db":["y"]}"#, r#"{"e":["a"]}"#);
    assert_eq!(outcome.answers(), tokens(&[&all, &all, &own, &new]));
}

#[test]
fn a_bad_record_has_its_line_and_reason_on_stderr_and_in_the_output() {
    let input = "actor_id,expires_after,restrict_resource\n\"two\nlines\",1,\n,1,\nx,soon,\ny,1\n\
        z,1,db:view-table\nlast,,\n";
    let outcome = create_tokens(&[], input);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    let reasons = [
        "dstok: line 4: actor_id is empty",
        "dstok: line 5: expires_after must be a whole number of seconds",
        "dstok: line 6: has 2 columns but the header has 3",
        "dstok: line 7: restrict_resource must be db/table:action items",
        "dstok: 4 of 6 records failed",
    ];
    assert_eq!(lines.len(), reasons.len(), "{outcome:?}");
    for (line, reason) in lines.iter().zip(reasons) {
        assert!(line.starts_with(reason), "{line}");
    }
    let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let failed: Vec<_> = rows.iter().map(|row| row[3].is_empty()).collect();
    assert_eq!(failed, [false, true, true, true, true, false]);
    for (row, reason) in rows[1..5].iter().zip(reasons) {
        assert!(reason.contains(&row[4][..20.min(row[4].len())]), "{row:?}");
    }
}

#[test]
fn each_kind_of_bad_json_line_has_its_message() {
    let input = b"{\"actor_id\":1,\"token\":2}\n[1]\n{\"actor_id\":\"\xff\"}\n{\"a\n{}\n\
        {\"actor_id\":1,\"actor_id\":2}\n{\"actor_id\":1,\"expires_after\":true}\n\
        {\"actor_id\":1,\"restrict_all\":[\"a\"],\"restrictions\":{\"all\":[\"a\"]}}\n{\"actor_id\":1}";
    let outcome = create_tokens(&[], input);
    assert_eq!(outcome.code, Some(1));
    let answers: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 9, "{outcome:?}");
    for (at, part) in [
        "a member \"token\" already",
        "must be an object",
        "is not UTF-8",
        "is not valid JSON (byte 4)",
        "actor_id is required",
        "actor_id is given twice",
        "expires_after must be an integer",
        "cannot be given together",
    ]
    .iter()
    .enumerate()
    {
        assert!(answers[at]["error"].as_str().unwrap().contains(part), "{}", answers[at]);
        assert_eq!(
            answers[at].as_object().unwrap().get("token").unwrap_or(&json!(null)),
            &json!(null)
        );
        assert!(outcome.stderr.contains(&format!("line {}: ", at + 1)), "{outcome:?}");
    }
    assert!(answers[8]["token"].is_string());
}

#[test]
fn fail_fast_stops_at_the_first_failure() {
    let path = folder("fail_fast").join("tokens");
    let input = "{\"actor_id\":1}\n{}\n{\"actor_id\":2}\n";
    let outcome = create_tokens(&["--fail-fast"], input);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(1), 2), "{outcome:?}");
    fs::write(&path, "before").unwrap();
    let outcome = create_tokens(&["--fail-fast", "--output", path.to_str().unwrap()], input);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(1), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("is unchanged"), "{outcome:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "no temporary file is left"
    );
    // Without --fail-fast, the file has all records.
    let outcome = create_tokens(&["--output", path.to_str().unwrap()], input);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
}

#[test]
fn the_output_file_is_private_and_replaces_what_a_link_points_to() {
    let folder = folder("output");
    let (real, link) = (folder.join("real"), folder.join("link"));
    fs::write(&real, "before").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let outcome = create_tokens(&["--output", link.to_str().unwrap()], "{\"actor_id\":1}");
    outcome.quiet_success();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("dstok_"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    for wrong in [folder.join("none/x"), folder, PathBuf::from("/dev/null")] {
        create_tokens(&["--output", wrong.to_str().unwrap()], "{\"actor_id\":1}").usage_error();
    }
}

#[test]
fn a_run_that_is_killed_leaves_the_output_as_it_was() {
    let path = folder("killed").join("tokens.csv");
    fs::write(&path, "before").unwrap();
    let options = ["--output", path.to_str().unwrap()];
    let mut child =
        dstok(CREATE_TOKENS.iter().chain(&options)).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"actor_id\n").unwrap();
    // Enough that the program must have written to its temporary file.
    let users: String = (0..200_000).map(|n| format!("user{n}\n")).collect();
    stdin.write_all(users.as_bytes()).unwrap();
    let start = Instant::now();
    let other_files = || {
        let entries = fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.path() != path && entry.metadata().unwrap().len() > 0).count()
    };
    while other_files() == 0 && start.elapsed() < PATIENCE {}
    assert_eq!(other_files(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
}

#[test]
fn many_records_keep_their_order() {
    let input: String = (0..50_000).map(|n| format!("{{\"actor_id\":{n}}}\n")).collect();
    let outcome = create_tokens(&[], input);
    outcome.quiet_success();
    let mut count = 0;
    for (n, line) in outcome.stdout.lines().enumerate() {
        assert!(line.starts_with(&format!("{{\"actor_id\":{n},\"token\":\"dstok_")), "{line}");
        count += 1;
    }
    assert_eq!(count, 50_000);
}

#[test]
fn failures_are_reported_in_the_order_of_the_records() {
    let rows: String = (0..20_000)
        .map(|n| if n % 500 == 7 { format!("{n},soon\n") } else { format!("{n},60\n") })
        .collect();
    let outcome = create_tokens(&[], format!("actor_id,expires_after\n{rows}"));
    assert_eq!(outcome.code, Some(1));
    let messages = (0..40).map(|n| {
        format!("dstok: line {}: expires_after must be a whole number of seconds", 500 * n + 9)
    });
    let last = "dstok: 40 of 20000 records failed".to_owned();
    assert!(outcome.stderr.lines().eq(messages.chain([last])), "{}", outcome.stderr);
    let mut lines = outcome.stdout.lines().skip(1).zip(0..);
    assert!(lines.all(|(line, n)| {
        let start = if n % 500 == 7 { format!("{n},soon,,") } else { format!("{n},60,dstok_") };
        line.starts_with(&start)
    }));
    assert_eq!(outcome.stdout.lines().count(), 20_001);
}

#[test]
fn fail_fast_stops_within_a_block_and_reads_no_further() {
    let input: String = (0..10_000)
        .map(|n| if n == 5000 { "{}\n".to_owned() } else { format!("{{\"actor_id\":{n}}}\n") })
        .collect();
    let outcome = create_tokens(&["--fail-fast", "--format", "tokens"], input);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(outcome.stdout.lines().count(), 5001);
    assert_eq!(outcome.stdout.lines().last(), Some(""));
    assert_eq!(
        outcome.stderr,
        "dstok: line 5001: actor_id is required\ndstok: stopped at the first record that failed\n"
    );
}

#[test]
fn many_blank_lines_do_not_end_the_input() {
    let input = format!("{{\"actor_id\":1}}\n{}{{}}\n{{\"actor_id\":2}}", "\n".repeat(3 << 20));
    let outcome = create_tokens(&["--format", "tokens"], input);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(1), 3), "{outcome:?}");
    let line = format!("dstok: line {}: actor_id is required\n", (3 << 20) + 2);
    assert!(outcome.stderr.starts_with(&line), "{outcome:?}");
}

#[test]
fn blank_space_before_the_records_is_no_record() {
    for first in [" ", "\n"] {
        let input = format!("{}{{\"actor_id\":1}}\n", first.repeat(17 << 20));
        let outcome = create_tokens(&["--format", "tokens"], input);
        assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 1), "{outcome:?}");
    }
}

#[test]
fn a_record_may_have_16_mib() {
    for (extra, code) in [(0, 0), (100, 2), (30_000, 2), (100_000, 2)] {
        for (start, end) in [("{\"note\":\"", "\",\"actor_id\":1}"), ("note,actor_id\n", ",1")] {
            let line = start.split('\n').next_back().unwrap().len() + end.len();
            let input = format!("{start}{}{end}", "x".repeat((16 << 20) + extra - line));
            let outcome = create_tokens(&["--format", "tokens"], input);
            assert_eq!(outcome.code, Some(code), "{start}{extra}: {}", outcome.stderr);
        }
    }
}

#[test]
fn blocks_before_an_error_of_reading_are_written() {
    let rows: String = (0..100_000).map(|n| format!("user{n}\n")).collect();
    let input = format!("actor_id\n{rows}\"{}", "x\n".repeat(12 << 20));
    for options in [&["--format", "tokens"][..], &["--format", "tokens", "--fail-fast"]] {
        let outcome = create_tokens(options, &input);
        assert_eq!(outcome.code, Some(2));
        let message = "dstok: line 100002: a record of more than 16 MiB";
        assert!(outcome.stderr.starts_with(message), "{}", outcome.stderr);
        assert!(outcome.stdout.lines().count() > 50_000);
        assert!(outcome.stdout.lines().all(|line| line.starts_with("dstok_")));
    }
}

#[test]
fn members_that_are_no_parameters_may_be_given_twice() {
    let outcome = create_tokens(&[], r#"{"x":1,"actor_id":1,"x":{"y":1,"y":2}}"#);
    outcome.quiet_success();
    let start = r#"{"x":1,"actor_id":1,"x":{"y":1,"y":2},"token":"dstok_"#;
    assert!(outcome.stdout.starts_with(start), "{outcome:?}");
}

/// What the error ends with where the output lacks a part of the record.
const PART: &str = "; the output has only a part of it: correct it and empty its error";

#[test]
fn the_first_record_decides_the_columns() {
    let input = "{nonsense\n{\"b\\u0031\":[1, 2],\"actor_id\":\"a\"}\n{\"actor_id\":\"b\"}\n\
        {\"actor_id\":\"c\",\"x\":1}\n";
    let outcome = create_tokens(&["--format", "csv"], input);
    assert_eq!(outcome.code, Some(1));
    let tokens = tokens(&[r#"["a"]"#, r#"["b"]"#]);
    let expected = format!(
        "b1,actor_id,token,error\n,,,is not valid JSON (byte 2)\n\"[1, 2]\",a,{},\n,b,{},\n,c,,\
         \"has a member \"\"x\"\" that the first record does not have; CSV needs the same columns in \
         all \
         records{PART}\"\n",
        tokens[0], tokens[1]
    );
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn input_without_records_is_no_failure() {
    for input in ["", "\n\n", "\u{feff}"] {
        let outcome = create_tokens(&[], input);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("no records"), "{outcome:?}");
    }
    let outcome = create_tokens(&[], "actor_id,x\n");
    outcome.quiet_success();
    assert_eq!(outcome.stdout, "actor_id,x,token,error\n");
}

#[test]
fn a_bad_header_is_a_usage_error() {
    for (header, reason) in [
        ("id,name", "no column actor_id"),
        ("actor_id,token", "\"token\" already"),
        ("actor_id,error", "\"error\" already"),
        ("actor_id,now,now", "\"now\" twice"),
        ("[1]", "no column actor_id"),
    ] {
        let outcome = create_tokens(&[], format!("{header}\n1,2,3\n"));
        outcome.usage_error();
        assert!(outcome.stderr.contains(reason), "{outcome:?}");
    }
    create_tokens(&[], b"actor_id,\xff\n").usage_error();
    let outcome = create_tokens(&[], "actor_id,Expire After\nroot,1\n");
    outcome.usage_error();
    assert!(outcome.stderr.contains("expires_after"), "{outcome:?}");
}

#[test]
fn an_error_that_every_record_would_have_is_a_usage_error() {
    let input = "{\"actor_id\":1}";
    run(&mut dstok(["create-tokens"]), input).usage_error();
    run(&mut dstok(["create-tokens", "/no/such/file", "--secret", "s"]), input).usage_error();
    run(&mut dstok(["create-tokens", "/", "--secret", "s"]), input).usage_error();
    create_tokens(&["--expires-after", "1h"], input).usage_error();
    create_tokens(&["--format", "xml"], input).usage_error();
    create_tokens(&["--datasette-version", "0.65"], input).usage_error();
    create_tokens(&["--datasette-version", "1.0a1", "--all", "x"], input).usage_error();
    create_tokens(&["--actions", "/no/such/file"], input).usage_error();
}

#[test]
fn a_record_that_is_too_long_is_reported_where_its_last_cell_begins() {
    let input = format!("actor_id,a,b\nx,\"1\n2\n3\",\"open\n{}", "y,z\n".repeat(5 << 20));
    let outcome = create_tokens(&[], input);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.starts_with("dstok: line 4: a record of more than"), "{outcome:?}");
}

#[test]
fn an_unclosed_quote_does_not_swallow_the_file() {
    let input = format!("actor_id\nok\n\"{}", "x\n".repeat(12 << 20));
    let outcome = create_tokens(&[], input);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.starts_with("dstok: line 3: a record of more than 16 MiB"),
        "{outcome:?}"
    );
}

#[test]
fn files_are_read_and_closed_pipes_are_no_failure() {
    let path = file("records.jsonl", "{\"actor_id\":1}\n");
    let outcome = create_tokens(&[path.to_str().unwrap(), "--format", "tokens"], "");
    outcome.quiet_success();
    assert_eq!(outcome.answers(), tokens(&["[1]"]));
    let Some(full) = full_device() else { return };
    let mut command = dstok(CREATE_TOKENS);
    command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"actor_id\":1}\n").unwrap();
    assert_eq!(common::wait(&mut child), Some(74));
}
