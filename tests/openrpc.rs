//! The OpenRPC document of `rpc.discover`: whole, true, and up to date with `compat-fixtures/`.
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "tests read the fixtures")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::schema::{check_answers, document};
use common::{NO_SECRET, READY, request, result, session};
use dstok::sidecar::methods::{Examples, METHODS, Method};
use dstok::sidecar::protocol::ErrorKind;
use serde_json::{Value, json};

const RELEASE: &str = "1.0a41";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The scenarios of the fixtures, by name.
fn scenarios() -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(path("compat-fixtures")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let scenarios = text.split('\n').filter(|line| line.starts_with("{\"name\""));
        for scenario in scenarios.map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            all.insert(scenario["name"].as_str().unwrap().to_owned(), scenario);
        }
    }
    assert!(all.len() > 1000);
    all
}

/// The line of `examples.json` for a scenario. It works whenever it is tried: the clock becomes a
/// parameter.
fn example(method: &Method, scenario: &Value) -> String {
    let (name, config) = (&scenario["name"], scenario["config"].as_object().unwrap());
    assert!(config.keys().all(|key| key == "secret" || key == "now"), "{name}: {config:?}");
    let answers = scenario["answers"].as_array().unwrap();
    let is_newest =
        |answer: &&Value| answer["releases"].as_array().unwrap().contains(&json!(RELEASE));
    let answer = answers.iter().find(is_newest).unwrap();
    let text = match answer["result_json"].as_str() {
        Some(text) => text.to_owned(),
        None => answer["result"].to_string(),
    };
    let result: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result.to_string(), text, "{name} would be spelled otherwise");
    let mut params: Value = serde_json::from_str(scenario["params"].as_str().unwrap()).unwrap();
    let members = params.as_object_mut().unwrap();
    if method.parameters.iter().any(|parameter| parameter.name == "now") {
        members.entry("now").or_insert_with(|| config["now"].clone());
    }
    let about = format!("For Datasette {RELEASE} with the secret {}.", config["secret"]);
    format!("  {name}: {}", json!({"about": about, "params": params, "result": result}))
}

/// Set `WRITE_EXAMPLES` to write the file.
#[test]
fn the_examples_are_those_of_the_fixtures() {
    let all = scenarios();
    let mut lines = Vec::new();
    for method in METHODS {
        let Examples::Fixtures(names) = method.examples else { continue };
        for name in names {
            let scenario = all.get(*name).unwrap_or_else(|| panic!("there is no scenario {name}"));
            assert_eq!(scenario["method"], method.name, "{name}");
            lines.push(example(method, scenario));
        }
    }
    let expected = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let path = path("src/sidecar/methods/examples.json");
    if std::env::var_os("WRITE_EXAMPLES").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(found == expected, "examples.json is out of date: run this test with WRITE_EXAMPLES=1");
}

/// The value at a pointer, as text.
#[track_caller]
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

#[track_caller]
fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value[member].as_array().unwrap_or_else(|| panic!("no list {member} in {value}"))
}

#[test]
fn everything_is_described() {
    let document = document();
    for pointer in ["/info/title", "/info/description", "/info/version", "/info/license/name"] {
        assert!(!text(&document.json, pointer).is_empty(), "{pointer}");
    }
    for method in list(&document.json, "methods") {
        let (summary, description) = (text(method, "/summary"), text(method, "/description"));
        assert!(!summary.contains('\n') && description.len() > summary.len(), "{method}");
        assert!(description.ends_with('.'), "{description}");
        assert!(!list(method, "examples").is_empty(), "{}", method["name"]);
        for parameter in list(method, "params") {
            assert!(!text(parameter, "/summary").is_empty(), "{parameter}");
        }
    }
    for (name, schema) in document.json["components"]["schemas"].as_object().unwrap() {
        assert_eq!(text(schema, "/title"), name);
        // Generators put it into a comment of one line.
        let description = text(schema, "/description");
        assert!(description.ends_with('.') && !description.contains(['\n', '*']), "{name}");
    }
}

#[test]
fn all_methods_but_rpc_discover_are_listed() {
    let document = document();
    let listed: Vec<_> =
        list(&document.json, "methods").iter().map(|method| text(method, "/name")).collect();
    let all: Vec<_> = METHODS.iter().map(|method| method.name).collect();
    assert_eq!([&listed[..], &["rpc.discover"]].concat(), all);
}

/// Generators give each schema a type of its own, which they name after the title. A schema inside
/// another one would get a random name.
#[test]
fn each_schema_stands_once_and_is_used() {
    let document = document();
    for (name, schema) in document.json["components"]["schemas"].as_object().unwrap() {
        let members =
            schema["properties"].as_object().into_iter().flatten().map(|(_, value)| value);
        let one_of = schema["oneOf"].as_array().into_iter().flatten();
        let others = [&schema["items"], &schema["additionalProperties"]];
        let others = others.into_iter().filter(|value| value.is_object());
        for inner in members.chain(one_of).chain(others) {
            assert_eq!(inner.as_object().unwrap().keys().collect::<Vec<_>>(), ["$ref"], "{name}");
        }
    }
    let file: Value = serde_json::from_str(
        &fs::read_to_string(path("src/sidecar/methods/schemas.json")).unwrap(),
    )
    .unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&document.json["components"]["schemas"]), names(&file));
}

#[test]
fn the_components_are_those_of_the_allowed_methods() {
    let answers = session(
        READY.iter().chain(&["--methods", "sign,rpc.discover"]),
        &[request("rpc.discover", "[]")],
    );
    let document = result(&answers[0]);
    let names: Vec<_> =
        list(&document, "methods").iter().map(|method| text(method, "/name")).collect();
    assert_eq!(names, ["sign", "info", "ping"]);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("SignedValue") && schemas.contains_key("SecretCount"));
    assert!(!schemas.contains_key("Inspection") && !schemas.contains_key("ActorId"));
    let info = list(&document, "methods")[1]["examples"][0]["result"]["value"].clone();
    assert_eq!(info["methods"], json!(["sign", "info", "ping", "rpc.discover"]));
}

#[test]
fn the_document_shows_no_secret_and_changes_nothing() {
    let lines = [request("info", "[]"), request("rpc.discover", "[]"), request("info", "[]")];
    let answers = session(READY, &lines);
    assert!(!answers[1].contains("spec-secret"));
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn every_code_is_described_once() {
    let document = document();
    let codes = |errors: &mut dyn Iterator<Item = &Value>| {
        errors.map(|error| error["code"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = ErrorKind::ALL.iter().map(|kind| i64::from(kind.code())).collect();
    all.dedup();
    let components = document.json["components"]["errors"].as_object().unwrap();
    assert_eq!(codes(&mut components.values()), all);
    for method in list(&document.json, "methods") {
        let codes = codes(&mut list(method, "errors").iter());
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "{codes:?}");
        assert!([-32700, -32601].iter().all(|code| !codes.contains(code)), "{codes:?}");
        assert!([-32600, -32602, -32603].iter().all(|code| codes.contains(code)), "{codes:?}");
    }
}

/// A session, a call, and the error that it gets.
fn failing_calls() -> Vec<(Vec<&'static str>, &'static str, String, &'static str)> {
    let mut all = Vec::new();
    let mut add = |options: &[&'static str], kind, calls: &[(&'static str, &str)]| {
        for (method, params) in calls {
            all.push((options.to_vec(), *method, (*params).to_owned(), kind));
        }
    };
    let with = |options: &[&'static str]| [&READY[..], options].concat();
    let minimal = [
        ("create_token", r#"["root"]"#),
        ("verify_token", r#"["dstok_x.y"]"#),
        ("sign", "[1]"),
        ("unsign", r#"["x.y"]"#),
        ("create_actor_cookie", "[{}]"),
        ("verify_actor_cookie", r#"["x.y"]"#),
        ("token_allows_action", r#"["dstok_x.y","view-table"]"#),
        ("inspect_token", r#"["x"]"#),
        ("restrictions_allow_action", r#"[{},"view-table"]"#),
    ];
    add(&NO_SECRET, "no_secret", &minimal[..7]);
    let no_tokens = [&minimal[..2], &minimal[6..]].concat();
    add(&with(&["--datasette-version", "0.65.5"]), "not_supported", &no_tokens);
    let disabled = with(&["--setting", "allow_signed_tokens", "off"]);
    add(&disabled, "signed_tokens_disabled", &minimal[..1]);
    let limited = [minimal[0], ("sign", r#"[1,"token"]"#), ("configure", r#"{"actions":"none"}"#)];
    add(&with(&["--require-expiry"]), "policy", &limited);
    add(&READY, "bad_signature", &minimal[3..4]);
    add(&READY, "token_invalid", &[minimal[1], minimal[6]]);
    let signed = |namespace, payload: &[u8]| common::signed(namespace, payload, false);
    let cookie = format!("[{:?}]", signed("actor", br#"{"a":1,"e":"!"}"#));
    add(&READY, "token_invalid", &[("verify_actor_cookie", cookie.as_str())]);
    let (token, cookie) = (signed("token", b"no JSON"), signed("actor", b"no JSON"));
    let broken = [
        ("verify_token", &*format!(r#"["dstok_{token}"]"#)),
        ("token_allows_action", &*format!(r#"["dstok_{token}","view-table"]"#)),
        ("verify_actor_cookie", &*format!("[{cookie:?}]")),
        ("unsign", &*format!(r#"[{token:?},"token"]"#)),
    ];
    add(&READY, "bad_payload", &broken);
    all
}

/// Elsewhere every answer is checked, so that no other error occurs.
#[test]
fn every_listed_error_occurs() {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (options, method, params, kind) in failing_calls() {
        let answer = common::one(session(options, &[request(method, &params)]));
        assert_eq!(common::error(&answer).1, kind, "{method} {params}: {answer}");
        found.entry(method).or_default().insert(kind);
    }
    for method in METHODS {
        let listed: BTreeSet<_> = method.errors.iter().map(|kind| kind.name()).collect();
        assert_eq!(found.remove(method.name).unwrap_or_default(), listed, "{}", method.name);
    }
}

#[test]
fn the_params_and_results_of_the_examples_match_their_schemas() {
    let document = document();
    for method in list(&document.json, "methods") {
        for example in list(method, "examples") {
            let value = |param: &Value| (text(param, "/name").to_owned(), param["value"].clone());
            let params = list(example, "params").iter().map(value).collect();
            document.check_params(text(method, "/name"), &Value::Object(params)).unwrap();
            document.check_result(text(method, "/name"), &example["result"]["value"]).unwrap();
        }
    }
}

#[test]
fn the_schema_and_configure_have_the_same_largest_ttl() {
    for (ttl, is_right) in
        [("18446744073709551615", true), ("18446744073709551616", false), ("-1", false)]
    {
        let params = format!(r#"{{"settings":{{"max_signed_tokens_ttl":{ttl}}}}}"#);
        let answer = common::one(session(NO_SECRET, &[request("configure", &params)]));
        assert_eq!(answer.contains(r#""result":"#), is_right, "{answer}");
        let params = serde_json::from_str(&params).unwrap();
        assert_eq!(document().check_params("configure", &params).is_ok(), is_right, "{params}");
    }
}

#[test]
fn a_result_with_a_member_less_or_more_is_noticed() {
    let document = document();
    for method in list(&document.json, "methods") {
        let name = text(method, "/name");
        for example in list(method, "examples") {
            let result = &example["result"]["value"];
            // What a token, a cookie or a signed value carries may be anything.
            if !result.is_object() || ["unsign", "verify_actor_cookie"].contains(&name) {
                continue;
            }
            for changed in changes(result) {
                let verdict = document.check_result(name, &changed);
                assert!(verdict.is_err(), "{name} takes {changed}");
            }
        }
    }
}

#[test]
fn an_error_with_a_member_less_or_more_is_noticed() {
    let document = document();
    let error = |code: i32, data: Value| json!({"code": code, "message": "why", "data": data});
    let verdict = |error: &Value| document.check_error(Some("sign"), error);
    verdict(&error(1, json!({"kind": "no_secret"}))).unwrap();
    verdict(&error(-32602, json!({"kind": "invalid_params", "param": "value"}))).unwrap();
    let wrong = [
        error(1, json!({})),
        error(1, json!({"kind": "policy"})),
        error(1, json!({"kind": "no_secret", "param": "value"})),
        error(-32602, json!({"kind": "invalid_params"})),
        error(-32602, json!({"kind": "invalid_params", "param": 1})),
        error(2, json!({"kind": "bad_signature"})),
        json!({"code": 1, "data": {"kind": "no_secret"}}),
        json!({"code": 1, "message": "why", "data": {"kind": "no_secret"}, "line": 1}),
    ];
    for error in wrong {
        assert!(verdict(&error).is_err(), "{error}");
    }
}

#[test]
#[should_panic(expected = "of \"Pong\"")]
fn a_wrong_answer_of_any_test_is_noticed() {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":"pang"}"#;
    check_answers(common::PING.as_bytes(), answer);
}

#[test]
#[should_panic(expected = "the code 1 isn't listed")]
fn a_wrong_error_in_a_batch_is_noticed() {
    let answers = r#"[{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":{}}}]"#;
    check_answers(format!("[{}]", common::PING).as_bytes(), answers);
}

/// The object with one member missing, one too many, and each of the wrong type; those inside too.
fn changes(object: &Value) -> Vec<Value> {
    const FREE: [&str; 5] = ["payload", "actor_id", "id", "_r", "token_expires"];
    const BY_NAME: [&str; 2] = ["database", "resource"];
    let members = object.as_object().unwrap();
    let mut all = Vec::new();
    let mut change = |apply: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut changed = members.clone();
        apply(&mut changed);
        all.push(Value::Object(changed));
    };
    change(&|changed| _ = changed.insert("unknown".to_owned(), Value::Null));
    for (name, value) in members {
        let is_optional = ["_r", "token_expires"].contains(&name.as_str());
        if !is_optional {
            change(&|changed| _ = changed.shift_remove(name));
        }
        if ["id", "_r", "payload", "actor_id"].contains(&name.as_str()) {
            continue;
        }
        change(&|changed| changed[name] = json!([1.5]));
        if value.is_object() && !FREE.contains(&name.as_str()) && !BY_NAME.contains(&name.as_str())
        {
            for inner in changes(value) {
                change(&|changed| changed[name] = inner.clone());
            }
        }
    }
    all
}

#[test]
fn the_document_does_not_depend_on_what_was_configured() {
    let discover = request("rpc.discover", "[]");
    let configure = request("configure", r#"{"settings":{"max_signed_tokens_ttl":60}}"#);
    let answers = session(NO_SECRET, &[&configure, &discover]);
    let alone = session(NO_SECRET, &[&discover]);
    assert_eq!(answers.last(), alone.last());
    assert_eq!(answers.len(), 2);
}
