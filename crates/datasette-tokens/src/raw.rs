//! Arguments as JSON texts, for programs that hold JSON already.

use crate::Integer;

/// The arguments of `datasette.create_token()`, as JSON texts. See
/// [`TokenRequest`](crate::TokenRequest) for typed ones and [`Workspace`](crate::Workspace) for an
/// example.
#[derive(Clone, Debug)]
pub struct RawTokenRequest<'a> {
    /// `actor_id`: any value.
    pub actor_id: &'a str,
    /// `expires_after`, in seconds. Zero means never, as in Datasette; a negative one is kept.
    pub expires_after: Option<Integer>,
    /// What the token may do. Nothing given means everything.
    pub restrictions: RawRestrictions<'a>,
}

impl<'a> RawTokenRequest<'a> {
    /// An unrestricted token without an end.
    #[must_use]
    pub fn new(actor_id: &'a str) -> Self {
        Self { actor_id, expires_after: None, restrictions: RawRestrictions::default() }
    }
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
        let is_given = |text: &&'a str| !is_empty(text);
        Self {
            all: self.all.filter(is_given),
            database: self.database.filter(is_given),
            resource: self.resource.filter(is_given),
        }
    }

    /// Whether nothing is restricted, after [`RawRestrictions::without_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.database.is_none() && self.resource.is_none()
    }
}

/// Whether a valid JSON text is null or an empty collection.
fn is_empty(text: &str) -> bool {
    let text = text.trim_ascii();
    text == "null"
        || [('[', ']'), ('{', '}')].into_iter().any(|(open, close)| {
            let inside = text.strip_prefix(open).map(|rest| rest.trim_ascii_start());
            inside.is_some_and(|rest| rest.starts_with(close))
        })
}
