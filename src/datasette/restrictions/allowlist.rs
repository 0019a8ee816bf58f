//! `_r` as it is read back. Upstream: `restrictions_allow_action` in
//! `datasette/default_permissions/restrictions.py`, before 1.0a25 `default_permissions.py`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::datasette::{Actions, Release};
use crate::pyjson::Value;

/// A name, in WTF-8.
pub type Name<'a> = Cow<'a, [u8]>;

/// A list of names; `None` where the payload has null in its place.
pub type Names<'a> = Option<Vec<Name<'a>>>;

/// Something for each name, in Python's order of a `dict`.
pub type ByName<'a, T> = Vec<(Name<'a>, T)>;

/// What a token's `_r` allows; all empty: nothing. Names of actions may be abbreviated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowlist<'a> {
    /// Actions allowed everywhere.
    pub all: Names<'a>,
    /// Actions by database.
    pub database: ByName<'a, Names<'a>>,
    /// Actions by database and resource.
    pub resource: ByName<'a, ByName<'a, Names<'a>>>,
}

/// What an action is to be done to, in WTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A database.
    Database(Name<'a>),
    /// A table, view or query of a database.
    Child(Name<'a>, Name<'a>),
}

/// There is null where the newest releases insist on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullList;

impl<'a> Allowlist<'a> {
    /// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, each
    /// member may be absent, any list may be null, and other members do not matter.
    ///
    /// `None` for any other shape, on which Datasette would crash.
    #[must_use]
    pub fn read(value: &Value<'a>) -> Option<Self> {
        let Value::Dict(_) = value else { return None };
        Some(Self {
            all: value.get("a").map_or(Some(None), names)?,
            database: value.get("d").map_or(Some(Vec::new()), by_name(names))?,
            resource: value.get("r").map_or(Some(Vec::new()), by_name(by_name(names)))?,
        })
    }

    /// `restrictions_allow_action(datasette, restrictions, action, resource)`. `action` is in
    /// WTF-8.
    ///
    /// Changed in 1.0a39: names of tables match whatever their ASCII case, and null in place of
    /// the list of that very resource is an error.
    ///
    /// # Errors
    /// [`NullList`].
    pub fn allows(
        &self,
        release: &Release,
        actions: &Actions,
        action: &[u8],
        resource: Option<&Resource<'_>>,
    ) -> Result<bool, NullList> {
        // What is no UTF-8 is no known action.
        let known = std::str::from_utf8(action).ok();
        let abbreviation = known.and_then(|name| actions.abbreviation(name)).map(str::as_bytes);
        let is_meant = |name: &Name<'_>| **name == *action || Some(&**name) == abbreviation;
        if self.all.iter().flatten().any(is_meant) {
            return Ok(true);
        }
        let (database, child) = match resource {
            // Datasette's `if resource:`.
            None => return Ok(false),
            Some(Resource::Database(name)) if name.is_empty() => return Ok(false),
            Some(Resource::Database(name)) => (name, None),
            Some(Resource::Child(database, child)) => (database, Some(child)),
        };
        let mut of_database = self.database.iter().filter(|(name, _)| name == database);
        if of_database.any(|(_, names)| names.iter().flatten().any(is_meant)) {
            return Ok(true);
        }
        let Some(child) = child else { return Ok(false) };
        let folds =
            release.folds_table_names() && known.is_some_and(|name| actions.is_on_tables(name));
        let is_child = |name: &[u8]| match folds {
            true => name.eq_ignore_ascii_case(child),
            false => *name == **child,
        };
        let children = self.resource.iter().filter(|(name, _)| name == database);
        for (_, names) in children.flat_map(|(_, names)| names).filter(|(name, _)| is_child(name)) {
            match names {
                None if release.refuses_null_lists() => return Err(NullList),
                names if names.iter().flatten().any(is_meant) => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }

    /// The same with full names in place of abbreviations.
    #[must_use]
    pub fn with_full_names(&self, actions: &Actions) -> Allowlist<'static> {
        let full = |name: &Name<'a>| match full_name(actions, name) {
            Some(full) => Cow::Owned(full.as_bytes().to_vec()),
            None => owned(name),
        };
        let full = |names: &Names<'a>| Some(names.as_ref()?.iter().map(full).collect());
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
        let on_databases = self.database.iter().map(|(_, names)| names);
        let on_children = self.resource.iter().flat_map(|(_, children)| children);
        let on_children = on_children.map(|(_, names)| names);
        let mut unknown: Vec<Name<'static>> = Vec::new();
        let mut seen = HashSet::new();
        let lists = [&self.all].into_iter().chain(on_databases).chain(on_children);
        for name in lists.flatten().flatten() {
            if full_name(actions, name).is_none() && seen.insert(name) {
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

/// A list of names, or null.
fn names<'a>(value: &Value<'a>) -> Option<Names<'a>> {
    match value {
        Value::Null => Some(None),
        Value::List(items) => {
            let name = |item: &Value<'a>| match item {
                Value::Str(name) => Some(name.clone()),
                _ => None,
            };
            items.iter().map(name).collect::<Option<_>>().map(Some)
        }
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
