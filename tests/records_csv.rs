//! `dstok create-tokens` on the CSV that people have: malformed, in other dialects and encodings.
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]
#![allow(clippy::disallowed_methods, reason = "the test reads the files that the program writes")]

mod common;

use std::fs;

use common::{create_tokens, file, token};

/// The run ends with exit code 2, and `--output` is as it was.
#[track_caller]
fn assert_malformed(input: impl AsRef<[u8]>, message: &str) {
    let thread = std::thread::current();
    let path = file(thread.name().unwrap(), "before");
    let path = path.to_str().unwrap();
    let outcome = create_tokens(&["--output", path], &input);
    outcome.usage_error();
    assert!(outcome.stderr.starts_with(&format!("dstok: {message}")), "{outcome:?}");
    assert_eq!(fs::read_to_string(path).unwrap(), "before");
    let outcome = create_tokens(&[], &input);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
}

#[test]
fn an_unclosed_quote_is_an_error_at_the_line_of_its_cell() {
    let rows = |from: u32, to: u32| -> String { (from..to).map(|n| format!("u{n},x\n")).collect() };
    let input = format!("actor_id,n\n{}\"open,x\n{}", rows(0, 100), rows(0, 200_000));
    assert_malformed(&input, "line 102: a quote opens a cell here and is never closed");
    // What was written before stays. The rows before the quote have tokens.
    let outcome = create_tokens(&[], &input);
    assert_eq!(outcome.stdout.lines().count(), 101);
    for (input, line) in [
        ("actor_id\n\"", 2),
        ("actor_id\r\n\r\na\r\n\"b", 4),
        ("actor_id,n\na,\"1\n2\"\nb,\"3\n\n\"\"\n", 4),
        ("actor_id,n\n\"a\nb\",\"", 3),
        ("actor_id\ra\r\"", 3),
        ("\"actor_id\na\n", 1),
        ("\nactor_id,\"x\n\n", 2),
    ] {
        assert_malformed(input, &format!("line {line}: a quote"));
    }
}

#[test]
fn text_after_a_closing_quote_is_an_error() {
    for (input, line) in [
        ("actor_id\n\"a\"b\n", 2),
        ("actor_id,n\nx,y\n\"a\" ,b\n", 3),
        ("actor_id,n\nx,\"1\n2\"3\n", 2),
        ("\"actor_id\"x\na\n", 1),
        ("actor_id,n\n\"a\nb\",\"c\"d\n", 3),
    ] {
        assert_malformed(input, &format!("line {line}: a cell that begins here has text after"));
    }
}

#[test]
fn a_quote_inside_an_unquoted_cell_is_literal() {
    let outcome = create_tokens(&[], "actor_id,size\na\"b\"c,5\"\n d,\"\"\n");
    outcome.quiet_success();
    let (first, second) = (token(r#"["a\"b\"c"]"#), token(r#"[" d"]"#));
    let expected =
        format!("actor_id,size,token,error\n\"a\"\"b\"\"c\",\"5\"\"\",{first},\n d,,{second},\n");
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn lines_are_those_of_the_input() {
    for (input, lines) in [
        ("actor_id,now\r\n,1\r\na,1\r\n,2\r\n", &[2, 4][..]),
        ("actor_id,now\n\n\n,1\n\n,2\n", &[4, 6]),
        ("\r\n\r\nactor_id,now\r\n,\r\n", &[4]),
        ("actor_id,now\r,1\ra,\r,1", &[2, 4]),
        ("actor_id,n,now\n\"a\n\nb\",\"\r\n\",\n,,\n", &[6]),
        ("\u{feff}\n{\"actor_id\":1}\r\n\r\n{}\r\n{}\n", &[4, 5]),
        ("[\n{\"actor_id\":1},\n\n{},{\n},\n{}\n]\n", &[4, 4, 6]),
    ] {
        let outcome = create_tokens(&["--format", "tokens"], input);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        let stderr: Vec<_> = outcome.stderr.lines().collect();
        assert_eq!(stderr.len(), lines.len() + 1, "{outcome:?}");
        for (message, line) in stderr.iter().zip(lines) {
            assert!(message.starts_with(&format!("dstok: line {line}: ")), "{input:?}: {message}");
        }
    }
}

#[test]
fn other_encodings_are_named_or_fail_the_record() {
    for format in ["csv", "jsonl", "tokens"] {
        let input = b"actor_id,city\nbj\xf6rn,x\nann,K\xf6ln\nann,x\n";
        let outcome = create_tokens(&["--format", format], input);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        for message in ["line 2: actor_id is not UTF-8\n", "line 3: city is not UTF-8\n"] {
            assert!(outcome.stderr.contains(message), "{outcome:?}");
        }
        assert_eq!(outcome.stdout.matches("dstok_").count(), 1, "{outcome:?}");
        assert_eq!(outcome.stdout.lines().count(), if format == "csv" { 4 } else { 3 });
    }
    let outcome = create_tokens(&[], b"{\"actor_id\":\"bj\xf6rn\"}\n{\"actor_id\":1}\n");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("line 1: is not UTF-8"), "{outcome:?}");
    let wide = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let little =
        |text: &str| -> Vec<u8> { wide(text).into_iter().flat_map(u16::to_le_bytes).collect() };
    let big =
        |text: &str| -> Vec<u8> { wide(text).into_iter().flat_map(u16::to_be_bytes).collect() };
    for text in ["actor_id\na\n", "{\"actor_id\":1}\n", "[{\"actor_id\":1}]"] {
        for input in [little(text), big(text)] {
            assert_malformed(input, "the input is UTF-16");
        }
        let marked = format!("\u{feff}{text}");
        for input in [little(&marked), big(&marked)] {
            assert_malformed(input, "the input is UTF-16");
        }
    }
}

#[test]
fn the_output_keeps_mark_line_ends_and_delimiter() {
    let (a, b) = (token(r#"["a"]"#), token(r#"["b;,"]"#));
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n", "\r"] {
            for delimiter in [";", ",", "\t"] {
                let input = format!(
                    "{mark}n{delimiter}actor_id{end}{delimiter}a{end}x{delimiter}\"b;,\"{end}"
                );
                let outcome = create_tokens(&[], input);
                outcome.quiet_success();
                let d = delimiter;
                let quoted = if d == "\t" { "b;," } else { "\"b;,\"" };
                let expected = format!(
                    "{mark}n{d}actor_id{d}token{d}error{end}{d}a{d}{a}{d}{end}\
                     x{d}{quoted}{d}{b}{d}{end}"
                );
                assert_eq!(outcome.stdout, expected);
            }
        }
        let outcome = create_tokens(&[], format!("{mark}{{\"actor_id\":\"a\"}}\r\n"));
        let expected = format!("{mark}{{\"actor_id\":\"a\",\"token\":\"{a}\"}}\r\n");
        assert_eq!(outcome.stdout, expected);
    }
}

#[test]
fn the_header_tells_the_delimiter() {
    for header in ["actor_id,a;b", "actor_id;\"x,\"\ty", "a\t;actor_id"] {
        let outcome = create_tokens(&[], format!("{header}\na\n"));
        outcome.usage_error();
        assert!(outcome.stderr.contains("--delimiter"), "{outcome:?}");
    }
    let input = "actor_id,\"a;b\"\nroot,\"x;\"\n";
    create_tokens(&[], input).quiet_success();
    create_tokens(&["--delimiter", ","], "actor_id,a;b\nroot,x\n").quiet_success();
    for tab in ["\t", "\\t", "tab"] {
        create_tokens(&["--delimiter", tab], "actor_id\ta;b,c\nroot\tx\n").quiet_success();
    }
    create_tokens(&["--delimiter", ";"], "actor_id\nroot,x\n").quiet_success();
    create_tokens(&["--delimiter", "|"], input).usage_error();
    create_tokens(&["--delimiter", ","], "{\"actor_id\":1}\n").usage_error();
}

#[test]
fn numbers_of_pandas_are_whole() {
    let input = "actor_id,expires_after\na,3600.0\nb,\nc,3600.5\nd,1e3\n";
    let outcome = create_tokens(&["--format", "tokens"], input);
    assert_eq!(outcome.code, Some(1));
    let expected = [token(r#"["a",3600]"#), token(r#"["b"]"#), String::new(), String::new()];
    assert_eq!(outcome.stdout, expected.map(|line| line + "\n").concat());
    for line in [4, 5] {
        let message = format!("line {line}: expires_after must be a whole number of seconds");
        assert!(outcome.stderr.contains(&message), "{outcome:?}");
    }
}

#[test]
fn a_row_of_another_length_is_an_error_of_that_record() {
    let outcome = create_tokens(&[], "actor_id,n\na\nb,1,2\nc,\n");
    assert_eq!(outcome.code, Some(1));
    let c = token(r#"["c"]"#);
    let part = "; the output has only a part of it: correct it and empty its error";
    let expected = format!(
        "actor_id,n,token,error\na,,,has 1 columns but the header has 2{part}\n\
         b,1,,has 3 columns but the header has 2{part}\nc,,{c},\n"
    );
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn a_row_with_millions_of_cells_is_an_error_of_that_record() {
    let commas = ",".repeat(15 << 20);
    let outcome = create_tokens(&["--format", "tokens"], format!("actor_id\n{commas}\na\n"));
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(1), 2), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("dstok: line 2: has 32768 columns"), "{}", outcome.stderr);
    let outcome = create_tokens(&[], format!("actor_id{commas}\na\n"));
    outcome.usage_error();
}

#[test]
fn a_json_array_is_cut_into_records() {
    let (one, two) = (token("[1]"), token(r#"["],{"]"#));
    let expected = format!(
        "{{\"actor_id\":1,\"token\":\"{one}\"}}\n\
         {{\"actor_id\": \"],{{\", \"x\": [1, {{}}],\"token\":\"{two}\"}}\n"
    );
    for space in [" ", "\n"] {
        let input = format!(
            "{space}[{space}{{\"actor_id\":1}},{space}{{\"actor_id\": \"],{{\",{space}\"x\": [1,\
             {space}{{}}] {space}}}{space}]{space}"
        );
        let outcome = create_tokens(&[], input);
        outcome.quiet_success();
        assert_eq!(outcome.stdout, expected);
    }
    let outcome = create_tokens(&[], "[]\n");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), ""));
    let outcome = create_tokens(&[], "[{\"actor_id\":1},2,{\"a\" 1},{}]");
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(1), 4), "{outcome:?}");
    for input in [
        "[{\"actor_id\":1}",
        "[{\"actor_id\":1},",
        "[{\"actor_id\":1},]",
        "[{\"actor_id\":1}] x",
        "[{\"actor_id\":\"1}]",
        "[{\"actor_id\":[}]",
    ] {
        assert_malformed(input, "line 1: ");
    }
}
