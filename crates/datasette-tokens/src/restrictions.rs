//! `_r`, what a token may do. Upstream: `TokenRestrictions` in `datasette/tokens.py`.

mod allow;
mod build;

use pyjson::write_string;

pub use allow::{Allowlist, Names, Resource};
pub(crate) use build::write_restrictions;

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
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.database.is_empty() && self.resource.is_empty()
    }

    /// The arguments `restrict_all`, `restrict_database` and `restrict_resource` as JSON texts.
    pub(crate) fn to_json(&self) -> [String; 3] {
        let list = |actions: &Vec<String>| {
            format!("[{}]", actions.iter().map(|name| string(name)).collect::<Vec<_>>().join(","))
        };
        [
            list(&self.all),
            object(&self.database, list),
            object(&self.resource, |resources| object(resources, list)),
        ]
    }
}

/// As `dict.setdefault`: the value of a key, in order of first appearance.
fn entry<'e, T: Default>(entries: &'e mut Entries<T>, key: &str) -> &'e mut T {
    let at = match entries.iter().position(|(known, _)| known == key) {
        Some(at) => at,
        None => {
            entries.push((key.to_owned(), T::default()));
            entries.len() - 1
        }
    };
    &mut entries[at].1
}

fn object<T>(entries: &[(String, T)], value: impl Fn(&T) -> String) -> String {
    let members = entries.iter().map(|(key, entry)| format!("{}:{}", string(key), value(entry)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    let mut json = Vec::new();
    write_string(&mut json, text);
    String::from_utf8_lossy(&json).into_owned()
}
