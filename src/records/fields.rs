//! The fields of a record.

use std::borrow::Cow;

use pyjson::{ErrorKind, Kind, RawValue, Scanner};

/// A named value of a record.
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    /// The value's JSON text.
    pub(super) json: Cow<'a, str>,
    /// How many containers are open at most inside the value. The record itself doesn't count.
    pub(super) depth: usize,
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
        let lossy = |_| Cow::Owned(key.to_python().to_string_lossy().into_owned());
        let name = key.to_str().unwrap_or_else(lossy);
        let RawValue { text, depth } = scanner.raw_value().map_err(json_error)?;
        fields.push(Field { name, json: Cow::Borrowed(text), depth: depth - scanner.depth() });
    }
    scanner.end().map_err(json_error)?;
    Ok(fields)
}

/// A JSON text as a cell of CSV: a string without quotes and escapes, null as an empty cell,
/// anything else as JSON.
pub(super) fn to_cell(json: &str) -> Cow<'_, str> {
    let mut scanner = Scanner::new(json);
    match scanner.peek_kind() {
        // CSV can't carry a lone surrogate.
        Ok(Kind::String) => {
            scanner.string().and_then(|string| string.to_str()).unwrap_or(Cow::Borrowed(json))
        }
        Ok(Kind::Null) => Cow::Borrowed(""),
        _ => Cow::Borrowed(json),
    }
}
