//! Reading `compat-fixtures/`. Its README describes the format.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The folder with the fixtures.
const FOLDER: &str = "compat-fixtures";

/// The supported version of the format.
const FORMAT: u32 = 1;

/// The scenarios of a file.
pub(crate) struct Group {
    pub(crate) name: String,
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
    pub(super) error: Option<String>,
    pub(super) message: Option<String>,
}

impl Group {
    /// The releases that the scenarios have answers for, with repetitions.
    pub(crate) fn releases(&self) -> impl Iterator<Item = &String> {
        self.scenarios.iter().flat_map(|scenario| &scenario.answers).flat_map(|e| &e.releases)
    }
}

impl Expected {
    /// The JSON text of a result, or `None` for an error.
    pub(super) fn result(&self) -> Option<String> {
        self.result_json.clone().or_else(|| self.result.as_ref().map(Value::to_string))
    }
}

/// Reads the given files and every file of the given folders. Without any path, finds the folder
/// `compat-fixtures`.
///
/// # Errors
/// Which file is wrong or missing, and why.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Group>, String> {
    let mut files = Vec::new();
    if paths.is_empty() {
        let folder = find().ok_or_else(|| {
            format!("cannot find the folder {FOLDER} here or in a folder above; pass its path")
        })?;
        files.extend(files_in(&folder)?);
    }
    for path in paths {
        if path.is_dir() { files.extend(files_in(path)?) } else { files.push(path.clone()) }
    }
    files.iter().map(|path| read(path)).collect()
}

/// Looks in the current folder and its ancestors, then in those of the program, such as
/// `target/release`.
fn find() -> Option<PathBuf> {
    if Path::new(FOLDER).is_dir() {
        // A relative path, for shorter messages.
        return Some(FOLDER.into());
    }
    let starts = [env::current_dir().ok(), env::current_exe().ok()];
    let above = |start: &PathBuf| {
        start.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())
    };
    starts.iter().flatten().find_map(above)
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
    let wrong = |line: usize, reason: String| format!("{}, line {line}: {reason}", path.display());
    // Not `lines()`, which removes a carriage return from the end of a line.
    let mut lines = text.trim_end_matches('\n').split('\n');
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|error| wrong(1, format!("not the header of a fixture file: {error}")))?;
    if header.format != FORMAT {
        let reason = format!("format {} is not supported, only {FORMAT}", header.format);
        return Err(wrong(1, reason));
    }
    let scenarios = lines
        .enumerate()
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|e| wrong(at + 2, format!("not a scenario: {e}")))
        })
        .collect::<Result<Vec<Scenario>, _>>()?;
    if scenarios.len() != header.count {
        let (count, found) = (header.count, scenarios.len());
        return Err(wrong(1, format!("the header counts {count} scenarios, the file has {found}")));
    }
    Ok(Group { name: header.group, path: path.to_owned(), scenarios })
}
