//! Checks answers against the schemas of the program's own OpenRPC document.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::{dstok, request, result};

/// The OpenRPC document.
pub struct Document {
    pub json: Value,
}

/// The document of a process that answers all methods.
pub fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    // Not with `run`, which checks what it reads.
    DOCUMENT.get_or_init(|| {
        let mut command = dstok(["serve"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(request("rpc.discover", "[]").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Document { json: result(std::str::from_utf8(&output.stdout).unwrap()) }
    })
}

/// Checks the answers to an input. Those that aren't whole JSON are left to the caller.
#[track_caller]
pub fn check_answers(input: &[u8], answers: &str) {
    let lines = input.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let read = |line: &[u8]| serde_json::from_slice(line).unwrap_or(Value::Null);
    let requests: Vec<Value> = lines.map(read).filter(is_answered).collect();
    let answers: Vec<_> = answers.lines().collect();
    let is_paired = requests.len() == answers.len();
    for (number, answer) in answers.into_iter().enumerate() {
        if let Ok(json) = serde_json::from_str(answer) {
            let request = if is_paired { &requests[number] } else { &Value::Null };
            let verdict = check_answer(request, &json);
            verdict.unwrap_or_else(|problem| panic!("{problem}: {answer:.1000}"));
        }
    }
}

fn is_answered(request: &Value) -> bool {
    match request {
        // Not a notification.
        Value::Object(members) => {
            members.contains_key("id")
                || request["jsonrpc"] != "2.0"
                || !request["method"].is_string()
        }
        Value::Array(batch) => batch.is_empty() || batch.iter().any(is_answered),
        _ => true,
    }
}

/// Checks the answer to a request or a batch, or to an unknown line, which is null.
fn check_answer(request: &Value, answer: &Value) -> Result<(), String> {
    if let Value::Array(answers) = answer {
        let requests = request.as_array().into_iter().flatten().filter(|one| is_answered(one));
        let requests: Vec<_> = requests.collect();
        let request = |number| requests.get(number).filter(|_| requests.len() == answers.len());
        let mut pairs = answers.iter().enumerate();
        return pairs.try_for_each(|(number, answer)| {
            check_answer(request(number).unwrap_or(&&Value::Null), answer)
        });
    }
    let method = request["method"].as_str();
    if let Some(error) = answer.get("error") {
        return document().check_error(method, error);
    }
    let result = answer.get("result").ok_or("neither a result nor an error")?;
    method.map_or(Ok(()), |method| document().check_result(method, result))
}

impl Document {
    fn method(&self, name: &str) -> Option<&Value> {
        let methods = self.json["methods"].as_array()?;
        methods.iter().find(|method| method["name"] == name)
    }

    /// Checks params by name against the schemas of a method.
    pub fn check_params(&self, method: &str, params: &Value) -> Result<(), String> {
        let described = self.method(method).ok_or("an unknown method")?["params"].as_array();
        for (name, value) in params.as_object().ok_or("params by position")? {
            let mut known = described.into_iter().flatten();
            let known =
                known.find(|known| known["name"] == **name).ok_or("an unknown parameter")?;
            self.check(&known["schema"], value).map_err(|problem| format!("{name}: {problem}"))?;
        }
        Ok(())
    }

    /// Checks the result of a method against its schema.
    pub fn check_result(&self, method: &str, result: &Value) -> Result<(), String> {
        if method == "rpc.discover" {
            // OpenRPC's own schema describes it: see `scripts/openrpc`.
            return Ok(());
        }
        let method = self.method(method).ok_or("an unknown method")?;
        self.check(&method["result"]["schema"], result)
    }

    /// Checks an error against those of a method; or of any method, if it is unknown.
    pub fn check_error(&self, method: Option<&str>, error: &Value) -> Result<(), String> {
        let members: Vec<_> = error.as_object().ok_or("no object")?.keys().collect();
        if members != ["code", "message", "data"] || !error["message"].is_string() {
            return Err(format!("the members are {members:?}"));
        }
        let all = &self.json["components"]["errors"];
        let of_method = method.and_then(|name| self.method(name)).map(|method| &method["errors"]);
        let mut known: Vec<_> = match of_method {
            Some(errors) => errors.as_array().ok_or("no list of errors")?.iter().collect(),
            None => all.as_object().ok_or("no errors")?.values().collect(),
        };
        // A method that isn't allowed has no description of its own.
        known.push(&all["Policy"]);
        let known = known.into_iter().find(|known| known["code"] == error["code"]);
        let known = known.ok_or_else(|| format!("the code {} isn't listed", error["code"]))?;
        self.check(&known["data"], &error["data"])
    }

    /// Checks a value against a schema. Panics at a keyword that it doesn't know.
    fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        for (keyword, argument) in schema.as_object().expect("a schema is an object") {
            let is_right = match keyword.as_str() {
                "title" | "description" | "default" => true,
                "$ref" => {
                    let pointer = argument.as_str().and_then(|it| it.strip_prefix('#'));
                    let target = pointer.and_then(|pointer| self.json.pointer(pointer));
                    self.check(target.expect("a reference to a schema"), value)?;
                    true
                }
                "oneOf" => self.count(argument, value) == 1,
                "type" => has_type(argument, value),
                "enum" => argument.as_array().is_some_and(|all| all.contains(value)),
                "const" => argument == value,
                "pattern" => value.as_str().is_none_or(|text| matches(argument, text)),
                "minLength" => value.as_str().is_none_or(|text| length(argument) <= text.len()),
                "minimum" => value.as_i64().is_none_or(|number| argument.as_i64() <= Some(number)),
                // serde_json reads an integer beyond u64 as a double.
                "maximum" => match value.as_u64() {
                    Some(number) => argument.as_u64() >= Some(number),
                    None => value.as_f64().is_none_or(|number| argument.as_f64() > Some(number)),
                },
                "minItems" => value.as_array().is_none_or(|all| all.len() >= length(argument)),
                "maxItems" => value.as_array().is_none_or(|all| all.len() <= length(argument)),
                "maxProperties" => {
                    value.as_object().is_none_or(|all| all.len() <= length(argument))
                }
                "required" => value.as_object().is_none_or(|members| has_all(argument, members)),
                "properties" => {
                    self.check_members(value, |name| argument.get(name))?;
                    true
                }
                "additionalProperties" => self.check_others(schema, argument, value)?,
                "items" => {
                    let mut items = value.as_array().into_iter().flatten();
                    items.try_for_each(|item| self.check(argument, item))?;
                    true
                }
                _ => panic!("a keyword that this doesn't know: {keyword}"),
            };
            if !is_right {
                return Err(format!("{keyword} {argument} of {}", schema["title"]));
            }
        }
        Ok(())
    }

    /// How many of the schemas a value matches.
    fn count(&self, schemas: &Value, value: &Value) -> usize {
        let schemas = schemas.as_array().expect("a list of schemas").iter();
        schemas.filter(|schema| self.check(schema, value).is_ok()).count()
    }

    /// Checks the members for which there is a schema.
    fn check_members<'s>(
        &self,
        value: &Value,
        schema: impl Fn(&str) -> Option<&'s Value>,
    ) -> Result<(), String> {
        for (name, value) in value.as_object().into_iter().flatten() {
            if let Some(schema) = schema(name) {
                self.check(schema, value).map_err(|problem| format!("{name}: {problem}"))?;
            }
        }
        Ok(())
    }

    /// Checks the members that `properties` doesn't name. `others` is a schema, true or false.
    fn check_others(&self, schema: &Value, others: &Value, value: &Value) -> Result<bool, String> {
        let is_known = |name: &str| schema["properties"].get(name).is_some();
        if let Some(allowed) = others.as_bool() {
            let mut names = value.as_object().into_iter().flatten().map(|(name, _)| name);
            return Ok(allowed || names.all(|name| is_known(name)));
        }
        self.check_members(value, |name| (!is_known(name)).then_some(others))?;
        Ok(true)
    }
}

fn has_type(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("one type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        // An integer of any size: serde_json reads one that is large as a double.
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        name => panic!("a type that this doesn't know: {name}"),
    }
}

fn length(argument: &Value) -> usize {
    argument.as_u64().expect("a length") as usize
}

fn has_all(names: &Value, members: &Map<String, Value>) -> bool {
    let mut names = names.as_array().expect("names").iter().filter_map(Value::as_str);
    names.all(|name| members.contains_key(name))
}

/// Whether a text matches one of the patterns that the document has.
fn matches(pattern: &Value, text: &str) -> bool {
    let is_signed = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match pattern.as_str().expect("a pattern") {
        "^dstok_[-_.A-Za-z0-9]+$" => text.strip_prefix("dstok_").is_some_and(is_signed),
        "^[-_.A-Za-z0-9]+$" => is_signed(text),
        "^[0-9]+$" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        pattern if pattern.starts_with("^([01]|") => {
            ["0", "1", "on", "off", "true", "false"].contains(&&*text.to_ascii_lowercase())
        }
        pattern => panic!("a pattern that this doesn't know: {pattern}"),
    }
}
