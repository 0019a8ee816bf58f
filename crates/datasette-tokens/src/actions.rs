//! Names and abbreviations of actions. Upstream: `datasette.actions`, `datasette.permissions`.

use std::collections::HashMap;
use std::fmt;

use foldhash::fast::RandomState;
use pyjson::{Str, Value, loads, write_string};

use crate::release::Release;

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
    by_name: HashMap<Box<str>, Action>,
    names_by_abbreviation: HashMap<Box<str>, Box<str>>,
    /// From a name to its abbreviation as JSON, ready to be copied into a payload. This one is on
    /// the hot path: a seeded hash that is quick on short names.
    abbreviations_json: HashMap<Box<[u8]>, Box<[u8]>, RandomState>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    abbreviation: Option<Box<str>>,
    is_on_tables: bool,
}

/// An action as it is read.
struct Definition<'a> {
    name: &'a str,
    abbreviation: Option<&'a str>,
    /// `None` where only the name can tell.
    is_on_tables: Option<bool>,
}

impl Actions {
    /// The built-in actions of a release.
    #[must_use]
    pub fn built_in(release: &Release) -> Self {
        let definition = |(name, abbreviation)| Definition {
            name,
            abbreviation: Some(abbreviation),
            is_on_tables: None,
        };
        Self::new(release.actions().map(definition))
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
        let value = loads(text)?;
        let definitions: Result<Vec<_>, _> = match (&value, value.get("actions")) {
            (Value::List(list), _) | (Value::Dict(_), Some(Value::List(list))) => {
                list.iter().zip(1..).map(Definition::read).collect()
            }
            (Value::Dict(members), _) => members
                .iter()
                .map(|(name, abbr)| Definition::new(text_of(name)?, abbr, None))
                .collect(),
            _ => Err(ActionsError::new("is neither an object nor a list")),
        };
        Ok(Self::new(definitions?))
    }

    fn new<'a>(definitions: impl IntoIterator<Item = Definition<'a>>) -> Self {
        let mut actions = Self::default();
        for Definition { name, abbreviation, is_on_tables } in definitions {
            // Datasette's `action.abbr or action`: an empty abbreviation is none.
            let abbreviation = abbreviation.filter(|abbr| !abbr.is_empty());
            if let Some(abbr) = abbreviation {
                actions.names_by_abbreviation.entry(abbr.into()).or_insert_with(|| name.into());
                let mut json = Vec::new();
                write_string(&mut json, abbr);
                actions.abbreviations_json.insert(name.as_bytes().into(), json.into());
            } else {
                actions.abbreviations_json.remove(name.as_bytes());
            }
            let is_on_tables = is_on_tables.unwrap_or_else(|| Release::is_table_action(name));
            let abbreviation = abbreviation.map(Into::into);
            actions.by_name.insert(name.into(), Action { abbreviation, is_on_tables });
        }
        actions
    }

    /// Whether there is an action with that name. An abbreviation is no name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The names, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// The abbreviation of an action; `None` if it has none or is unknown.
    #[must_use]
    pub fn abbreviation(&self, name: &str) -> Option<&str> {
        self.by_name.get(name)?.abbreviation.as_deref()
    }

    /// The action that a name or an abbreviation stands for.
    #[must_use]
    pub fn full_name(&self, name_or_abbreviation: &str) -> Option<&str> {
        match self.by_name.get_key_value(name_or_abbreviation) {
            Some((name, _)) => Some(name),
            None => self.names_by_abbreviation.get(name_or_abbreviation).map(|name| &**name),
        }
    }

    /// The abbreviation of an action, as JSON; `None` if it has none or is unknown.
    pub(crate) fn abbreviation_json(&self, name: &[u8]) -> Option<&[u8]> {
        self.abbreviations_json.get(name).map(|json| &**json)
    }

    /// Whether the resources of an action are tables, Datasette's `TableResource`.
    pub(crate) fn is_on_tables(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|action| action.is_on_tables)
    }
}

impl<'a> Definition<'a> {
    fn new(
        name: &'a str,
        abbreviation: &'a Value<'_>,
        is_on_tables: Option<bool>,
    ) -> Result<Self, ActionsError> {
        let abbreviation = match abbreviation {
            Value::Str(abbreviation) => Some(text_of(abbreviation)?),
            Value::Null => None,
            _ => {
                let reason = format!("has an abbreviation of {name:?} that is no string");
                return Err(ActionsError::new(reason));
            }
        };
        Ok(Self { name, abbreviation, is_on_tables })
    }

    /// Reads an item of a list, with its number.
    fn read((item, number): (&'a Value<'_>, usize)) -> Result<Self, ActionsError> {
        let Some(Value::Str(name)) = item.get("name") else {
            let reason = format!("has an action without a name (number {number})");
            return Err(ActionsError::new(reason));
        };
        let is_on_tables =
            item.get("resource_class").map(|class| class.as_str() == Some("TableResource"));
        Self::new(text_of(name)?, item.get("abbr").unwrap_or(&Value::Null), is_on_tables)
    }
}

fn text_of<'v>(text: &'v Str<'_>) -> Result<&'v str, ActionsError> {
    text.to_str().ok_or_else(|| ActionsError::new("has a name that UTF-8 cannot encode"))
}

/// Why a text is no table of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionsError {
    reason: String,
    source: Option<pyjson::Error>,
}

impl ActionsError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), source: None }
    }
}

impl From<pyjson::Error> for ActionsError {
    fn from(error: pyjson::Error) -> Self {
        let reason = format!("{} (byte {})", error.kind(), error.offset() + 1);
        Self { reason, source: Some(error) }
    }
}

/// Reads after the name of the file: `actions.json has an action without a name (number 2); …`.
impl fmt::Display for ActionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, .. } = self;
        write!(
            f,
            "{reason}; give the body of Datasette's /-/actions.json or {{\"name\": \"abbr\"}}"
        )
    }
}

impl std::error::Error for ActionsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

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
