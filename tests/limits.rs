//! The limits: exactly at, one under, one over, and far over, in bounded memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "a test reads /proc")]

mod common;

use common::{
    PING, PONG, Peer, READY, assert_error, assert_invalid_param, assert_too_large, compress,
    request, serve, signed,
};

/// A zlib stream of a string of JSON that is `length` bytes long with its quotes.
fn bomb(length: usize) -> Vec<u8> {
    compress(&[b"\"".to_vec(), vec![b'a'; length - 2], b"\"".to_vec()].concat())
}

#[test]
fn a_zlib_bomb_with_a_valid_signature_at_the_limit_and_over_it() {
    for (length, good) in [(9_999, true), (10_000, true), (10_001, false), (50_000_000, false)] {
        let token = signed("default", &bomb(length), true);
        let input = request("unsign", &format!("[\"{token}\"]")) + "\n" + PING;
        let answers = serve(&["--max-payload", "10000"], input);
        if good {
            assert!(answers[0].contains("\"result\":\"aaaa"), "{length}: {:.200}", answers[0]);
        } else {
            assert_error(&answers[0], 3, "bad_payload", 1);
        }
        assert_eq!(answers[1], PONG);
    }
}

#[test]
fn the_largest_payload_of_the_defaults_one_under_and_one_over() {
    let most = 4 << 20;
    for (length, good) in [(most - 1, true), (most, true), (most + 1, false)] {
        let token = signed("default", &bomb(length), true);
        let answer = serve(&[], request("unsign", &format!("[\"{token}\"]"))).remove(0);
        if good {
            assert!(answer.contains("\"result\":\"aaaa") && answer.len() > length, "{length}");
        } else {
            assert_error(&answer, 3, "bad_payload", 1);
        }
    }
}

#[test]
fn a_zlib_bomb_takes_no_more_memory_than_the_limit() {
    let token = signed("token", &bomb(200 << 20), true);
    let mut peer = Peer::start(READY.iter().chain(&["--max-payload", "1000000"]));
    for _ in 0..20 {
        for (method, token) in
            [("unsign", token.clone()), ("verify_token", format!("dstok_{token}"))]
        {
            let namespace = if method == "unsign" { ",\"token\"" } else { "" };
            peer.send(request(method, &format!("[\"{token}\"{namespace}]")) + "\n");
            assert_error(&peer.receive(), 3, "bad_payload", 1);
        }
        peer.send(request("inspect_token", &format!("[\"dstok_{token}\"]")) + "\n");
        assert!(peer.receive().contains("\"status\":\"invalid\""));
    }
    let peak = peer.peak();
    assert!(peak < 40_000, "{peak} kB for a payload of 200 MiB");
}

/// `depth` containers, the request and its params among them.
fn nested(depth: usize) -> String {
    let inner = depth - 2;
    request("sign", &format!("[{}{}]", "[".repeat(inner), "]".repeat(inner)))
}

#[test]
fn nesting_up_to_512_in_params_and_beside_them() {
    let beside = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{value}}}"#)
    };
    for (depth, good) in [(511, true), (512, true), (513, false), (1_000_000, false)] {
        let answers = serve(&[], format!("{}\n{}\n{PING}\n", nested(depth), beside(depth)));
        if good {
            assert!(answers[0].contains("\"result\""), "{depth}: {}", answers[0]);
            assert_eq!(answers[1], PONG, "{depth}");
        } else {
            assert_invalid_param(&answers[0], "value", "nesting");
            assert!(answers[1].contains("too_large"), "{depth}: {}", answers[1]);
        }
        assert_eq!(answers[2], PONG);
    }
}

/// In a payload that is verified: the containers of the payload alone count.
#[test]
fn nesting_up_to_512_in_a_payload() {
    for (depth, good) in [(511, true), (512, true), (513, false), (1_000_000, false)] {
        let payload = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let signed = signed("default", payload.as_bytes(), false);
        let answers = serve(&[], request("unsign", &format!("[\"{signed}\"]")) + "\n" + PING);
        if good {
            assert!(answers[0].contains("\"result\":[["), "{depth}: {:.200}", answers[0]);
        } else {
            assert_error(&answers[0], 3, "bad_payload", 1);
        }
        assert_eq!(answers[1], PONG);
    }
}

#[test]
fn a_batch_of_as_many_as_the_limit_one_under_and_one_over() {
    let batch = |length: usize| format!("[{}]\n", vec![PING; length].join(","));
    let lengths = [99_999, 100_000, 100_001];
    let answers = serve(&[], lengths.map(batch).concat() + PING);
    assert_eq!(answers.len(), 4);
    for (answer, length) in answers.iter().zip(&lengths[..2]) {
        assert_eq!(answer.matches(PONG).count(), *length);
    }
    assert_too_large(&answers[2]);
    assert_eq!(answers[3], PONG);
}

#[test]
fn a_hundred_thousand_tiny_batches() {
    let input = format!("[{PING}]\n[]\n[1]\n").repeat(33_334);
    let answers = serve(&[], input);
    assert_eq!(answers.len(), 3 * 33_334);
    for three in answers.chunks(3) {
        assert_eq!(three[0], format!("[{PONG}]"));
        assert!(three[1].starts_with("{\"") && three[1].contains("-32600"));
        assert!(three[2].starts_with("[{") && three[2].contains("-32600"));
    }
}

/// A line of 1 GiB without an end, in the memory of a short session.
#[test]
fn a_gibibyte_without_a_newline() {
    let mut peer = Peer::start(READY.iter().chain(&["--max-line", "100000"]));
    peer.send(format!("{PING}\n"));
    assert_eq!(peer.receive(), PONG);
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..1024 {
        peer.send(&piece);
    }
    assert_too_large(&peer.receive());
    peer.send(format!("\n{PING}\n"));
    assert_eq!(peer.receive(), PONG);
    let peak = peer.peak();
    assert!(peak < 20_000, "{peak} kB");
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn the_longest_line_of_the_defaults_one_under_and_one_over() {
    let line = |length: usize| format!("{PING}{}\n", " ".repeat(length - PING.len()));
    let most = 16 << 20;
    let answers = serve(&[], [most - 1, most, most + 1].map(line).concat() + PING);
    assert_eq!(answers.len(), 4);
    assert_eq!((&*answers[0], &*answers[1], &*answers[3]), (PONG, PONG, PONG));
    assert_too_large(&answers[2]);
}
