//! The options of `datasette create-token` about a token's restrictions and lifetime.

use clap::Args;
use datasette_tokens::Integer;

use super::failure::Failure;
use super::python_int::parse_python_int;
use super::restrictions_json::{RestrictionsJson, by_database, by_resource, list};

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
    /// The seconds of `--expires-after`.
    pub(super) fn expires_after(&self) -> Result<Option<Integer>, Failure> {
        let Some(text) = &self.expires_after else { return Ok(None) };
        parse_python_int(text).map(Some).ok_or_else(|| {
            Failure::Usage("--expires-after must be a whole number of seconds".to_owned())
        })
    }

    /// Whether any restriction is given.
    pub(super) fn is_restricted(&self) -> bool {
        !(self.all.is_empty() && self.database.is_empty() && self.resource.is_empty())
    }

    /// The named actions, in the order --all, --database, --resource.
    pub(super) fn actions(&self) -> impl Iterator<Item = &str> {
        let on_databases = self.databases().map(|[_, action]| action);
        let on_resources = self.resources().map(|[_, _, action]| action);
        self.all.iter().map(String::as_str).chain(on_databases).chain(on_resources)
    }

    /// The restrictions in the shapes that `create_token` takes.
    pub(super) fn restrictions(&self) -> RestrictionsJson {
        RestrictionsJson {
            all: list(self.all.iter().map(String::as_str)),
            database: by_database(self.databases()),
            resource: by_resource(self.resources()),
        }
    }

    // clap sees to it that each option has all of its values.
    fn databases(&self) -> impl Iterator<Item = [&str; 2]> {
        self.database.as_chunks().0.iter().map(|pair| pair.each_ref().map(String::as_str))
    }

    fn resources(&self) -> impl Iterator<Item = [&str; 3]> {
        self.resource.as_chunks().0.iter().map(|triple| triple.each_ref().map(String::as_str))
    }
}
