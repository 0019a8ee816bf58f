//! What is asked of restrictions, with the names that count as the same.

use crate::{Datasette, Str};

/// The resource that an action is applied to.
///
/// ```
/// use datasette_tokens::Resource;
///
/// let table = Resource::Child("docs".into(), "pages".into());
/// assert_ne!(table, Resource::Database("docs".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A database.
    Database(Str<'a>),
    /// A table, view or query of a database.
    Child(Str<'a>, Str<'a>),
}

/// An action on a resource.
pub(super) struct Question<'q> {
    action: &'q Str<'q>,
    abbreviation: Option<&'q str>,
    /// Datasette's `if resource:`. Without a database only the list for everything counts.
    pub(super) database: Option<&'q Str<'q>>,
    child: Option<&'q Str<'q>>,
    folds_case: bool,
}

impl<'q> Question<'q> {
    pub(super) fn new(
        datasette: &'q Datasette,
        action: &'q Str<'q>,
        resource: Option<&'q Resource<'q>>,
    ) -> Self {
        // What isn't UTF-8 is no known action.
        let known = action.to_str();
        let (database, child) = match resource {
            Some(Resource::Child(database, child)) => (Some(database), Some(child)),
            Some(Resource::Database(name)) if !name.is_empty() => (Some(name), None),
            _ => (None, None),
        };
        Self {
            action,
            abbreviation: known.and_then(|name| datasette.actions.abbreviation(name)),
            database,
            child,
            folds_case: datasette.release.normalizes_children()
                && known.is_some_and(|name| datasette.actions.is_on_tables(name)),
        }
    }

    /// Whether a listed name is the action or its abbreviation.
    pub(super) fn is_action(&self, name: &Str<'_>) -> bool {
        name == self.action || self.abbreviation.is_some_and(|abbreviation| name == abbreviation)
    }

    /// Whether the name of a table, view or query is that of the resource.
    pub(super) fn is_child(&self, name: &Str<'_>) -> bool {
        self.child.is_some_and(|child| match self.folds_case {
            true => name.as_wtf8().eq_ignore_ascii_case(child.as_wtf8()),
            false => name == child,
        })
    }
}
