//! `_r`, what a token may do. Upstream: `TokenRestrictions` in `datasette/tokens.py`.

mod allow;
mod build;

pub use allow::{Allowlist, Names, Resource};
pub(crate) use build::write_restrictions;

use crate::Value;

/// What a token is restricted to: Datasette's `TokenRestrictions`. Without any entry a token may do
/// whatever its actor may.
///
/// ```
/// use datasette_tokens::TokenRestrictions;
///
/// let restrictions = TokenRestrictions::new()
///     .allow_all("view-instance")
///     .allow_database("docs", "view-query")
///     .allow_resource("docs", "attachments", "insert-row");
/// assert!(!restrictions.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRestrictions {
    all: Vec<String>,
    database: Entries<Vec<String>>,
    resource: Entries<Entries<Vec<String>>>,
}

/// A `dict`, in its order.
type Entries<T> = Vec<(String, T)>;

impl TokenRestrictions {
    /// No restriction.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows an action everywhere.
    #[must_use]
    pub fn allow_all(mut self, action: impl Into<String>) -> Self {
        self.all.push(action.into());
        self
    }

    /// Allows an action on a database and everything in it.
    #[must_use]
    pub fn allow_database(mut self, database: &str, action: impl Into<String>) -> Self {
        entry(&mut self.database, database).push(action.into());
        self
    }

    /// Allows an action on a table, view or query of a database.
    #[must_use]
    pub fn allow_resource(
        mut self,
        database: &str,
        resource: &str,
        action: impl Into<String>,
    ) -> Self {
        entry(entry(&mut self.resource, database), resource).push(action.into());
        self
    }

    /// Whether nothing is restricted.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.database.is_empty() && self.resource.is_empty()
    }

    /// The arguments `restrict_all`, `restrict_database` and `restrict_resource` as JSON texts.
    pub(crate) fn to_json(&self) -> [String; 3] {
        let arguments = [
            list(&self.all),
            dict(&self.database, |names| list(names)),
            dict(&self.resource, |entries| dict(entries, |names| list(names))),
        ];
        // JSON can carry strings.
        arguments.map(|value| value.to_json().unwrap_or_default())
    }
}

fn list(names: &[String]) -> Value<'_> {
    Value::List(names.iter().map(|name| Value::from(&**name)).collect())
}

fn dict<'e, T>(entries: &'e [(String, T)], value: impl Fn(&'e T) -> Value<'e>) -> Value<'e> {
    entries.iter().map(|(name, entry)| (&**name, value(entry))).collect()
}

/// As `dict.setdefault`: the value of a key, in order of first appearance.
fn entry<'e, T: Default>(entries: &'e mut Entries<T>, key: &str) -> &'e mut T {
    let at = entries.iter().position(|(known, _)| known == key).unwrap_or(entries.len());
    if at == entries.len() {
        entries.push((key.to_owned(), T::default()));
    }
    &mut entries[at].1
}

/// What a token is restricted to, as JSON texts in the shapes of Datasette's arguments.
///
/// `None`, null and an empty collection mean no restriction of that sort.
///
/// ```
/// use datasette_tokens::RawRestrictions;
///
/// let restrictions = RawRestrictions { all: Some("[ ]"), ..RawRestrictions::default() };
/// assert!(restrictions.without_empty().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RawRestrictions<'a> {
    /// Actions allowed everywhere: a list of names.
    pub all: Option<&'a str>,
    /// Actions allowed on a database: from its name to a list of names.
    pub database: Option<&'a str>,
    /// Actions allowed on a table, view or query: from the database's name to an object from
    /// the resource's name to a list of names.
    pub resource: Option<&'a str>,
}

impl<'a> RawRestrictions<'a> {
    /// Drops what Python calls false: null and empty collections.
    #[must_use]
    pub fn without_empty(self) -> Self {
        let arguments = [self.all, self.database, self.resource];
        let [all, database, resource] = arguments.map(|text| text.filter(|text| !is_empty(text)));
        Self { all, database, resource }
    }

    /// Whether nothing is restricted, after [`RawRestrictions::without_empty`].
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.database.is_none() && self.resource.is_none()
    }
}

/// Whether a valid JSON text is null or an empty collection.
fn is_empty(text: &str) -> bool {
    let mut bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    matches!([bytes.next(), bytes.next()], [Some(b'['), Some(b']')] | [Some(b'{'), Some(b'}')])
        || text.trim_ascii() == "null"
}
