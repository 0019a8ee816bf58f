//! Params: binding, defaults, and every deviation from Python that a present method can meet. Lists
//! of params are JSON texts with a space between them. `restrictions.rs` has the rest.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{
    READY, ask, assert_error, assert_invalid_param, different, payload, refuse, request, results,
    results_of, same, token_payload,
};
use serde_json::{Value, json};

/// The methods of the contract, with their parameters in positional order.
const METHODS: [(&str, &str); 13] = [
    (
        "create_token",
        "actor_id expires_after restrict_all restrict_database restrict_resource restrictions now",
    ),
    ("verify_token", "token now"),
    ("inspect_token", "token now"),
    ("sign", "value namespace"),
    ("unsign", "signed namespace"),
    ("verify_actor_cookie", "cookie now"),
    ("restrictions_allow_action", "restrictions action resource"),
    ("token_allows_action", "token action resource now"),
    ("create_actor_cookie", "actor expire_after now"),
    ("configure", "secret datasette_version actions settings zlib itsdangerous old_secrets"),
    ("info", ""),
    ("ping", ""),
    ("rpc.discover", ""),
];

#[test]
fn rpc_discover_and_info_list_the_methods_of_the_contract() {
    let results = results(READY, &[("rpc.discover", "null"), ("info", "[]")]);
    let methods = results[0]["methods"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    // An extension of JSON-RPC, which its own document leaves out.
    let described = METHODS.iter().filter(|(method, _)| *method != "rpc.discover");
    for &(method, params) in described {
        let listed = methods.iter().find(|listed| name(listed) == method);
        let listed = listed.unwrap_or_else(|| panic!("{method} is missing"));
        let names: Vec<_> = listed["params"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(names.join(" "), params, "{method}");
    }
    let mut names: Vec<_> = methods.iter().map(name).collect();
    names.push("rpc.discover".to_owned());
    assert_eq!(results[1]["methods"], json!(names), "info says what there is");
    assert!(results[0]["openrpc"].as_str().unwrap().starts_with("1."));
    assert_eq!(results[0]["info"]["version"], results[1]["version"]);
}

#[test]
fn by_position_is_in_the_order_of_the_contract() {
    same(
        "create_token",
        r#"["root",60,["vi"],{"d":["ct"]},{"d":{"t":["ir"]}},null,1600000000]
        {"now":1600000000,"restrict_resource":{"d":{"t":["ir"]}},"restrict_database":{"d":["ct"]},"restrict_all":["vi"],"expires_after":60,"actor_id":"root"}
        ["root",60,null,null,null,{"all":["vi"],"database":{"d":["ct"]},"resource":{"d":{"t":["ir"]}}},1600000000]"#,
    );
    same("create_actor_cookie", r#"[{"id":1},60,5] {"now":5,"expire_after":60,"actor":{"id":1}}"#);
    same("sign", r#"[null,"n"] {"namespace":"n","value":null}"#);
}

#[test]
fn null_and_absent_mean_the_default() {
    same(
        "create_token",
        r#"["root"] {"actor_id":"root"} ["root",null,null,null,null,null,null]
        {"actor_id":"root","expires_after":null,"restrict_all":null,"restrictions":null,"now":null}
        ["root",null,null,null,null,null,1700000000]"#,
    );
    same("sign", r#"["x"] ["x",null] ["x","default"] {"value":"x","namespace":null}"#);
    same("create_actor_cookie", "[{}] [{},null,null] [{},0] [{},-0,1700000000]");
    same(
        "configure",
        r#"null [] {} [null,null,null,null,null,null,null] {"secret":null,"old_secrets":null}"#,
    );
    same("ping", "null [] {}");
}

#[test]
fn null_for_a_required_parameter_is_the_value_null() {
    assert_eq!(token_payload("[null]"), r#"{"a":null,"t":1700000000}"#);
    assert_eq!(payload(&results_of("sign", "[null]")[0]), "null");
    assert_eq!(payload(&results_of("create_actor_cookie", "[null]")[0]), r#"{"a":null}"#);
}

#[test]
fn namespaces_and_values_matter() {
    different("sign", r#"["x"] ["y"] ["x","n"] ["x",""] ["x","é"] ["x","token"]"#);
}

#[test]
fn now_is_a_double_and_overrides_the_clock() {
    for (now, t) in [
        ("1600000000", "1600000000"),
        ("1600000000.999", "1600000000"),
        ("16e8", "1600000000"),
        ("-1.5", "-1"),
        ("0", "0"),
        ("-0.0", "0"),
        ("9007199254740993", "9007199254740992"),
    ] {
        let params = format!(r#"{{"actor_id":1,"now":{now}}}"#);
        assert_eq!(token_payload(&params), format!(r#"{{"a":1,"t":{t}}}"#), "{now}");
    }
    different("create_actor_cookie", "[{},60] [{},60,1] [{},60,2.5]");
}

#[test]
fn now_holds_for_one_call_only() {
    let tokens = results_of("create_token", r#"[1] {"actor_id":1,"now":5} [1]"#);
    assert_eq!(tokens[0], tokens[2]);
    assert_ne!(tokens[0], tokens[1]);
}

#[test]
fn missing_required_parameters_are_named() {
    for (method, param) in
        [("create_token", "actor_id"), ("sign", "value"), ("create_actor_cookie", "actor")]
    {
        refuse(method, param, "null [] {}");
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        assert_invalid_param(&ask(&line), param, &line);
    }
    refuse("sign", "value", r#"{"namespace":"x"}"#);
}

#[test]
fn unknown_names_are_named() {
    for (method, params) in METHODS {
        if !params.contains("value") {
            refuse(method, "value", r#"{"value":1} {"v\u0061lue":null}"#);
        }
        refuse(method, "Now", r#"{"Now":1}"#);
    }
    refuse("sign", "expires_after", r#"{"value":1,"expires_after":1}"#);
    refuse("sign", "", r#"{"value":1,"":1}"#);
}

#[test]
fn unknown_names_are_quoted_up_to_40_characters() {
    for (name, end) in [("é", ""), ("p", ""), ("p", "p"), ("é", "é"), ("p", "\\ud800")] {
        let name = name.repeat(40);
        refuse("sign", &name, &format!(r#"{{"value":1,"{name}{end}":1}}"#));
    }
    let answer = ask(&request("ping", &format!(r#"{{"{}":1}}"#, "p".repeat(1 << 20))));
    assert!(!answer.contains(&"p".repeat(41)) && answer.len() < 300, "{answer}");
}

#[test]
fn a_name_that_nearly_matches_gets_the_nearest() {
    let message = |method: &str, params: &str| {
        let answer: Value = serde_json::from_str(&ask(&request(method, params))).unwrap();
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    for (method, nearest) in [
        ("createToken", "create_token"),
        ("create-token", "create_token"),
        ("create_tokens", "create_token"),
        ("verifyToken", "verify_token"),
        ("token_allow_action", "token_allows_action"),
        ("Ping", "ping"),
    ] {
        let expected = format!("Method not found: did you mean {nearest}?");
        assert_eq!(message(method, "[]"), expected, "{method}");
    }
    for method in ["nope", "", "eth_getBalance", "\\ud800", &"create_token".repeat(1 << 16)] {
        let expected = "Method not found: rpc.discover lists the methods";
        assert_eq!(message(method, "[]"), expected, "{method:.20}");
    }
    for (method, param, nearest) in [
        ("create_token", "expiresAfter", "expires_after"),
        ("create_token", "actorId", "actor_id"),
        ("create_token", "expire_after", "expires_after"),
        ("create_actor_cookie", "expires_after", "expire_after"),
        ("verify_token", "Token", "token"),
        ("verify_token", "tokens", "token"),
        ("configure", "oldSecrets", "old_secrets"),
        ("configure", "datasette-version", "datasette_version"),
    ] {
        let expected = format!("unknown parameter \"{param}\"; did you mean {nearest}?");
        assert_eq!(message(method, &format!(r#"{{"{param}":1}}"#)), expected);
    }
    let known = "the parameters are value, namespace";
    let expected = format!("unknown parameter \"colour\"; {known}");
    assert_eq!(message("sign", r#"{"colour":1}"#), expected);
}

#[test]
fn too_many_positions_name_a_parameter() {
    for (method, params) in METHODS {
        let one_more = vec!["null"; params.split_whitespace().count() + 1].join(",");
        let answer = ask(&request(method, &format!("[{one_more}]")));
        assert_error(&answer, -32602, "invalid_params", 1);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["error"]["data"]["param"].is_string(), "{answer}");
    }
}

#[test]
fn a_parameter_given_twice() {
    refuse("sign", "value", r#"{"value":1,"value":1} {"value":1,"v\u0061lue":1}"#);
    refuse("sign", "namespace", r#"{"value":1,"namespace":null,"namespace":"n"}"#);
    refuse("configure", "secret", r#"{"secret":null,"secret":"s"}"#);
    refuse("create_token", "now", r#"{"actor_id":1,"now":null,"now":null}"#);
}

#[test]
fn a_duplicate_key_anywhere() {
    let values = r#"[{"a":["x"],"b":["x"],"a":["x"]}] [{"a":["x"],"b":["x"],"\u0062":["x"]}] [{"a":1,"a":1}] [{"a":1,"\u0061":2}] [[{"b":{"":1,"":2}}]] [{"\u00e9":1,"é":2}]"#;
    refuse("sign", "value", values);
    refuse("create_token", "actor_id", values);
    refuse("create_actor_cookie", "actor", values);
    refuse("create_token", "restrict_database", r#"[1,null,null,{"d":["x"],"d":["x"]}]"#);
    refuse(
        "create_token",
        "restrict_resource",
        r#"[1,null,null,null,{"d":{"t":["x"],"t":["x"]}}] [1,null,null,null,{"d":{},"d":{"t":["x"]}}]
        [1,null,null,null,{"d":{},"e":{"t":["x"]},"\u0064":{}}]
        [1,null,null,null,{"d":{"t":["x"],"u":["x"],"v":["x"],"u":["x"]}}]
        [1,null,null,null,{"d":{"t":["x"],"u":["x"],"v":["x"],"\u0075":["x"]}}]
        [1,null,null,null,{"d":{"t":["x"],"u":["x"]},"e":{"t":["x"],"u":["x"]},"d":{}}]"#,
    );
    refuse(
        "create_token",
        "restrictions",
        r#"{"actor_id":1,"restrictions":{"all":["x"],"all":["x"]}}
        {"actor_id":1,"restrictions":{"all":[],"all":null}}
        {"actor_id":1,"restrictions":{"database":{"d":["x"],"d":["y"]}}}"#,
    );
    refuse("configure", "actions", r#"[null,null,{"a":"b","a":"b"}]"#);
    refuse("configure", "actions", r#"[null,null,[{"name":"a","abbr":"b","x":{"y":1,"y":1}}]]"#);
    let settings = r#"{"settings":{"allow_signed_tokens":1,"allow_signed_tokens":1}}"#;
    refuse("configure", "settings", settings);
}

#[test]
fn expiries_are_integers() {
    let all = r#"[1,true] [1,false] [1,1.0] [1,60.5] [1,1e3] [1,-0.0] [1,"60"] [1,""] [1,[]] [1,[60]] [1,{}]"#;
    refuse("create_token", "expires_after", all);
    refuse("create_token", "expires_after", r#"{"actor_id":1,"expires_after":true}"#);
    refuse("create_actor_cookie", "expire_after", all);
}

#[test]
fn expiries_that_python_keeps_are_kept() {
    assert_eq!(token_payload("[1,0]"), r#"{"a":1,"t":1700000000}"#);
    assert_eq!(token_payload("[1,-0]"), r#"{"a":1,"t":1700000000}"#);
    assert_eq!(token_payload("[1,-5]"), r#"{"a":1,"t":1700000000,"d":-5}"#);
    let huge = "18446744073709551617";
    let params = format!(r#"{{"actor_id":1,"expires_after":{huge},"now":5}}"#);
    assert_eq!(token_payload(&params), format!(r#"{{"a":1,"t":5,"d":{huge}}}"#));
    different("create_actor_cookie", "[1] [1,1] [1,-1] [1,62] [1,123456789012345678901234567890]");
}

#[test]
fn numbers_that_overflow() {
    let all = r#"[1e400] [-1e400] [1e309] [[1.8e308]] [{"x":1e999999999999}]"#;
    refuse("sign", "value", all);
    refuse("create_token", "actor_id", all);
    let huge = format!("1{}", "0".repeat(400));
    for now in ["1e400", "-1e309", huge.as_str()] {
        refuse("create_token", "now", &format!(r#"{{"actor_id":1,"now":{now}}}"#));
        refuse("create_actor_cookie", "now", &format!(r#"{{"actor":1,"now":{now}}}"#));
    }
    different("sign", "[1.7976931348623157e308] [1e-400]");
}

#[test]
fn integers_have_4300_digits_at_most() {
    for sign in ["", "-"] {
        let (most, over) = ("9".repeat(4300), "9".repeat(4301));
        let (most, over) = (format!("{sign}{most}"), format!("{sign}{over}"));
        results_of("sign", &format!("[{most}] [{sign}0.{over}]").replace("0.-", "0."));
        results_of("create_token", &format!("[1,{most}]"));
        refuse("sign", "value", &format!("[{over}] [[{over}]]"));
        refuse("create_token", "actor_id", &format!("[{over}]"));
        refuse("create_token", "expires_after", &format!("[1,{over}]"));
        refuse("create_token", "now", &format!(r#"{{"actor_id":1,"now":{over}}}"#));
        refuse("create_actor_cookie", "expire_after", &format!("[1,{over}]"));
    }
}

#[test]
fn a_cookie_expiry_too_large_for_a_float() {
    for digits in [311, 400, 4299] {
        let huge = "9".repeat(digits);
        refuse("create_actor_cookie", "expire_after", &format!("[1,{huge}] [1,-{huge}]"));
    }
    different("create_actor_cookie", &format!("[1] [1,{}]", "9".repeat(300)));
}

#[test]
fn lone_surrogates_in_what_is_signed() {
    let all = r#"["\ud800"] ["x\uDFFFy"] ["\ude00\ud83d"] [{"\ud800":1}] [[{"x":["\udbff"]}]]"#;
    refuse("sign", "value", all);
    refuse("create_token", "actor_id", all);
    refuse("create_actor_cookie", "actor", all);
    refuse("sign", "namespace", r#"[1,"\ud800"]"#);
    refuse("configure", "secret", r#"["\ud800"]"#);
    refuse("configure", "old_secrets", r#"{"old_secrets":["a","\udc00"]}"#);
    refuse("create_token", "restrict_all", r#"[1,null,["\ud800"]]"#);
    let by_database = r#"[1,null,null,{"\ud800":["x"]}] [1,null,null,{"d":["\ud800"]}]"#;
    refuse("create_token", "restrict_database", by_database);
    let by_resource = r#"[1,null,null,null,{"\ud800":{"t":["x"]}}] [1,null,null,null,{"d":{"\ud800":["x"]}}] [1,null,null,null,{"d":{"t":["\ud800"]}}]"#;
    refuse("create_token", "restrict_resource", by_resource);
    refuse("create_token", "restrictions", r#"{"actor_id":1,"restrictions":{"all":["\ud800"]}}"#);
    same("sign", r#"["\ud83d\ude00"] ["😀"] ["\uD83D\uDE00"]"#);
}

#[test]
fn wrong_types() {
    refuse("sign", "namespace", r#"[1,5] [1,true] [1,[]] [1,{"x":1}]"#);
    for now in [r#""1""#, "true", "[]", "{}"] {
        refuse("create_token", "now", &format!(r#"{{"actor_id":1,"now":{now}}}"#));
        refuse("create_actor_cookie", "now", &format!(r#"{{"actor":1,"now":{now}}}"#));
    }
}

#[test]
fn any_json_value_is_an_actor_id() {
    for value in r#"1 1.5 true null "" [] {} {"id":"x"}"#.split(' ') {
        let expected = format!(r#"{{"a":{value},"t":1700000000}}"#);
        assert_eq!(token_payload(&format!("[{value}]")), expected);
    }
}

#[test]
fn what_is_given_back_must_be_text() {
    for (method, param) in [
        ("verify_token", "token"),
        ("inspect_token", "token"),
        ("unsign", "signed"),
        ("verify_actor_cookie", "cookie"),
    ] {
        refuse(method, param, r#"null [] {} [null] [1] [["x"]] ["\ud800"] ["dstok_x\udfff.y"]"#);
        refuse(method, "other", r#"{"other":1}"#);
    }
    refuse("unsign", "namespace", r#"["x.y",1] ["x.y",["n"]] ["x.y","\udc00"]"#);
    for method in ["verify_token", "inspect_token", "verify_actor_cookie"] {
        refuse(method, "now", r#"["x","1"] ["x",true] ["x",[1]] ["x",1e999]"#);
        refuse(method, "params", r#"["x",1,2]"#);
    }
}
