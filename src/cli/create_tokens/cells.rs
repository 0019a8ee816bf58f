//! What stands in the cells of a CSV, as the JSON texts of `create_token`'s parameters.

use crate::cli::token_args::{by_database, by_resource, list};
use dstok::pyjson::{Scanner, parse_python_int, write_string};

/// A parameter's value: its JSON text and how many containers are open in it at most.
pub(super) type Json = (String, usize);

/// Reads the cell of a parameter; `None` for an empty one, which says nothing.
///
/// # Errors
/// What is wrong with it, to be read after the parameter's name.
pub(super) fn read(parameter: &str, cell: &[u8]) -> Result<Option<Json>, &'static str> {
    let cell = std::str::from_utf8(cell).map_err(|_| "is not UTF-8")?;
    if parameter == "actor_id" {
        // An actor's id is taken as it is, white space too.
        let mut text = Vec::with_capacity(cell.len() + 2);
        write_string(&mut text, cell);
        let text = String::from_utf8_lossy(&text).into_owned();
        return if cell.is_empty() { Ok(None) } else { Ok(Some((text, 0))) };
    }
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    match parameter {
        "expires_after" => {
            let seconds = parse_python_int(cell).ok_or("must be a whole number of seconds")?;
            Ok(Some((seconds.as_str().to_owned(), 0)))
        }
        "restrict_all" if !cell.starts_with('[') => {
            Ok(Some((list(&cell.split_whitespace().collect::<Vec<_>>()), 1)))
        }
        "restrict_database" if !cell.starts_with('{') => {
            let mut pairs = Vec::new();
            for item in cell.split_whitespace() {
                let (database, action) = item.rsplit_once(':').ok_or(NOT_BY_DATABASE)?;
                if database.is_empty() || action.is_empty() || database.contains('/') {
                    return Err(NOT_BY_DATABASE);
                }
                pairs.extend([database, action]);
            }
            Ok(Some((by_database(&pairs), 2)))
        }
        "restrict_resource" if !cell.starts_with('{') => {
            let mut triples = Vec::new();
            for item in cell.split_whitespace() {
                let (place, action) = item.rsplit_once(':').ok_or(NOT_BY_RESOURCE)?;
                let (database, resource) = place.split_once('/').ok_or(NOT_BY_RESOURCE)?;
                if database.is_empty() || resource.is_empty() || action.is_empty() {
                    return Err(NOT_BY_RESOURCE);
                }
                triples.extend([database, resource, action]);
            }
            Ok(Some((by_resource(&triples), 3)))
        }
        _ => json(cell).map(Some),
    }
}

const NOT_BY_DATABASE: &str =
    "must be db:action items separated by spaces, or JSON where a name has a space or a slash";
const NOT_BY_RESOURCE: &str =
    "must be db/table:action items separated by spaces, or JSON where a name has a space";

fn json(cell: &str) -> Result<Json, &'static str> {
    let mut scanner = Scanner::new(cell);
    let depth = scanner.skip_value();
    match depth.and_then(|depth| scanner.end().map(|()| depth)) {
        Ok(depth) => Ok((cell.to_owned(), depth)),
        Err(_) => Err("is not valid JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parameter: &str, cell: &str) -> Result<Option<String>, &'static str> {
        read(parameter, cell.as_bytes()).map(|json| json.map(|(text, _)| text))
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
    fn json_is_taken_as_it_is_and_nothing_behind_it() {
        assert_eq!(text("restrict_all", r#"["a b"]"#).unwrap().unwrap(), r#"["a b"]"#);
        for cell in [r#"["a b"] x"#, "[", r#"["a"#] {
            assert!(text("restrict_all", cell).is_err(), "{cell}");
        }
        assert!(text("now", "12abc").is_err());
    }

    #[test]
    fn what_is_no_item_is_refused() {
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
    fn an_empty_cell_says_nothing() {
        for parameter in ["actor_id", "expires_after", "restrict_all", "restrict_resource", "now"] {
            assert_eq!(text(parameter, ""), Ok(None), "{parameter}");
        }
    }
}
