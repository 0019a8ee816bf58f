//! Every answer of `compat-fixtures/`: from the methods, and byte for byte through the program's
//! stdin and stdout.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "tests read the fixtures and start the program")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use datasette_tokens::{Datasette, Flavour, Release};
use dstok::sidecar::methods::{Clock, Session, call};
use dstok::sidecar::protocol::{Failure, Message};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// How many scenarios there are. A missing file must fail the test.
const SCENARIOS: usize = 2041;

/// The methods that releases before 1.0 have. For any other, 0.65.5 answers for all of them.
const OLD_METHODS: [&str; 4] = ["sign", "unsign", "create_actor_cookie", "verify_actor_cookie"];

#[derive(Deserialize)]
struct Header {
    format: u32,
    group: String,
    count: usize,
    versions: Versions,
}

#[derive(Deserialize)]
struct Versions {
    datasette: Vec<String>,
}

#[derive(Deserialize)]
struct Scenario {
    name: String,
    method: String,
    params: String,
    config: Config,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Config {
    secret: Option<String>,
    /// Newest first.
    #[serde(default)]
    old_secrets: Vec<String>,
    itsdangerous: Option<String>,
    /// As it was written: a double must arrive with every digit.
    now: Box<RawValue>,
    actions: Option<Value>,
    settings: Option<Map<String, Value>>,
    zlib: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    releases: Vec<String>,
    result: Option<Value>,
    result_json: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl Answer {
    /// The exact JSON text of a result.
    fn expected_json(&self) -> Option<String> {
        self.result_json.clone().or_else(|| self.result.as_ref().map(Value::to_string))
    }

    /// The one checker, for the library and the program: the JSON text of a result, or the kind
    /// and the message of an error.
    #[track_caller]
    fn check(&self, context: &str, actual: Result<&str, (&str, &str)>) {
        self.check_text(self.expected_json(), context, actual);
    }

    fn check_text(
        &self,
        expected: Option<String>,
        context: &str,
        actual: Result<&str, (&str, &str)>,
    ) {
        match (expected, actual) {
            (Some(expected), Ok(actual)) => {
                let same = expected == actual || has_a_reason_instead(&expected, actual);
                assert!(same, "{context}\n expected {expected}\n got      {actual}");
            }
            (None, Err((kind, message))) => {
                assert_eq!(Some(kind), self.error.as_deref(), "{context}");
                if let Some(expected) = &self.message {
                    assert_eq!(message, expected, "{context}");
                }
            }
            (expected, actual) => panic!("{context}\n expected {expected:?}\n got      {actual:?}"),
        }
    }
}

/// Whether the two differ only in the `reason` of `inspect_token`: the words are dstok's own, and
/// the fixture has "" in their place.
fn has_a_reason_instead(expected: &str, actual: &str) -> bool {
    const REASON: &str = r#""reason":"#;
    expected.match_indices(r#""reason":"""#).any(|(at, _)| {
        let (before, after) = (&expected[..at + REASON.len()], &expected[at + REASON.len() + 2..]);
        let reason = actual.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let reason = reason.and_then(|json| serde_json::from_str::<String>(json).ok());
        reason.is_some_and(|reason| !reason.is_empty())
    })
}

fn scenarios() -> Vec<Scenario> {
    groups().into_iter().flat_map(|(_, scenarios)| scenarios).collect()
}

fn groups() -> Vec<(Header, Vec<Scenario>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat-fixtures");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let (header, lines) = text.split_once('\n').unwrap();
        let header: Header = serde_json::from_str(header).unwrap();
        assert_eq!(header.format, 1);
        assert_eq!(Some(header.group.as_str()), path.file_stem().unwrap().to_str());
        let here: Vec<Scenario> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(here.len(), header.count, "{}", path.display());
        all.push((header, here));
    }
    all
}

#[test]
fn all_scenarios_are_found_and_have_names_of_their_own() {
    let all = scenarios();
    assert_eq!(all.len(), SCENARIOS);
    let names: std::collections::BTreeSet<_> = all.iter().map(|s| &s.name).collect();
    assert_eq!(names.len(), SCENARIOS);
}

#[test]
fn every_release_has_an_answer_to_every_scenario() {
    let known: Vec<_> = Release::all().map(|release| release.name().to_owned()).collect();
    let last_old = known.iter().position(|name| name == "0.65.5").unwrap();
    for (header, scenarios) in groups() {
        let mut asked = &known[last_old..];
        for scenario in scenarios {
            let mut answered: Vec<_> = scenario.answers.iter().flat_map(|a| &a.releases).collect();
            answered.sort();
            let is_old = OLD_METHODS.contains(&&*scenario.method);
            let expected = &known[if is_old { 0 } else { last_old }..];
            asked = if is_old { &known } else { asked };
            let mut expected: Vec<_> = expected.iter().collect();
            expected.sort();
            assert_eq!(answered, expected, "{}", scenario.name);
        }
        assert_eq!(header.versions.datasette, asked, "{}", header.group);
    }
}

/// The params of `configure` for a scenario and a release.
fn configuration(scenario: &Scenario, release: &str) -> Value {
    let config = &scenario.config;
    let mut params = json!({
        "datasette_version": release,
        "settings": {"allow_signed_tokens": true, "max_signed_tokens_ttl": 0},
        "zlib": config.zlib.as_deref().unwrap_or("zlib"),
        "itsdangerous": config.itsdangerous.as_deref().unwrap_or("2.2"),
    });
    if let Some(secret) = &config.secret {
        params["secret"] = json!(secret);
        params["old_secrets"] = json!(config.old_secrets);
    }
    if let Some(actions) = &config.actions {
        params["actions"] = actions.clone();
    }
    for (name, value) in config.settings.iter().flatten() {
        params["settings"][name] = value.clone();
    }
    params
}

/// Calls a method as a request with these params does.
fn answer(session: &mut Session, method: &str, params: &str) -> Result<String, Failure> {
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let mut message = Message::default();
    message.read(&line, 1).unwrap();
    let request = &message.requests[0];
    let method = request.method.as_ref().unwrap().as_wtf8();
    let mut out = Vec::new();
    call(session, method, message.params(request), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn through_the_methods() {
    for scenario in scenarios() {
        for answered in &scenario.answers {
            for release in &answered.releases {
                let clock = Clock::new(scenario.config.now.get().parse().ok());
                let mut session = Session {
                    warn: |warning| panic!("{warning}"),
                    ..Session::new(Datasette::default(), clock)
                };
                let configure = configuration(&scenario, release).to_string();
                answer(&mut session, "configure", &configure).unwrap();
                let result = answer(&mut session, &scenario.method, &scenario.params);
                let context = format!("{} with {release}", scenario.name);
                match &result {
                    Ok(text) => answered.check(&context, Ok(text)),
                    Err(failure) => {
                        answered.check(&context, Err((failure.kind.name(), &failure.message)));
                    }
                }
            }
        }
    }
}

/// Of the releases before 1.0, the first and last with each base62. `tests/conformance.rs` gives all
/// of them to the program.
const ENDS_OF_ERAS: [&str; 4] = ["0.44", "0.61.1", "0.62a0", "0.65.5"];

/// One process for all calls that share a clock and a table of actions, with or without a secret.
#[test]
fn through_the_program() {
    let all = scenarios();
    let mut sessions: BTreeMap<String, Vec<(&Scenario, &Answer, &str)>> = BTreeMap::new();
    for scenario in &all {
        for answer in &scenario.answers {
            for release in &answer.releases {
                if release.starts_with("0.") && !ENDS_OF_ERAS.contains(&&**release) {
                    continue;
                }
                let config = &scenario.config;
                let has_secret = config.secret.is_some();
                let key = format!("{} {:?} {has_secret} {release}", config.now, config.actions);
                sessions.entry(key).or_default().push((scenario, answer, release));
            }
        }
    }
    for calls in sessions.values() {
        let mut requests = String::new();
        for (id, (scenario, _, release)) in calls.iter().enumerate() {
            let configure = configuration(scenario, release);
            let (method, params) = (&scenario.method, &scenario.params);
            requests += &format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"configure\",\"params\":{configure}}}\n\
                 {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
            );
        }
        let answers = serve(calls[0].0.config.now.get(), &requests);
        let answers: Vec<_> = answers.lines().collect();
        assert_eq!(answers.len(), calls.len());
        for (id, (scenario, answer, release)) in calls.iter().enumerate() {
            let context = format!("{} with {release}", scenario.name);
            check_line(id, answer, &context, answers[id]);
            if **release == answer.releases[0] {
                check_schemas(scenario, &context, answers[id]);
            }
        }
    }
}

#[track_caller]
fn check_line(id: usize, answer: &Answer, context: &str, line: &str) {
    let result = line
        .strip_prefix(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"#))
        .and_then(|rest| rest.strip_suffix('}'));
    if let Some(result) = result {
        // The program escapes what readers of lines take for the end of one.
        let expected = answer.expected_json().map(|json| {
            json.replace('\u{85}', "\\u0085")
                .replace('\u{2028}', "\\u2028")
                .replace('\u{2029}', "\\u2029")
        });
        return answer.check_text(expected, context, Ok(result));
    }
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["id"], id, "{context}");
    let (error, text) = (&line["error"], |value: &Value| value.as_str().unwrap().to_owned());
    let (kind, message) = (text(&error["data"]["kind"]), text(&error["message"]));
    answer.check(context, Err((&kind, &message)));
}

/// The schemas accept what the program accepts, and what it answers.
#[track_caller]
fn check_schemas(scenario: &Scenario, context: &str, line: &str) {
    let (document, method) = (common::schema::document(), scenario.method.as_str());
    // serde_json has no lone surrogates.
    let Ok(line) = serde_json::from_str::<Value>(line) else { return };
    let Some(result) = line.get("result") else {
        return document.check_error(Some(method), &line["error"]).expect(context);
    };
    document.check_result(method, result).expect(context);
    if let Ok(params @ Value::Object(_)) = serde_json::from_str(&scenario.params) {
        document.check_params(method, &params).expect(context);
    }
}

fn serve(now: &str, requests: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dstok"))
        .args(["serve", "--now", now])
        .env_remove("DATASETTE_SECRET")
        .env_remove("DSTOK_OLD_SECRETS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A pipe holds less than a session, so write while reading.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(requests.as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn releases_and_flavours_of_the_fixtures_are_known() {
    for scenario in scenarios() {
        if let Some(zlib) = &scenario.config.zlib {
            assert!(Flavour::from_name(zlib).is_some());
        }
        for release in scenario.answers.iter().flat_map(|answer| &answer.releases) {
            assert!(release.parse::<Release>().unwrap().is_known(), "{release}");
        }
    }
}
