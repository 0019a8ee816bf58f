//! Restrictions in params: those of tokens that are made, and those that are asked about.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{
    ask, assert_error, assert_invalid_param, different, refuse, request, results_of, same, session,
    token_payload,
};
use serde_json::json;

#[test]
fn restrictions_that_are_empty_are_as_if_absent() {
    same(
        "create_token",
        r#"[1] {"actor_id":1,"restrict_all":[]} {"actor_id":1,"restrict_database":{}}
        {"actor_id":1,"restrict_resource":{}} {"actor_id":1,"restrictions":{}}
        {"actor_id":1,"restrictions":{"all":null,"database":null,"resource":null}}
        {"actor_id":1,"restrictions":{"all":[],"database":{},"resource":{}}} [1,null,[],{},{}]"#,
    );
}

#[test]
fn both_shapes_of_restrictions_make_the_same_token() {
    for (all, database, resource) in [
        (r#"["view-instance","x"]"#, "null", "null"),
        ("null", r#"{"b":["x"],"a":["view-table"]}"#, "null"),
        ("null", "null", r#"{"d":{"t":["insert-row"],"s":[]}}"#),
        (r#"["y"]"#, r#"{"d":["z"]}"#, r#"{"d":{"t":["x"]}}"#),
    ] {
        let new = format!(r#"{{"resource":{resource},"all":{all},"database":{database}}}"#);
        let old = format!("[1,null,{all},{database},{resource}]");
        same("create_token", &format!("{old} [1,null,null,null,null,{new}]"));
        different("create_token", &format!("[1] {old}"));
    }
}

#[test]
fn both_shapes_of_restrictions_together_are_an_error() {
    for old in [r#""restrict_all":["x"]"#, r#""restrict_resource":{"d":{"t":["x"]}}"#] {
        let params = format!(r#"{{"actor_id":1,{old},"restrictions":{{"all":["x"]}}}}"#);
        assert_error(&ask(&request("create_token", &params)), -32602, "invalid_params", 1);
    }
}

#[test]
fn action_names_are_abbreviated_and_order_and_duplicates_kept() {
    for (restrictions, expected) in [
        (r#""all":["view-table","x","vt"]"#, r#""a":["vt","x","vt"]"#),
        (r#""all":["View-Table"]"#, r#""a":["View-Table"]"#),
        (r#""all":["view\u002dtable"]"#, r#""a":["vt"]"#),
        (r#""all":[""]"#, r#""a":[""]"#),
        (r#""database":{"b":["drop-view"],"a":[]}"#, r#""d":{"b":["dv"],"a":[]}"#),
        (r#""resource":{"d":{}}"#, r#""r":{}"#),
        (r#""resource":{"d":{},"e":{"t":["x"]}}"#, r#""r":{"e":{"t":["x"]}}"#),
        (r#""resource":{"d":{"view-table":[]}}"#, r#""r":{"d":{"view-table":[]}}"#),
    ] {
        let params = format!(r#"{{"actor_id":1,"now":1,"restrictions":{{{restrictions}}}}}"#);
        let expected = format!(r#"{{"a":1,"t":1,"_r":{{{expected}}}}}"#);
        assert_eq!(token_payload(&params), expected, "{restrictions}");
    }
}

#[test]
fn restrictions_of_another_shape_are_refused() {
    for (param, values) in [
        (
            "restrict_all",
            r#""view-instance" "" 1 0 true false {"a":["x"]} [1] [null] [["x"]] ["x",true]"#,
        ),
        (
            "restrict_database",
            r#"["x"] "x" 1 false {"d":"x"} {"d":null} {"d":[1]} {"d":{}} {"d":["x"],"e":[null]}"#,
        ),
        (
            "restrict_resource",
            r#"["x"] "x" 1 false {"d":["x"]} {"d":[]} {"d":null} {"d":{"t":"x"}}"#,
        ),
        (
            "restrict_resource",
            r#"{"d":{"t":null}} {"d":{"t":[1]}} {"d":{"t":{}}} {"d":{"t":["x"]},"e":[]} {"d":{"t":["x"],"u":["x"]},"e":["x"]}"#,
        ),
    ] {
        let member = param.trim_start_matches("restrict_");
        for value in values.split(' ') {
            refuse("create_token", param, &format!(r#"{{"actor_id":1,"{param}":{value}}}"#));
            let params = format!(r#"{{"actor_id":1,"restrictions":{{"{member}":{value}}}}}"#);
            refuse("create_token", "restrictions", &params);
        }
    }
    for value in
        r#"[] ["x"] "x" 1 false {"a":["x"]} {"All":["x"]} {"all":["x"],"x":null}"#.split(' ')
    {
        refuse(
            "create_token",
            "restrictions",
            &format!(r#"{{"actor_id":1,"restrictions":{value}}}"#),
        );
    }
}

#[test]
fn token_allows_action_is_verify_token_and_restrictions_allow_action() {
    let method = "token_allows_action";
    refuse(method, "token", r#"null [] {} [null,"x"] [1,"x"] ["\ud800","x"] {"action":"x"}"#);
    refuse(method, "action", r#"["x"] ["x",null] ["x",1] ["x",["x"]] {"token":"x"}"#);
    refuse(method, "resource", r#"["x","x",1] ["x","x",[]] ["x","x",["d"]] ["x","x",["d",1]]"#);
    refuse(
        method,
        "now",
        r#"["x","x",null,"1"] ["x","x",null,true] {"token":"x","action":"x","now":[]}"#,
    );
    refuse(method, "params", r#"["x","x",null,1,2]"#);
    let make = r#"["root",60,["view-instance"],null,{"d":{"t":["insert-row"]}}]"#;
    let token = results_of("create_token", make).remove(0);
    let ask_for = |rest: &str| {
        let line = request(method, &format!("[{token},{rest}]"));
        ask(&line).replacen("{\"jsonrpc\":\"2.0\",\"id\":1,", "", 1)
    };
    let actor = results_of("verify_token", &format!("[{token}]")).remove(0);
    for (rest, allowed) in [
        (r#""view-instance""#, true),
        (r#""view-instance",["d","t"]"#, true),
        (r#""insert-row",["d","t"]"#, true),
        (r#""insert-row",["d","T"],1700000060"#, true),
        (r#""insert-row",["d","u"]"#, false),
        (r#""insert-row","d""#, false),
        (r#""ir",null,null"#, false),
    ] {
        let expected = format!(r#""result":{{"actor":{actor},"allowed":{allowed}}}}}"#);
        assert_eq!(ask_for(rest), expected, "{rest}");
    }
    let expired = ask_for(r#""view-instance",null,1700000061"#);
    assert!(expired.contains(r#""message":"Token has expired""#), "{expired}");
    let others = r#"["","x"] ["x.y","x"] ["\u0020dstok_x.y","view-table",["d","t"]]"#;
    for result in results_of(method, others) {
        assert_eq!(result, json!({"actor": null, "allowed": false}));
    }
}

/// Params, then the release, then the secret, then the token.
#[test]
fn token_allows_action_looks_for_what_is_wrong_in_order() {
    let (malformed, whole) = (r#"["dstok_x.y",1]"#, r#"["dstok_x.y","view-table"]"#);
    for (options, params, code, kind) in [
        (&["--datasette-version", "1.0a19"][..], malformed, -32602, "invalid_params"),
        (&["--datasette-version", "1.0a19"], whole, 6, "not_supported"),
        (&["--datasette-version", "0.65.5"], whole, 6, "not_supported"),
        (&["--datasette-version", "1.0a20"], whole, 1, "no_secret"),
        (&["--datasette-version", "1.0a36", "--secret", "s"], whole, 4, "token_invalid"),
    ] {
        let args = [&["serve"], options].concat();
        let answers = session(args, &[request("token_allows_action", params)]);
        assert_error(&answers[0], code, kind, 1);
    }
    // Up to 1.0a35 Datasette says nothing of what is wrong.
    let args = ["serve", "--datasette-version", "1.0a35", "--secret", "s"];
    let answers = session(args, &[request("token_allows_action", whole)]);
    assert!(answers[0].ends_with(r#""result":{"actor":null,"allowed":false}}"#), "{}", answers[0]);
}

#[test]
fn restrictions_that_are_to_be_checked_have_their_shape() {
    let method = "restrictions_allow_action";
    let malformed = r#"null [] ["vt","x"] [[],"x"] [{"a":"vt"},"x"] [{"a":{}},"x"]
        [{"a":[1]},"x"] [{"d":null},"x"] [{"d":[]},"x"] [{"d":{"x":"vt"}},"x"] [{"r":null},"x"]
        [{"r":{"x":["vt"]}},"x"] [{"r":{"x":{"t":"vt"}}},"x"] [{"a":[],"a":[]},"x"]
        [{"d":{"x":[],"\u0078":[]}},"x"] [{"z":1e999},"x"]
        [{"r":{"x":{"t":null}}},"x",["x","t"]]"#;
    refuse(method, "restrictions", malformed);
    refuse(method, "action", r#"[{}] [{},null] [{},1] [{},["vt"]]"#);
    refuse(
        method,
        "resource",
        r#"[{},"x",1] [{},"x",true] [{},"x",[]] [{},"x",["d"]] [{},"x",["d",null]]
        [{},"x",["d","t","u"]] [{},"x",{"database":"d"}]"#,
    );
    let odd_but_datasettes = r#"[{"a":null},"x"] [{"d":{"x":null}},"x","x"]
        [{"r":{"x":{"t":null}}},"x",["x","u"]] [{"z":1},"x"] [{},"\ud800",["\ud800","t"]]"#;
    for result in results_of(method, odd_but_datasettes) {
        assert_eq!(result, false);
    }
    refuse(method, "action", r#"[null] [null,1]"#);
    refuse(method, "resource", r#"[null,"x",1]"#);
    for result in results_of(method, r#"[null,"x"] [null,"x","d"] [null,"x",["d","t"]]"#) {
        assert_eq!(result, true, "null is an actor without restrictions");
    }
}

#[test]
fn the_first_wrong_parameter_is_named() {
    let params = r#"[{"a":"vt"},["no string"],7]"#;
    let answer = ask(&request("restrictions_allow_action", params));
    assert_invalid_param(&answer, "restrictions", params);
    let params = r#"[{"a":["vt"]},["no string"],7]"#;
    let answer = ask(&request("restrictions_allow_action", params));
    assert_invalid_param(&answer, "action", params);
}

/// The error names the place inside the argument, unless it looks like a token.
#[test]
fn a_wrong_shape_is_told_with_its_path_and_the_right_one() {
    let databases = "must be an object from databases to";
    for (params, message) in [
        (
            r#"{"actor_id":1,"restrict_resource":{"docs":["insert-row"]}}"#,
            "restrict_resource.docs must be an object from resources to lists of action names"
                .to_owned(),
        ),
        (
            r#"{"actor_id":1,"restrictions":{"resource":{"a":{},"docs":[]}}}"#,
            "restrictions.resource.docs must be an object from resources to lists of action names"
                .to_owned(),
        ),
        (
            r#"{"actor_id":1,"restrict_resource":["docs"]}"#,
            format!(
                "restrict_resource {databases} objects from resources to lists of action names"
            ),
        ),
        (
            r#"{"actor_id":1,"restrict_database":["docs"]}"#,
            format!("restrict_database {databases} lists of action names"),
        ),
        (
            r#"{"actor_id":1,"restrict_resource":{"docs":{"dstok_secret":[7]}}}"#,
            "restrict_resource.docs.… (not shown: it looks like a token) must list action names as \
             an array of strings"
                .to_owned(),
        ),
    ] {
        let answer: serde_json::Value =
            serde_json::from_str(&common::ask(&common::request("create_token", params))).unwrap();
        assert_eq!(answer["error"]["message"], message, "{params}");
        assert_eq!(answer["error"]["data"]["kind"], "invalid_params");
    }
}
