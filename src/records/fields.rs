//! The fields of a line of JSON.

use std::borrow::Cow;

use pyjson::{ErrorKind, Kind, RawValue, Scanner};

/// A named value of a record. The record itself does not count for the value's depth.
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: RawValue<'a>,
}

/// Reads a record of JSON lines.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn read_fields(line: &[u8]) -> Result<Vec<Field<'_>>, String> {
    let text = std::str::from_utf8(line.trim_ascii()).map_err(|_| "is not UTF-8")?;
    let json_error =
        |error: pyjson::Error| format!("is not valid JSON (byte {})", error.offset() + 1);
    let mut scanner = Scanner::new(text);
    if scanner.peek_kind().map_err(json_error)? != Kind::Object {
        return Err("must be an object with the parameters of create_token".to_owned());
    }
    scanner.begin_object().map_err(json_error)?;
    let mut fields = Vec::new();
    loop {
        let key = match scanner.next_key() {
            Ok(Some(key)) => key,
            Ok(None) => break,
            // The object was read to its end. Only a parameter must not be given twice, and
            // `create_token` finds that out.
            Err(error) if error.kind() == ErrorKind::DuplicateKey => break,
            Err(error) => return Err(json_error(error)),
        };
        let name = match key.is_escaped() {
            false => Cow::Borrowed(key.text),
            true => Cow::Owned(key.to_python().to_string_lossy().into_owned()),
        };
        let RawValue { text, depth } = scanner.raw_value().map_err(json_error)?;
        fields.push(Field { name, value: RawValue { text, depth: depth - scanner.depth() } });
    }
    scanner.end().map_err(json_error)?;
    Ok(fields)
}

/// A value as a cell of CSV: a string without quotes and escapes, null as an empty cell, anything
/// else as JSON.
pub(super) fn to_cell(text: &str) -> Cow<'_, str> {
    let mut scanner = Scanner::new(text);
    match scanner.peek_kind() {
        Ok(Kind::String) => match scanner.string().and_then(|string| string.to_str()) {
            Ok(string) => string,
            // CSV can't carry a lone surrogate.
            Err(_) => Cow::Borrowed(text),
        },
        Ok(Kind::Null) => Cow::Borrowed(""),
        _ => Cow::Borrowed(text),
    }
}
