//! Writing records with their tokens.

use std::borrow::Cow;

use csv::ByteRecord;
use pyjson::write_string;

use super::csv_row::{end_row, push_field};
use super::fields::{Field, to_cell};
use super::layout::{Format, Layout};
use super::mint::Outcome;

/// Bytes of buffer kept for the next block.
const KEPT_CAPACITY: usize = 1 << 20;

/// Collects the output of a block.
pub(super) struct Writer<'a> {
    layout: &'a Layout,
    pub(super) out: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(layout: &'a Layout) -> Self {
        Self { layout, out: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_CAPACITY);
    }

    /// Writes a row of CSV.
    pub(super) fn write_row(&mut self, row: &ByteRecord, outcome: &Outcome<'_>) {
        let columns = &self.layout.columns;
        match self.layout.format {
            Format::Tokens => self.write_token(outcome),
            Format::Csv => {
                // Pads or cuts a row of the wrong length, so that token and error stay in their
                // columns.
                for at in 0..columns.len() {
                    push_field(&mut self.out, row.get(at).unwrap_or_default());
                }
                self.end_csv(outcome);
            }
            Format::Jsonl => {
                self.out.push(b'{');
                for (column, cell) in columns.iter().zip(row) {
                    self.out.extend_from_slice(&column.json_key);
                    write_string(&mut self.out, &String::from_utf8_lossy(cell));
                    self.out.push(b',');
                }
                self.end_json(outcome);
            }
        }
    }

    /// Writes a line of JSON. Without `fields` it is no record.
    pub(super) fn write_line(
        &mut self,
        line: &[u8],
        fields: Option<&[Field<'_>]>,
        outcome: &Outcome<'_>,
    ) {
        match self.layout.format {
            Format::Tokens => self.write_token(outcome),
            Format::Csv => {
                let fields = fields.unwrap_or_default();
                for column in &self.layout.columns {
                    let field = fields.iter().find(|field| field.name == column.name);
                    let cell = field.map_or(Cow::Borrowed(""), |field| to_cell(field.value.text));
                    push_field(&mut self.out, cell.as_bytes());
                }
                self.end_csv(outcome);
            }
            Format::Jsonl => {
                match (fields, line.trim_ascii().strip_suffix(b"}")) {
                    (Some(fields), Some(open)) => {
                        self.out.extend_from_slice(open.trim_ascii_end());
                        if !fields.is_empty() {
                            self.out.push(b',');
                        }
                    }
                    _ => self.out.push(b'{'),
                }
                self.end_json(outcome);
            }
        }
    }

    fn write_token(&mut self, outcome: &Outcome<'_>) {
        if let Ok(token) = outcome {
            self.out.extend_from_slice(token);
        }
        self.out.push(b'\n');
    }

    fn end_csv(&mut self, outcome: &Outcome<'_>) {
        let (token, error) = match outcome {
            Ok(token) => (*token, ""),
            Err(error) => (&b""[..], error.as_str()),
        };
        push_field(&mut self.out, token);
        push_field(&mut self.out, error.as_bytes());
        end_row(&mut self.out);
    }

    fn end_json(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Ok(token) => {
                self.out.extend_from_slice(br#""token":""#);
                self.out.extend_from_slice(token);
                self.out.extend_from_slice(b"\"}\n");
            }
            Err(error) => {
                self.out.extend_from_slice(br#""token":null,"error":"#);
                write_string(&mut self.out, error);
                self.out.extend_from_slice(b"}\n");
            }
        }
    }
}
