//! How records and tokens are printed, and where.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tempfile::NamedTempFile;

use super::input::{Block, Content, Input};
use crate::cli::{Failure, warn};
use dstok::methods::is_create_token_parameter;
use dstok::pyjson::{Kind, Scanner, write_string};

/// What is added to a record.
pub(super) const TOKEN: &str = "token";
pub(super) const ERROR: &str = "error";

/// Columns at least this similar to a parameter are probably misspelled (Jaro-Winkler).
const MISSPELLED: f64 = 0.9;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The input's columns, then token and error
    Csv,
    /// The input's members, then token, or null and error
    Jsonl,
    /// The tokens alone
    Tokens,
}

/// What the records look like, coming and going.
pub(super) struct Layout {
    pub(super) format: Format,
    /// The columns of the CSV that comes or goes; none from JSON lines to JSON lines.
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) name: String,
    /// The name as a JSON string with its colon.
    pub(super) key: Vec<u8>,
    pub(super) is_parameter: bool,
}

impl Layout {
    /// The layout of an input whose first block is given; `None` without records.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a header that cannot be worked with.
    pub(super) fn new(
        input: &Input,
        first: &Block,
        format: Option<Format>,
    ) -> Result<Option<Self>, Failure> {
        if let Some(columns) = input.columns() {
            check_header(columns)?;
            let columns = columns.iter().map(|name| Column::new(name)).collect();
            return Ok(Some(Self { format: format.unwrap_or(Format::Csv), columns }));
        }
        if first.is_empty() {
            return Ok(None);
        }
        let format = format.unwrap_or(Format::Jsonl);
        let columns = match format {
            Format::Csv => first.records().iter().find_map(|record| match &record.content {
                Content::JsonLine(text) => member_names(text),
                Content::Csv(_) => None,
            }),
            Format::Jsonl | Format::Tokens => None,
        };
        let columns = columns.unwrap_or_default().iter().map(|name| Column::new(name)).collect();
        Ok(Some(Self { format, columns }))
    }

    /// What stands before the first record.
    pub(super) fn header(&self) -> Vec<u8> {
        if self.format != Format::Csv {
            return Vec::new();
        }
        let mut header = csv::Writer::from_writer(Vec::new());
        let names = self.columns.iter().map(|column| column.name.as_str());
        // Writing to memory does not fail.
        let _ = header.write_record(names.chain([TOKEN, ERROR]));
        header.into_inner().unwrap_or_default()
    }
}

impl Column {
    fn new(name: &str) -> Self {
        let mut key = Vec::new();
        write_string(&mut key, name);
        key.push(b':');
        Self {
            name: name.to_owned(),
            key,
            is_parameter: is_create_token_parameter(name.as_bytes()),
        }
    }
}

fn check_header(columns: &[String]) -> Result<(), Failure> {
    let twice = |(at, name): (usize, &String)| columns[..at].contains(name).then(|| name.clone());
    let problem = if let Some(name) = columns.iter().enumerate().find_map(twice) {
        format!("names the column {name:?} twice")
    } else if let Some(name) = columns.iter().find(|name| [TOKEN, ERROR].contains(&name.as_str())) {
        format!("has a column {name:?} already, which create-tokens adds; rename it")
    } else if !columns.iter().any(|name| name == "actor_id") {
        "has no column actor_id; create-tokens --help lists the columns, and JSON lines begin \
         with {"
            .to_owned()
    } else {
        for (name, parameter) in columns.iter().filter_map(misspelled) {
            warn(&format!(
                "the column {name:?} is passed through and changes no token; is {parameter} meant?"
            ));
        }
        return Ok(());
    };
    Err(Failure::Usage(format!("the header of the CSV {problem}")))
}

/// A column whose name is all but that of a parameter, and the parameter.
fn misspelled(name: &String) -> Option<(&String, &'static str)> {
    const PARAMETERS: [&str; 5] =
        ["actor_id", "expires_after", "restrict_all", "restrict_database", "restrict_resource"];
    if is_create_token_parameter(name.as_bytes()) {
        return None;
    }
    let folded = name.trim().to_lowercase().replace([' ', '-'], "_");
    let meant =
        PARAMETERS.iter().find(|known| strsim::jaro_winkler(known, &folded) >= MISSPELLED)?;
    Some((name, meant))
}

/// The names of an object's members; `None` for what is no object.
fn member_names(text: &[u8]) -> Option<Vec<String>> {
    let mut scanner = Scanner::new(std::str::from_utf8(text).ok()?);
    if scanner.peek_kind().ok()? != Kind::Object {
        return None;
    }
    scanner.begin_object().ok()?;
    let mut names = Vec::new();
    while let Some(key) = scanner.next_key(names.is_empty()).ok()? {
        names.push(key.to_str().ok()?.into_owned());
        scanner.skip_value().ok()?;
    }
    Some(names)
}

/// Where the output goes.
pub(super) enum Sink {
    Stdout(io::Stdout),
    /// A file beside the one that is wanted, whose name it gets at the end.
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
}

impl Sink {
    /// # Errors
    /// [`Failure::Usage`] where no file can be made.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        let failure = |error: io::Error| {
            Failure::Usage(format!("--output: cannot write {}: {error}", path.display()))
        };
        // The file behind a link is the one to replace.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(failure(io::Error::other("it is not a regular file")));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".");
        let file = tempfile::Builder::new()
            .prefix(&name)
            .suffix(".part")
            // Tokens are for their owner's eyes.
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(failure)?;
        Ok(Self::File { file: BufWriter::with_capacity(1 << 16, file), path })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout(stdout) => {
                let mut stdout = stdout.lock();
                Ok(stdout.write_all(bytes).and_then(|()| stdout.flush())?)
            }
            Self::File { file, path } => file.write_all(bytes).map_err(|e| not_written(path, &e)),
        }
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self::File { file, path } = self else { return Ok(()) };
        let file = file.into_inner().map_err(|error| not_written(&path, error.error()))?;
        file.as_file().sync_all().map_err(|error| not_written(&path, &error))?;
        file.persist(&path).map_err(|error| not_written(&path, &error.error))?;
        Ok(())
    }

    /// Leaves what stands under the name as it was.
    pub(super) fn abandon(self) -> Result<(), Failure> {
        match self {
            Self::File { file, path } => {
                drop(file);
                warn(&format!("{} is as it was", path.display()));
                Ok(())
            }
            Self::Stdout(_) => Ok(()),
        }
    }
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
