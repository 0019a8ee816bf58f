//! Writing records with their tokens.

use pyjson::write_string;

use super::csv_row::{push_field, push_row};
use super::fields::to_cell;
use super::input::Record;
use super::layout::{Format, Layout};

/// Appends a record with its token, or with what is wrong with it.
pub(super) fn write_record(
    out: &mut Vec<u8>,
    layout: &Layout,
    record: &Record<'_>,
    outcome: &Result<&[u8], String>,
) {
    write_fields(out, layout, record);
    match (layout.format, outcome) {
        (Format::Tokens, Err(_)) => out.push(b'\n'),
        (Format::Tokens, Ok(token)) => {
            out.extend_from_slice(token);
            out.push(b'\n');
        }
        (Format::Csv, Ok(token)) => push_row(out, [*token, b""]),
        (Format::Csv, Err(error)) => push_row(out, ["", error]),
        (Format::Jsonl, Ok(token)) => {
            out.extend_from_slice(br#""token":""#);
            out.extend_from_slice(token);
            out.extend_from_slice(b"\"}\n");
        }
        (Format::Jsonl, Err(error)) => {
            out.extend_from_slice(br#""token":null,"error":"#);
            write_string(out, error);
            out.extend_from_slice(b"}\n");
        }
    }
}

/// Appends what comes before the token.
fn write_fields(out: &mut Vec<u8>, layout: &Layout, record: &Record<'_>) {
    match (layout.format, record) {
        (Format::Tokens, _) => {}
        // Pads or cuts a row of the wrong length, so that token and error stay in their columns.
        (Format::Csv, Record::Row(row)) => {
            for at in 0..layout.columns.len() {
                push_field(out, row.get(at).unwrap_or_default());
            }
        }
        (Format::Csv, Record::Line(_, fields)) => {
            for column in &layout.columns {
                let field = fields.iter().flatten().find(|field| field.name == column.name);
                let cell = field.map(|field| to_cell(&field.json)).unwrap_or_default();
                push_field(out, cell.as_bytes());
            }
        }
        (Format::Jsonl, Record::Row(row)) => {
            out.push(b'{');
            for (column, cell) in layout.columns.iter().zip(*row) {
                out.extend_from_slice(&column.json_key);
                write_string(out, &String::from_utf8_lossy(cell));
                out.push(b',');
            }
        }
        // A line with fields ends with a brace.
        (Format::Jsonl, Record::Line(line, Ok(fields))) => {
            let open = line.trim_ascii().strip_suffix(b"}").unwrap_or(b"{");
            out.extend_from_slice(open.trim_ascii_end());
            if !fields.is_empty() {
                out.push(b',');
            }
        }
        (Format::Jsonl, Record::Line(_, Err(_))) => out.push(b'{'),
    }
}
