//! `_r`, what a token may do. Upstream: `TokenRestrictions` in `datasette/tokens.py`.

mod allow;
mod build;

use pyjson::write_string;

use crate::raw::RawRestrictions;
pub use allow::{Allowlist, Names, NullList, Resource};
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

    /// The three arguments as JSON texts.
    pub(crate) fn to_json(&self) -> JsonRestrictions {
        JsonRestrictions {
            all: list(&self.all),
            database: object(&self.database, |actions| list(actions)),
            resource: object(&self.resource, |resources| {
                object(resources, |actions| list(actions))
            }),
        }
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

/// [`TokenRestrictions`] as JSON texts.
pub(crate) struct JsonRestrictions {
    all: String,
    database: String,
    resource: String,
}

impl JsonRestrictions {
    pub(crate) fn as_raw(&self) -> RawRestrictions<'_> {
        RawRestrictions {
            all: Some(&self.all),
            database: Some(&self.database),
            resource: Some(&self.resource),
        }
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|item| string(item)).collect::<Vec<_>>().join(","))
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
