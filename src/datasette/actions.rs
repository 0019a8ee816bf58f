//! Names and abbreviations of actions. Upstream: `datasette.actions`, `datasette.permissions`.

use std::fmt;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::release::Release;
use crate::pyjson::write_string;

/// The actions that a Datasette knows, with their abbreviations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    by_name: FxHashMap<Box<str>, Action>,
    names_by_abbr: FxHashMap<Box<str>, Box<str>>,
    /// From a name to its abbreviation as JSON, ready to be copied into a payload.
    abbr_json: FxHashMap<Box<[u8]>, Box<[u8]>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    abbr: Option<Box<str>>,
    is_on_tables: bool,
}

/// An action as it is read.
struct Definition<'a> {
    name: &'a str,
    abbr: Option<&'a str>,
    /// `None` where only the name can tell.
    is_on_tables: Option<bool>,
}

impl Actions {
    /// The built-in actions of a release.
    #[must_use]
    pub fn built_in(release: &Release) -> Self {
        Self::new(release.actions().map(|(name, abbr)| Definition::by_name(name, Some(abbr))))
    }

    /// A Datasette on which `invoke_startup()` was not called: no actions, no abbreviations.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the body of Datasette's `/-/actions.json` (an object with a list `actions`, or the
    /// bare list of older releases), or a plain object from name to abbreviation.
    ///
    /// # Errors
    /// [`ActionsError`] for any other shape.
    pub fn from_json(text: &str) -> Result<Self, ActionsError> {
        let value = serde_json::from_str(text).map_err(|error| {
            ActionsError(format!(
                "is not valid JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        match &value {
            Value::Array(list) => Self::from_list(list),
            Value::Object(object) => match object.get("actions") {
                Some(Value::Array(list)) => Self::from_list(list),
                _ => object
                    .iter()
                    .map(|(name, abbr)| Ok(Definition::by_name(name, abbreviation(name, abbr)?)))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Self::new),
            },
            _ => Err(ActionsError("is neither an object nor a list".to_owned())),
        }
    }

    fn from_list(list: &[Value]) -> Result<Self, ActionsError> {
        fn action((index, item): (usize, &Value)) -> Result<Definition<'_>, ActionsError> {
            let Some(name) = item.get("name").and_then(Value::as_str) else {
                let reason = format!("has an action without a name (number {})", index + 1);
                return Err(ActionsError(reason));
            };
            let abbr = item.get("abbr").unwrap_or(&Value::Null);
            let is_on_tables =
                item.get("resource_class").map(|class| class.as_str() == Some("TableResource"));
            Ok(Definition { name, abbr: abbreviation(name, abbr)?, is_on_tables })
        }
        list.iter().enumerate().map(action).collect::<Result<Vec<_>, _>>().map(Self::new)
    }

    fn new<'a>(definitions: impl IntoIterator<Item = Definition<'a>>) -> Self {
        let mut actions = Self::default();
        for Definition { name, abbr, is_on_tables } in definitions {
            // Datasette's `action.abbr or action`: an empty abbreviation is none.
            let abbr = abbr.filter(|abbr| !abbr.is_empty());
            if let Some(abbr) = abbr {
                actions.names_by_abbr.entry(abbr.into()).or_insert_with(|| name.into());
                let mut json = Vec::new();
                write_string(&mut json, abbr);
                actions.abbr_json.insert(name.as_bytes().into(), json.into());
            } else {
                actions.abbr_json.remove(name.as_bytes());
            }
            let is_on_tables = is_on_tables.unwrap_or_else(|| Release::is_on_tables(name));
            let abbr = abbr.map(Into::into);
            actions.by_name.insert(name.into(), Action { abbr, is_on_tables });
        }
        actions
    }

    /// Whether there is an action of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The known action that was most likely meant by another name: the one that it abbreviates
    /// or resembles most; `None` where no action is known.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        if let Some(known) = self.names_by_abbr.get(name) {
            return Some(known);
        }
        let similarity = |known: &str| strsim::jaro_winkler(known, name);
        let names = self.by_name.keys().map(|known| &**known);
        // Equally similar ones: the first in the alphabet, for hashing has no order.
        names.max_by(|a, b| similarity(a).total_cmp(&similarity(b)).then_with(|| b.cmp(a)))
    }

    /// The abbreviation of an action, as JSON; `None` if it has none or is unknown.
    pub(super) fn abbreviation_json(&self, name: &[u8]) -> Option<&[u8]> {
        self.abbr_json.get(name).map(|json| &**json)
    }

    /// The abbreviation of an action; `None` if it has none or is unknown.
    pub(super) fn abbreviation(&self, name: &str) -> Option<&str> {
        self.by_name.get(name)?.abbr.as_deref()
    }

    /// Whether the resources of an action are tables, Datasette's `TableResource`.
    pub(super) fn is_on_tables(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|action| action.is_on_tables)
    }

    /// The action that is meant by a name or an abbreviation.
    pub(super) fn full_name<'a>(&'a self, name_or_abbr: &'a str) -> Option<&'a str> {
        match self.by_name.get_key_value(name_or_abbr) {
            Some((name, _)) => Some(name),
            None => self.names_by_abbr.get(name_or_abbr).map(|name| &**name),
        }
    }
}

impl<'a> Definition<'a> {
    fn by_name(name: &'a str, abbr: Option<&'a str>) -> Self {
        Self { name, abbr, is_on_tables: None }
    }
}

fn abbreviation<'a>(name: &str, abbr: &'a Value) -> Result<Option<&'a str>, ActionsError> {
    match abbr {
        Value::String(abbr) => Ok(Some(abbr)),
        Value::Null => Ok(None),
        _ => Err(ActionsError(format!("has an abbreviation of {name:?} that is no string"))),
    }
}

/// Why a text is no table of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionsError(String);

impl fmt::Display for ActionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; give the body of Datasette's /-/actions.json or {{\"name\": \"abbr\"}}",
            self.0
        )
    }
}

impl std::error::Error for ActionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_shapes_are_read() {
        for text in [
            r#"{"ok":true,"actions":[{"name":"x","abbr":"X","takes_parent":true},{"name":"y","abbr":null}]}"#,
            r#"[{"name":"x","abbr":"old"},{"name":"x","abbr":"X"},{"name":"y"}]"#,
            r#"{"x":"X","y":""}"#,
        ] {
            let actions = Actions::from_json(text).unwrap();
            assert_eq!(actions.abbreviation_json(b"x"), Some(&b"\"X\""[..]), "{text}");
            assert!(actions.contains("y") && actions.abbreviation_json(b"y").is_none(), "{text}");
            assert!(!actions.contains("view-instance"));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in
            ["", "1", "{", "[1]", r#"{"x":1}"#, r#"[{"abbr":"x"}]"#, r#"[{"name":"x","abbr":2}]"#]
        {
            assert!(Actions::from_json(text).is_err(), "{text}");
        }
    }
}
