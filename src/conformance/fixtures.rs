//! Reading `compat-fixtures/`. Its README describes the format.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::answer::Answer;

/// The folder with the fixtures.
const FOLDER: &str = "compat-fixtures";

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

/// Reads the given files and every file of the given folders. Without any path, finds the folder
/// `compat-fixtures`.
///
/// # Errors
/// Which file is wrong or missing, and why.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Group>, String> {
    let mut files = Vec::new();
    let found = if paths.is_empty() { &[find()?] } else { paths };
    for path in found {
        if path.is_dir() { files.extend(files_in(path)?) } else { files.push(path.clone()) }
    }
    files.iter().map(|path| read(path)).collect()
}

/// Looks in the current folder and its ancestors, then in those of the program, such as
/// `target/release`.
fn find() -> Result<PathBuf, String> {
    // The first is a relative path, for shorter messages.
    let starts = [Some(PathBuf::new()), env::current_dir().ok(), env::current_exe().ok()];
    let mut folders = starts.iter().flatten().flat_map(|start| start.ancestors());
    folders.find_map(|folder| Some(folder.join(FOLDER)).filter(|path| path.is_dir())).ok_or_else(
        || format!("cannot find the folder {FOLDER} here or in a folder above; pass its path"),
    )
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
    #[expect(clippy::disallowed_methods, reason = "the program's edge reads files")]
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let place = |line: usize| format!("{}, line {line}", path.display());
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
