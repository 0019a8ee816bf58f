//! The format of the output, and the columns.

use clap::ValueEnum;
use csv::StringRecord;
use dstok::names::quoted;
use dstok::sidecar::methods::CREATE_TOKEN;
use pyjson::write_string;

use super::input::{Block, Input, Record};
use crate::cli::failure::Failure;
use crate::cli::stdio::warn;

/// The columns that are added to the input's.
pub(super) const TOKEN: &str = "token";
pub(super) const ERROR: &str = "error";

/// The Jaro-Winkler similarity from which a column's name is probably a misspelled parameter.
const MISSPELLED: f64 = 0.9;

/// The format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The input's columns, then token and error
    Csv,
    /// The input's members, then token, or null and error
    Jsonl,
    /// The tokens alone
    Tokens,
}

/// The format of the output, and the columns.
pub(super) struct Layout {
    pub(super) format: Format,
    /// The columns of CSV, or the members of the first record of JSON lines that can be read.
    pub(super) columns: Vec<Column>,
}

/// A column of the input, or of output that is CSV.
pub(super) struct Column {
    pub(super) name: String,
    /// The name as a JSON string, with a colon.
    pub(super) json_key: Vec<u8>,
    pub(super) is_parameter: bool,
}

impl Layout {
    /// Reads as much of the input as the layout depends on. `None` if it is empty.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a header that makes no sense, and the errors of reading.
    pub(super) fn new(input: &mut Input, format: Option<Format>) -> Result<Option<Self>, Failure> {
        if let Some(header) = &input.header {
            check_header(header)?;
            let columns = header.iter().map(Column::new).collect();
            return Ok(Some(Self { format: format.unwrap_or(Format::Csv), columns }));
        }
        let mut block = Block::default();
        input.read(&mut block)?;
        if block.len() == 0 {
            return Ok(None);
        }
        let fields = block.records().find_map(|(_, record)| match record {
            Record::Line(_, Ok(fields)) => Some(fields),
            _ => None,
        });
        let columns = fields.iter().flatten().map(|field| Column::new(&field.name)).collect();
        input.first = Some(block);
        Ok(Some(Self { format: format.unwrap_or(Format::Jsonl), columns }))
    }
}

impl Column {
    fn new(name: &str) -> Self {
        let mut json_key = Vec::new();
        write_string(&mut json_key, name);
        json_key.push(b':');
        Self { name: name.to_owned(), json_key, is_parameter: is_parameter(name) }
    }
}

/// Whether a field is passed to `create_token`.
pub(super) fn is_parameter(name: &str) -> bool {
    CREATE_TOKEN.parameters.iter().any(|parameter| parameter.name == name)
}

/// Checks the header of CSV. Warns of columns that look like misspelled parameters.
///
/// # Errors
/// [`Failure::Usage`].
fn check_header(header: &StringRecord) -> Result<(), Failure> {
    let is_repeated = |(at, name): &(usize, &str)| header.iter().take(*at).any(|n| n == *name);
    let problem = if let Some((_, name)) = header.iter().enumerate().find(is_repeated) {
        format!("names the column {} twice", quoted(name))
    } else if let Some(name) = header.iter().find(|name| [TOKEN, ERROR].contains(name)) {
        format!("has a column {name:?} already, which create-tokens adds; rename it")
    } else if !header.iter().any(|name| name == "actor_id") {
        "has no column actor_id; create-tokens --help lists the columns, and JSON lines begin \
         with {"
            .to_owned()
    } else {
        for (name, parameter) in header.iter().filter_map(|name| Some((name, misspelled(name)?))) {
            warn(&format!(
                "the column {name:?} is passed through and changes no token; is {parameter} meant?"
            ));
        }
        return Ok(());
    };
    Err(Failure::Usage(format!("the header of the CSV {problem}")))
}

/// The parameter whose name the column probably misspells.
fn misspelled(name: &str) -> Option<&'static str> {
    const PARAMETERS: [&str; 5] =
        ["actor_id", "expires_after", "restrict_all", "restrict_database", "restrict_resource"];
    if is_parameter(name) {
        return None;
    }
    let folded = name.trim().to_lowercase().replace([' ', '-'], "_");
    PARAMETERS.into_iter().find(|known| strsim::jaro_winkler(known, &folded) >= MISSPELLED)
}
