//! `_r`, what a token may do. Upstream: `TokenRestrictions` in `datasette/tokens.py`.

mod allow;
mod any_shape;
mod build;
mod full_names;
mod question;

pub use allow::{Allowlist, Names, RawAllowlist};
pub(crate) use build::write_restrictions;
pub use full_names::FullNames;
pub use question::Resource;

use crate::Value;
use allow::ByName;

/// The restrictions of a token: Datasette's `TokenRestrictions`. Without any entry a token may do
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
#[must_use]
pub struct TokenRestrictions(Allowlist<'static>);

impl TokenRestrictions {
    /// No restriction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows an action everywhere.
    pub fn allow_all(mut self, action: &str) -> Self {
        push(&mut self.0.all, action);
        self
    }

    /// Allows an action on a database and everything in it.
    pub fn allow_database(mut self, database: &str, action: &str) -> Self {
        push(entry(&mut self.0.database, database), action);
        self
    }

    /// Allows an action on a table, view or query of a database.
    pub fn allow_resource(mut self, database: &str, resource: &str, action: &str) -> Self {
        push(entry(entry(&mut self.0.resource, database), resource), action);
        self
    }

    /// Whether nothing is restricted.
    pub fn is_empty(&self) -> bool {
        self.0 == Allowlist::default()
    }

    /// The arguments `restrict_all`, `restrict_database` and `restrict_resource` as JSON texts.
    pub(crate) fn to_json(&self) -> [String; 3] {
        let arguments = Value::from(self.0.clone());
        // JSON can carry strings.
        let json = |name| arguments.get(name)?.to_json().ok();
        ["all", "database", "resource"].map(|name| json(name).unwrap_or_default())
    }
}

fn push(names: &mut Names<'static>, name: &str) {
    names.get_or_insert_default().push(name.to_owned().into());
}

/// As `dict.setdefault`: the value of a key, in order of first appearance.
fn entry<'e, T: Default>(entries: &'e mut ByName<'static, T>, key: &str) -> &'e mut T {
    let at = entries.iter().position(|(known, _)| known == key).unwrap_or(entries.len());
    if at == entries.len() {
        entries.push((key.to_owned().into(), T::default()));
    }
    &mut entries[at].1
}

/// The restrictions of a token as JSON texts, shaped as Datasette's arguments are.
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
    #[inline]
    pub fn without_empty(self) -> Self {
        let filled = |text: Option<&'a str>| text.filter(|text| !is_empty(text));
        let Self { all, database, resource } = self;
        Self { all: filled(all), database: filled(database), resource: filled(resource) }
    }

    /// Whether nothing is restricted, after [`RawRestrictions::without_empty`].
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.database.is_none() && self.resource.is_none()
    }
}

/// Whether a valid JSON text is null or an empty collection.
#[inline]
fn is_empty(text: &str) -> bool {
    let mut bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    matches!([bytes.next(), bytes.next()], [Some(b'['), Some(b']')] | [Some(b'{'), Some(b'}')])
        || text.trim_ascii() == "null"
}
