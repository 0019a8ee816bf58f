//! The envelope: ids, members, order of checks, layout of answers, nesting.

mod common;

use common::{
    NO_SECRET, PONG, READY, ask, assert_error, assert_invalid_param, error, one, request, session,
};
use serde_json::Value;

#[track_caller]
fn assert_invalid_request(line: &str, id: impl Into<Value>) {
    assert_error(&ask(line), -32600, "invalid_request", id);
}

fn ping_with(members: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping"{members}}}"#)
}

#[test]
fn ids_come_back_byte_for_byte() {
    let long = format!("\"{}\"", "é\\n".repeat(30_000));
    let digits = "9".repeat(5_000);
    let ids = [
        "null",
        "0",
        "-0",
        "-1",
        "1.0",
        "1.50",
        "1e3",
        "1E+2",
        "1e400",
        "-0.0e-0",
        "18446744073709551616",
        r#""""#,
        r#""x""#,
        r#""\u00e9""#,
        r#""\u00E9""#,
        r#""é""#,
        r#""\/""#,
        r#""/""#,
        r#""\ud83d\ude00""#,
        r#""😀""#,
        r#""\ud800""#,
        r#""\uDC00x""#,
        r#""\u0000""#,
        "\"\u{7f}\u{2028}\"",
        &long,
        &digits,
    ];
    let lines: Vec<_> = ids
        .iter()
        .map(|id| format!(r#"{{"jsonrpc":"2.0","method":"ping","id": {id} }}"#))
        .collect();
    let answers = session(READY, &lines);
    assert_eq!(answers.len(), ids.len());
    for (answer, id) in answers.iter().zip(ids) {
        assert!(*answer == format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"pong"}}"#), "{id:.50}");
    }
}

#[test]
fn ids_come_back_byte_for_byte_in_errors_and_in_batches() {
    let answer =
        ask(r#"[{"id":1.0,"jsonrpc":"2.0","method":"x"},{"id":"\u00e9","method":"ping"}]"#);
    assert!(answer.contains(r#"{"jsonrpc":"2.0","id":1.0,"error":{"code":-32601,"#), "{answer}");
    assert!(
        answer.contains(r#"{"jsonrpc":"2.0","id":"\u00e9","error":{"code":-32600,"#),
        "{answer}"
    );
}

#[test]
fn ids_of_other_kinds_are_refused_under_null() {
    for id in ["true", "false", "[]", "[1]", "{}", r#"{"id":1}"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        assert_invalid_request(&line, Value::Null);
    }
}

#[test]
fn a_null_id_is_an_id_and_no_notification() {
    let answer = ask(r#"{"jsonrpc":"2.0","id":null,"method":"nope"}"#);
    assert_error(&answer, -32601, "method_not_found", Value::Null);
}

#[test]
fn jsonrpc_must_be_exactly_2_0() {
    for version in
        [r#""1.0""#, r#""2""#, r#""2.00""#, r#"" 2.0""#, "2.0", "2", "null", r#"["2.0"]"#]
    {
        let line = format!(r#"{{"jsonrpc":{version},"id":1,"method":"ping"}}"#);
        assert_invalid_request(&line, 1);
    }
    assert_invalid_request(r#"{"id":1,"method":"ping"}"#, 1);
}

#[test]
fn method_must_be_a_string() {
    for method in ["1", "null", "[]", r#"["ping"]"#, "{}", "true"] {
        assert_invalid_request(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":{method}}}"#), 1);
    }
    assert_invalid_request(r#"{"jsonrpc":"2.0","id":1}"#, 1);
}

#[test]
fn params_are_absent_null_an_object_or_an_array() {
    for params in ["null", "{}", "[]", " [ ] "] {
        assert_eq!(ask(&request("ping", params)), PONG, "{params}");
    }
    for params in ["1", "true", "false", r#""x""#, r#""""#, "0"] {
        assert_invalid_request(&request("ping", params), 1);
    }
}

#[test]
fn neither_object_nor_array() {
    for line in ["1", "null", "true", r#""ping""#, "-0.5e1"] {
        assert_invalid_request(line, Value::Null);
    }
}

/// A derive of serde would read an Array as a struct.
#[test]
fn an_array_is_never_read_as_a_request() {
    let answer = ask(r#"["2.0","ping",{},1]"#);
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 4, "{answer}");
}

#[test]
fn member_names_are_case_sensitive() {
    assert_invalid_request(r#"{"JSONRPC":"2.0","id":1,"method":"ping"}"#, 1);
    assert_invalid_request(r#"{"jsonrpc":"2.0","id":1,"Method":"ping"}"#, 1);
    assert_eq!(ask(&ping_with(r#","ID":2,"Params":5,"METHOD":1,"jsonRpc":0"#)), PONG);
    assert_error(
        &ask(r#"{"jsonrpc":"2.0","id":1,"method":"PING"}"#),
        -32601,
        "method_not_found",
        1,
    );
}

#[test]
fn names_and_values_are_compared_after_unescaping() {
    let line = r#"{"\u006asonrpc":"2\u002e0","m\u0065thod":"p\u0069ng","\u0069d":1,"p\u0061r\u0061ms":[]}"#;
    assert_eq!(ask(line), PONG);
    let plain = ask(&request("sign", r#"{"value":1,"namespace":"n"}"#));
    assert_eq!(ask(&request("si\\u0067n", r#"{"v\u0061lue":1,"namespace":"\u006e"}"#)), plain);
}

#[test]
fn extra_members_are_tolerated_whatever_is_in_them() {
    for member in [
        r#""x":null"#,
        r#""":1"#,
        r#""x":{"a":1,"a":2}"#,
        r#""x":[{"a":{"b":1,"b":2}}]"#,
        r#""x":1e400"#,
        r#""x":"\ud800""#,
        r#""\ud800":1"#,
        r#""\ud800":1,"\udbff":1"#,
    ] {
        assert_eq!(ask(&ping_with(&format!(",{member}"))), PONG, "{member}");
    }
    let digits = "1".repeat(5_000);
    assert_eq!(ask(&ping_with(&format!(r#","x":{digits}"#))), PONG);
}

#[test]
fn duplicate_members_are_an_invalid_request_under_the_readable_id() {
    for member in [
        r#""jsonrpc":"2.0""#,
        r#""method":"ping""#,
        r#""m\u0065thod":"ping""#,
        r#""params":[],"params":[]"#,
        r#""params":null,"params":null"#,
        r#""x":1,"x":1"#,
        r#""x":1,"\u0078":2"#,
        r#""\ud800":1,"\uD800":2"#,
    ] {
        assert_invalid_request(&ping_with(&format!(",{member}")), 1);
    }
}

/// Which of two ids is meant cannot be told.
#[test]
fn a_duplicate_id_is_an_invalid_request_under_null() {
    assert_invalid_request(&ping_with(r#","id":2"#), Value::Null);
    assert_invalid_request(&ping_with(r#","\u0069d":2"#), Value::Null);
}

#[test]
fn white_space_is_free() {
    let line =
        " \t{ \"jsonrpc\"\t:\"2.0\" ,\r\"id\" :\t1 , \"method\":\"ping\" ,\"params\" : [ ] } \t";
    assert_eq!(ask(line), PONG);
}

#[test]
fn notifications_get_no_answer_whatever_is_wrong_with_the_call() {
    let deep = format!("{}{}", "[".repeat(600), "]".repeat(600));
    let mut lines: Vec<_> = [
        ("nope", "[]"),
        ("ping", "[]"),
        ("sign", "[]"),
        ("sign", "[1]"),
        ("info", "[1]"),
        ("create_token", r#"{"actor_id":1,"expires_after":"x"}"#),
        ("configure", r#"{"secret":""}"#),
        ("sign", &deep),
        ("rpc.discover", "null"),
    ]
    .iter()
    .map(|(method, params)| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#))
    .collect();
    lines.push(request("ping", "[]"));
    assert_eq!(session(NO_SECRET, &lines), [PONG]);
}

/// A notification has a valid envelope; anything else without an id is told so.
#[test]
fn an_invalid_request_without_an_id_is_answered_under_null() {
    for line in [
        "{}",
        r#"{"method":"ping"}"#,
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","method":1}"#,
        r#"{"jsonrpc":"2.0","method":"ping","params":1}"#,
        r#"{"jsonrpc":"2.0","method":"ping","x":1,"x":1}"#,
    ] {
        assert_invalid_request(line, Value::Null);
    }
}

/// Re-writing an answer without spaces and in the same order must give the same bytes.
#[test]
fn layout_of_answers() {
    let lines = [
        "{",
        "5",
        r#"{"id":1}"#,
        &request("nope", "[]"),
        &request("sign", "[]"),
        &request("sign", r#"["é"]"#),
        &request("info", "[]"),
        &request("rpc.discover", "[]"),
        &request("sign", r#"{"\u00e9\n":1}"#),
    ];
    let answers = session(NO_SECRET, &lines);
    assert_eq!(answers.len(), lines.len());
    for answer in answers {
        let value: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(value.to_string(), answer, "spaces or escapes that need not be");
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        if let Some(error) = value.get("error") {
            assert_eq!(keys(&value), ["jsonrpc", "id", "error"], "{answer}");
            assert_eq!(keys(error), ["code", "message", "data"], "{answer}");
            assert_eq!(keys(&error["data"])[0], "kind", "{answer}");
        } else {
            assert_eq!(keys(&value), ["jsonrpc", "id", "result"], "{answer}");
        }
    }
}

#[test]
fn answers_carry_non_ascii_as_utf_8_and_lone_surrogates_as_escapes() {
    let answer = ask(&request("sign", r#"{"\u00e9\ud83d\ude00":1}"#));
    assert!(answer.contains(r#""param":"é😀""#), "{answer}");
    let answer = ask(&request("sign", r#"{"\uD800x\udfff":1}"#));
    assert!(answer.contains(r#""param":"\ud800x\udfff""#), "{answer}");
    assert!(answer.contains(r#""code":-32602"#), "{answer}");
}

/// Each line has two or more faults; the first in the contract's order must be reported.
#[test]
fn order_of_checks() {
    let old = ["serve", "--datasette-version", "0.65.5"];
    let first = ["serve", "--datasette-version", "1.0a1"];
    let off = ["serve", "--setting", "allow_signed_tokens", "0"];
    let off_with_secret = ["serve", "--setting", "allow_signed_tokens", "0", "--secret", "s"];
    let huge = format!(r#"[{{}},1{}]"#, "0".repeat(400));
    type Case<'a> = (&'a [&'a str], &'a str, &'a str, (i64, &'a str));
    let cases: [Case<'_>; 18] = [
        (&NO_SECRET, "nope", "5", (-32600, "invalid_request")),
        (&NO_SECRET, "nope", r#"{"a":1,"a":1}"#, (-32601, "method_not_found")),
        (&NO_SECRET, "sign", r#"["\ud800"]"#, (-32602, "invalid_params")),
        (&NO_SECRET, "sign", "[1,5]", (-32602, "invalid_params")),
        (&NO_SECRET, "sign", "[1]", (1, "no_secret")),
        (&NO_SECRET, "create_actor_cookie", &huge, (-32602, "invalid_params")),
        (&NO_SECRET, "create_actor_cookie", "[{}]", (1, "no_secret")),
        (&NO_SECRET, "create_token", "[1]", (1, "no_secret")),
        (&NO_SECRET, "create_token", r#"[1,null,["x",1]]"#, (-32602, "invalid_params")),
        (&old, "create_token", "[1,1.5]", (-32602, "invalid_params")),
        (&old, "create_token", r#"["\ud800"]"#, (-32602, "invalid_params")),
        (&old, "create_token", r#"{"actor_id":1,"restrict_all":"x"}"#, (-32602, "invalid_params")),
        (&old, "create_token", "[1]", (6, "not_supported")),
        (
            &first,
            "create_token",
            r#"{"actor_id":1,"restrictions":{"all":[1]}}"#,
            (-32602, "invalid_params"),
        ),
        (&first, "create_token", r#"[1,null,["x"]]"#, (6, "not_supported")),
        (&off, "create_token", "[1]", (1, "no_secret")),
        (&off_with_secret, "create_token", "[1,true]", (-32602, "invalid_params")),
        (&off_with_secret, "create_token", "[1]", (5, "signed_tokens_disabled")),
    ];
    for (args, method, params, (code, kind)) in cases {
        let answer = one(session(args, &[request(method, params)]));
        assert_eq!(
            error(&answer),
            (code, kind.to_owned(), 1.into()),
            "{args:?} {method} {params:.80}"
        );
    }
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

fn nested_objects(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

/// The request and its params are two open containers already.
#[test]
fn depth_in_params() {
    for value in [nested(509), nested(510), nested_objects(510)] {
        for params in [format!("[{value}]"), format!(r#"{{"value":{value}}}"#)] {
            assert!(ask(&request("sign", &params)).contains(r#""result":""#));
        }
    }
    for value in [nested(511), nested_objects(511), nested(100_000)] {
        for params in [format!("[{value}]"), format!(r#"{{"value":{value}}}"#)] {
            assert_invalid_param(&ask(&request("sign", &params)), "value", "513 levels");
        }
    }
    let params = format!(r#"{{"actor_id":{}}}"#, nested(511));
    assert_invalid_param(&ask(&request("create_token", &params)), "actor_id", "513 levels");
}

#[test]
fn depth_in_params_does_not_change_the_order_of_checks() {
    let params = format!("[{}]", nested(600));
    assert_error(&ask(&request("nope", &params)), -32601, "method_not_found", 1);
    let line = format!(r#"{{"jsonrpc":"1.0","id":1,"method":"sign","params":{params}}}"#);
    assert_invalid_request(&line, 1);
}

#[test]
fn depth_in_an_extra_member() {
    for value in [nested(510), nested(511), nested_objects(511)] {
        assert_eq!(ask(&ping_with(&format!(r#","x":{value}"#))), PONG);
    }
    for value in [nested(512), nested_objects(512), nested(100_000)] {
        let answer = ask(&ping_with(&format!(r#","x":{value}"#)));
        assert_error(&answer, -32600, "too_large", 1);
    }
}

#[test]
fn depth_in_a_batch_counts_from_the_request() {
    for (levels, good) in [(510, true), (511, false)] {
        let call = request("sign", &format!("[{}]", nested(levels)));
        let answer = ask(&format!("[{call},{PONG_REQUEST}]"));
        let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
        assert_eq!(answers[0].get("result").is_some(), good, "{levels}");
        assert_eq!(answers[1].to_string(), PONG, "the next element is served");
        if !good {
            assert_invalid_param(&answers[0].to_string(), "value", "in a batch");
        }
    }
    for (levels, good) in [(511, true), (512, false)] {
        let answer = ask(&format!("[{}]", ping_with(&format!(r#","x":{}"#, nested(levels)))));
        assert_eq!(answer == format!("[{PONG}]"), good, "{levels}");
        assert_eq!(answer.contains(r#""kind":"too_large""#), !good, "{levels}");
    }
}

const PONG_REQUEST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

/// A recursive reader would overflow its stack.
#[test]
fn depth_of_what_is_no_request_ends_nothing() {
    let deep = "[".repeat(1_000_000);
    let lines = [nested(1_000_000), deep.clone(), format!("{deep}}}"), PONG_REQUEST.to_owned()];
    let answers = session(READY, &lines);
    assert_eq!(answers.len(), 4);
    let element = answers[0].strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    assert_eq!(error(element.expect("a batch of one")).0, -32600);
    assert_error(&answers[1], -32700, "parse_error", Value::Null);
    assert_error(&answers[2], -32700, "parse_error", Value::Null);
    assert_eq!(answers[3], PONG);
}
