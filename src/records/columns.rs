//! The columns of CSV, and what is wrong with a header.

use dstok::sidecar::methods::CREATE_TOKEN;
use pyjson::write_string;

use crate::cli::failure::Failure;
use crate::cli::stdio::warn;

/// The columns that are added to the input's.
pub(super) const TOKEN: &str = "token";
pub(super) const ERROR: &str = "error";

/// The Jaro-Winkler similarity from which a column's name is probably a misspelled parameter.
const MISSPELLED: f64 = 0.9;

/// A column of the input, or of output that is CSV.
pub(super) struct Column {
    pub(super) name: String,
    /// The name as a JSON string, with a colon.
    pub(super) json_key: Vec<u8>,
    pub(super) is_parameter: bool,
}

impl Column {
    pub(super) fn new(name: String) -> Self {
        let mut json_key = Vec::new();
        write_string(&mut json_key, &name);
        json_key.push(b':');
        Self { is_parameter: is_parameter(&name), json_key, name }
    }
}

/// Whether a field is passed to `create_token`.
pub(super) fn is_parameter(name: &str) -> bool {
    CREATE_TOKEN.parameters.iter().any(|parameter| parameter.name == name)
}

/// Checks the header of CSV. Warns of columns that look like misspelled parameters.
///
/// # Errors
/// [`Failure::Usage`].
pub(super) fn check_header(names: &[String]) -> Result<(), Failure> {
    let duplicate = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    let reserved = names.iter().find(|name| [TOKEN, ERROR].contains(&name.as_str()));
    let problem = if let Some((_, name)) = duplicate {
        format!("names the column {name:?} twice")
    } else if let Some(name) = reserved {
        format!("has a column {name:?} already, which create-tokens adds; rename it")
    } else if !names.iter().any(|name| name == "actor_id") {
        "has no column actor_id; create-tokens --help lists the columns, and JSON lines begin \
         with {"
            .to_owned()
    } else {
        for (name, parameter) in names.iter().filter_map(|name| Some((name, misspelled(name)?))) {
            warn(&format!(
                "the column {name:?} is passed through and changes no token; is {parameter} meant?"
            ));
        }
        return Ok(());
    };
    Err(Failure::Usage(format!("the header of the CSV {problem}")))
}

/// The parameter whose name the column probably misspells.
fn misspelled(name: &str) -> Option<&'static str> {
    const PARAMETERS: [&str; 5] =
        ["actor_id", "expires_after", "restrict_all", "restrict_database", "restrict_resource"];
    if is_parameter(name) {
        return None;
    }
    let folded = name.trim().to_lowercase().replace([' ', '-'], "_");
    PARAMETERS.into_iter().find(|known| strsim::jaro_winkler(known, &folded) >= MISSPELLED)
}
