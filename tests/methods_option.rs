//! `serve --methods`: which methods a process answers.
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{
    PONG, READY, assert_error, cli, dstok, new_path, payload, request, result, run, schema, session,
};
use dstok::sidecar::methods::METHODS;
use serde_json::Value;

/// The answers of a process that answers these methods only.
#[track_caller]
fn serve(methods: &str, lines: &[String]) -> Vec<String> {
    session(READY.iter().chain(&["--methods", methods]), lines)
}

#[track_caller]
fn one(methods: &str, method: &str, params: &str) -> String {
    common::one(serve(methods, &[request(method, params)]))
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// A call that would succeed.
fn example(name: &str) -> String {
    let methods = schema::document().json["methods"].as_array().unwrap();
    let method = methods.iter().find(|method| method["name"] == name);
    // `rpc.discover` has no example.
    let params = method.and_then(|method| method["examples"][0]["params"].as_array());
    let params = params.into_iter().flatten();
    let params = params.map(|param| format!("{}:{}", param["name"], param["value"]));
    request(name, &format!("{{{}}}", params.collect::<Vec<_>>().join(",")))
}

#[test]
fn only_the_listed_methods_are_answered() {
    for listed in METHODS {
        let calls: Vec<_> = METHODS.iter().map(|method| example(method.name)).collect();
        for (method, answer) in METHODS.iter().zip(serve(listed.name, &calls)) {
            if [listed.name, "info", "ping"].contains(&method.name) {
                let is_refused = answer.contains(r#""id":1,"error":{"code":7,"#);
                assert!(!is_refused, "{} with {}: {answer}", method.name, listed.name);
            } else {
                assert_error(&answer, 7, "policy", 1);
                assert!(answer.contains(method.name) && answer.contains("--methods"), "{answer}");
            }
        }
    }
}

#[test]
fn info_and_discover_show_the_allowed_methods_only() {
    let calls = [request("info", "[]"), request("rpc.discover", "[]")];
    let answers = serve("rpc.discover,verify_token,verify_token", &calls);
    let expected = ["verify_token", "info", "ping", "rpc.discover"];
    assert_eq!(names(&result(&answers[0])["methods"]), expected);
    let described = result(&answers[1]);
    let described = described["methods"].as_array().unwrap().iter().map(|it| it["name"].as_str());
    assert_eq!(described.collect::<Option<Vec<_>>>().unwrap(), expected[..3]);
    let info = result(&one("configure", "configure", r#"{"secret":"other"}"#));
    assert_eq!(names(&info["methods"]), ["configure", "info", "ping"]);
    let all = METHODS.iter().map(|method| method.name).collect::<Vec<_>>();
    assert_eq!(names(&result(&one(&all.join(","), "info", "[]"))["methods"]), all);
}

#[test]
fn a_method_is_judged_after_the_envelope_and_before_the_params() {
    let refused = one("ping", "create_token", r#"{"nothing":[1]}"#);
    assert_error(&refused, 7, "policy", 1);
    assert_error(&one("ping", "no_such_method", "[]"), -32601, "method_not_found", 1);
    assert_error(&one("ping", "create_token", "5"), -32600, "invalid_request", 1);
    let escaped = request(r"create\u005ftoken", r#"["root"]"#);
    assert_error(&serve("ping", &[escaped])[0], 7, "policy", 1);
    let no_secret = ["serve", "--methods", "ping"];
    let answer = session(no_secret, &[request("create_token", r#"["root"]"#)]).remove(0);
    assert_error(&answer, 7, "policy", 1);
}

#[test]
fn a_refused_notification_has_no_answer_and_no_effect() {
    let log = new_path("refused.jsonl");
    let options = ["--methods", "sign,verify_token", "--audit-log", log.to_str().unwrap()];
    let notification =
        |method: &str, params: &str| request(method, params).replacen(r#""id":1,"#, "", 1);
    let lines = [
        request("sign", "[1]"),
        notification("configure", r#"["other"]"#),
        notification("create_token", r#"["root"]"#),
        format!("[{0},{0}]", notification("configure", r#"["other"]"#)),
        request("sign", "[1]"),
    ];
    for threads in ["1", "8"] {
        let args = [&READY[..], &options, &["--threads", threads]].concat();
        let answers = session(args, &lines);
        assert_eq!(answers.len(), 2, "{answers:?}");
        assert_eq!(answers[0], answers[1]);
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
    }
}

#[test]
fn a_verifying_process_mints_nothing_and_stays_as_it_is() {
    let token = result(&common::ask(&request("create_token", r#"["root"]"#)));
    let verify = request("verify_token", &format!("[{token}]"));
    let mut lines = vec![verify.clone()];
    lines.extend(METHODS.iter().map(|method| example(method.name)));
    lines.push(request("configure", r#"["other"]"#));
    lines.push(request("sign", r#"[{"a":"root","t":1},"token"]"#));
    lines.push(format!("[{},{}]", example("create_token"), example("create_actor_cookie")));
    lines.push(verify);
    let answers = serve("verify_token,restrictions_allow_action", &lines);
    assert_eq!(answers.first(), answers.last());
    assert_eq!(result(&answers[0])["id"], "root");
    // No answer has a signature.
    let signed = answers.iter().filter(|answer| answer.contains("dstok_"));
    assert_eq!(signed.count(), 0);
    let results = answers.iter().filter(|answer| answer.contains(r#""result":""#)).count();
    assert_eq!(results, 1, "`ping` alone answers a string: {answers:?}");
}

#[test]
fn sign_is_no_way_around_a_method_that_is_not_listed() {
    for (methods, namespace, is_allowed) in [
        ("sign", "token", false),
        ("sign", "actor", false),
        ("sign,create_token", "token", true),
        ("sign,create_token", "actor", false),
        ("sign,create_actor_cookie", "token", false),
        ("sign,create_actor_cookie", "actor", true),
        ("sign", "default", true),
        ("sign", "Token", true),
        ("sign", "token ", true),
        ("sign", "", true),
        ("sign", "tokensigner", true),
    ] {
        for spelling in [namespace.to_owned(), namespace.replace('o', r"\u006f")] {
            let answer = one(methods, "sign", &format!(r#"[{{"a":"root"}},"{spelling}"]"#));
            if is_allowed {
                assert_eq!(payload(&result(&answer)), r#"{"a":"root"}"#);
            } else {
                assert_error(&answer, 7, "policy", 1);
            }
        }
    }
    assert_error(&one("sign", "sign", r#"["x",5]"#), -32602, "invalid_params", 1);
    // A limit holds whatever is listed.
    let options = ["--methods", "sign,create_token", "--require-expiry"];
    let answers = session(READY.iter().chain(&options), &[request("sign", r#"[1,"token"]"#)]);
    assert_error(&answers[0], 7, "policy", 1);
}

#[test]
fn wrong_names_are_a_usage_error_that_lists_the_right_ones() {
    for names in ["verify-token", "", ",", "ping,", "ping,,info", "PING", "ping, info", "all", "*"]
    {
        let outcome = cli(["serve", "--secret", "s", "--methods", names]);
        outcome.usage_error();
        assert!(outcome.stderr.contains("--methods"), "{names}: {outcome:?}");
    }
    let outcome = cli(["serve", "--methods", "verify_tokens"]);
    assert!(METHODS.iter().all(|method| outcome.stderr.contains(method.name)), "{outcome:?}");
    cli(["serve", "--methods"]).usage_error();
    for subcommand in ["create-token", "create-tokens", "verify", "sign"] {
        cli([subcommand, "--secret", "s", "x", "--methods", "ping"]).usage_error();
    }
    let repeated = run(
        &mut dstok(["serve", "--methods", "sign", "--methods=ping,unsign"]),
        format!("{}\n", common::PING),
    );
    repeated.quiet_success();
    assert_eq!(repeated.answers(), [PONG]);
}
