//! `_r` as it is read back. Upstream: `restrictions_allow_action` in
//! `datasette/default_permissions/restrictions.py`, before 1.0a25 `default_permissions.py`.

use std::borrow::Cow;

use crate::datasette::{Actions, Release};
use crate::pyjson::Value;

/// A name, in WTF-8.
pub type Name<'a> = Cow<'a, [u8]>;

/// Something for each name, in Python's order of a `dict`.
pub type ByName<'a, T> = Vec<(Name<'a>, T)>;

/// What a token's `_r` allows; all empty: nothing. Names of actions may be abbreviated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowlist<'a> {
    /// Actions allowed everywhere.
    pub all: Vec<Name<'a>>,
    /// Actions by database.
    pub database: ByName<'a, Vec<Name<'a>>>,
    /// Actions by database and resource.
    pub resource: ByName<'a, ByName<'a, Vec<Name<'a>>>>,
}

/// What an action is to be done to, in WTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A database.
    Database(Name<'a>),
    /// A table, view or query of a database.
    Child(Name<'a>, Name<'a>),
}

impl<'a> Allowlist<'a> {
    /// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, each
    /// member may be absent, a list in `a` or `d` may be null, and other members do not matter.
    ///
    /// `None` for any other shape, on which Datasette would crash.
    #[must_use]
    pub fn read(value: &Value<'a>) -> Option<Self> {
        let Value::Dict(_) = value else { return None };
        Some(Self {
            all: value.get("a").map_or(Some(Vec::new()), names_or_null)?,
            database: value.get("d").map_or(Some(Vec::new()), by_name(names_or_null))?,
            resource: value.get("r").map_or(Some(Vec::new()), by_name(by_name(names)))?,
        })
    }

    /// `restrictions_allow_action(datasette, restrictions, action, resource)`. `action` is in
    /// WTF-8.
    ///
    /// Changed in 1.0a39: names of tables match whatever their ASCII case.
    #[must_use]
    pub fn allows(
        &self,
        release: &Release,
        actions: &Actions,
        action: &[u8],
        resource: Option<&Resource<'_>>,
    ) -> bool {
        // What is no UTF-8 is no known action.
        let known = std::str::from_utf8(action).unwrap_or_default();
        let abbreviation = actions.abbreviation(known).map(str::as_bytes);
        let is_meant = |names: &Vec<Name<'_>>| {
            names.iter().any(|name| **name == *action || Some(&**name) == abbreviation)
        };
        if is_meant(&self.all) {
            return true;
        }
        let (database, child) = match resource {
            // Datasette's `if resource:`.
            None => return false,
            Some(Resource::Database(name)) if name.is_empty() => return false,
            Some(Resource::Database(name)) => (name, None),
            Some(Resource::Child(database, child)) => (database, Some(child)),
        };
        let of_database = self.database.iter().find(|(name, _)| name == database);
        if of_database.is_some_and(|(_, names)| is_meant(names)) {
            return true;
        }
        let Some(child) = child else { return false };
        let folds = release.folds_table_names() && actions.is_on_tables(known);
        let is_child = |name: &[u8]| match folds {
            true => name.eq_ignore_ascii_case(child),
            false => *name == **child,
        };
        self.resource.iter().filter(|(name, _)| name == database).any(|(_, children)| {
            children.iter().any(|(name, names)| is_child(name) && is_meant(names))
        })
    }

    /// The same with full names in place of abbreviations.
    #[must_use]
    pub fn with_full_names(&self, actions: &Actions) -> Allowlist<'static> {
        let full = |names: &Vec<Name<'a>>| -> Vec<Name<'static>> {
            let full = |name: &Name<'a>| match full_name(actions, name) {
                Some(full) => Cow::Owned(full.as_bytes().to_vec()),
                None => owned(name),
            };
            names.iter().map(full).collect()
        };
        Allowlist {
            all: full(&self.all),
            database: map_values(&self.database, full),
            resource: map_values(&self.resource, |children| map_values(children, full)),
        }
    }

    /// The names that are neither an action nor an abbreviation of one, each once, in order of
    /// appearance.
    #[must_use]
    pub fn unknown_actions(&self, actions: &Actions) -> Vec<Name<'static>> {
        let on_databases = self.database.iter().flat_map(|(_, names)| names);
        let on_children = self.resource.iter().flat_map(|(_, children)| children);
        let on_children = on_children.flat_map(|(_, names)| names);
        let mut unknown: Vec<Name<'static>> = Vec::new();
        for name in self.all.iter().chain(on_databases).chain(on_children) {
            if full_name(actions, name).is_none() && !unknown.contains(name) {
                unknown.push(owned(name));
            }
        }
        unknown
    }
}

fn owned(name: &Name<'_>) -> Name<'static> {
    Cow::Owned(name.to_vec())
}

fn full_name<'a>(actions: &'a Actions, name_or_abbr: &'a [u8]) -> Option<&'a str> {
    actions.full_name(std::str::from_utf8(name_or_abbr).ok()?)
}

fn map_values<T, U>(members: &ByName<'_, T>, map: impl Fn(&T) -> U) -> ByName<'static, U> {
    members.iter().map(|(name, value)| (owned(name), map(value))).collect()
}

fn names_or_null<'a>(value: &Value<'a>) -> Option<Vec<Name<'a>>> {
    if *value == Value::Null { Some(Vec::new()) } else { names(value) }
}

fn names<'a>(value: &Value<'a>) -> Option<Vec<Name<'a>>> {
    match value {
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Str(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn by_name<'a, T>(
    read: impl Fn(&Value<'a>) -> Option<T>,
) -> impl Fn(&Value<'a>) -> Option<ByName<'a, T>> {
    move |value| match value {
        Value::Dict(members) => {
            members.iter().map(|(name, value)| Some((name.clone(), read(value)?))).collect()
        }
        _ => None,
    }
}
