//! Cells of CSV as parameters of `create_token`.

use std::borrow::Cow;

use pyjson::{RawValue, Scanner, write_string};

use crate::cli::python_int::parse_python_int;
use crate::cli::token_args::group;

const NOT_BY_DATABASE: &str =
    "must be db:action items separated by spaces, or JSON where a name has a space or a slash";
const NOT_BY_RESOURCE: &str =
    "must be db/table:action items separated by spaces, or JSON where a name has a space";

/// The JSON text of a parameter, and how many containers are open in it at most.
pub(super) struct Json<'a> {
    text: Cow<'a, str>,
    depth: usize,
}

impl Json<'_> {
    pub(super) fn as_raw(&self) -> RawValue<'_> {
        RawValue { text: &self.text, depth: self.depth }
    }

    fn new(text: String, depth: usize) -> Self {
        Self { text: Cow::Owned(text), depth }
    }
}

/// Reads the cell of a parameter; `None` if it is empty.
///
/// # Errors
/// What is wrong with the cell. The message follows the parameter's name.
pub(super) fn read_cell<'a>(
    parameter: &str,
    cell: &'a [u8],
) -> Result<Option<Json<'a>>, &'static str> {
    let cell = std::str::from_utf8(cell).map_err(|_| "is not UTF-8")?;
    // White space is a part of an actor's id.
    let cell = if parameter == "actor_id" { cell } else { cell.trim() };
    if cell.is_empty() {
        return Ok(None);
    }
    let json = match parameter {
        "actor_id" => Json::new(string(cell), 0),
        "expires_after" => {
            let seconds = parse_python_int(cell).ok_or("must be a whole number of seconds")?;
            Json::new(seconds.to_string(), 0)
        }
        "restrict_all" if !cell.starts_with('[') => {
            Json::new(group(cell.split_whitespace().map(|action| [action])), 1)
        }
        "restrict_database" if !cell.starts_with('{') => {
            let pairs: Option<Vec<_>> = cell.split_whitespace().map(database_action).collect();
            Json::new(group(pairs.ok_or(NOT_BY_DATABASE)?), 2)
        }
        "restrict_resource" if !cell.starts_with('{') => {
            let triples: Option<Vec<_>> = cell.split_whitespace().map(resource_action).collect();
            Json::new(group(triples.ok_or(NOT_BY_RESOURCE)?), 3)
        }
        _ => json(cell).ok_or("is not valid JSON")?,
    };
    Ok(Some(json))
}

/// A JSON string.
fn string(text: &str) -> String {
    let mut json = Vec::with_capacity(text.len() + 2);
    write_string(&mut json, text);
    // Python's spelling is UTF-8.
    String::from_utf8_lossy(&json).into_owned()
}

/// `db:action`.
fn database_action(item: &str) -> Option<[&str; 2]> {
    let (database, action) = item.rsplit_once(':')?;
    let is_valid = !database.is_empty() && !action.is_empty() && !database.contains('/');
    is_valid.then_some([database, action])
}

/// `db/table:action`.
fn resource_action(item: &str) -> Option<[&str; 3]> {
    let (place, action) = item.rsplit_once(':')?;
    let (database, resource) = place.split_once('/')?;
    let is_valid = !database.is_empty() && !resource.is_empty() && !action.is_empty();
    is_valid.then_some([database, resource, action])
}

fn json(cell: &str) -> Option<Json<'_>> {
    let mut scanner = Scanner::new(cell);
    let RawValue { text, depth } = scanner.raw_value().ok()?;
    scanner.end().ok()?;
    Some(Json { text: Cow::Borrowed(text), depth })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parameter: &str, cell: &str) -> Result<Option<String>, &'static str> {
        read_cell(parameter, cell.as_bytes()).map(|json| json.map(|json| json.text.into_owned()))
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
        for cell in ["1.5", "1h", "x", "--1"] {
            assert!(text("expires_after", cell).is_err(), "{cell}");
        }
    }

    #[test]
    fn an_empty_cell_is_no_value() {
        for parameter in ["actor_id", "expires_after", "restrict_all", "restrict_resource", "now"] {
            assert_eq!(text(parameter, ""), Ok(None), "{parameter}");
        }
    }
}
