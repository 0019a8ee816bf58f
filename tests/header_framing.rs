//! Messages with `Content-Length` headers, as the Language Server Protocol has them. All else is as
//! with lines.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread;

use common::{
    Outcome, PING, PONG, READY, assert_error, assert_too_large, dstok, one, request, run, serve,
    wait,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// A frame as most clients write it.
fn frame(content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [format!("Content-Length: {}\r\n\r\n", content.len()).as_bytes(), content].concat()
}

fn frames<C: AsRef<[u8]>>(contents: impl IntoIterator<Item = C>) -> Vec<u8> {
    contents.into_iter().flat_map(frame).collect()
}

/// The contents of frames, which have one header each.
#[track_caller]
fn contents(mut output: &str) -> Vec<String> {
    let mut found = Vec::new();
    while !output.is_empty() {
        let rest = output.strip_prefix("Content-Length: ").expect("a frame");
        let (length, rest) = rest.split_once("\r\n\r\n").unwrap();
        let (content, rest) = rest.split_at(length.parse().unwrap());
        found.push(content.to_owned());
        output = rest;
    }
    found
}

#[track_caller]
fn answers(options: &[&str], input: impl AsRef<[u8]>) -> Vec<String> {
    let outcome = run(&mut dstok(READY.iter().chain(options)), input);
    outcome.quiet_success();
    contents(&outcome.stdout)
}

/// One error about this frame, which names this word, and the end of the session.
#[track_caller]
fn assert_broken(answer: &str, number: u64, word: &str) {
    assert_error(answer, -32700, "parse_error", Value::Null);
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["error"]["data"]["line"], number, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(word) && message.contains(&format!("frame {number}")), "{answer}");
}

/// A peer that waits for its answers.
struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    fn start(options: &[&str]) -> Self {
        let mut child = dstok(READY.iter().chain(options))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    #[track_caller]
    fn assert_receives(&mut self, content: &str) {
        let mut received = vec![0; frame(content).len()];
        self.stdout.read_exact(&mut received).unwrap();
        assert_eq!(String::from_utf8_lossy(&received), String::from_utf8_lossy(&frame(content)));
    }

    /// What is still to come once the input has ended.
    fn end(mut self) -> Vec<String> {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut self.child), Some(0));
        contents(&rest)
    }
}

#[test]
fn a_session_that_begins_with_a_header_has_headers_both_ways() {
    for headers in [
        "Content-Length: 40\r\n\r\n",
        "content-length:40\r\n\r\n",
        "CONTENT-LENGTH:   40  \r\n\r\n",
        "Content-Length: 40\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 40\r\n\r\n",
        "content-type: application/json\r\ncontent-length: 040\r\n\r\n",
        "Content-Length: 40\n\n",
        "Content-Length: 40\r\nX-Other: anything: at all\r\n\r\n",
        "\u{feff}Content-Length: 40\r\n\r\n",
    ] {
        let input = format!("{headers}{PING}{}{PING}", headers.trim_start_matches('\u{feff}'));
        assert_eq!(answers(&[], input), [PONG, PONG], "{headers}");
    }
}

#[test]
fn an_interactive_peer_has_its_answer_however_a_frame_arrives() {
    let mut peer = Peer::start(&[]);
    for _ in 0..3 {
        for byte in frame(PING) {
            peer.send([byte]);
        }
        peer.assert_receives(PONG);
    }
    peer.send([frame(PING), frame(PING), b"\r\n\nContent-Len".to_vec()].concat());
    peer.assert_receives(PONG);
    peer.assert_receives(PONG);
    peer.send(format!("gth: 40\r\n\r\n{PING}"));
    peer.assert_receives(PONG);
    assert_eq!(peer.end(), [""; 0]);
}

#[test]
fn content_may_span_lines_and_hold_any_text() {
    let value: Value = serde_json::from_str(&request("sign", r#"["\u2028 x\n"]"#)).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    assert!(pretty.contains('\n') && pretty.contains('\u{2028}'));
    let found = answers(&[], frames([&*pretty, &format!("\r\n {PING}\n"), PING]));
    assert_eq!(found[0], one(serve(&[], request("sign", r#"["\u2028 x\n"]"#))));
    assert_eq!(found[1..], [PONG, PONG]);
    let id = "é\u{2028}\u{1f511}";
    let ping = format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"ping"}}"#);
    assert_eq!(
        answers(&[], frame(ping)),
        [format!(r#"{{"jsonrpc":"2.0","id":"{id}","result":"pong"}}"#)]
    );
}

#[test]
fn batches_notifications_and_bad_frames_are_as_with_lines() {
    let notification = r#"{"jsonrpc":"2.0","method":"ping"}"#;
    let all = [
        format!("[{PING},{notification},{PING}]"),
        notification.to_owned(),
        format!("[{notification}]"),
        "{".to_owned(),
        "[]".to_owned(),
        String::new(),
        " ".to_owned(),
        "\u{feff}{}".to_owned(),
        "7".to_owned(),
    ];
    let found = answers(&[], [frames(&all), frame(b"\"\xff\""), frame(PING)].concat());
    assert_eq!(found.len(), 9, "{found:#?}");
    assert_eq!(found[0], format!("[{PONG},{PONG}]"));
    assert_broken(&found[1], 4, "Content-Length counts bytes");
    assert_error(&found[2], -32600, "invalid_request", Value::Null);
    for (answer, number) in found[3..6].iter().zip(6..) {
        assert_broken(answer, number, "not JSON");
    }
    assert_error(&found[6], -32600, "invalid_request", Value::Null);
    assert_broken(&found[7], 10, "not UTF-8");
    assert_eq!(found[8], PONG);
}

#[test]
fn max_line_is_about_the_content_and_the_next_frame_is_served() {
    let ping = |length: usize| format!("{PING}{}", " ".repeat(length - PING.len()));
    let options = ["--max-line", "100"];
    for length in [101, 65_536, 3_000_000] {
        let input = frames([ping(100), ping(length), PING.to_owned(), ping(length)]);
        let found = answers(&options, input);
        assert_eq!((found.len(), &*found[0], &*found[2]), (4, PONG, PONG));
        assert_too_large(&found[1]);
        assert_too_large(&found[3]);
        assert!(found[1].contains("frame 2 is over --max-line (100 bytes)"), "{}", found[1]);
    }
}

#[test]
fn a_frame_over_the_limit_is_answered_at_once_and_not_kept() {
    let mut peer = common::Peer::start(READY.iter().chain(&["--max-line", "1000"]));
    let length = 100 << 20;
    peer.send(format!("Content-Length: {length}\r\n\r\n"));
    assert_eq!(peer.receive(), "Content-Length: 148");
    let piece = "x".repeat(1 << 20);
    for _ in 0..100 {
        peer.send(&piece);
    }
    peer.send(frame(PING));
    assert_eq!(peer.receive(), "");
    assert!(peer.receive().ends_with(&format!("Content-Length: {}", PONG.len())));
    assert!(peer.peak() < 30_000, "{} kB", peer.peak());
    drop(peer.stdin.take());
    let (code, lines, stderr) = peer.end();
    assert_eq!((code, &*stderr), (Some(0), ""));
    assert_eq!(lines.last().map(String::as_str), Some(PONG), "{lines:?}");
    // A length that nobody could send.
    let found = answers(&[], "Content-Length: 18446744073709551615\r\n\r\nx");
    assert_too_large(&one(found));
}

#[test]
fn what_is_no_frame_gets_one_error_and_ends_the_session() {
    let good = frame(PING);
    let headers = format!("{}\r\n\r\n", "A: b\r\n".repeat(1000));
    for (bad, word) in [
        ("Content-Type: x\r\n\r\n", "no Content-Length"),
        ("Content-Length: 40\r\nContent-Length: 40\r\n\r\n", "twice"),
        ("Content-Length: -40\r\n\r\n", "not a number"),
        ("Content-Length: 99999999999999999999\r\n\r\n", "not a number"),
        ("Content-Length: x\r\n\r\n", "not a number"),
        ("Content-Length: 40\r\nContent-Type: x; charset=utf-16\r\n\r\n", "charset"),
        ("Content-Length 40\r\n\r\n", "header"),
        (PING, "header"),
        ("POST / HTTP/1.1\r\n\r\n", "header"),
        (&*headers, "4096 bytes of headers"),
    ] {
        let [first, second] = [frame(PING), [bad.as_bytes(), PING.as_bytes(), &*good].concat()];
        let mut peer = Peer::start(&[]);
        peer.send(first);
        peer.assert_receives(PONG);
        peer.send(second);
        // It ends although stdin is open.
        let mut rest = String::new();
        peer.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut peer.child), Some(0));
        assert_broken(&one(contents(&rest)), 2, word);
    }
}

#[test]
fn a_frame_that_is_cut_short_is_not_carried_out() {
    let whole = frame(request("create_token", r#"["root"]"#));
    for end in 1..whole.len() {
        let found = answers(&[], [&frame(PING)[..], &whole[..end]].concat());
        assert_eq!(found.len(), 2, "{end}");
        assert_broken(&found[1], 2, "cut short");
    }
}

#[test]
fn sessions_of_lines_take_no_frames() {
    let found = serve(&[], [format!("{PING}\n").as_bytes(), &*frame(PING), &*frame(PING)].concat());
    assert_eq!((found.len(), &*found[0]), (2, PONG));
    assert!(
        found[1].contains("began without headers") && found[1].contains("\"line\":2"),
        "{found:?}"
    );
}

#[test]
fn the_summary_counts_frames() {
    let input = [frames([PING, "{", "[]"]), b"x".to_vec()].concat();
    let outcome = run(dstok(READY).arg("--summary"), input);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        outcome.stderr,
        "dstok: 4 requests, 0 notifications, 3 errors (-32700: 2, -32600: 1)\n"
    );
}

/// The length stands before the answers, so all of them are kept until the batch is done.
#[test]
fn a_batch_has_at_most_32_mib_of_answers() {
    let discover = request("rpc.discover", "null");
    let batch = format!("[{}]", vec![&*discover; 20_000].join(","));
    for threads in ["1", "3"] {
        let mut peer = common::Peer::start(READY.iter().chain(&["--threads", threads]));
        peer.send(frames([&batch, &batch]));
        drop(peer.stdin.take());
        let mut all = String::new();
        // The longest line comes last but one, so the process has seen its peak then.
        let header = peer.receive();
        assert_eq!(peer.receive(), "");
        all += &peer.receive();
        assert!(peer.peak() < 256 << 10, "{} kB", peer.peak());
        let length: usize = header["Content-Length: ".len()..].parse().unwrap();
        let found: Vec<Value> = serde_json::from_str(&all[..length]).unwrap();
        assert_eq!(found.len(), 20_000);
        let results = found.iter().take_while(|answer| answer["result"].is_object()).count();
        assert!(results > 100 && (32 << 20..40 << 20).contains(&length), "{results}, {length}");
        for answer in &found[results..] {
            assert_eq!(answer["error"]["data"]["kind"], "too_large");
        }
        let (code, ..) = peer.end();
        assert_eq!(code, Some(0));
    }
}

/// Requests, good and bad, of which none is too long. None has a line feed.
fn message() -> impl Strategy<Value = String> {
    let call = (select(vec!["ping", "sign", "configure", "nope", "unsign"]), 0..100u32, ".{0,8}")
        .prop_map(|(method, id, text)| {
            let text = Value::from(text.replace(['\r', '\n'], ""));
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":[{text}]}}"#)
        });
    prop_oneof![
        8 => call.clone(),
        1 => vec(call.clone(), 1..4).prop_map(|calls| format!("[{}]", calls.join(","))),
        1 => call.clone().prop_map(|call| call.replace(r#""id""#, r#""x""#)),
        1 => (call.clone(), any::<prop::sample::Index>()).prop_map(|(call, end)| {
            // Ends within a string, so it begins no text that spans lines.
            let quotes: Vec<_> = call.match_indices('"').map(|(at, _)| at).step_by(2).collect();
            call[..=quotes[end.index(quotes.len())]].to_owned()
        }),
        1 => call.prop_map(|call| format!("{call}{}", " ".repeat(400))),
    ]
}

/// What an error says in place of the number of its message and of what that is called.
fn neutral(answer: &str) -> String {
    let hints = ["; write each request on one line", "; Content-Length counts bytes of UTF-8"];
    hints.iter().fold(answer.replace("frame", "line"), |text, hint| text.replace(hint, ""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_and_frames_have_the_same_answers_however_they_arrive(
        messages in vec(message(), 1..60),
        sizes in vec(1..3000usize, 1..20),
        repeat in select(vec![1, 1, 30]),
        threads in select(vec!["1", "2", "8"]),
    ) {
        let messages: Vec<_> = std::iter::repeat_n(messages, repeat).flatten().collect();
        let options = ["--max-line", "400", "--threads", threads];
        let lines = serve_in_pieces(&options, (messages.join("\n") + "\n").as_bytes(), &sizes);
        let lines = lines.stdout.split_terminator('\n').map(neutral).collect::<Vec<_>>();
        let framed = serve_in_pieces(&options, &frames(&messages), &sizes);
        let framed: Vec<_> = contents(&framed.stdout).iter().map(|answer| neutral(answer)).collect();
        prop_assert_eq!(lines, framed);
    }
}

/// Writes the input in pieces of these sizes, over and over.
fn serve_in_pieces(options: &[&str], input: &[u8], sizes: &[usize]) -> Outcome {
    let mut child = dstok(READY.iter().chain(options))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = common::read_in_background(child.stdout.take().unwrap());
    let stderr = common::read_in_background(child.stderr.take().unwrap());
    let (mut stdin, mut rest) = (child.stdin.take().unwrap(), input);
    for size in sizes.iter().cycle() {
        let (piece, behind) = rest.split_at(rest.len().min(*size));
        stdin.write_all(piece).unwrap();
        rest = behind;
        if rest.is_empty() {
            break;
        }
        thread::yield_now();
    }
    drop(stdin);
    let code = wait(&mut child);
    let outcome = Outcome { code, stdout: stdout.recv().unwrap(), stderr: stderr.recv().unwrap() };
    outcome.quiet_success();
    outcome
}
