//! The examples of the JSON-RPC 2.0 specification (section 7), in its own spelling. Its methods
//! do not exist here, so where it gets a result, -32601 is the answer.

mod common;

use common::{READY, ask, assert_error, one, session};
use serde_json::Value;

#[test]
fn positional_and_named_params_of_unknown_methods() {
    let answers = session(
        READY,
        &[
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
            r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
        ],
    );
    assert_eq!(answers.len(), 4);
    for (answer, id) in answers.iter().zip(1..) {
        assert_error(answer, -32601, "method_not_found", id);
    }
}

/// The same exchanges with a method that exists: position and name mean the same.
#[test]
fn positional_and_named_params_of_a_known_method() {
    let answers = session(
        READY,
        &[
            r#"{"jsonrpc": "2.0", "method": "sign", "params": [42, "x"], "id": 1}"#,
            r#"{"jsonrpc": "2.0", "method": "sign", "params": {"value": 42, "namespace": "x"}, "id": 1}"#,
            r#"{"jsonrpc": "2.0", "method": "sign", "params": {"namespace": "x", "value": 42}, "id": 1}"#,
        ],
    );
    assert!(answers[0].starts_with(r#"{"jsonrpc":"2.0","id":1,"result":""#), "{answers:?}");
    assert_eq!((&answers[1], &answers[2]), (&answers[0], &answers[0]));
}

#[test]
fn notifications_are_not_answered() {
    let answers = session(
        READY,
        &[
            r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#,
            r#"{"jsonrpc": "2.0", "method": "foobar"}"#,
            r#"{"jsonrpc": "2.0", "method": "ping", "id": "after"}"#,
        ],
    );
    assert_eq!(one(answers), r#"{"jsonrpc":"2.0","id":"after","result":"pong"}"#);
}

#[test]
fn non_existent_method() {
    let answer = ask(r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#);
    assert_error(&answer, -32601, "method_not_found", "1");
}

#[test]
fn invalid_json() {
    let answer = ask(r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#);
    assert_error(&answer, -32700, "parse_error", Value::Null);
    assert!(answer.contains(r#""line":1"#), "{answer}");
}

#[test]
fn invalid_request_object() {
    let answer = ask(r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#);
    assert_error(&answer, -32600, "invalid_request", Value::Null);
}

#[test]
fn batch_with_invalid_json_gets_one_answer_although_its_first_element_is_whole() {
    let answer =
        ask(r#"[ {"jsonrpc": "2.0", "method": "ping", "id": "1"}, {"jsonrpc": "2.0", "method" ]"#);
    assert_error(&answer, -32700, "parse_error", Value::Null);
}

#[test]
fn empty_batch_gets_one_answer_and_no_array() {
    for line in ["[]", " [ ] "] {
        assert_error(&ask(line), -32600, "invalid_request", Value::Null);
    }
}

#[test]
fn invalid_but_not_empty_batch() {
    let answer = ask("[1]");
    assert!(answer.starts_with('[') && answer.ends_with(']'), "{answer}");
    assert_error(&answer[1..answer.len() - 1], -32600, "invalid_request", Value::Null);
}

#[test]
fn invalid_batch_gets_an_answer_per_element() {
    let answers: Vec<Value> = serde_json::from_str(&ask("[1,2,3]")).unwrap();
    assert_eq!(answers.len(), 3);
    for answer in answers {
        assert_error(&answer.to_string(), -32600, "invalid_request", Value::Null);
    }
}

#[test]
fn mixed_batch() {
    let answer = ask(concat!(
        r#"[ {"jsonrpc": "2.0", "method": "ping", "id": "1"},"#,
        r#" {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},"#,
        r#" {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},"#,
        r#" {"foo": "boo"},"#,
        r#" {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},"#,
        r#" {"jsonrpc": "2.0", "method": "ping", "id": "9"} ]"#,
    ));
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 5, "{answer}");
    assert!(answer.starts_with(r#"[{"jsonrpc":"2.0","id":"1","result":"pong"},{"#), "{answer}");
    assert!(answer.ends_with(r#"},{"jsonrpc":"2.0","id":"9","result":"pong"}]"#), "{answer}");
    assert_error(&answers[1].to_string(), -32601, "method_not_found", "2");
    assert_error(&answers[2].to_string(), -32600, "invalid_request", Value::Null);
    assert_error(&answers[3].to_string(), -32601, "method_not_found", "5");
}

#[test]
fn batch_of_notifications_gets_nothing_not_even_an_empty_array() {
    let answers = session(
        READY,
        &[
            concat!(
                r#"[ {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},"#,
                r#" {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]} ]"#
            ),
            r#"{"jsonrpc": "2.0", "method": "ping", "id": 2}"#,
        ],
    );
    assert_eq!(one(answers), r#"{"jsonrpc":"2.0","id":2,"result":"pong"}"#);
}

#[test]
fn batch_in_a_batch_is_an_element_that_is_no_object() {
    let answer = ask(r#"[[{"jsonrpc":"2.0","method":"ping","id":1}],[],null,"x",true]"#);
    let answers: Vec<Value> = serde_json::from_str(&answer).unwrap();
    assert_eq!(answers.len(), 5, "{answer}");
    for answer in answers {
        assert_error(&answer.to_string(), -32600, "invalid_request", Value::Null);
    }
}
