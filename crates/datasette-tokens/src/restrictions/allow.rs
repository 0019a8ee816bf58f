//! `_r` as it is read back. Upstream: `restrictions_allow_action` in
//! `datasette/default_permissions/restrictions.py`, before 1.0a25 `default_permissions.py`.

use std::collections::HashSet;

use super::question::{Question, Resource};
use crate::{Actions, Datasette, Error, Feature, Str, Value};

/// A list of names; `None` where the payload has null in its place.
pub type Names<'a> = Option<Vec<Str<'a>>>;

/// Something for each name, in the order of Python's `dict`.
pub(super) type ByName<'a, T> = Vec<(Str<'a>, T)>;

/// What a token's `_r` allows. If every part is empty, it allows nothing. Names of actions may be
/// abbreviated.
///
/// ```
/// use datasette_tokens::{Allowlist, Datasette, Resource, Value};
///
/// let r = pyjson::loads(r#"{"r": {"docs": {"pages": ["ir"]}}}"#)?;
/// let allowlist = Allowlist::read(&r).expect("an _r object");
/// let pages = Resource::Child("docs".into(), "pages".into());
/// let datasette = Datasette::default();
/// assert!(datasette.allows_action(&allowlist, &"insert-row".into(), Some(&pages))?);
/// assert!(!datasette.allows_action(&allowlist, &"drop-table".into(), Some(&pages))?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "Value<'a>"))]
pub struct Allowlist<'a> {
    /// Actions allowed everywhere.
    pub all: Names<'a>,
    /// Actions by database.
    pub database: Vec<(Str<'a>, Names<'a>)>,
    /// Actions by database and resource.
    pub resource: Vec<(Str<'a>, Vec<(Str<'a>, Names<'a>)>)>,
}

impl Datasette {
    /// `restrictions_allow_action(datasette, restrictions, action, resource)`.
    ///
    /// Changed in 1.0a39: names of tables match whatever their ASCII case, and null in place of
    /// the list of that very resource is an error.
    ///
    /// # Errors
    /// [`Error::NotSupported`] before 1.0a20, [`Error::NullList`].
    pub fn allows_action(
        &self,
        allowlist: &Allowlist<'_>,
        action: &Str<'_>,
        resource: Option<&Resource<'_>>,
    ) -> Result<bool, Error> {
        self.release.require(Feature::RestrictionsAllowAction)?;
        let question = Question::new(self, action, resource);
        let has_action =
            |names: &Names<'_>| names.iter().flatten().any(|name| question.is_action(name));
        if has_action(&allowlist.all) {
            return Ok(true);
        }
        let Some(database) = question.database else { return Ok(false) };
        if allowlist.database.iter().any(|(name, names)| name == database && has_action(names)) {
            return Ok(true);
        }
        let children = allowlist.resource.iter().filter(|(name, _)| name == database);
        let children = children.flat_map(|(_, names)| names);
        for (_, names) in children.filter(|(name, _)| question.is_child(name)) {
            if names.is_none() && self.release.normalizes_children() {
                return Err(Error::NullList);
            }
            if has_action(names) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a> Allowlist<'a> {
    /// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, each
    /// member may be absent, any list may be null, and other members are ignored.
    ///
    /// `None` for any other shape, on which Datasette would crash.
    pub fn read(value: &Value<'a>) -> Option<Self> {
        let Value::Dict(_) = value else { return None };
        Some(Self {
            all: value.get("a").map_or(Some(None), names)?,
            database: value.get("d").map_or(Some(Vec::new()), by_name(names))?,
            resource: value.get("r").map_or(Some(Vec::new()), by_name(by_name(names)))?,
        })
    }

    /// Replaces abbreviations by full names. Returns the names that are neither an action nor an
    /// abbreviation of one, each once, in order of appearance.
    pub fn expand_abbreviations(&mut self, actions: &Actions) -> Vec<Str<'a>> {
        let children = self.resource.iter_mut().flat_map(|(_, children)| children);
        let lists = self.database.iter_mut().chain(children).map(|(_, names)| names);
        let mut unknown = Vec::new();
        let mut seen = HashSet::new();
        for name in [&mut self.all].into_iter().chain(lists).flatten().flatten() {
            match name.to_str().and_then(|name| actions.full_name(name)) {
                Some(full_name) => *name = full_name.to_owned().into(),
                None if seen.insert(name.clone()) => unknown.push(name.clone()),
                None => {}
            }
        }
        unknown
    }
}

/// The same as a `dict`, `{"all": […], "database": {…}, "resource": {…}}`, with an empty list in
/// place of null.
impl<'a> From<Allowlist<'a>> for Value<'a> {
    fn from(allowlist: Allowlist<'a>) -> Self {
        let list =
            |names: Names<'a>| Value::List(names.into_iter().flatten().map(Value::Str).collect());
        let dict = |members: ByName<'a, Names<'a>>| {
            members.into_iter().map(|(name, names)| (name, list(names))).collect()
        };
        let resource =
            allowlist.resource.into_iter().map(|(name, children)| (name, dict(children)));
        Value::from_iter([
            ("all", list(allowlist.all)),
            ("database", dict(allowlist.database)),
            ("resource", resource.collect()),
        ])
    }
}

/// A list of names, or null.
fn names<'a>(value: &Value<'a>) -> Option<Names<'a>> {
    let name =
        |item: &Value<'a>| if let Value::Str(name) = item { Some(name.clone()) } else { None };
    match value {
        Value::Null => Some(None),
        Value::List(items) => items.iter().map(name).collect::<Option<_>>().map(Some),
        _ => None,
    }
}

fn by_name<'a, T>(
    read: impl Fn(&Value<'a>) -> Option<T>,
) -> impl Fn(&Value<'a>) -> Option<ByName<'a, T>> {
    move |value| {
        let Value::Dict(members) = value else { return None };
        members.iter().map(|(name, value)| Some((name.clone(), read(value)?))).collect()
    }
}
