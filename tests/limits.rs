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

/// Every payload counts, compressed or not, that is signed or read.
#[test]
fn max_payload_limits_every_method() {
    const MOST: usize = 1000;
    let options = ["--max-payload", "1000"];
    // A request for a payload of this many bytes.
    let text = |payload: usize, around: &str| "x".repeat(payload - around.len());
    let sign = |size| request("sign", &format!("[\"{}\"]", text(size, r#""""#)));
    let cookie =
        |size| request("create_actor_cookie", &format!("[\"{}\"]", text(size, r#"{"a":""}"#)));
    let token = |size| {
        let actor = text(size, r#"{"a":"","t":1}"#);
        request("create_token", &format!(r#"{{"actor_id":"{actor}","now":1}}"#))
    };
    let restricted = |size| {
        let action = text(size, r#"{"a":1,"t":1,"_r":{"a":[""]}}"#);
        request("create_token", &format!(r#"{{"actor_id":1,"restrict_all":["{action}"],"now":1}}"#))
    };
    let made: [(&dyn Fn(usize) -> String, &str); 4] =
        [(&sign, "value"), (&cookie, "actor"), (&token, "actor_id"), (&restricted, "restrict_all")];
    for (made, param) in made {
        let answers = serve(&options, made(MOST) + "\n" + &made(MOST + 1));
        assert!(answers[0].contains("\"result\""), "{param}: {}", answers[0]);
        assert_invalid_param(&answers[1], param, "a payload over the limit");
        assert!(answers[1].contains("over max_payload (1000 bytes)"), "{}", answers[1]);
    }
    for compressed in [false, true] {
        let read = |method: &str, namespace: &str, prefix: &str, size: usize| {
            let payload = format!(r#"{{"a":"{}","t":1}}"#, text(size, r#"{"a":"","t":1}"#));
            let payload = payload.into_bytes();
            let payload = if compressed { compress(&payload) } else { payload };
            request(method, &format!("[\"{prefix}{}\"]", signed(namespace, &payload, compressed)))
        };
        for (method, namespace, prefix) in [
            ("unsign", "default", ""),
            ("verify_token", "token", "dstok_"),
            ("verify_actor_cookie", "actor", ""),
        ] {
            let [good, bad] = [MOST, MOST + 1].map(|size| read(method, namespace, prefix, size));
            let answers = serve(&options, good + "\n" + &bad);
            assert!(answers[0].contains("\"result\""), "{method}: {}", answers[0]);
            assert_error(&answers[1], 3, "bad_payload", 1);
        }
        let answers = serve(&options, read("inspect_token", "token", "dstok_", MOST + 1));
        assert!(answers[0].contains("over max_payload (1000 bytes)"), "{}", answers[0]);
    }
}

#[test]
fn an_integer_that_python_cannot_read_is_null() {
    // 4,300 digits, and 4,301 with one more second.
    let digits = "9".repeat(4300);
    let payload = format!(r#"{{"a":1,"t":1,"d":{digits}}}"#);
    let token = format!("dstok_{}", signed("token", &compress(payload.as_bytes()), true));
    for (method, member) in
        [("inspect_token", r#","expires":null,"#), ("verify_token", r#","token_expires":null}"#)]
    {
        let answer = serve(&[], request(method, &format!("[\"{token}\"]"))).remove(0);
        assert!(answer.contains(member), "{answer}");
    }
    // As many digits as Python reads.
    let payload = format!(r#"{{"a":1,"t":{digits},"d":-1,"x":-{digits}}}"#);
    let token = format!("dstok_{}", signed("token", &compress(payload.as_bytes()), true));
    let answer = serve(&[], request("inspect_token", &format!("[\"{token}\"]"))).remove(0);
    let end = format!("{}8", "9".repeat(4299));
    assert!(answer.contains(&format!(r#""created":{digits},"expires":{end},"#)), "{answer}");
}

#[test]
fn a_hundred_secrets_of_64_kib_together() {
    let old = |count: usize, length: usize| {
        let secrets: Vec<_> = (0..count).map(|n| format!("\"{n:0length$}\"")).collect();
        request("configure", &format!(r#"{{"old_secrets":[{}]}}"#, secrets.join(",")))
    };
    let one = |length: usize| request("configure", &format!("[\"{}\"]", "s".repeat(length)));
    // Each secret counts 560 bytes more than it has.
    let rest = (64 << 10) - 2 * 560 - "spec-secret".len();
    for (good, bad, param) in [
        (old(99, 64), old(100, 64), "old_secrets"),
        (old(1, rest), old(1, rest + 1), "old_secrets"),
        (one((64 << 10) - 560), one((64 << 10) - 559), "secret"),
    ] {
        let answers = serve(&[], format!("{good}\n{bad}\n"));
        assert!(answers[0].contains("\"result\""), "{:.200}", answers[0]);
        assert_invalid_param(&answers[1], param, "too many or too long secrets");
    }
    let file = common::file("long-secret", "s".repeat(64 << 10));
    common::cli(["sign", "1", "--secret-file", file.to_str().unwrap()]).usage_error();
}

#[test]
fn ten_thousand_actions_with_names_of_256_bytes() {
    let many = |count: usize| {
        let actions: Vec<_> = (0..count).map(|n| format!(r#""{n}":null"#)).collect();
        format!("{{{}}}", actions.join(","))
    };
    let named = |length: usize| format!(r#"[{{"name":"{}"}}]"#, "n".repeat(length));
    let short = |length: usize| format!(r#"{{"n":"{}"}}"#, "a".repeat(length));
    for (good, bad) in
        [(many(10_000), many(10_001)), (named(256), named(257)), (short(256), short(257))]
    {
        let configure = |actions| request("configure", &format!(r#"{{"actions":{actions}}}"#));
        let answers = serve(&[], configure(&good) + "\n" + &configure(&bad));
        assert!(answers[0].contains("\"result\""), "{:.200}", answers[0]);
        assert_invalid_param(&answers[1], "actions", "too many or too long names");
        let [good, bad] = [("good", good), ("bad", bad)]
            .map(|(name, text)| common::file(&format!("{name}-actions.json"), text));
        let sign = |path: &std::path::Path| {
            common::cli(["sign", "1", "--secret", "s", "--actions", path.to_str().unwrap()])
        };
        assert_eq!(sign(&good).code, Some(0));
        sign(&bad).usage_error();
    }
}

#[test]
fn an_inspection_keeps_abbreviations_that_would_become_far_longer() {
    let configure =
        request("configure", &format!(r#"{{"actions":{{"{}":"x"}}}}"#, "n".repeat(256)));
    let inspect = |count: usize| {
        let names = vec![r#""x""#; count].join(",");
        let payload = format!(r#"{{"a":1,"t":1,"_r":{{"a":[{names}]}}}}"#);
        request(
            "inspect_token",
            &format!("[\"dstok_{}\"]", signed("token", payload.as_bytes(), false)),
        )
    };
    // 259 bytes a name; eight times --max-payload.
    let options = ["--max-payload", "10000"];
    let answers = serve(&options, [configure, inspect(300), inspect(310)].join("\n"));
    assert!(answers[1].contains(r#""restrictions":{"all":["nnn"#), "{:.300}", answers[1]);
    assert!(answers[2].contains(r#""restrictions":{"all":["x","x""#), "{:.300}", answers[2]);
    assert!(answers[2].ends_with(r#","unknown_actions":[]}}"#));
}
