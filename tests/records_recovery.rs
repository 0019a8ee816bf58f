//! What `dstok create-tokens` does about records that failed, and about input that comes slowly.
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]
#![allow(clippy::disallowed_methods, reason = "the test reads the files that the program writes")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::{CREATE_TOKENS, create_tokens, dstok, folder, run, token};

/// What `--failed` gets.
#[track_caller]
fn failed(input: impl AsRef<[u8]>) -> Vec<u8> {
    let path = folder("failed").join("failed");
    let outcome = create_tokens(&["--failed", path.to_str().unwrap()], input);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    fs::read(path).unwrap()
}

#[test]
fn records_that_failed_are_kept_as_they_came() {
    let input = b"\xef\xbb\xbfactor_id;\"now\"\r\na;1\r\n\"\";\"1\r\n2\"\r\nb\xff;1\r\nc\r\nd;x";
    let expected = b"\xef\xbb\xbfactor_id;\"now\"\r\n\"\";\"1\r\n2\"\r\nb\xff;1\r\nc\r\nd;x\r\n";
    assert_eq!(failed(input), expected);
    let input = b"{\"actor_id\":1}\n\n{ \"x\" :\xff}\n{\"actor_id\":1,\"now\":\"\"}\nnonsense";
    let expected = b"{ \"x\" :\xff}\n{\"actor_id\":1,\"now\":\"\"}\nnonsense\n";
    assert_eq!(failed(input), expected);
    assert_eq!(failed("[{\"actor_id\":1},\n{\n\"x\":1}]\n"), b"{ \"x\":1}\n");
    // Without failures, the file is there too, and an old one is gone.
    let path = folder("failed").join("none");
    fs::write(&path, "before").unwrap();
    create_tokens(&["--failed", path.to_str().unwrap()], "actor_id\na\n").quiet_success();
    assert_eq!(fs::read_to_string(&path).unwrap(), "actor_id\n");
    // The file can be the input, and a malformed input leaves it as it was.
    fs::write(&path, "actor_id,now\na,\n,1\n").unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(create_tokens(&[path, "--failed", path], "").code, Some(1));
    assert_eq!(fs::read_to_string(path).unwrap(), "actor_id,now\n,1\n");
    create_tokens(&["--failed", path, "--format", "tokens"], "actor_id,now\n\"").usage_error();
    assert_eq!(fs::read_to_string(path).unwrap(), "actor_id,now\n,1\n");
    create_tokens(&["--failed", path, "--output", path], "actor_id\na\n").usage_error();
    create_tokens(&["--failed", "/no/such/folder/x"], "actor_id\na\n").usage_error();
}

#[test]
fn output_is_refused_as_input_without_retry_failed() {
    let outcome = create_tokens(&[], "actor_id,token,error\na,,x\n");
    outcome.usage_error();
    assert!(outcome.stderr.contains("--retry-failed"), "{outcome:?}");
    let outcome = create_tokens(&[], "{\"actor_id\":1,\"token\":null,\"error\":\"x\"}\n");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("--retry-failed"), "{outcome:?}");
    assert_eq!(outcome.stdout.matches("\"token\":").count(), 1, "{outcome:?}");
    assert!(outcome.stdout.starts_with("{\"actor_id\":1,\"token\":null,\"error\":\"has a member"));
}

#[test]
fn retry_failed_keeps_tokens_and_tries_the_others() {
    let (a, b) = (token(r#"["a"]"#), token(r#"["b",3600]"#));
    let input = "actor_id,expires_after,n\r\na,,\"x,\"\"\"\r\nb,soon,\r\n,1,\r\n";
    let first = create_tokens(&[], input);
    assert_eq!(first.code, Some(1));
    // Nothing has changed, so the output is the same.
    let second = create_tokens(&["--retry-failed"], &first.stdout);
    assert_eq!((second.code, &second.stdout), (Some(1), &first.stdout));
    let repaired = first.stdout.replace("b,soon", "b,3600");
    let third = create_tokens(&["--retry-failed"], &repaired);
    let expected = format!(
        "actor_id,expires_after,n,token,error\r\na,,\"x,\"\"\",{a},\r\nb,3600,,{b},\r\n\
         ,1,,,actor_id is empty\r\n"
    );
    assert_eq!((third.code, third.stdout), (Some(1), expected));
    let tokens = create_tokens(&["--retry-failed", "--format", "tokens"], &repaired);
    assert_eq!(tokens.stdout, format!("{a}\n{b}\n\n"));
    // A token of another secret stays too, and columns stay in their order.
    let outcome = create_tokens(&["--retry-failed"], "error,token,actor_id\n,t,\"x\"\ne,,a\n");
    outcome.quiet_success();
    assert_eq!(outcome.stdout, format!("error,token,actor_id\n,t,\"x\"\n,{a},a\n"));
    let outcome = create_tokens(&["--retry-failed"], "actor_id\na\n");
    outcome.usage_error();
    assert!(outcome.stderr.contains("token and error"), "{outcome:?}");
}

#[test]
fn retry_failed_keeps_no_row_of_the_wrong_length() {
    // Another cell is where the token should be.
    for row in ["a,x, y,,", "a,x,y"] {
        let input = format!("actor_id,note,token,error\n{row}\n");
        let outcome = create_tokens(&["--retry-failed", "--format", "tokens"], input);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(1), "\n"), "{row}");
        assert!(outcome.stderr.contains("line 2: has "), "{outcome:?}");
    }
}

#[test]
fn retry_failed_works_with_json_lines() {
    let (a, b) = (token(r#"["a"]"#), token(r#"["b"]"#));
    let first = create_tokens(&[], "{\"actor_id\":\"a\" }\n{\"actor_id\":\"b\",\"now\":\"x\"}\n");
    assert_eq!(first.code, Some(1));
    let repaired = first.stdout.replace("\"now\":\"x\"", "\"x\": 1.0");
    let outcome = create_tokens(&["--retry-failed"], &repaired);
    outcome.quiet_success();
    let expected = format!(
        "{{\"actor_id\":\"a\",\"token\":\"{a}\"}}\n\
         {{\"actor_id\":\"b\",\"x\":1.0,\"token\":\"{b}\"}}\n"
    );
    assert_eq!(outcome.stdout, expected);
    let outcome =
        create_tokens(&["--retry-failed", "--format", "csv"], repaired.replace("\"x\": 1.0,", ""));
    outcome.quiet_success();
    assert_eq!(outcome.stdout, format!("actor_id,token,error\na,{a},\nb,{b},\n"));
}

#[test]
fn each_record_is_answered_as_it_comes() {
    for (header, records) in [
        ("", ["{\"actor_id\":1}\n", "{\"actor_id\":2}\r\n", "{}\n"]),
        ("actor_id\n", ["a\n", "\"b\n\"\n", "\n \n"]),
        ("actor_id\r\n", ["a\r\n", "\"b\"\r\n", "c\r\n"]),
        ("[", ["{\"actor_id\":1},", "{\"actor_id\":2},\n", "{},"]),
    ] {
        let mut command = dstok(CREATE_TOKENS.iter().chain(&["--format", "tokens"]));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdin.write_all(header.as_bytes()).unwrap();
        for record in records {
            // The end of a record may come later than the rest.
            let (start, end) = record.split_at(record.len() / 2);
            stdin.write_all(start.as_bytes()).unwrap();
            stdin.write_all(end.as_bytes()).unwrap();
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            assert_eq!(line.starts_with("dstok_"), !record.contains("{}"));
        }
        stdin.write_all(if header == "[" { b"{\"actor_id\":1}]" } else { b"" }).unwrap();
        drop(stdin);
        assert!(common::wait(&mut child).is_some_and(|code| code < 2));
    }
}

/// The output of some failed records lacks a part of them, and what is left could allow more.
#[test]
fn what_an_output_lacks_of_a_record_is_not_minted_later() {
    let rows: &[u8] = b"actor_id,expires_after,restrict_all\n\
        bob\nM\xfcller,3600,view-table\ncarl,60,view-table,x\nann,60,vt\n";
    let objects: &[u8] = b"{\"actor_id\":\"ann\"}\n\
        {\"actor_id\":\"bob\",\"restrict_all\":[\"vt\"]}\n{\"actor_id\":\"a\",\"actor_id\":\"b\"}\n";
    for (input, format, failures) in
        [(rows, "csv", 3), (rows, "jsonl", 3), (objects, "csv", 2), (objects, "jsonl", 1)]
    {
        let first = create_tokens(&["--format", format], input);
        assert_eq!(first.stderr.matches("dstok: line ").count(), failures, "{first:?}");
        let retried = create_tokens(&["--format", format, "--retry-failed"], &first.stdout);
        assert_eq!(retried.code, Some(1), "{retried:?}");
        assert_eq!(retried.stderr.matches("dstok: line ").count(), failures, "{retried:?}");
        let tokens = |outcome: &common::Outcome| outcome.stdout.matches("dstok_").count();
        assert_eq!(tokens(&retried), tokens(&first), "{retried:?}");
    }
    let first = create_tokens(&[], rows).stdout;
    let corrected =
        first.replace("; the output has only a part of it: correct it and empty its error", "");
    let retried = create_tokens(&["--retry-failed"], corrected);
    assert_eq!(retried.code, Some(0), "{retried:?}");
}

#[test]
fn a_run_that_ends_early_replaces_no_file() {
    let folder = folder("recovery_ends_early");
    let (input, output) = (folder.join("in.csv"), folder.join("out.csv"));
    let text = "actor_id,expires_after\na,1\nb,x\nc,3\n";
    fs::write(&input, text).unwrap();
    let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
    let outcome = create_tokens(&[input, "--fail-fast", "--failed", input, "--output", output], "");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(fs::read_to_string(input).unwrap(), text);
    assert!(!fs::exists(output).unwrap());
}

#[test]
fn output_and_failed_are_different_files_however_they_are_spelled() {
    let folder = folder("recovery_same_file");
    fs::create_dir(folder.join("sub")).unwrap();
    std::os::unix::fs::symlink("sub/target", folder.join("link")).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    for (output, failed) in [("f", "./f"), ("f", "sub/../f"), ("sub/target", "link")] {
        let options = ["--output", &path(output), "--failed", &path(failed)];
        let outcome = create_tokens(&options, "actor_id\na\n");
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("--output and --failed must be different"), "{outcome:?}");
    }
    let left = fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 2, "sub and link");
}

#[test]
fn an_output_is_recognised_as_what_it_is() {
    for header in ["\"{x}\",actor_id", "actor_id,\"a;b\"", "\" [{\",actor_id", "actor_id,\"a\tb\""]
    {
        let first = create_tokens(&[], format!("{header}\na,b\n"));
        assert_eq!(first.code, Some(0), "{first:?}");
        let again = create_tokens(&["--retry-failed"], &first.stdout);
        assert_eq!((again.code, again.stdout), (Some(0), first.stdout));
    }
}

#[test]
fn a_token_that_spans_lines_is_not_kept() {
    for input in
        ["actor_id,token,error\na,\"t\nu\",\n", "{\"actor_id\":\"a\",\"token\":\"t\\nu\"}\n"]
    {
        let outcome = create_tokens(&["--retry-failed", "--format", "tokens"], input);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(1), "\n"), "{outcome:?}");
        assert!(outcome.stderr.contains("has a line break in its token; remove it"), "{outcome:?}");
    }
}

#[test]
fn a_record_with_a_token_is_not_cut() {
    let lines =
        "{\"actor_id\":\"a\",\"token\":\"t\"}\n{\"actor_id\":\"b\",\"x\":1,\"token\":\"u\"}\n";
    let outcome = create_tokens(&["--retry-failed", "--format", "csv"], lines);
    let problem = "has a token, but the output cannot hold the whole record";
    let part = "; the output has only a part of it: correct it and empty its error";
    assert_eq!(outcome.stdout, format!("actor_id,token,error\na,t,\nb,,\"{problem}{part}\"\n"));
    assert!(outcome.stderr.starts_with(&format!("dstok: line 2: {problem}\n")), "{outcome:?}");
    let rows = &b"actor_id,n,token,error\na,\xff,t,\n"[..];
    let outcome = create_tokens(&["--retry-failed", "--format", "jsonl"], rows);
    assert!(outcome.stderr.starts_with(&format!("dstok: line 2: {problem}\n")), "{outcome:?}");
    // In its own format it stays as it is.
    let outcome = create_tokens(&["--retry-failed"], lines);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), lines));
}

#[test]
fn a_record_that_fails_again_is_not_called_a_part_of_itself() {
    let line = "{\"actor_id\":\"a\",\"now\":\"x\",\"token\":null,\"error\":\"e\"}\n";
    let outcome = create_tokens(&["--retry-failed", "--format", "csv"], line);
    assert_eq!(outcome.stdout, "actor_id,now,token,error\na,x,,now must be a number\n");
}

/// `--failed` may be the input, so it must not appear without the tokens.
#[test]
fn an_output_that_cannot_be_written_leaves_the_input_alone() {
    let folder = folder("recovery_full");
    let rows: String = (0..40).map(|n| format!("user{n},1\n")).collect();
    let input = folder.join("in.csv");
    let text = format!("actor_id,expires_after\n{rows}z,x\n");
    fs::write(&input, &text).unwrap();
    // A file may have 512 or 1,024 bytes then. A program that ignores the signal gets an error.
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut command = std::process::Command::new("sh");
    let program = dstok(CREATE_TOKENS);
    command.args(["-c", limited, "sh"]).arg(program.get_program()).args(program.get_args());
    command.arg(&input).arg("--failed").arg(&input).arg("--output").arg(folder.join("out.csv"));
    let outcome = run(&mut command, "");
    assert_eq!(outcome.code, Some(74), "{outcome:?}");
    assert_eq!(fs::read_to_string(&input).unwrap(), text);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}
