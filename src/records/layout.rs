//! The format of the output, and the columns.

use clap::ValueEnum;
use dstok::names::quoted;
use pyjson::write_string;

use super::csv::{MAX_COLUMNS, read_cells};
use super::fields::read_fields;
use super::input::{BYTE_ORDER_MARK, Block, Input, Kind};
use super::names::{ACTOR, ERROR, Names, Role, TOKEN, shown};
use crate::cli::failure::Failure;

/// The format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The input's columns, then token and error
    Csv,
    /// The input's members, then token, or null and error
    Jsonl,
    /// Only the tokens
    Tokens,
}

/// The format of the output, and the columns.
pub(super) struct Layout<'a> {
    pub(super) names: Names<'a>,
    /// Whether records with a token stay as they are.
    pub(super) retry_failed: bool,
    /// The format of the input.
    pub(super) kind: Kind,
    pub(super) format: Format,
    /// Whether input and output have one format, so that what is copied may stay as it is.
    pub(super) is_same: bool,
    /// Whether the output begins with a byte order mark.
    pub(super) has_mark: bool,
    /// What ends a record of the output.
    pub(super) line_end: &'static str,
    /// What ends a record of the input.
    pub(super) input_line_end: &'static str,
    /// What separates cells of the output.
    pub(super) delimiter: u8,
    /// What comes before the records in the input.
    pub(super) start: Vec<u8>,
    /// The columns of CSV, or the members of the first record of JSON that can be read.
    pub(super) columns: Vec<Column>,
}

/// A column of the input, or of output that is CSV.
pub(super) struct Column {
    pub(super) name: String,
    /// The name as a JSON string, with a colon.
    pub(super) json_key: Vec<u8>,
    pub(super) role: Role,
}

impl<'a> Layout<'a> {
    /// Reads as much of the input as the layout depends on. `None` if it is empty.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a header that makes no sense, and the errors of reading.
    pub(super) fn new(
        input: &mut Input,
        format: Option<Format>,
        names: Names<'a>,
        retry_failed: bool,
    ) -> Result<Option<Self>, Failure> {
        let own = if matches!(input.kind, Kind::Csv(_)) { Format::Csv } else { Format::Jsonl };
        let format = format.unwrap_or(own);
        let is_same = format == own;
        let mut layout = Self {
            names,
            retry_failed,
            kind: input.kind,
            format,
            is_same,
            has_mark: is_same && input.has_mark,
            line_end: if is_same { input.line_end } else { "\n" },
            input_line_end: input.line_end,
            delimiter: b',',
            start: Vec::new(),
            columns: Vec::new(),
        };
        if let (Kind::Csv(delimiter), Some(header)) = (input.kind, &input.header) {
            layout.delimiter = delimiter;
            layout.read_header(header, delimiter)?;
            let mark = if input.has_mark { BYTE_ORDER_MARK } else { b"" };
            layout.start.extend_from_slice(mark);
            layout.start.extend_from_slice(header);
            layout.start.extend_from_slice(input.line_end.as_bytes());
            return Ok(Some(layout));
        }
        Ok(layout.read_first(input)?.then_some(layout))
    }

    /// Reads the first block of JSON, to know the members of CSV. Returns whether there is one.
    fn read_first(&mut self, input: &mut Input) -> Result<bool, Failure> {
        let mut block = Block::default();
        let mut fields = Vec::new();
        // What one read brings varies, and the columns must not.
        while fields.is_empty() && input.read_more(&mut block)? && self.format == Format::Csv {
            let valid = block.records().find_map(|(_, text, _)| read_fields(text).ok());
            fields = valid.into_iter().flatten().map(|field| self.column(&field.name)).collect();
        }
        // They are the last columns then.
        fields.retain(|column| !column.role.is_added());
        self.columns = fields;
        let has_records = block.len() > 0;
        input.first = Some(block);
        Ok(has_records)
    }

    fn column(&self, name: &str) -> Column {
        let mut json_key = Vec::new();
        write_string(&mut json_key, name);
        json_key.push(b':');
        Column { name: name.to_owned(), json_key, role: self.names.role(name) }
    }

    /// Whether the output has columns that the input lacks: token and error.
    pub(super) fn adds_columns(&self) -> bool {
        !self.columns.iter().any(|column| column.role == Role::Token)
    }

    /// Reads the columns of CSV.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    fn read_header(&mut self, header: &[u8], delimiter: u8) -> Result<(), Failure> {
        let usage = |problem: String| Failure::Usage(format!("the header of the CSV {problem}"));
        let cells = read_cells(header, delimiter);
        if cells.len() > MAX_COLUMNS {
            return Err(usage(format!("has more than {MAX_COLUMNS} columns")));
        }
        for cell in cells {
            let name = cell.value(header).into_owned();
            let name = String::from_utf8(name).map_err(|_| usage("is not UTF-8".to_owned()))?;
            self.columns.push(self.column(&name));
        }
        self.check_header().map_err(usage)
    }

    fn check_header(&self) -> Result<(), String> {
        let count = |role| self.columns.iter().filter(|column| column.role == role).count();
        let has_actor = count(Role::Parameter(ACTOR)) > 0;
        for column in &self.columns {
            let name = &*column.name;
            match column.role {
                Role::Ordinary => self
                    .names
                    .check_ordinary(name, has_actor)
                    .map_err(|problem| format!("has a suspicious name: {problem}"))?,
                role if count(role) > 1 => {
                    return Err(format!("names the column {} twice", quoted(name)));
                }
                Role::Token | Role::Error if !self.retry_failed => {
                    return Err(format!(
                        "has a column {name:?} already, which create-tokens adds; rename it, or \
                         pass --retry-failed to try the rows that have no token"
                    ));
                }
                _ => {}
            }
        }
        if !has_actor {
            return Err(format!(
                "has no column {}; name another one with --actor-column, or see create-tokens \
                 --help. JSON lines must begin with {{",
                shown(self.names.actor())
            ));
        }
        if self.retry_failed && (count(Role::Token), count(Role::Error)) != (1, 1) {
            return Err(format!(
                "lacks the columns {TOKEN} and {ERROR}, which --retry-failed needs; pass the \
                 output of an earlier run"
            ));
        }
        Ok(())
    }
}
