//! The restrictions of `create_token` as JSON texts.

use datasette_tokens::RawRestrictions;
use serde_json::{Value, json};

/// `restrict_all`, `restrict_database` and `restrict_resource` as JSON texts.
pub(crate) struct RestrictionsJson {
    pub(super) all: String,
    pub(super) database: String,
    pub(super) resource: String,
}

impl RestrictionsJson {
    pub(crate) fn as_raw(&self) -> RawRestrictions<'_> {
        RawRestrictions {
            all: Some(&self.all),
            database: Some(&self.database),
            resource: Some(&self.resource),
        }
    }
}

/// A list of actions.
pub(crate) fn list<'a>(actions: impl IntoIterator<Item = &'a str>) -> String {
    actions.into_iter().collect::<Value>().to_string()
}

/// Pairs of database and action as `{database: [action, …], …}`, in order of first appearance.
pub(crate) fn by_database<'a>(pairs: impl IntoIterator<Item = [&'a str; 2]>) -> String {
    let mut databases = json!({});
    for [database, action] in pairs {
        push(&mut databases[database], action);
    }
    databases.to_string()
}

/// Triples of database, resource and action as `{database: {resource: [action, …], …}, …}`, in
/// order of first appearance.
pub(crate) fn by_resource<'a>(triples: impl IntoIterator<Item = [&'a str; 3]>) -> String {
    let mut databases = json!({});
    for [database, resource, action] in triples {
        push(&mut databases[database][resource], action);
    }
    databases.to_string()
}

/// Appends to a list. A member that was just created is null.
fn push(list: &mut Value, action: &str) {
    match list {
        Value::Array(actions) => actions.push(action.into()),
        list => *list = json!([action]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_grouped_in_order_of_first_appearance() {
        assert_eq!(list(["b", "a", "b"]), r#"["b","a","b"]"#);
        assert_eq!(
            by_database([["b", "x"], ["a", "\""], ["b", "x"]]),
            r#"{"b":["x","x"],"a":["\""]}"#
        );
        assert_eq!(
            by_resource([["b", "t", "x"], ["a", "t", "x"], ["b", "u", "x"], ["b", "t", "y"]]),
            r#"{"b":{"t":["x","y"],"u":["x"]},"a":{"t":["x"]}}"#
        );
        assert_eq!((&*by_database([]), &*by_resource([]), &*list([])), ("{}", "{}", "[]"));
    }
}
