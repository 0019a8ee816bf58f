//! Peak resident memory for the worst inputs that are known. `scripts/worst_case` looks for others.
//!
//! The peak is read from `/proc` while the process still lives: `ru_maxrss` would include the
//! memory of this program, which passes through `exec`.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use std::fmt::Write as _;

use common::{PING, Peer, READY, compress, request, signed};

const MIB: usize = 1 << 20;

/// The promise, in kB.
const MOST: u64 = 256 << 10;

/// The default of `--max-line`, with room for the envelope.
const LINE: usize = 16 * MIB - 300;

/// The default of `--max-payload`, with room for what stands around small items, and far over it.
const PAYLOADS: [usize; 2] = [4 * MIB - 1000, 64 * MIB];

/// Puts two or three lines into what one read of a pipe gives, so that threads take them at once.
const BLANKS: &str = match str::from_utf8(&[b' '; 20_000]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};

/// Sends lines, each of which has an answer, and asserts that the process stayed small and that at
/// least some of the answers are results: a refusal takes little.
#[track_caller]
fn assert_small(options: &[&str], lines: &[String], results: usize, what: &str) {
    let mut peer = Peer::start(READY.iter().chain(options));
    for line in lines {
        peer.send(line);
        peer.send("\n");
    }
    let answers = lines.iter().map(|_| peer.receive());
    let found = answers.filter(|answer| answer.contains(r#","result":"#)).count();
    assert!(found >= results, "{what}: {found} results");
    let peak = peer.peak();
    assert!(peak <= MOST, "{what}: {} MiB, of {} allowed", peak >> 10, MOST >> 10);
}

/// As many items as there is room for, with commas.
fn items(item: &str, length: usize) -> String {
    vec![item; length / (item.len() + 1)].join(",")
}

/// Lists in each other. With those around it, this stays below the limit of depth.
fn deep() -> String {
    "[".repeat(500) + &"]".repeat(500)
}

/// An object of about this length whose keys are all different.
fn members(value: &str, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut number = 0;
    while text.len() + value.len() + 16 < length {
        write!(text, "\"{number:x}\":{value},").unwrap();
        number += 1;
    }
    text.pop();
    text
}

/// The methods that read a payload, as a request for it.
fn readers(payload: &[u8], compressed: bool) -> [String; 5] {
    let bytes = if compressed { compress(payload) } else { payload.to_vec() };
    let token = format!("dstok_{}", signed("token", &bytes, compressed));
    [
        request("verify_token", &format!("[\"{token}\"]")),
        request("inspect_token", &format!("[\"{token}\"]")),
        request("token_allows_action", &format!("[\"{token}\",\"none\",[\"x\",\"y\"]]")),
        request("unsign", &format!("[\"{}\"]", signed("default", &bytes, compressed))),
        request("verify_actor_cookie", &format!("[\"{}\"]", signed("actor", &bytes, compressed))),
    ]
}

/// Payloads of small items, which a tree makes large.
fn payloads(length: usize) -> Vec<String> {
    let length = length - 100;
    let deep = deep();
    vec![
        format!("[{}]", items("{\"\":1}", length)),
        format!("[{}]", items("[]", length)),
        format!("[{}]", items("[[],{}]", length)),
        format!("[{}]", items("1", length)),
        format!("[{}]", items("\"\"", length)),
        format!("[{}]", items(&deep, length)),
        format!(r#"{{"a":{{{}}},"t":1}}"#, members("{}", length)),
        format!(r#"{{"a":[{}],"t":1}}"#, items(&deep, length)),
        format!(r#"{{"a":[{}],"t":1}}"#, items("{\"\":1}", length)),
        format!(r#"{{"a":"root","t":1,"x":[{}]}}"#, items("{\"\":1}", length)),
        format!(r#"{{"a":"root","t":1,"_r":{{"a":[{}]}}}}"#, items("\"a\"", length)),
        format!(r#"{{"a":"root","t":1,"_r":{{"d":{{{}}}}}}}"#, members("[]", length)),
        format!(r#"{{"a":"root","t":1,"_r":{{"r":{{"x":{{{}}}}}}}}}"#, members("[]", length)),
        format!(r#"{{"a":"root","t":1,"_r":{{"r":{{{}}}}}}}"#, members("{}", length)),
    ]
}

/// 130 kB of input, once 2.7 GiB of memory.
#[test]
fn a_compressed_payload_of_small_items() {
    for length in PAYLOADS {
        let small_items = format!("[{}]", items("{\"\":1}", length - 2));
        // `inspect_token` shows what is wrong, and `unsign` takes any value.
        let results = if length == PAYLOADS[0] { 2 } else { 1 };
        assert_small(&[], &readers(small_items.as_bytes(), true), results, "{\"\":1}");
    }
}

#[test]
fn compressed_payloads_of_every_kind() {
    for payload in payloads(PAYLOADS[0]) {
        assert_small(&[], &readers(payload.as_bytes(), true), 2, &payload[..60]);
    }
}

/// Once 600 MiB.
#[test]
fn payloads_that_are_not_compressed() {
    for (length, results) in [(3 * MIB, 2), (LINE / 4 * 3 - 100, 1)] {
        for payload in [&payloads(length)[0], &payloads(length)[7]] {
            assert_small(&[], &readers(payload.as_bytes(), false), results, &payload[..60]);
        }
    }
}

/// Once 2.2 GiB.
#[test]
fn large_payloads_in_several_threads() {
    for item in ["{\"\":1}", "{\"\":1,\"\":2}"] {
        let payload = format!("[{}]", items(item, PAYLOADS[0]));
        let lines = readers(payload.as_bytes(), true).map(|line| line + BLANKS);
        for threads in ["4", "64"] {
            assert_small(&["--threads", threads], &[&lines[..]; 4].concat(), 8, item);
        }
    }
}

#[test]
fn payloads_below_a_mebibyte_in_sixty_four_threads() {
    let payloads = payloads(MIB - 1000);
    for payload in [&payloads[0], &payloads[7], &payloads[10]] {
        let [verify, inspect, ..] = readers(payload.as_bytes(), true);
        let lines = [verify, inspect].map(|line| line + BLANKS);
        assert_small(&["--threads", "64"], &vec![lines; 24].concat(), 24, &payload[..60]);
    }
}

#[test]
fn long_lines_in_sixty_four_threads() {
    for length in [MIB / 4, MIB - 1000, MIB + 1000] {
        let line = request("sign", &format!("[[{}]]", items("{\"\":1}", length)));
        assert_small(&["--threads", "64"], &vec![line; 128], 128, "lines");
    }
}

#[test]
fn large_values_in_params() {
    let texts = |length| {
        [
            format!("[{}]", items("{\"\":1}", length)),
            format!("[{}]", items(&deep(), length)),
            format!("[{}]", items("\"a\"", length)),
            format!("{{{}}}", members("[]", length)),
        ]
    };
    // The first are signed, the others are over `--max-payload`.
    let small = texts(PAYLOADS[0]).map(|text| (text, 4));
    for (text, results) in small.into_iter().chain(texts(LINE).map(|text| (text, 1))) {
        let lines = [
            request("sign", &format!("[{text}]")),
            request("create_token", &format!("[{text}]")),
            request("create_token", &format!("[\"root\",null,{text}]")),
            request("create_token", &format!("[\"root\",null,null,{text}]")),
            request("create_token", &format!("[\"root\",null,null,null,{{\"x\":{text}}}]")),
            request("create_actor_cookie", &format!("[{text}]")),
            request("ping", &text),
            request("configure", &format!("{{\"settings\":{text}}}")),
            request("configure", &format!("{{\"actions\":{text}}}")),
            request("configure", &format!("{{\"secret\":{text}}}")),
            request("configure", &format!("{{\"old_secrets\":{text}}}")),
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{text}}}"#),
        ];
        assert_small(&[], &lines, results, &text[..20]);
    }
}

#[test]
fn large_restrictions_of_restrictions_allow_action() {
    let list = |item: &str| format!("[{}]", items(item, LINE));
    let object = |value: &str| format!("{{{}}}", members(value, LINE));
    for restrictions in [
        list("{\"\":1}"),
        list(&deep()),
        format!(r#"{{"x":{}}}"#, list("{\"\":1}")),
        format!(r#"{{"a":{}}}"#, list("\"\"")),
        format!(r#"{{"a":{}}}"#, list("\"\\u0061\"")),
        format!(r#"{{"d":{}}}"#, object("[]")),
        format!(r#"{{"d":{}}}"#, object("null")),
        format!(r#"{{"r":{}}}"#, object("{}")),
        format!(r#"{{"r":{{"x":{}}}}}"#, object("[]")),
    ] {
        let params = format!(r#"[{restrictions},"drop-table",["x","y"]]"#);
        let lines = [request("restrictions_allow_action", &params)];
        let is_object = !restrictions.starts_with('[');
        assert_small(&[], &lines, usize::from(is_object), &restrictions[..20]);
    }
}

/// Once 1.2 GiB.
#[test]
fn many_secrets() {
    let secrets = items("\"secret\"", 250_000 * 9);
    for configure in [
        format!(r#"{{"secret":[{secrets}]}}"#),
        format!(r#"{{"secret":"new","old_secrets":[{secrets}]}}"#),
    ] {
        let mut lines = vec![request("configure", &configure)];
        for number in 0..12 {
            lines.push(request("sign", &format!("[1,\"namespace {number}\"]")));
            lines.push(request("unsign", &format!("[\"MQ.signature\",\"namespace {number}\"]")));
        }
        assert_small(&["--threads", "64"], &lines, 12, "secrets");
    }
}

#[test]
fn many_actions() {
    for actions in [
        format!("{{{}}}", members("null", LINE)),
        format!("{{{}}}", members("\"ab\"", LINE)),
        format!("[{}]", items(r#"{"name":""}"#, LINE)),
        format!("[{}]", items("{}", LINE)),
    ] {
        let configure = request("configure", &format!("{{\"actions\":{actions}}}"));
        assert_small(&[], &[configure, PING.to_owned()], 1, &actions[..20]);
    }
}

#[test]
fn many_requests_in_a_batch() {
    let batch = |request: &str, count: usize| format!("[{}]", vec![request; count].join(","));
    let long_answer = PING.replace("ping", "rpc.discover");
    let long_id = PING.replacen('1', &format!("\"{}\"", "x".repeat(100)), 1);
    for line in [
        batch(PING, 100_000),
        batch("1", 100_000),
        batch(&long_id, 100_000),
        batch(&long_answer, 1000),
        format!("[{}]", items("1", LINE)),
        format!("[{}]", items("{}", LINE)),
    ] {
        assert_small(&[], &[line.clone(), line], 0, "a batch");
    }
}
