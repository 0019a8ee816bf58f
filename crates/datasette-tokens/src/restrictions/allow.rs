//! `_r` as it is read back. Upstream: `restrictions_allow_action` in
//! `datasette/default_permissions/restrictions.py`, before 1.0a25 `default_permissions.py`.

use super::full_names::parts;
use super::question::Resource;
use crate::{Datasette, Error, Feature, Str, Value};

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
        self.raw_allows_action(RawAllowlist(&allowlist.to_json()), action, resource)
    }

    /// The same for an allowlist that is JSON. Builds no tree: it may be large.
    ///
    /// # Errors
    /// As [`Datasette::allows_action`].
    pub fn raw_allows_action(
        &self,
        RawAllowlist(json): RawAllowlist<'_>,
        action: &Str<'_>,
        resource: Option<&Resource<'_>>,
    ) -> Result<bool, Error> {
        self.release.require(Feature::RestrictionsAllowAction)?;
        // On this shape there is no other reason to crash.
        self.allows_by_any_restrictions(json, action, resource).ok_or(Error::NullList)
    }
}

/// An [`Allowlist`] as JSON in Python's spelling.
///
/// ```
/// use datasette_tokens::RawAllowlist;
///
/// assert!(RawAllowlist::new(r#"{"a":["vt"]}"#).is_some());
/// assert!(RawAllowlist::new(r#"{"a":"vt"}"#).is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawAllowlist<'a>(&'a str);

impl<'a> RawAllowlist<'a> {
    /// `None` for what [`Allowlist::read`] doesn't read.
    #[must_use]
    pub fn new(json: &'a str) -> Option<Self> {
        parts(json).map(|_| Self(json))
    }
}

impl<'a> Allowlist<'a> {
    /// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, each
    /// member may be absent, any list may be null, and other members are ignored.
    ///
    /// `None` for any other shape, on which Datasette would crash.
    pub fn read(value: &Value<'a>) -> Option<Self> {
        Self::read_members(value, ["a", "d", "r"])
    }

    /// The same with the names of arguments: `all`, `database` and `resource`.
    pub(crate) fn read_arguments(value: &Value<'a>) -> Option<Self> {
        Self::read_members(value, ["all", "database", "resource"])
    }

    fn read_members(value: &Value<'a>, [all, database, resource]: [&str; 3]) -> Option<Self> {
        let Value::Dict(_) = value else { return None };
        Some(Self {
            all: value.get(all).map_or(Some(None), names)?,
            database: value.get(database).map_or(Some(Vec::new()), by_name(names))?,
            resource: value.get(resource).map_or(Some(Vec::new()), by_name(by_name(names)))?,
        })
    }

    /// The `_r` that this was read from, as JSON in Python's spelling.
    fn to_json(&self) -> String {
        let list = |names: &Names<'a>| {
            let names = names.as_ref()?.iter().cloned().map(Value::Str).collect::<Vec<_>>();
            Some(Value::List(names))
        };
        let dict = |members: &ByName<'a, Names<'a>>| -> Value<'a> {
            members.iter().map(|(name, names)| (name.clone(), list(names).into())).collect()
        };
        let resource = self.resource.iter().map(|(name, children)| (name.clone(), dict(children)));
        let r: Value<'a> = Value::from_iter([
            ("a", list(&self.all).into()),
            ("d", dict(&self.database)),
            ("r", resource.collect()),
        ]);
        // JSON can carry strings.
        r.to_json().unwrap_or_default()
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
