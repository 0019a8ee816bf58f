//! The options of `datasette create-token` about a token's restrictions and lifetime.

use clap::Args;
use datasette_tokens::{Error, Feature, RawRestrictions, Release};
use dstok::sidecar::methods::Defaults;
use serde_json::{Value, json};

use super::{failure::Result, python_int::parse_python_int};

#[derive(Args)]
pub(super) struct TokenArgs {
    /// Token should expire after this many seconds
    #[arg(short, long, value_name = "INTEGER", allow_hyphen_values = true)]
    expires_after: Option<String>,

    /// Restrict token to this action
    #[arg(short, long, value_name = "ACTION", allow_hyphen_values = true)]
    all: Vec<String>,

    /// Restrict token to this action on this database
    #[arg(short, long, num_args = 2, value_names = ["DB", "ACTION"], allow_hyphen_values = true)]
    database: Vec<String>,

    /// Restrict token to this action on this database resource (a table, SQL view or named query)
    #[arg(short, long, num_args = 3, value_names = ["DB", "RESOURCE", "ACTION"],
        allow_hyphen_values = true)]
    resource: Vec<String>,
}

impl TokenArgs {
    /// What the tokens are made with unless something else is asked for. `restrictions` are those
    /// of [`TokenArgs::restrictions`].
    pub(super) fn defaults<'a>(&self, restrictions: &'a [String; 3]) -> Result<Defaults<'a>> {
        let expires_after = self.expires_after.as_deref().map(parse_python_int);
        if expires_after == Some(None) {
            return Err("--expires-after must be a whole number of seconds".to_owned().into());
        }
        let [all, database, resource] = restrictions.each_ref().map(|json| Some(&**json));
        let restrictions = RawRestrictions { all, database, resource };
        Ok(Defaults { expires_after: expires_after.flatten(), restrictions })
    }

    /// `restrict_all`, `restrict_database` and `restrict_resource` of `create_token`.
    pub(super) fn restrictions(&self) -> [String; 3] {
        [group(self.all.chunks(1)), group(self.database.chunks(2)), group(self.resource.chunks(3))]
    }

    /// The named actions, in the order --all, --database, --resource.
    pub(super) fn actions(&self) -> impl Iterator<Item = &String> {
        let on_places = self.database.chunks(2).chain(self.resource.chunks(3));
        self.all.iter().chain(on_places.filter_map(<[String]>::last))
    }

    /// Fails if the release lacks a feature, or the options that restrict, where one is given.
    pub(super) fn require(&self, feature: Feature, release: &Release) -> Result<(), Error> {
        release.require(feature)?;
        if self.actions().next().is_some() {
            release.require(Feature::CreateTokenRestrictions)?;
        }
        Ok(())
    }
}

/// Actions by place as JSON, in order of first appearance. Each item is an action with its place
/// before it. Without a place they make a list `[action, …]`, on databases
/// `{database: [action, …], …}`, and so on. No items make null.
pub(crate) fn group<S: AsRef<str>>(items: impl IntoIterator<Item = impl AsRef<[S]>>) -> String {
    let mut places = Value::Null;
    for item in items {
        if let [place @ .., action] = item.as_ref() {
            // A member that was just created is null.
            match place.iter().fold(&mut places, |outer, name| &mut outer[name.as_ref()]) {
                Value::Array(actions) => actions.push(action.as_ref().into()),
                list => *list = json!([action.as_ref()]),
            }
        }
    }
    places.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_grouped_in_order_of_first_appearance() {
        assert_eq!(group([["b"], ["a"], ["b"]]), r#"["b","a","b"]"#);
        assert_eq!(group([["b", "x"], ["a", "\""], ["b", "x"]]), r#"{"b":["x","x"],"a":["\""]}"#);
        assert_eq!(
            group([["b", "t", "x"], ["a", "t", "x"], ["b", "u", "x"], ["b", "t", "y"]]),
            r#"{"b":{"t":["x","y"],"u":["x"]},"a":{"t":["x"]}}"#
        );
        assert_eq!(group([[""; 2]; 0]), "null");
    }
}
