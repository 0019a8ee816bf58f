//! Writing records with their tokens.

use pyjson::write_string;

use super::fields::to_cell;
use super::input::Record;
use super::layout::{Format, Layout};

/// What comes before the first record.
pub(super) fn header(layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    if layout.format == Format::Csv {
        for column in &layout.columns {
            push_cell(&mut out, column.name.as_bytes());
        }
        out.extend_from_slice(b"token,error\n");
    }
    out
}

/// Appends a record with the token that `create_token` appends, or with what is wrong with the
/// record.
///
/// # Errors
/// The error of `create_token`, which has then appended nothing.
pub(super) fn write_record<'a>(
    out: &mut Vec<u8>,
    layout: &Layout,
    record: Record<'a>,
    create_token: impl FnOnce(Record<'a>, &mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    write_fields(out, layout, &record);
    // A token needs no quotes in CSV and no escapes in JSON.
    let (before, after): (&[u8], &[u8]) = match layout.format {
        Format::Tokens => (b"", b""),
        Format::Csv => (b"", b","),
        Format::Jsonl => (br#""token":""#, br#""}"#),
    };
    let start = out.len();
    out.extend_from_slice(before);
    let outcome = create_token(record, out);
    match (&outcome, layout.format) {
        (Ok(()), _) => out.extend_from_slice(after),
        (Err(_), Format::Tokens) => {}
        (Err(error), Format::Csv) => {
            out.push(b',');
            push_cell(out, error.as_bytes());
            // The last comma.
            out.pop();
        }
        (Err(error), Format::Jsonl) => {
            out.truncate(start);
            out.extend_from_slice(br#""token":null,"error":"#);
            write_string(out, error);
            out.push(b'}');
        }
    }
    out.push(b'\n');
    outcome
}

/// Appends what comes before the token.
fn write_fields(out: &mut Vec<u8>, layout: &Layout, record: &Record<'_>) {
    match (layout.format, record) {
        (Format::Tokens, _) => {}
        // Pads or cuts a row of the wrong length, so that token and error stay in their columns.
        (Format::Csv, Record::Row(row)) => {
            for at in 0..layout.columns.len() {
                push_cell(out, row.get(at).unwrap_or_default());
            }
        }
        (Format::Csv, Record::Line(_, fields)) => {
            for column in &layout.columns {
                let field = fields.iter().flatten().find(|field| field.name == column.name);
                let cell = field.map(|field| to_cell(&field.json)).unwrap_or_default();
                push_cell(out, cell.as_bytes());
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

/// Appends a cell of CSV and a comma, byte for byte as the crate `csv` writes a row of several cells.
/// Only a cell that needs quotes gets them.
///
/// `csv::Writer` copies through a buffer of its own, and can't clear the memory that it writes to. A
/// buffer that is reused would have to move in and out for each block.
pub(super) fn push_cell(out: &mut Vec<u8>, cell: &[u8]) {
    if cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.push(b'"');
        for part in cell.split_inclusive(|byte| *byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(cell);
    }
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_those_of_the_csv_crate() {
        let pieces = ["", "a", "é", " ", ",", "\"", "\n", "\r", "'", "\\", "\t", "#", "a,b\"\"c\n"];
        for first in pieces {
            for second in pieces {
                let row = [first, second, &format!("{first}{second}"), "\"", ""];
                let mut out = Vec::new();
                row.iter().for_each(|cell| push_cell(&mut out, cell.as_bytes()));
                assert_eq!(out.pop(), Some(b','));
                out.push(b'\n');
                let mut expected = csv::Writer::from_writer(Vec::new());
                expected.write_record(row).unwrap();
                assert_eq!(out, expected.into_inner().unwrap(), "{row:?}");
            }
        }
    }
}
