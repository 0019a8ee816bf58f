//! The files of `compat-fixtures/`, as its README describes them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The folder's name.
const FOLDER: &str = "compat-fixtures";

/// The format that is read here.
const FORMAT: u32 = 1;

/// The scenarios of a file.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
struct Header {
    format: u32,
    group: String,
    count: usize,
}

#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) method: String,
    /// The exact JSON text.
    pub(super) params: String,
    pub(super) config: Config,
    pub(super) answers: Vec<Answer>,
}

#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) secret: Option<String>,
    /// Newest first.
    #[serde(default)]
    pub(super) old_secrets: Vec<String>,
    /// As it was written: a double must arrive with every digit.
    pub(super) now: Box<RawValue>,
    pub(super) actions: Option<Value>,
    pub(super) settings: Option<Map<String, Value>>,
    pub(super) zlib: Option<String>,
    pub(super) itsdangerous: Option<String>,
}

/// What some releases answered: one of `result`, `result_json` and `error`.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) releases: Vec<String>,
    result: Option<Value>,
    result_json: Option<String>,
    pub(super) error: Option<String>,
    pub(super) message: Option<String>,
}

impl Scenario {
    pub(super) fn releases(&self) -> impl Iterator<Item = &String> {
        self.answers.iter().flat_map(|answer| &answer.releases)
    }
}

impl Answer {
    /// The JSON text of a result; `None` for an error.
    pub(super) fn result(&self) -> Option<String> {
        self.result_json.clone().or_else(|| self.result.as_ref().map(Value::to_string))
    }
}

/// Reads files, and all files of folders; with no path given, the folder beside the sources.
///
/// # Errors
/// What to do about it, for people.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<Group>, String> {
    let found;
    let paths = if paths.is_empty() {
        found = [find().ok_or_else(|| {
            format!("no folder {FOLDER} here or above: give its path, or files of it")
        })?];
        &found[..]
    } else {
        paths
    };
    let mut groups = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files = files(path)?;
            if files.is_empty() {
                return Err(format!("no .jsonl files in {}", path.display()));
            }
            for file in files {
                groups.push(read(&file)?);
            }
        } else {
            groups.push(read(path)?);
        }
    }
    Ok(groups)
}

/// The folder above the current one or above the program, as in `target/release`.
fn find() -> Option<PathBuf> {
    if Path::new(FOLDER).is_dir() {
        return Some(FOLDER.into());
    }
    let starts = [env::current_dir().ok(), env::current_exe().ok()];
    let above = |start: &PathBuf| {
        start.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())
    };
    starts.iter().flatten().find_map(above)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Group, String> {
    #[expect(clippy::disallowed_methods, reason = "the edge reads files")]
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let wrong = |line: usize, reason: String| format!("{}, line {line}: {reason}", path.display());
    // Not `lines()`: only \n ends a line.
    let mut lines = text.trim_end_matches('\n').split('\n');
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|error| wrong(1, format!("not the header of a fixture file: {error}")))?;
    if header.format != FORMAT {
        return Err(wrong(1, format!("format {} is not the {FORMAT} known here", header.format)));
    }
    let scenarios = lines
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|e| wrong(at + 2, format!("not a scenario: {e}")))
        })
        .collect::<Result<Vec<Scenario>, _>>()?;
    if scenarios.len() != header.count {
        let reason = format!("{} scenarios where there are {}", header.count, scenarios.len());
        return Err(wrong(1, reason));
    }
    Ok(Group { name: header.group, path: path.to_owned(), scenarios })
}
