//! The fields of a record: members of a JSON object, or cells of CSV as parameters of
//! `create_token`.

use std::borrow::Cow;

use pyjson::{ErrorKind, Kind, RawValue, Scanner};
use serde_json::Value;

use crate::cli::python_int::parse_python_int;
use crate::cli::token_args::group;

const NOT_BY_DATABASE: &str =
    "must be db:action items separated by spaces, or JSON if a name has a space or a slash";
const NOT_BY_RESOURCE: &str =
    "must be db/table:action items separated by spaces, or JSON if a name has a space";

/// The depth of the deepest parameter that is made here: an object of objects of lists.
const DEPTH_OF_RESOURCES: usize = 3;

/// A named value of a record.
pub(super) struct Field<'a> {
    pub(super) name: Cow<'a, str>,
    /// The value's JSON text.
    pub(super) json: Cow<'a, str>,
    /// How many containers are open at most inside the value. The record itself doesn't count.
    pub(super) depth: usize,
}

impl Field<'_> {
    /// The value of a string.
    pub(super) fn as_string(&self) -> Option<Cow<'_, str>> {
        (RawValue { text: &self.json, depth: 0 }).as_string()?.to_str().ok()
    }
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
    // The object has been read to its end then. Only a parameter must not be given twice, and
    // `create_token` finds that out.
    let allow_duplicates = |error: pyjson::Error| match error.kind() {
        ErrorKind::DuplicateKey => Ok(None),
        _ => Err(json_error(error)),
    };
    while let Some(key) = scanner.next_key().or_else(allow_duplicates)? {
        let lossy = |_| key.to_python().to_string_lossy().into_owned().into();
        let name = key.to_str().unwrap_or_else(lossy);
        let RawValue { text, depth } = scanner.raw_value().map_err(json_error)?;
        fields.push(Field { name, json: Cow::Borrowed(text), depth: depth - scanner.depth() });
    }
    scanner.end().map_err(json_error)?;
    Ok(fields)
}

/// Reads the cell of a parameter; `None` if it is empty.
///
/// # Errors
/// What is wrong with the cell. The message follows the parameter's name.
pub(super) fn read_cell<'a>(
    parameter: &'a str,
    cell: Cow<'a, [u8]>,
) -> Result<Option<Field<'a>>, &'static str> {
    let cell = match cell {
        Cow::Borrowed(cell) => str::from_utf8(cell).map(Cow::Borrowed).ok(),
        Cow::Owned(cell) => String::from_utf8(cell).map(Cow::Owned).ok(),
    };
    let cell: Cow<'a, str> = cell.ok_or("is not UTF-8")?;
    // White space is a part of an actor's id.
    let text = if parameter == "actor_id" { &*cell } else { cell.trim() };
    let json = match parameter {
        "actor_id" if text.is_empty() => return Err("is empty"),
        _ if text.is_empty() => return Ok(None),
        "actor_id" => Value::from(text).to_string(),
        "expires_after" => {
            parse_python_int(whole(text)).ok_or("must be a whole number of seconds")?.to_string()
        }
        "restrict_all" if !text.starts_with('[') => {
            group(text.split_whitespace().map(|action| [action]))
        }
        "restrict_database" if !text.starts_with('{') => {
            group_items(text, 2).ok_or(NOT_BY_DATABASE)?
        }
        "restrict_resource" if !text.starts_with('{') => {
            group_items(text, 3).ok_or(NOT_BY_RESOURCE)?
        }
        _ => {
            let mut scanner = Scanner::new(text);
            let value = scanner.raw_value().and_then(|value| scanner.end().map(|()| value));
            let RawValue { text, depth } = value.map_err(|_| "is not valid JSON")?;
            let json = match &cell {
                Cow::Borrowed(cell) => Cow::Borrowed(cell.trim()),
                Cow::Owned(_) => Cow::Owned(text.to_owned()),
            };
            return Ok(Some(Field { name: parameter.into(), json, depth }));
        }
    };
    Ok(Some(Field { name: parameter.into(), json: json.into(), depth: DEPTH_OF_RESOURCES }))
}

/// A number without `.0`: pandas writes whole numbers so where others are missing.
fn whole(number: &str) -> &str {
    match number.rsplit_once('.') {
        Some((whole, zeros))
            if whole.ends_with(|last: char| last.is_ascii_digit())
                && !zeros.is_empty()
                && zeros.bytes().all(|zero| zero == b'0') =>
        {
            whole
        }
        _ => number,
    }
}

/// Groups items of this many parts, `db:action` or `db/table:action`. `None` if one has others.
fn group_items(cell: &str, parts: usize) -> Option<String> {
    let split = |item| {
        let (place, action) = str::rsplit_once(item, ':')?;
        // Only a database can't have a slash.
        let item: Vec<_> = place.splitn(2, '/').chain([action]).collect();
        (item.len() == parts && !item.contains(&"")).then_some(item)
    };
    let items: Option<Vec<_>> = cell.split_whitespace().map(split).collect();
    Some(group(items?))
}

/// A JSON text as a cell of CSV: a string without quotes and escapes, null as an empty cell,
/// anything else as JSON.
pub(super) fn to_cell(json: &str) -> Cow<'_, str> {
    match (RawValue { text: json, depth: 0 }).as_string() {
        // CSV can't carry a lone surrogate.
        Some(string) => string.to_str().unwrap_or(Cow::Borrowed(json)),
        None if json == "null" => Cow::Borrowed(""),
        None => Cow::Borrowed(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parameter: &str, cell: &str) -> Result<Option<String>, &'static str> {
        let field = read_cell(parameter, cell.as_bytes().into());
        field.map(|field| field.map(|field| field.json.into_owned()))
    }

    #[test]
    fn items_become_lists_and_objects_in_order() {
        let all = text("restrict_all", " view-instance  view-table ").unwrap().unwrap();
        assert_eq!(all, r#"["view-instance","view-table"]"#);
        let database = text("restrict_database", "b:x a:y b:z").unwrap().unwrap();
        assert_eq!(database, r#"{"b":["x","z"],"a":["y"]}"#);
        let resource = text("restrict_resource", "db/t/u:x db/v:y e:f/t:x").unwrap().unwrap();
        assert_eq!(resource, r#"{"db":{"t/u":["x"],"v":["y"]},"e:f":{"t":["x"]}}"#);
    }

    #[test]
    fn json_is_kept_and_nothing_may_follow_it() {
        assert_eq!(text("restrict_all", r#"["a b"]"#).unwrap().unwrap(), r#"["a b"]"#);
        for cell in [r#"["a b"] x"#, "[", r#"["a"#] {
            assert!(text("restrict_all", cell).is_err(), "{cell}");
        }
        assert!(text("now", "12abc").is_err());
    }

    #[test]
    fn malformed_items_are_refused() {
        for cell in ["db", "db:", ":x", "db/t:x"] {
            assert_eq!(text("restrict_database", cell), Err(NOT_BY_DATABASE), "{cell}");
        }
        for cell in ["db:x", "db/:x", "/t:x", "db/t:", "db/t"] {
            assert_eq!(text("restrict_resource", cell), Err(NOT_BY_RESOURCE), "{cell}");
        }
        for cell in ["1.5", "1h", "x", "--1", "1.", ".0", "1.0.0", "1 .0", "1e3"] {
            assert!(text("expires_after", cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn whole_numbers_may_have_zeros_after_the_point() {
        for (cell, expected) in [("3600.0", "3600"), ("-5.00", "-5"), (" 1_000 ", "1000")] {
            assert_eq!(text("expires_after", cell).unwrap().unwrap(), expected);
        }
    }

    #[test]
    fn an_empty_cell_is_no_value() {
        assert_eq!(text("actor_id", ""), Err("is empty"));
        for parameter in ["expires_after", "restrict_all", "restrict_resource", "now"] {
            assert_eq!(text(parameter, ""), Ok(None), "{parameter}");
        }
    }
}
