//! The format of the output, and the columns.

use clap::ValueEnum;

use super::columns::{Column, ERROR, TOKEN, check_header};
use super::csv_row::push_row;
use super::fields::read_fields;
use super::input::Input;
use crate::cli::failure::Failure;

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
    /// The columns of CSV input, or of CSV made from JSON lines. Otherwise none.
    pub(super) columns: Vec<Column>,
}

impl Layout {
    /// Reads as much of the input as the layout depends on. `None` if it is empty.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a header that makes no sense, and the errors of reading.
    pub(super) fn new(input: &mut Input, format: Option<Format>) -> Result<Option<Self>, Failure> {
        if let Some(header) = input.header() {
            check_header(header)?;
            let columns = header.iter().cloned().map(Column::new).collect();
            return Ok(Some(Self { format: format.unwrap_or(Format::Csv), columns }));
        }
        let first_block = input.read_ahead()?;
        if first_block.is_empty() {
            return Ok(None);
        }
        let format = format.unwrap_or(Format::Jsonl);
        let mut columns = Vec::new();
        if format == Format::Csv {
            // The first record decides, if it can be read.
            let fields = first_block.lines().find_map(|(_, line)| read_fields(line).ok());
            let names = fields.into_iter().flatten().map(|field| field.name.into_owned());
            columns.extend(names.map(Column::new));
        }
        Ok(Some(Self { format, columns }))
    }

    /// The output before the first record.
    pub(super) fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        if self.format == Format::Csv {
            let names = self.columns.iter().map(|column| column.name.as_str());
            push_row(&mut header, names.chain([TOKEN, ERROR]));
        }
        header
    }
}
