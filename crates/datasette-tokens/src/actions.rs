//! Names and abbreviations of actions. Upstream: `datasette.actions`, `datasette.permissions`.

use std::{collections::HashMap, fmt};

use foldhash::fast::RandomState;
use pyjson::loads;

use crate::{Release, Str, Value};

/// The actions that a Datasette knows, with their abbreviations.
///
/// ```
/// use datasette_tokens::{Actions, Release};
///
/// let actions = Actions::built_in(&Release::newest());
/// assert_eq!(actions.abbreviation("view-table"), Some("vt"));
/// assert_eq!(actions.full_name("vt"), Some("view-table"));
/// let actions = Actions::from_json(r#"{"ok": true, "actions": [{"name": "play", "abbr": "pl"}]}"#)?;
/// assert!(actions.contains("play") && !actions.contains("view-table"));
/// # Ok::<(), datasette_tokens::ActionsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// By name. This one is on the hot path: a seeded hash that is quick on short names.
    by_name: HashMap<Box<[u8]>, Action, RandomState>,
    names_by_abbreviation: HashMap<Box<str>, Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    name: Box<str>,
    abbreviation: Option<Box<str>>,
    /// The abbreviation as JSON, ready to be copied into a payload.
    abbreviation_json: Option<String>,
    is_on_tables: bool,
}

impl Actions {
    /// The built-in actions of a release.
    #[must_use]
    pub fn built_in(release: &Release) -> Self {
        let mut actions = Self::default();
        for (name, abbreviation) in release.actions() {
            actions.insert(name, Some(abbreviation), Release::is_table_action(name));
        }
        actions
    }

    /// A Datasette on which `invoke_startup()` was not called: no actions, no abbreviations.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the body of Datasette's `/-/actions.json` (an object with a list `actions`, or the
    /// bare list of older releases), or a plain object from name to abbreviation.
    ///
    /// # Errors
    /// [`ActionsError`] for any other shape.
    pub fn from_json(text: &str) -> Result<Self, ActionsError> {
        let value = loads(text).map_err(|error| {
            ActionsError(format!("{} (byte {})", error.kind(), error.offset() + 1))
        })?;
        let mut actions = Self::default();
        match (&value, value.get("actions")) {
            (Value::List(list), _) | (Value::Dict(_), Some(Value::List(list))) => {
                for (number, item) in (1..).zip(list) {
                    let Some(Value::Str(name)) = item.get("name") else {
                        let reason = format!("has an action without a name (number {number})");
                        return Err(ActionsError(reason));
                    };
                    actions.insert_json(
                        number,
                        name,
                        item.get("abbr"),
                        item.get("resource_class"),
                    )?;
                }
            }
            (Value::Dict(members), _) => {
                for (number, (name, abbreviation)) in (1..).zip(members) {
                    actions.insert_json(number, name, Some(abbreviation), None)?;
                }
            }
            _ => return Err(ActionsError("is neither an object nor a list".to_owned())),
        }
        Ok(actions)
    }

    /// Errors say the number: the name may be anything, such as a misplaced token.
    fn insert_json(
        &mut self,
        number: usize,
        name: &Str<'_>,
        abbreviation: Option<&Value<'_>>,
        resource_class: Option<&Value<'_>>,
    ) -> Result<(), ActionsError> {
        let not_utf8 = || ActionsError("has a name that UTF-8 cannot encode".to_owned());
        let name = name.to_str().ok_or_else(not_utf8)?;
        let abbreviation = match abbreviation {
            None | Some(Value::Null) => None,
            Some(Value::Str(abbreviation)) => Some(abbreviation.to_str().ok_or_else(not_utf8)?),
            Some(_) => {
                let reason = format!("has an abbreviation that isn't a string (number {number})");
                return Err(ActionsError(reason));
            }
        };
        let is_on_tables = match resource_class {
            Some(class) => class.as_str() == Some("TableResource"),
            // Only the name can tell.
            None => Release::is_table_action(name),
        };
        self.insert(name, abbreviation, is_on_tables);
        Ok(())
    }

    fn insert(&mut self, name: &str, abbreviation: Option<&str>, is_on_tables: bool) {
        // Datasette's `action.abbr or action`: an empty abbreviation is none.
        let abbreviation = abbreviation.filter(|text| !text.is_empty());
        if let Some(text) = abbreviation {
            self.names_by_abbreviation.entry(text.into()).or_insert_with(|| name.into());
        }
        let action = Action {
            name: name.into(),
            abbreviation: abbreviation.map(Into::into),
            abbreviation_json: abbreviation.and_then(|text| Value::from(text).to_json().ok()),
            is_on_tables,
        };
        self.by_name.insert(name.as_bytes().into(), action);
    }

    fn get(&self, name: &str) -> Option<&Action> {
        self.by_name.get(name.as_bytes())
    }

    /// Whether there is an action with that name. An abbreviation is no name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().map(|action| &*action.name)
    }

    /// The abbreviation of an action; `None` if it has none or is unknown.
    pub fn abbreviation(&self, name: &str) -> Option<&str> {
        self.get(name)?.abbreviation.as_deref()
    }

    /// The action that a name or an abbreviation stands for.
    pub fn full_name(&self, name_or_abbreviation: &str) -> Option<&str> {
        let by_name = self.get(name_or_abbreviation).map(|action| &action.name);
        Some(by_name.or_else(|| self.names_by_abbreviation.get(name_or_abbreviation))?)
    }

    /// The abbreviation of an action, as JSON; `None` if it has none or is unknown.
    pub(crate) fn abbreviation_json(&self, name: &[u8]) -> Option<&[u8]> {
        Some(self.by_name.get(name)?.abbreviation_json.as_ref()?.as_bytes())
    }

    /// Whether the resources of an action are tables, Datasette's `TableResource`.
    pub(crate) fn is_on_tables(&self, name: &str) -> bool {
        self.get(name).is_some_and(|action| action.is_on_tables)
    }
}

/// Why a text is no table of actions. Reads after the name of the file:
/// `actions.json has an action without a name (number 2); …`.
///
/// ```
/// use datasette_tokens::Actions;
///
/// let error = Actions::from_json("[{}]").unwrap_err();
/// assert!(error.to_string().starts_with("has an action without a name"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionsError(String);

impl fmt::Display for ActionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = r#"give the body of Datasette's /-/actions.json or {"name": "abbr"}"#;
        write!(f, "{}; {advice}", self.0)
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
            assert_eq!(actions.abbreviation("x"), Some("X"), "{text}");
            assert!(actions.contains("y") && actions.abbreviation("y").is_none(), "{text}");
            assert!(!actions.contains("view-instance"));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "1",
            "{",
            "[1]",
            r#"{"x":1}"#,
            r#"[{"abbr":"x"}]"#,
            r#"[{"name":"x","abbr":2}]"#,
            r#"{"x":"\ud800"}"#,
        ] {
            assert!(Actions::from_json(text).is_err(), "{text}");
        }
    }
}
