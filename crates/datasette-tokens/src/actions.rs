//! Names and abbreviations of actions. Upstream: `datasette.actions`, `datasette.permissions`.

mod short_name;

use std::{collections::HashMap, fmt};

use foldhash::fast::RandomState;
use pyjson::{Keys, RawString, RawValue, Rules, Scanner, each_element, each_member, members};

use crate::{Release, Str, payload::as_str};
use short_name::ShortName;

/// The most actions that a Datasette may have here. Real ones have some thirty.
const MAX_ACTIONS: usize = 10_000;

/// The most bytes of a name or an abbreviation.
const MAX_NAME: usize = 256;

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
    /// Each action is in one of these two. They are on the hot path: a token may name hundreds.
    by_short_name: HashMap<ShortName, Action, RandomState>,
    by_long_name: HashMap<Box<[u8]>, Action, RandomState>,
    names_by_abbreviation: HashMap<Box<str>, Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    name: Box<str>,
    abbreviation: Option<Box<str>>,
    is_on_tables: bool,
    /// What `_r` holds for the action, as JSON with a comma behind it.
    json: Box<[u8]>,
    /// The first bytes of that, to copy all of it without a call if it is short.
    json_start: [u8; 8],
}

impl Action {
    fn new(name: &str, abbreviation: Option<&str>, is_on_tables: bool) -> Self {
        let mut json = Vec::new();
        Str::from(abbreviation.unwrap_or(name)).write(&mut json);
        json.push(b',');
        Self {
            name: name.into(),
            abbreviation: abbreviation.map(Into::into),
            is_on_tables,
            json_start: std::array::from_fn(|at| json.get(at).copied().unwrap_or_default()),
            json: json.into(),
        }
    }

    #[inline(always)]
    fn write(&self, out: &mut Vec<u8>) {
        if self.json.len() <= self.json_start.len() {
            let end = out.len() + self.json.len();
            out.extend_from_slice(&self.json_start);
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.json);
        }
    }
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
        let mut json = Vec::new();
        let mut scanner = Scanner::with_keys(text, Rules::Python, Keys::default());
        scanner.transcode(&mut json).and_then(|()| scanner.end()).map_err(|error| {
            ActionsError(format!("{} (byte {})", error.kind(), error.offset() + 1))
        })?;
        let json = as_str(&json);
        let mut actions = Self::default();
        let mut list = json.starts_with('[').then_some(json);
        let is_object = each_member(json, |name, value| {
            list = list.or((name.text() == "actions" && value.starts_with('[')).then_some(value));
            Some(())
        });
        let mut error = Ok(());
        match (list, is_object) {
            (Some(list), _) => {
                let mut number = 0;
                each_element(list, |item| {
                    number += 1;
                    error = actions.insert_item(item.text, number);
                    error.is_ok().then_some(())
                });
            }
            (None, Some(())) => {
                let mut number = 0;
                each_member(json, |name, value| {
                    number += 1;
                    error = actions.insert_json(number, &name.to_python(), Some(value), None);
                    error.is_ok().then_some(())
                });
            }
            (None, None) => {
                return Err(ActionsError("is neither an object nor a list".to_owned()));
            }
        }
        error.map(|()| actions)
    }

    /// Inserts an element of the list, the `number`th from 1.
    fn insert_item(&mut self, json: &str, number: usize) -> Result<(), ActionsError> {
        let [name, abbreviation, resource_class] =
            members(json, ["name", "abbr", "resource_class"]).unwrap_or_default();
        let Some(name) = name.and_then(string) else {
            let reason = format!("has an action without a name (number {number})");
            return Err(ActionsError(reason));
        };
        self.insert_json(number, &name.to_python(), abbreviation, resource_class)
    }

    /// Errors say the number: the name may be anything, such as a misplaced token.
    fn insert_json(
        &mut self,
        number: usize,
        name: &Str<'_>,
        abbreviation: Option<&str>,
        resource_class: Option<&str>,
    ) -> Result<(), ActionsError> {
        let not_utf8 = || ActionsError("has a name that UTF-8 cannot encode".to_owned());
        let name = name.to_str().ok_or_else(not_utf8)?;
        let abbreviation = match abbreviation {
            None | Some("null") => None,
            Some(json) => {
                let abbreviation = string(json).ok_or_else(|| {
                    let reason = "has an abbreviation that isn't a string";
                    ActionsError(format!("{reason} (number {number})"))
                })?;
                Some(abbreviation.to_str().map_err(|_| not_utf8())?)
            }
        };
        if name.len().max(abbreviation.as_deref().map_or(0, str::len)) > MAX_NAME {
            return Err(ActionsError(format!(
                "has a name of more than {MAX_NAME} bytes (number {number})"
            )));
        }
        if self.len() == MAX_ACTIONS && !self.contains(name) {
            return Err(ActionsError(format!("has more than {MAX_ACTIONS} actions")));
        }
        let is_on_tables = match resource_class {
            Some(class) => class == r#""TableResource""#,
            // Only the name can tell.
            None => Release::is_table_action(name),
        };
        self.insert(name, abbreviation.as_deref(), is_on_tables);
        Ok(())
    }

    fn insert(&mut self, name: &str, abbreviation: Option<&str>, is_on_tables: bool) {
        // Datasette's `action.abbr or action`: an empty abbreviation is none.
        let abbreviation = abbreviation.filter(|text| !text.is_empty());
        if let Some(text) = abbreviation {
            self.names_by_abbreviation.entry(text.into()).or_insert_with(|| name.into());
        }
        let action = Action::new(name, abbreviation, is_on_tables);
        match ShortName::new(name.as_bytes()) {
            Some(name) => self.by_short_name.insert(name, action),
            None => self.by_long_name.insert(name.as_bytes().into(), action),
        };
    }

    #[inline(always)]
    fn get(&self, name: &[u8]) -> Option<&Action> {
        match ShortName::new(name) {
            Some(name) => self.by_short_name.get(&name),
            None => self.by_long_name.get(name),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Action> {
        self.by_short_name.values().chain(self.by_long_name.values())
    }

    /// How many actions there are.
    pub fn len(&self) -> usize {
        self.by_short_name.len() + self.by_long_name.len()
    }

    /// Whether there is no action.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is an action with that name. An abbreviation is no name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name.as_bytes()).is_some()
    }

    /// The names, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all().map(|action| &*action.name)
    }

    /// The abbreviation of an action; `None` if it has none or is unknown.
    pub fn abbreviation(&self, name: &str) -> Option<&str> {
        self.get(name.as_bytes())?.abbreviation.as_deref()
    }

    /// The action that a name or an abbreviation stands for.
    pub fn full_name(&self, name_or_abbreviation: &str) -> Option<&str> {
        let by_name = self.get(name_or_abbreviation.as_bytes()).map(|action| &action.name);
        Some(by_name.or_else(|| self.names_by_abbreviation.get(name_or_abbreviation))?)
    }

    /// The actions that a name in `_r` allows: the one of that name, and the one that it abbreviates.
    /// Datasette lets a name be another action's abbreviation.
    ///
    /// ```
    /// use datasette_tokens::Actions;
    ///
    /// let actions = Actions::from_json(r#"{"drop-table": "dt", "dt": null}"#)?;
    /// assert_eq!(actions.allowed_by("dt").collect::<Vec<_>>(), ["dt", "drop-table"]);
    /// # Ok::<(), datasette_tokens::ActionsError>(())
    /// ```
    pub fn allowed_by(&self, name: &str) -> impl Iterator<Item = &str> {
        let by_name = self.get(name.as_bytes()).map(|action| &*action.name);
        let abbreviated = self.names_by_abbreviation.get(name).map(|name| &**name);
        by_name.into_iter().chain(abbreviated.filter(move |action| Some(*action) != by_name))
    }

    /// Appends what `_r` holds for an action, as JSON with a comma behind it: the abbreviation, or the
    /// name if it has none. `false` if the action is unknown.
    #[inline(always)]
    pub(crate) fn write_abbreviated(&self, name: &[u8], out: &mut Vec<u8>) -> bool {
        self.get(name).map(|action| action.write(out)).is_some()
    }

    /// Whether the resources of an action are tables, Datasette's `TableResource`.
    pub(crate) fn is_on_tables(&self, name: &str) -> bool {
        self.get(name.as_bytes()).is_some_and(|action| action.is_on_tables)
    }
}

/// A string, if the JSON is one.
fn string(json: &str) -> Option<RawString<'_>> {
    RawValue { text: json, depth: 0 }.as_string()
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
    fn names_and_abbreviations_may_have_any_length() {
        let text = |letter: &str, length| letter.repeat(length);
        let pairs =
            (0..40).map(|length| format!("{:?}:{:?}", text("n", length), text("é", length)));
        let json = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
        let actions = Actions::from_json(&json).unwrap();
        assert_eq!((actions.len(), actions.names().count()), (40, 40));
        for length in 0..40 {
            let (name, mut out) = (text("n", length), b"[".to_vec());
            assert!(actions.write_abbreviated(name.as_bytes(), &mut out));
            assert_eq!(out, format!("[{:?},", text("é", length)).as_bytes());
            for other in [name.clone() + "\0", name.replace('n', "m"), text("n", length + 40)] {
                let is_known = actions.write_abbreviated(other.as_bytes(), &mut out);
                assert_eq!(is_known, other.is_empty(), "{other:?}");
            }
        }
    }

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
