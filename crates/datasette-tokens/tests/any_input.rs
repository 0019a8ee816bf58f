//! Any bytes as a token, a payload or an encoded payload: generated inputs for the checker that
//! the fuzzer drives too.

use dstok_testing::token::any_input;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes(input: Vec<u8>) {
        any_input(&input);
    }

    #[test]
    fn payloads(choice: u8, members in prop::collection::vec((0usize..7, 0usize..24), 0..6)) {
        let members: Vec<_> =
            members.iter().map(|&(key, value)| format!("{}:{}", KEYS[key], VALUES[value])).collect();
        let mut input = vec![choice];
        input.extend_from_slice(format!("{{{}}}", members.join(",")).as_bytes());
        any_input(&input);
    }

    #[test]
    fn payloads_that_are_no_objects(choice: u8, value in 0usize..24) {
        let mut input = vec![choice];
        input.extend_from_slice(VALUES[value].as_bytes());
        any_input(&input);
    }
}

/// The keys of a token, one with an escape, and others.
const KEYS: [&str; 7] =
    [r#""a""#, r#""t""#, r#""d""#, r#""_r""#, r#""\u0061""#, r#" "token" "#, r#""x""#];

/// What a token may hold, and what it may not.
const VALUES: [&str; 24] = [
    r#""root""#,
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1700000000",
    "1699999000",
    "3600",
    "1e3",
    "-0",
    "-0.0",
    "1.5",
    "NaN",
    "-Infinity",
    "1e999",
    "99999999999999999999999999",
    r#""\ud800""#,
    r#"{"a":["vt"],"d":{"docs":["vd"]},"r":{"docs":{"t":["ir"]}}}"#,
    r#"{"a":null,"a":["vt"]}"#,
    r#"[ "t" , 1 ]"#,
    r#""t""#,
    "[]",
    "{}",
];
