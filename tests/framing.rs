//! Lines in, lines out: what ends a line, what counts as one, how long it may be, and that an
//! answer comes before the next request must be sent.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{
    PING, PONG, Peer, READY, ask, assert_error, assert_too_large, dstok, one, payload, request,
    result, run, serve, signed,
};
use serde_json::Value;

fn base64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The answer is a parse error about this line.
#[track_caller]
fn assert_parse_error(answer: &str, line: u64) {
    assert_error(answer, -32700, "parse_error", Value::Null);
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["error"]["data"]["line"], line, "{answer}");
}

/// A ping that is `length` bytes long.
fn ping_of(length: usize) -> String {
    let line = format!("{PING}{}", " ".repeat(length - PING.len()));
    assert_eq!(line.len(), length);
    line
}

#[test]
fn line_feed_carriage_return_and_nothing_at_the_end() {
    for input in [
        format!("{PING}\n"),
        format!("{PING}\r\n"),
        PING.to_owned(),
        format!("{PING}\n\n\r\n\n"),
        format!("\n\r\n{PING}"),
        format!("\u{feff}{PING}\r\n"),
        format!("\u{feff}\n{PING}"),
        format!(" \t\n{PING}\n \t"),
    ] {
        assert_eq!(one(serve(&[], &input)), PONG, "{input:?}");
    }
}

#[test]
fn nothing_but_blank_lines_gets_no_answer() {
    for input in ["\n", "\r\n\r\n", "\u{feff}", "\u{feff}\r\n", "  ", "\n \n\t\n"] {
        assert_eq!(serve(&[], input), [""; 0], "{input:?}");
    }
}

#[test]
fn a_byte_order_mark_is_ignored_before_the_first_line_only() {
    let answers = serve(&[], format!("\u{feff}{PING}\n\u{feff}{PING}\n{PING}\n"));
    assert_eq!((answers.len(), &*answers[0], &*answers[2]), (3, PONG, PONG));
    assert_parse_error(&answers[1], 2);
    assert_parse_error(&one(serve(&[], format!("\n\u{feff}{PING}\n"))), 2);
    assert_parse_error(&one(serve(&[], format!("\u{feff}\u{feff}{PING}\n"))), 1);
    assert_parse_error(&one(serve(&[], b"\xef\xbb")), 1);
}

#[test]
fn a_carriage_return_alone_ends_no_line() {
    assert_parse_error(&one(serve(&[], format!("{PING}\r{PING}\n"))), 1);
}

#[test]
fn parse_errors_carry_the_physical_line() {
    let input = format!("\u{feff}\n\r\n{{\n{PING}\n \n[1,\r\n{}\n]\n{PING}\n\n\"", ping_of(201));
    let answers = serve(&["--max-line", "200"], input);
    assert_eq!(answers.len(), 7, "{answers:#?}");
    assert_parse_error(&answers[0], 3);
    assert_eq!(answers[1], PONG);
    assert_parse_error(&answers[2], 6);
    assert_too_large(&answers[3]);
    assert_parse_error(&answers[4], 8);
    assert_eq!(answers[5], PONG);
    assert_parse_error(&answers[6], 11);
}

#[test]
fn what_is_not_json() {
    let bad = [
        "NaN",
        "[Infinity]",
        r#"{"id":-Infinity}"#,
        "{'a':1}",
        "[1,]",
        r#"{"a":1,}"#,
        "[,1]",
        "[1 2]",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "tru",
        "nul",
        "True",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\"#,
        "\"\t\"",
        "\"\u{0}\"",
        "\"\u{1f}\"",
        "{} {}",
        "{}x",
        "[]]",
        "{}}",
        "// x",
        "\u{a0}{}",
        "\u{c}{}",
        "{1:2}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a" 1}"#,
        "[",
        "{",
        r#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"sign","params":[NaN]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"sign","params":[1],"x":01}"#,
    ];
    let answers = serve(&[], bad.join("\n"));
    assert_eq!(answers.len(), bad.len());
    for ((answer, line), number) in answers.iter().zip(bad).zip(1..) {
        assert!(answer.contains("-32700"), "{line:?} is taken as JSON: {answer}");
        assert_parse_error(answer, number);
    }
}

#[test]
fn what_is_not_utf_8() {
    let bad: [&[u8]; 8] = [
        b"\xff",
        b"\"\xc3\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf5\x80\x80\x80\"",
        b"\xfe\xff\x00{\x00}",
        b"{\"jsonrpc\":\"2.0\",\"id\":\"\xe9\",\"method\":\"ping\"}",
        b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},\"\x80\"]",
    ];
    let mut input = Vec::new();
    for line in bad {
        input.extend_from_slice(line);
        input.extend_from_slice(format!("\n{PING}\n").as_bytes());
    }
    let answers = serve(&[], input);
    assert_eq!(answers.len(), 2 * bad.len());
    for (pair, number) in answers.chunks(2).zip((1..).step_by(2)) {
        assert_parse_error(&pair[0], number);
        assert_eq!(pair[1], PONG, "the next line is served");
    }
}

#[test]
fn max_line_counts_the_line_without_its_end() {
    for end in ["\n", "\r\n", ""] {
        for (length, good) in [(99, true), (100, true), (101, false)] {
            let answer = one(serve(&["--max-line", "100"], format!("{}{end}", ping_of(length))));
            if good {
                assert_eq!(answer, PONG, "{length} bytes and {end:?}");
            } else {
                assert_too_large(&answer);
            }
        }
    }
}

#[test]
fn a_byte_order_mark_does_not_count_as_line() {
    let answer = one(serve(&["--max-line", "100"], format!("\u{feff}{}\n", ping_of(100))));
    assert_eq!(answer, PONG);
}

#[test]
fn the_rest_of_an_oversized_line_is_discarded_and_the_next_served() {
    for length in [101, 65_536, 262_144, 262_145, 3_000_000] {
        let long = format!("{}{PING}", "x".repeat(length));
        let answers = serve(&["--max-line", "100"], format!("{PING}\n{long}\n{PING}\n{long}"));
        assert_eq!(answers.len(), 4, "one error a line: {answers:.300?}");
        assert_eq!((&*answers[0], &*answers[2]), (PONG, PONG));
        assert_too_large(&answers[1]);
        assert_too_large(&answers[3]);
    }
}

#[test]
fn an_oversized_line_is_answered_before_it_ends() {
    let mut peer = Peer::start(READY.iter().chain(&["--max-line", "100"]));
    peer.send("x".repeat(300));
    assert_too_large(&peer.receive());
    peer.send(format!("{PING}\n{PING}\n"));
    assert_eq!(peer.receive(), PONG);
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn the_default_limit_takes_16_mib() {
    let most = 16 << 20;
    let answers = serve(&[], format!("{}\n{}\n{PING}\n", ping_of(most), ping_of(most + 1)));
    assert_eq!(answers.len(), 3);
    assert_eq!((&*answers[0], &*answers[2]), (PONG, PONG));
    assert_too_large(&answers[1]);
}

#[test]
fn memory_stays_bounded_however_long_a_line_is() {
    let mut peer = Peer::start(READY.iter().chain(&["--max-line", "1000"]));
    let piece = "x".repeat(1 << 20);
    for _ in 0..100 {
        peer.send(&piece);
    }
    peer.send(format!("\n{PING}\n"));
    assert_too_large(&peer.receive());
    assert_eq!(peer.receive(), PONG);
    assert!(peer.peak() < 30_000, "{} kB for a line of 100 MB", peer.peak());
}

#[test]
fn max_batch_counts_elements() {
    let batch = |length: usize| format!("[{}]\n", vec![PING; length].join(","));
    let input = format!("{}{}{}{PING}\n[1,2,3,4]\n", batch(2), batch(3), batch(4));
    let answers = serve(&["--max-batch", "3"], input);
    assert_eq!(answers.len(), 5);
    assert_eq!(answers[0], format!("[{PONG},{PONG}]"));
    assert_eq!(answers[1], format!("[{PONG},{PONG},{PONG}]"));
    assert_too_large(&answers[2]);
    assert_eq!(answers[3], PONG);
    assert_too_large(&answers[4]);
}

#[test]
fn the_default_batch_takes_100_000() {
    let batch = |length: usize| format!("[{}]\n", vec![PING; length].join(","));
    let answers = serve(&[], batch(100_000) + &batch(100_001));
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0].matches(PONG).count(), 100_000);
    assert_too_large(&answers[1]);
}

/// What a stranger's token may hold, and what common readers of lines take for the end of one.
const LINE_ENDS: &str = "x\u{85}y\u{2028}z\u{2029}";

#[test]
fn line_ends_of_unicode_are_escaped_in_results_and_in_errors() {
    let escaped = r"x\u0085y\u2028z\u2029";
    let own = signed("default", format!("\"{LINE_ENDS}\"").as_bytes(), false);
    let strange = format!("dstok_{}.sig", base64(format!(r#"{{"a":"{LINE_ENDS}","t":1}}"#)));
    for (line, found) in [
        (request("unsign", &format!("[\"{own}\"]")), escaped),
        (request("inspect_token", &format!("[\"{strange}\"]")), escaped),
        (request("ping", &format!(r#"{{"{LINE_ENDS}":1}}"#)), escaped),
        (
            request(
                "create_token",
                &format!(r#"{{"actor_id":1,"restrict_database":{{"{LINE_ENDS}":1}}}}"#),
            ),
            escaped,
        ),
        (request(LINE_ENDS, "[]"), "Method not found"),
    ] {
        let outcome = run(&mut dstok(READY), &line);
        outcome.quiet_success();
        let answer = outcome.stdout.trim_end_matches('\n');
        assert!(answer.contains(found), "{line}\n{answer}");
        assert_eq!(answer.split(['\u{85}', '\u{2028}', '\u{2029}']).count(), 1, "{answer}");
    }
    assert_eq!(result(&ask(&request("unsign", &format!("[\"{own}\"]")))), LINE_ENDS);
}

#[test]
fn an_id_keeps_its_line_ends_and_so_does_what_is_signed() {
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":"{LINE_ENDS}","method":"{method}","params":{params}}}"#)
    };
    let outcome = run(&mut dstok(READY), call("ping", "[]") + "\n" + &call("nope", "[]"));
    let id = format!(r#"{{"jsonrpc":"2.0","id":"{LINE_ENDS}","#);
    let answers: Vec<_> = outcome.stdout.split_terminator('\n').collect();
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|answer| answer.starts_with(&id)), "{answers:?}");
    let made = result(&ask(&request("sign", &format!("[\"{LINE_ENDS}\"]"))));
    assert_eq!(payload(&made), format!("\"{LINE_ENDS}\""));
}

#[test]
fn a_text_that_spans_lines_gets_one_error_that_says_so() {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let call: Value =
        serde_json::from_str(&request("create_token", r#"["root",3600,["view-table"]]"#)).unwrap();
    let batch = Value::from(vec![call.clone(), call.clone()]);
    for (text, lines) in [
        (pretty(&call), 12),
        (pretty(&batch), 26),
        (pretty(&call).replace("\n", "\r\n"), 12),
        (pretty(&call).replace("\n", "\n\n").replace("  ", "\t"), 23),
        (pretty(&serde_json::from_str(PING).unwrap()).replace("  ", ""), 5),
        ("{\"jsonrpc\": \"2.0\", \"id\": 1,\n \"method\": \"ping\"}".to_owned(), 2),
    ] {
        assert_eq!(text.lines().count(), lines, "{text}");
        for threads in ["1", "2"] {
            let answers = serve(&["--threads", threads], format!("{PING}\n{text}\n{PING}\n{{\n"));
            assert_eq!(answers.len(), 4, "{text}\n{answers:#?}");
            assert_eq!((&*answers[0], &*answers[2]), (PONG, PONG));
            assert_parse_error(&answers[1], 2);
            assert!(answers[1].contains("write each request on one line"), "{}", answers[1]);
            assert_parse_error(&answers[3], 3 + lines as u64);
        }
    }
}

#[test]
fn a_line_that_is_cut_short_costs_no_other_request_its_answer() {
    for end in 1..PING.len() {
        let answers = serve(&[], format!("{}\n{PING}\n  {PING}\n", &PING[..end]));
        assert_eq!(answers.len(), 3, "{end}: {answers:?}");
        assert_parse_error(&answers[0], 1);
        assert_eq!((&*answers[1], &*answers[2]), (PONG, PONG));
        let answers = serve(&[], format!("{}\n  {PING}\n", &PING[..end]));
        assert_eq!(answers.len(), 2, "{end}: {answers:?}");
        assert_eq!(answers[1], PONG);
    }
}

/// A web page can make a browser send HTTP, with a request in its body.
#[test]
fn http_gets_one_error_and_what_follows_is_not_read() {
    let body = request("sign", "[1]");
    for head in ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n", "GET /a HTTP/1.0\n\n"]
    {
        for before in ["", "\n"] {
            let mut peer = Peer::start(READY);
            peer.send(format!("{before}{head}"));
            assert_parse_error(&peer.receive(), 1 + before.len() as u64);
            assert_eq!(
                peer.end(),
                (Some(0), vec![], String::new()),
                "it ends although stdin is open"
            );
            let answer = one(serve(&[], format!("{before}{head}{body}\n")));
            assert!(answer.contains("one line") && answer.contains("HTTP"), "{answer}");
        }
    }
    assert_parse_error(&serve(&[], "POST HTTP/1.1\nPOST / HTTPS\npost / HTTP/1.1\n")[2], 3);
}

/// Otherwise a peer that waits for its answer would wait for ever.
#[test]
fn an_interactive_peer_has_its_answer_before_it_sends_the_next_line() {
    let mut peer = Peer::start(READY);
    for id in 0..200 {
        peer.send(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n"));
        assert_eq!(peer.receive(), format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"pong"}}"#));
    }
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn complete_lines_are_answered_while_an_unfinished_one_waits() {
    let mut peer = Peer::start(READY);
    let (head, tail) = PING.split_at(20);
    peer.send(format!("\u{feff}{PING}\n{PING}\n{head}"));
    assert_eq!((&*peer.receive(), &*peer.receive()), (PONG, PONG));
    peer.send(tail);
    peer.send("\r");
    peer.send(format!("\n{head}"));
    assert_eq!(peer.receive(), PONG);
    peer.send(tail);
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![PONG.to_owned()], String::new()));
}

#[test]
fn answers_stand_in_the_order_of_their_lines() {
    let mut input = String::new();
    let mut expected = Vec::new();
    for id in 0..3_000 {
        match id % 5 {
            0 => input += "{\"jsonrpc\":\"2.0\",\"method\":\"sign\",\"params\":[1]}\n\n",
            1 => {
                input += &format!("[{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}]\r\n");
                expected.push(format!(r#"[{{"jsonrpc":"2.0","id":{id},"result":"pong"}}]"#));
            }
            2 => {
                input += "5\n";
                expected.push("-32600".to_owned());
            }
            3 => {
                input += "{\n";
                expected.push("-32700".to_owned());
            }
            _ => {
                input += &format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
                expected.push(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"pong"}}"#));
            }
        }
    }
    let answers = serve(&[], input);
    assert_eq!(answers.len(), expected.len());
    for (answer, expected) in answers.iter().zip(&expected) {
        assert!(answer.contains(expected), "{answer} instead of {expected}");
    }
}

/// More answers than a pipe holds, from requests that fit into one block.
#[test]
fn long_answers_to_short_requests_all_arrive() {
    let answers = serve(&[], format!("{}\n", request("rpc.discover", "null")).repeat(1_000));
    assert_eq!(answers.len(), 1_000);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}
