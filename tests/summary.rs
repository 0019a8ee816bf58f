//! `dstok serve --summary`.
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]

mod common;

use common::{NO_SECRET, Outcome, PING, Peer, READY, dstok, run};

#[track_caller]
fn summary(options: &[&str], input: impl AsRef<[u8]>) -> Outcome {
    run(&mut dstok(READY.iter().chain(&["--summary"]).chain(options)), input)
}

#[test]
fn without_errors_it_exits_with_0() {
    for (input, line) in [
        (String::new(), "dstok: 0 requests, 0 notifications, 0 errors\n"),
        (format!("{PING}\n"), "dstok: 1 request, 0 notifications, 0 errors\n"),
        (format!("\n[{PING},{PING}]\n{PING}"), "dstok: 3 requests, 0 notifications, 0 errors\n"),
    ] {
        let outcome = summary(&[], &input);
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), line), "{input}");
    }
}

#[test]
fn errors_are_counted_by_code_and_make_it_exit_with_1() {
    let call = |method: &str, id: &str| format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}"}}"#);
    let (missing, wrong) = (call("nothing", r#""id":1,"#), call("create_token", r#""id":2,"#));
    // A notification has no answer, so what is wrong with it is no error here.
    let silent = call("nothing", "");
    let input = format!(
        "{{\n[]\n[1,{missing},{silent}]\n{PING}\n{missing}\n{silent}\n[{silent}]\n{wrong}\n{}\n\n",
        "x".repeat(2000)
    );
    let input = [input.as_bytes(), b"\xff\n"].concat();
    let outcome = summary(&["--max-line", "1000"], input);
    assert_eq!(outcome.code, Some(1));
    assert_eq!(
        outcome.stderr,
        "dstok: 9 requests, 3 notifications, 8 errors (-32700: 2, -32602: 1, -32601: 2, \
         -32600: 3)\n"
    );
    let outcome =
        run(dstok(NO_SECRET).arg("--summary"), format!("{}\n", call("sign", "\"id\":1,")));
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
}

#[test]
fn without_the_option_nothing_changes() {
    let outcome = run(&mut dstok(READY), "{\n");
    outcome.quiet_success();
}

#[test]
fn threads_count_together() {
    let missing = r#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#;
    let silent = r#"{"jsonrpc":"2.0","method":"ping"}"#;
    let input =
        format!("{PING}\n{missing}\n[{PING},{silent},{missing}]\n{silent}\n").repeat(20_000);
    for threads in ["1", "2", "8"] {
        let outcome = summary(&["--threads", threads], &input);
        assert_eq!(outcome.code, Some(1));
        assert_eq!(
            outcome.stderr,
            "dstok: 80000 requests, 40000 notifications, 40000 errors (-32601: 40000)\n"
        );
    }
}

/// A large payload is tried again when its block's turn has come. It still counts once.
#[test]
fn a_request_that_is_tried_again_counts_once() {
    let long = "x".repeat(1 << 20);
    let large =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"create_token","params":["{long}"]}}"#);
    let input = format!("{large}\n{}", format!("{PING}\n").repeat(10_000)).repeat(4);
    let outcome = summary(&["--threads", "4"], &input);
    assert_eq!(
        (outcome.code, &*outcome.stderr),
        (Some(0), "dstok: 40004 requests, 0 notifications, 0 errors\n")
    );
}

#[test]
fn sigterm_ends_with_the_summary() {
    let mut peer = Peer::start(READY.iter().chain(&["--summary"]));
    peer.send(format!("{PING}\n{{\n"));
    assert_eq!((peer.receive().len() > 10, peer.receive().contains("-32700")), (true, true));
    peer.signal("TERM");
    let (code, rest, stderr) = peer.end();
    assert_eq!((code, rest.len()), (Some(1), 0));
    assert_eq!(stderr, "dstok: 2 requests, 0 notifications, 1 error (-32700: 1)\n");
}
