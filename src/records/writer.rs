//! Writing records with their tokens.

use memchr::memchr2;
use pyjson::write_string;

use super::csv::{Cell, Quotes};
use super::fields::{Field, to_cell};
use super::input::BYTE_ORDER_MARK;
use super::layout::{Format, Layout};
use super::names::{ERROR, Role, TOKEN};
use super::record::{Record, Row};

/// What became of a record.
pub(super) enum Outcome<'a> {
    Token(&'a str),
    /// The record had this token.
    Kept(&'a str),
    Failed(&'a str),
}

/// What comes before the first record.
pub(super) fn header(layout: &Layout<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if layout.has_mark {
        out.extend_from_slice(BYTE_ORDER_MARK);
    }
    if layout.format == Format::Csv {
        for (at, column) in layout.columns.iter().enumerate() {
            push_name(&mut out, layout.delimiter, &column.name, at == 0);
        }
        if layout.adds_columns() {
            push_cell(&mut out, layout.delimiter, TOKEN.as_bytes());
            push_cell(&mut out, layout.delimiter, ERROR.as_bytes());
        }
        end_row(&mut out, layout);
    }
    out
}

/// Appends a record with its token, or with what is wrong with it.
pub(super) fn write_record(
    out: &mut Vec<u8>,
    layout: &Layout<'_>,
    record: &Record<'_>,
    outcome: &Outcome<'_>,
) {
    let (token, error) = match outcome {
        Outcome::Token(token) | Outcome::Kept(token) => (*token, ""),
        Outcome::Failed(error) => ("", *error),
    };
    let (Record::Row(Row { text, .. }) | Record::Json(text, _)) = record;
    if matches!(outcome, Outcome::Kept(_)) && layout.is_same {
        push_line(out, record, text);
        out.extend_from_slice(layout.line_end.as_bytes());
        return;
    }
    match layout.format {
        Format::Tokens => out.extend_from_slice(token.as_bytes()),
        Format::Csv => {
            write_cells(out, layout, record, token, error);
            return end_row(out, layout);
        }
        Format::Jsonl => {
            write_members(out, layout, record);
            let value = if error.is_empty() { "\"token\":" } else { "\"token\":null,\"error\":" };
            out.extend_from_slice(value.as_bytes());
            write_string(out, if error.is_empty() { token } else { error });
            out.push(b'}');
        }
    }
    out.extend_from_slice(layout.line_end.as_bytes());
}

/// Appends a row, with a delimiter after each cell.
fn write_cells(
    out: &mut Vec<u8>,
    layout: &Layout<'_>,
    record: &Record<'_>,
    token: &str,
    error: &str,
) {
    // Pads or cuts a row of the wrong length, so that token and error stay in their columns.
    for (at, column) in layout.columns.iter().enumerate() {
        match (column.role, record) {
            (Role::Token, _) => push_cell(out, layout.delimiter, token.as_bytes()),
            (Role::Error, _) => push_cell(out, layout.delimiter, error.as_bytes()),
            (_, Record::Row(row)) => match row.cells.get(at) {
                Some(cell) => copy_cell(out, layout, cell, *row),
                None => out.push(layout.delimiter),
            },
            (_, Record::Json(_, fields)) => {
                let field = fields.iter().flatten().find(|field| field.name == column.name);
                let cell = field.map(|field| to_cell(&field.json)).unwrap_or_default();
                push_cell(out, layout.delimiter, cell.as_bytes());
            }
        }
    }
    if layout.adds_columns() {
        push_cell(out, layout.delimiter, token.as_bytes());
        push_cell(out, layout.delimiter, error.as_bytes());
    }
}

/// Appends a cell of the input as [`push_cell`] would. Most need no more than to be copied.
fn copy_cell(out: &mut Vec<u8>, layout: &Layout<'_>, cell: &Cell, row: Row<'_>) {
    let value = || cell.value(row.text);
    if !row.is_utf8 {
        push_cell(out, layout.delimiter, String::from_utf8_lossy(&value()).as_bytes());
    } else if cell.quotes == Quotes::Doubled {
        out.extend_from_slice(&row.text[cell.raw.clone()]);
        out.push(layout.delimiter);
    } else {
        push_cell(out, layout.delimiter, &value());
    }
}

/// Appends a JSON object up to its token, with a comma if it has members.
fn write_members(out: &mut Vec<u8>, layout: &Layout<'_>, record: &Record<'_>) {
    let is_ours = |field: &Field<'_>| layout.names.role(&field.name).is_added();
    match record {
        Record::Row(Row { text, cells, .. }) => {
            out.push(b'{');
            for (column, cell) in layout.columns.iter().zip(*cells) {
                if !column.role.is_added() {
                    out.extend_from_slice(&column.json_key);
                    write_string(out, &String::from_utf8_lossy(&cell.value(text)));
                    out.push(b',');
                }
            }
        }
        Record::Json(_, Err(_)) => out.push(b'{'),
        // No member may be there twice.
        Record::Json(_, Ok(fields)) if fields.iter().any(is_ours) => {
            out.push(b'{');
            for field in fields.iter().filter(|field| !is_ours(field)) {
                write_string(out, &field.name);
                out.push(b':');
                push_line(out, record, field.json.as_bytes());
                out.push(b',');
            }
        }
        // A record with fields ends with a brace.
        Record::Json(text, Ok(fields)) => {
            let open = text.strip_suffix(b"}").unwrap_or(b"{");
            push_line(out, record, open.trim_ascii_end());
            if !fields.is_empty() {
                out.push(b',');
            }
        }
    }
}

/// Appends what came in. JSON becomes one line: only white space between values can end a line.
pub(super) fn push_line(out: &mut Vec<u8>, record: &Record<'_>, text: &[u8]) {
    let start = out.len();
    out.extend_from_slice(text);
    if matches!(record, Record::Json(..)) && memchr2(b'\n', b'\r', text).is_some() {
        for byte in &mut out[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
}

/// Ends a row whose last cell has a delimiter after it.
fn end_row(out: &mut Vec<u8>, layout: &Layout<'_>) {
    out.pop();
    out.extend_from_slice(layout.line_end.as_bytes());
}

/// Appends a cell of CSV and a delimiter. Only a cell that needs quotes gets them.
fn push_cell(out: &mut Vec<u8>, delimiter: u8, cell: &[u8]) {
    if cell.iter().any(|byte| matches!(byte, b'"' | b'\n' | b'\r') || *byte == delimiter) {
        push_quoted(out, cell);
    } else {
        out.extend_from_slice(cell);
    }
    out.push(delimiter);
}

/// Appends a cell of the header and a delimiter. The format and the delimiter are recognised in the
/// header, so what would be taken for another one has quotes.
fn push_name(out: &mut Vec<u8>, delimiter: u8, name: &str, is_first: bool) {
    let looks_other =
        |first: char| matches!(first, '{' | '[' | '\u{feff}') || first.is_whitespace();
    if name.contains([',', ';', '\t']) || is_first && name.starts_with(looks_other) {
        push_quoted(out, name.as_bytes());
        out.push(delimiter);
    } else {
        push_cell(out, delimiter, name.as_bytes());
    }
}

fn push_quoted(out: &mut Vec<u8>, cell: &[u8]) {
    out.push(b'"');
    for part in cell.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cells_that_need_quotes_get_them() {
        for (cell, expected) in [
            ("", ","),
            ("a b'\\\t#", "a b'\\\t#,"),
            ("a,b", "\"a,b\","),
            ("\"", "\"\"\"\","),
            ("a\"\"b", "\"a\"\"\"\"b\","),
            ("a\nb", "\"a\nb\","),
            ("\r", "\"\r\","),
            ("a;b", "a;b,"),
        ] {
            let mut out = Vec::new();
            push_cell(&mut out, b',', cell.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
