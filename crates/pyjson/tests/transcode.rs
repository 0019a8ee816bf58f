//! The transcoder beside two trees, on generated texts.

use dstok_testing::transcode::any_input;
use proptest::prelude::*;
use pyjson::{RawValue, Scanner};

proptest! {
    #[test]
    fn any_bytes(input: Vec<u8>) {
        any_input(&input);
    }

    #[test]
    fn what_json_is_made_of(
        parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..40),
    ) {
        any_input(parts.concat().as_bytes());
    }

    #[test]
    fn whole_values(text in json(4)) {
        any_input(text.as_bytes());
    }

    /// Few values that come again and again, which the scanner remembers.
    #[test]
    fn values_are_skipped_whatever_was_skipped_before(
        pool in prop::collection::vec(
            json(3).prop_filter("no value", |text| Scanner::new(text).raw_value().is_ok()),
            1..4,
        ),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let picked: Vec<_> = picks.iter().map(|pick| pick.get(&pool).as_str()).collect();
        let text = format!("[{}]", picked.join(","));
        let mut scanner = Scanner::new(&text);
        prop_assert_eq!(scanner.begin_array(), Ok(()));
        for value in picked {
            prop_assert_eq!(scanner.next_element(), Ok(true));
            let alone = Scanner::new(value).raw_value().unwrap();
            let here = RawValue { depth: 1 + alone.depth, ..alone };
            prop_assert_eq!(scanner.raw_value(), Ok(here));
        }
        prop_assert_eq!(scanner.next_element(), Ok(false));
    }
}

/// What was only skipped was not looked at.
#[test]
fn a_value_is_transcoded_whatever_was_skipped_before() {
    for value in [r#"{"a" : 1}"#, r#"{"a":1,"a":2}"#, r#"{"a":"\ud800"}"#, r#"["a", "b"]"#] {
        let text = format!("[[{value}],{value},{value}]");
        let mut expected = Vec::new();
        let alone = pyjson::transcode(value, &mut expected);
        let mut scanner = Scanner::new(&text);
        scanner.begin_array().unwrap();
        assert_eq!(scanner.next_element(), Ok(true));
        scanner.raw_value().unwrap();
        assert_eq!(scanner.next_element(), Ok(true));
        let mut out = Vec::new();
        let kind = |error: pyjson::Error| error.kind();
        assert_eq!(scanner.transcode(&mut out).map_err(kind), alone.map_err(kind), "{value}");
        if alone.is_ok() {
            assert_eq!(out, expected);
            assert_eq!(scanner.next_element(), Ok(true));
            assert_eq!(scanner.raw_value().map(|raw| raw.text), Ok(value));
        }
    }
}

/// Tokens of JSON, of Python's JSON, and what looks like them.
const PARTS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\"a\"",
    "\"\\u0061\"",
    "\"b\":",
    "\"a\":",
    "\"é\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\ude00\"",
    "0",
    "-0",
    "1",
    "-1.50",
    "1e3",
    "1E400",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "null",
    "\"\\n\\/\"",
    "9007199254740993",
    "\t",
    "\"",
    "\\",
];

/// JSON with repeated keys, escapes and white space.
fn json(depth: u32) -> BoxedStrategy<String> {
    let scalar = prop::sample::select(PARTS[8..31].to_vec())
        .prop_filter("no member", |part| !part.ends_with(':') && *part != "\"")
        .prop_map(str::to_owned);
    if depth == 0 {
        return scalar.boxed();
    }
    let space = prop::sample::select(vec!["", "", " ", " \n"]);
    let key = prop::sample::select(vec!["a", "b", "\\u0061", "key", "k\\n"]);
    let items = prop::collection::vec(json(depth - 1), 0..5);
    let members = prop::collection::vec((key, json(depth - 1)), 0..5);
    prop_oneof![
        scalar,
        (items, space.clone()).prop_map(|(items, space)| {
            format!("[{space}{}{space}]", items.join(&format!(",{space}")))
        }),
        (members, space).prop_map(|(members, space)| {
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("\"{key}\":{space}{value}")).collect();
            format!("{{{space}{}}}", members.join(&format!("{space},{space}")))
        }),
    ]
    .boxed()
}
