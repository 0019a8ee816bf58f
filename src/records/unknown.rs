//! Warnings of actions that the release doesn't know, each once. In a token, abbreviations work too.

use std::collections::BTreeSet;

use datasette_tokens::Actions;
use pyjson::{Error, Kind, Scanner};

use super::fields::Field;

/// How many actions are warned of. Records can name any number.
const MAX_WARNINGS: usize = 32;

/// Bytes of restrictions that are remembered. Records often have the same.
const MAX_SEEN: usize = 64 << 10;

/// One thread's search for unknown actions.
#[derive(Default)]
pub(super) struct UnknownActions {
    /// The restrictions that were looked at last, by parameter.
    seen: [String; 4],
    /// The unknown ones of a block.
    pub(super) found: BTreeSet<String>,
}

impl UnknownActions {
    /// Looks at the parameters of a record that has a token.
    pub(super) fn look(&mut self, fields: &[Field<'_>], known: &Actions) {
        const PARAMETERS: [&str; 4] =
            ["restrict_all", "restrict_database", "restrict_resource", "restrictions"];
        for Field { name, json, .. } in fields {
            let at = PARAMETERS.iter().position(|parameter| parameter == name);
            let Some(seen) = at.map(|at| &mut self.seen[at]).filter(|seen| **seen != **json) else {
                continue;
            };
            seen.clear();
            if json.len() <= MAX_SEEN {
                seen.push_str(json);
            }
            // A token was made of it, so it is valid.
            let _ = self.look_into(&mut Scanner::new(json), known);
        }
    }

    /// Looks at the strings of all lists in a value.
    fn look_into(&mut self, scanner: &mut Scanner<'_>, known: &Actions) -> Result<(), Error> {
        match scanner.peek_kind()? {
            Kind::Object => {
                scanner.begin_object()?;
                while scanner.next_key()?.is_some() {
                    self.look_into(scanner, known)?;
                }
            }
            Kind::Array => {
                scanner.begin_array()?;
                while scanner.next_element()? {
                    let action = scanner.string()?.to_str()?;
                    if self.found.len() <= MAX_WARNINGS && known.full_name(&action).is_none() {
                        self.found.insert(action.into_owned());
                    }
                }
            }
            _ => drop(scanner.raw_value()?),
        }
        Ok(())
    }
}

/// The warnings of a run.
pub(super) struct Warnings {
    /// What was warned of.
    given: BTreeSet<String>,
    warn: fn(&str),
}

impl Warnings {
    /// `given` was warned of before. `warn` is called with each further action.
    pub(super) fn new(given: BTreeSet<String>, warn: fn(&str)) -> Self {
        Self { given, warn }
    }

    pub(super) fn add(&mut self, found: BTreeSet<String>) {
        for action in found {
            if self.given.len() < MAX_WARNINGS && !self.given.contains(&action) {
                (self.warn)(&action);
                self.given.insert(action);
            }
        }
    }
}
