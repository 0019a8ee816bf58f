//! Reading `compat-fixtures/`. Its README describes the format.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use datasette_tokens::{ACTOR_NAMESPACE, Secret, TOKEN_NAMESPACE};
use pyjson::loads;
use pyzlib::Decompressor;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::answer::Answer;

/// The files of `compat-fixtures/`, as zlib streams. `build.rs` makes them.
const BUILT_IN: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));

/// The supported version of the format.
const FORMAT: u32 = 1;

/// A file: its header, and the scenarios in the lines after it.
#[derive(Deserialize)]
pub(crate) struct Group {
    format: u32,
    #[serde(rename = "group")]
    pub(crate) name: String,
    count: usize,
    #[serde(skip)]
    pub(super) scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
pub(super) struct Scenario {
    /// Its file and line.
    #[serde(skip)]
    pub(super) place: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) method: String,
    /// A JSON text, sent as it is.
    pub(super) params: String,
    pub(super) config: Config,
    pub(super) answers: Vec<Expected>,
}

impl Group {
    /// The methods of its scenarios, with repetitions.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &str> {
        self.scenarios.iter().map(|scenario| &*scenario.method)
    }
}

impl Scenario {
    /// The namespace and the secret that sign what the method answers. `None` if it signs nothing.
    pub(super) fn signing(&self) -> Option<(String, Secret)> {
        let namespace = match &*self.method {
            "create_token" => TOKEN_NAMESPACE.to_owned(),
            "create_actor_cookie" => ACTOR_NAMESPACE.to_owned(),
            "sign" => {
                let params = loads(&self.params).ok()?;
                let given = match &params {
                    pyjson::Value::List(values) => values.get(1),
                    _ => params.get("namespace"),
                };
                given.and_then(pyjson::Value::as_str).unwrap_or("default").to_owned()
            }
            _ => return None,
        };
        Some((namespace, Secret::new(self.config.secret.clone()?).ok()?))
    }
}

#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) secret: Option<String>,
    /// Newest first.
    #[serde(default)]
    pub(super) old_secrets: Vec<String>,
    /// As spelled in the file, so that no digit is lost.
    pub(super) now: Box<RawValue>,
    pub(super) actions: Option<Value>,
    pub(super) settings: Option<Map<String, Value>>,
    pub(super) zlib: Option<String>,
    pub(super) itsdangerous: Option<String>,
}

/// What some releases answered: one of `result`, `result_json` and `error`.
#[derive(Deserialize)]
pub(super) struct Expected {
    pub(super) releases: Vec<String>,
    result: Option<Value>,
    result_json: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl Expected {
    pub(super) fn answer(&self) -> Answer {
        let json = self.result_json.clone();
        match json.or_else(|| self.result.as_ref().map(Value::to_string)) {
            Some(json) => Answer::Result(json),
            None => Answer::Error {
                kind: self.error.clone().unwrap_or_default(),
                message: self.message.clone(),
            },
        }
    }
}

/// Reads the given files and every file of the given folders, or without any path the fixtures in
/// this program.
///
/// # Errors
/// Which file is wrong or missing, and why.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Group>, String> {
    if paths.is_empty() {
        let files = BUILT_IN.iter().filter(|(name, _)| name.ends_with(".jsonl"));
        return files.map(|(name, data)| parse(&in_folder(name), &unpack(data)?)).collect();
    }
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { files.extend(files_in(path)?) } else { files.push(path.clone()) }
    }
    files.iter().map(|path| read(path)).collect()
}

/// Writes the fixtures in this program into a new folder.
///
/// # Errors
/// Why it can't be written.
pub(crate) fn extract(folder: &Path) -> Result<(), String> {
    let wrong = |path: &Path, error| format!("cannot write {}: {error}", path.display());
    fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} exists; name a new folder", folder.display()),
        _ => wrong(folder, error),
    })?;
    for (name, data) in BUILT_IN {
        let path = folder.join(name);
        fs::write(&path, unpack(data)?).map_err(|error| wrong(&path, error))?;
    }
    Ok(())
}

/// The place of a built-in file, as a checkout has it.
fn in_folder(name: &str) -> String {
    format!("compat-fixtures/{name}")
}

fn unpack(data: &[u8]) -> Result<String, String> {
    let text = Decompressor::new().decompress_within(data, usize::MAX);
    let text = text.ok().and_then(|text| String::from_utf8(text).ok());
    text.ok_or_else(|| "the fixtures in this program are damaged; reinstall dstok".to_owned())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    if files.is_empty() {
        return Err(format!("{} has no .jsonl files", folder.display()));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Group, String> {
    let file = path.display().to_string();
    #[expect(clippy::disallowed_methods, reason = "the program's edge reads files")]
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {file}: {error}"))?;
    parse(&file, &text)
}

fn parse(file: &str, text: &str) -> Result<Group, String> {
    let place = |line: usize| format!("{file}, line {line}");
    let wrong = |line: usize, reason: String| format!("{}: {reason}", place(line));
    // Not `lines()`, which removes a carriage return from the end of a line.
    let mut lines = text.trim_end_matches('\n').split('\n');
    let mut group: Group = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|error| wrong(1, format!("not the header of a fixture file: {error}")))?;
    if group.format != FORMAT {
        let reason = format!("format {} is not supported, only {FORMAT}", group.format);
        return Err(wrong(1, reason));
    }
    for (line, number) in lines.zip(2..) {
        let scenario = serde_json::from_str(line)
            .map_err(|error| wrong(number, format!("not a scenario: {error}")))?;
        group.scenarios.push(Scenario { place: place(number), ..scenario });
    }
    let (count, found) = (group.count, group.scenarios.len());
    if found != count {
        return Err(wrong(1, format!("the header counts {count} scenarios, the file has {found}")));
    }
    Ok(group)
}
