//! The options of `datasette create-token` that say what a token may do and for how long, and
//! their JSON.

use clap::Args;

use super::Failure;
use dstok::datasette::Restrictions;
use dstok::pyjson::{Integer, parse_python_int, write_string};

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

/// `restrict_all`, `restrict_database` and `restrict_resource` as JSON texts.
pub(super) struct RestrictionTexts {
    all: String,
    database: String,
    resource: String,
}

impl TokenArgs {
    /// The seconds of `--expires-after`.
    pub(super) fn expires_after(&self) -> Result<Option<Integer<'static>>, Failure> {
        let Some(text) = &self.expires_after else { return Ok(None) };
        parse_python_int(text).map(Some).ok_or_else(|| {
            Failure::Usage("--expires-after is not a whole number of seconds".to_owned())
        })
    }

    pub(super) fn is_restricted(&self) -> bool {
        !(self.all.is_empty() && self.database.is_empty() && self.resource.is_empty())
    }

    /// The actions that are named, in the order --all, --database, --resource.
    pub(super) fn actions(&self) -> impl Iterator<Item = &String> {
        let on_databases = self.database.chunks(2).filter_map(|pair| pair.get(1));
        let on_resources = self.resource.chunks(3).filter_map(|triple| triple.get(2));
        self.all.iter().chain(on_databases).chain(on_resources)
    }

    pub(super) fn restrictions(&self) -> RestrictionTexts {
        fn texts(options: &[String]) -> Vec<&str> {
            options.iter().map(String::as_str).collect()
        }
        RestrictionTexts {
            all: list(&texts(&self.all)),
            database: by_database(&texts(&self.database)),
            resource: by_resource(&texts(&self.resource)),
        }
    }
}

impl RestrictionTexts {
    pub(super) fn as_restrictions(&self) -> Restrictions<'_> {
        Restrictions {
            all: Some(&self.all),
            database: Some(&self.database),
            resource: Some(&self.resource),
        }
    }
}

/// A list of strings.
pub(super) fn list(items: &[&str]) -> String {
    format!("[{}]", items.iter().map(|item| string(item)).collect::<Vec<_>>().join(","))
}

/// Databases and actions in turn, as an object of lists.
pub(super) fn by_database(pairs: &[&str]) -> String {
    object(grouped(pairs.chunks(2)), |rows| list(&rows.concat()))
}

/// Databases, resources and actions in turn, as an object of objects of lists.
pub(super) fn by_resource(triples: &[&str]) -> String {
    object(grouped(triples.chunks(3)), |rows| {
        object(grouped(rows.into_iter()), |rows| list(&rows.concat()))
    })
}

type Group<'a> = (&'a str, Vec<&'a [&'a str]>);

/// Groups rows by their first column, in order of first appearance, as `dict.setdefault` does.
fn grouped<'a>(rows: impl Iterator<Item = &'a [&'a str]>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for row in rows {
        let Some((key, rest)) = row.split_first() else { continue };
        match groups.iter_mut().find(|(known, _)| known == key) {
            Some((_, group)) => group.push(rest),
            None => groups.push((key, vec![rest])),
        }
    }
    groups
}

fn object<'a>(groups: Vec<Group<'a>>, value: impl Fn(Vec<&'a [&'a str]>) -> String) -> String {
    let members: Vec<_> =
        groups.into_iter().map(|(key, rows)| format!("{}:{}", string(key), value(rows))).collect();
    format!("{{{}}}", members.join(","))
}

/// A string.
pub(super) fn string(text: &str) -> String {
    let mut json = Vec::new();
    write_string(&mut json, text);
    String::from_utf8_lossy(&json).into_owned()
}
