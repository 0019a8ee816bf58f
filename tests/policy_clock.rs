//! Limits on the end of a token, by the process's clock and never by a caller's.
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{READY, assert_error, cli, dstok, file, payload, request, result, run, session};

/// The clock of `READY`.
const CLOCK: i64 = 1_700_000_000;

const HOUR: [&str; 2] = ["--max-expires-after", "3600"];

#[track_caller]
fn answer(options: &[&str], params: &str) -> String {
    common::one(session(READY.iter().chain(options), &[request("create_token", params)]))
}

#[track_caller]
fn assert_refused(options: &[&str], params: &str) {
    let answer = answer(options, params);
    assert_error(&answer, 7, "policy", 1);
    assert!(answer.contains("--max-expires-after") && !answer.contains("dstok_"), "{answer}");
}

#[track_caller]
fn assert_minted(options: &[&str], params: &str) {
    assert!(result(&answer(options, params)).as_str().unwrap().starts_with("dstok_"), "{params}");
}

#[test]
fn a_now_that_is_ahead_of_the_clock_cannot_make_a_token_last_longer() {
    for now in ["4102444800", "1700000001", "1700000001.5", "1e18", "1e19", "1e308"] {
        assert_refused(&HOUR, &format!(r#"{{"actor_id":1,"expires_after":3600,"now":{now}}}"#));
    }
    // What counts is `int(now)`, as the token carries it.
    assert_minted(&HOUR, r#"{"actor_id":1,"expires_after":3600,"now":1700000000.9}"#);
    let ahead = format!(r#"{{"actor_id":1,"expires_after":-100,"now":{}}}"#, CLOCK + 3700);
    assert_minted(&HOUR, &ahead);
    assert_refused(&HOUR, &ahead.replace("-100", "-99"));
    assert_refused(&HOUR, &ahead.replace("-100", "0"));
}

#[test]
fn a_now_in_the_past_ends_the_token_earlier() {
    for (expires_after, now) in [("3600", "0"), ("3600", "-281474976710656"), ("1700003600", "0.9")]
    {
        let params = format!(r#"[1,{expires_after},null,null,null,null,{now}]"#);
        assert_minted(&HOUR, &params);
    }
    assert_refused(&HOUR, "[1,1700003601,null,null,null,null,0]");
    assert_refused(&HOUR, "[1,1700003601,null,null,null,null,-0.9]");
    let digits = "9".repeat(4300);
    assert_refused(&HOUR, &format!("[1,{digits},null,null,null,null,-1e308]"));
}

/// Datasette computes the age of a token as a float. Where that rounds by hours, no end is near.
#[test]
fn a_now_that_makes_the_end_inexact_is_refused() {
    let log = common::new_path("inexact.log");
    let log = ["--audit-log", log.to_str().unwrap()];
    for options in [&HOUR[..], &log] {
        for power in [49, 53, 54, 63, 64, 70, 100, 1000] {
            let far = num(power);
            for (now, expires_after) in [
                (format!("-{far}"), plus_hour(&far)),
                (far.clone(), format!("-{}", plus_hour(&far))),
                (format!("-{far}"), "3600".to_owned()),
            ] {
                let params = format!("[1,{expires_after},null,null,null,null,{now}]");
                assert_error(&answer(options, &params), 7, "policy", 1);
            }
        }
        let near = 1i64 << 48;
        let expires_after = near + CLOCK + 3600;
        assert_minted(options, &format!("[1,{expires_after},null,null,null,null,-{near}]"));
    }
}

/// A power of two.
fn num(power: u32) -> String {
    let mut digits = vec![1u8];
    for _ in 0..power {
        let mut carry = 0;
        for digit in &mut digits {
            let double = *digit * 2 + carry;
            (*digit, carry) = (double % 10, double / 10);
        }
        digits.extend(Some(carry).filter(|carry| *carry > 0));
    }
    digits.iter().rev().map(|digit| (b'0' + digit) as char).collect()
}

/// A number so that a token from minus `far` on ends an hour after the clock.
fn plus_hour(far: &str) -> String {
    let (mut sum, mut carry) = (Vec::new(), (CLOCK + 3600) as u128);
    for digit in far.bytes().rev() {
        let total = u128::from(digit - b'0') + carry;
        sum.push((total % 10) as u8);
        carry = total / 10;
    }
    while carry > 0 {
        sum.push((carry % 10) as u8);
        carry /= 10;
    }
    sum.iter().rev().map(|digit| (b'0' + digit) as char).collect()
}

#[test]
fn a_limit_of_any_size_is_exact() {
    let max = u64::MAX.to_string();
    let limit = ["--max-expires-after", &max];
    assert_minted(&limit, &format!("[1,{max}]"));
    assert_refused(&limit, "[1,18446744073709551616]");
    assert_minted(&["--max-expires-after", "0"], "[1,-1]");
    assert_refused(&["--max-expires-after", "0"], "[1,1]");
}

#[test]
fn a_clock_with_a_fraction_is_not_rounded_up() {
    let clock = |now: &str, params: &str| {
        let args = ["serve", "--secret", "s", "--now", now, "--max-expires-after", "10"];
        common::one(session(args, &[request("create_token", params)]))
    };
    for (now, longest) in [("99.9", 10), ("-5.5", 9), ("-5", 10)] {
        assert!(clock(now, &format!("[1,{longest}]")).contains("dstok_"), "{now}");
        assert_error(&clock(now, &format!("[1,{}]", longest + 1)), 7, "policy", 1);
    }
}

#[test]
fn max_signed_tokens_ttl_does_not_count() {
    // `configure` could change it later.
    let options = [&HOUR[..], &["--setting", "max_signed_tokens_ttl", "60"]].concat();
    assert_refused(&options, "[1,3601]");
    assert_refused(&options, "[1]");
}

#[test]
fn an_expiry_is_all_that_is_required_without_a_longest_one() {
    assert_minted(&["--require-expiry"], r#"{"actor_id":1,"expires_after":1,"now":1e308}"#);
}

#[test]
fn every_release_batch_and_thread_has_the_limit() {
    for release in ["1.0a0", "1.0a1", "1.0a2", "1.0a41"] {
        let options = [&HOUR[..], &["--datasette-version", release]].concat();
        assert_refused(&options, r#"{"actor_id":1,"expires_after":3600,"now":4102444800}"#);
        assert_minted(&options, r#"{"actor_id":1,"expires_after":3600}"#);
    }
    let late = request("create_token", r#"{"actor_id":1,"expires_after":3600,"now":4102444800}"#);
    let batch = session(READY.iter().chain(&HOUR), &[format!("[{late},{late}]")]).remove(0);
    assert_eq!(batch.matches(r#""kind":"policy""#).count(), 2, "{batch}");
    let answers = session(READY.iter().chain(&HOUR).chain(&["--threads", "4"]), &vec![late; 2000]);
    assert!(answers.iter().all(|answer| answer.contains(r#""kind":"policy""#)));
}

#[test]
fn the_system_clock_decides_where_none_is_frozen() {
    let args = ["serve", "--secret", "s", "--max-expires-after", "3600"];
    let calls = [
        request("create_token", r#"{"actor_id":1,"expires_after":3600}"#),
        request("create_token", r#"{"actor_id":1,"expires_after":3600,"now":4102444800}"#),
        request("create_token", r#"{"actor_id":1,"expires_after":3600,"now":1}"#),
    ];
    let answers = session(args, &calls);
    assert!(answers[0].contains("dstok_") && answers[2].contains("dstok_"), "{answers:?}");
    assert!(payload(&result(&answers[2])).ends_with(r#""t":1,"d":3600}"#));
    assert_error(&answers[1], 7, "policy", 1);
}

#[test]
fn a_column_now_cannot_make_a_token_last_longer() {
    let csv = "actor_id,expires_after,now\na,3600,4102444800\nb,3600,\nc,3600,1699999999\n";
    let jsonl = r#"{"actor_id":"a","expires_after":3600,"now":4102444800}
        {"actor_id":"b","expires_after":3600}
        {"actor_id":"c","expires_after":3600,"now":1699999999}"#;
    for input in [csv, jsonl] {
        let args = ["create-tokens", "--secret", "s", "--now", "1700000000", "--format", "tokens"];
        let outcome = run(dstok(args).args(HOUR), input);
        let minted: Vec<_> = outcome.stdout.lines().map(|token| !token.is_empty()).collect();
        assert_eq!((outcome.code, minted), (Some(1), vec![false, true, true]), "{outcome:?}");
    }
    // A `now` of the records cannot move the limit of a default either.
    let path = file("policy-now.csv", "actor_id,now\na,4102444800\n");
    let args = ["create-tokens", path.to_str().unwrap(), "--secret", "s", "-e", "60"];
    assert_eq!(cli(args.iter().chain(&HOUR)).code, Some(1));
}
