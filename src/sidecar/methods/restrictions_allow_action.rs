//! `restrictions_allow_action`.

use datasette_tokens::{Error, Feature, RawAllowlist, Resource, Str};
use pyjson::{Kind, RawValue, Scanner};

use super::method::{Args, Bound, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{Parameter, optional, required};

pub(super) const METHOD: Method = Method {
    name: "restrictions_allow_action",
    summary: "Whether the restrictions of a token allow an action",
    description: "Datasette's function of that name, from 1.0a20 on. restrictions is the member _r \
                  of an actor that verify_token returns. From 1.0a39 on, the ASCII case of a \
                  table's name does not matter for actions on tables.",
    parameters: &[
        required(
            "restrictions",
            "OptionalAllowlist",
            "The _r of an actor; null for an actor without one",
        ),
        ACTION,
        RESOURCE,
    ],
    result: MethodResult { name: "allowed", schema: "IsAllowed" },
    errors: &[ErrorKind::NotSupported],
    examples: Examples::Fixtures(&[
        "allow_all_table",
        "allow_database_exact",
        "allow_table_exact",
        "allow_table_other",
    ]),
    run,
};

/// The action that is asked for.
pub(super) const ACTION: Parameter = required("action", "ActionName", "The name of the action");

/// The resource that the action is applied to.
pub(super) const RESOURCE: Parameter =
    optional("resource", "Resource", "A database, or [database, child]; null: the instance");

const ALLOWLIST_SHAPE: &str = "must be null or an _r object: {\"a\": [action, ...], \"d\": {database: \
                               [action, ...]}, \"r\": {database: {resource: [action, ...]}}}";
const RESOURCE_SHAPE: &str = "must be null, a database name or [database, child]";

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [restrictions, action, resource] = args.values();
    let shape = || restrictions.invalid(ALLOWLIST_SHAPE);
    let json = match restrictions.given_json() {
        None => None,
        Some(_) => Some(restrictions.object()?.ok_or_else(shape)?),
    };
    let allowlist = json.as_deref().map(|json| RawAllowlist::new(json).ok_or_else(shape));
    let allowlist = allowlist.transpose()?;
    let (action, resource) = (read_action(action)?, read_resource(resource)?);
    let datasette = &session.datasette;
    let Some(allowlist) = allowlist else {
        datasette.release().require(Feature::RestrictionsAllowAction).map_err(Error::from)?;
        out.extend_from_slice(b"true");
        return Ok(());
    };
    let is_allowed = datasette.raw_allows_action(allowlist, &action, resource.as_ref());
    let is_allowed = is_allowed.map_err(|error| match error {
        Error::NullList => restrictions.invalid("has null in place of the resource's list"),
        error => error.into(),
    })?;
    out.extend_from_slice(if is_allowed { b"true" } else { b"false" });
    Ok(())
}

/// The value of [`ACTION`].
pub(super) fn read_action(action: Bound<'_>) -> Result<Str<'_>, Failure> {
    python_string(action.json).ok_or_else(|| action.invalid("must be a string"))
}

/// The value of [`RESOURCE`].
pub(super) fn read_resource(resource: Bound<'_>) -> Result<Option<Resource<'_>>, Failure> {
    let Some(json) = resource.given_json() else { return Ok(None) };
    if let Some(database) = python_string(json) {
        return Ok(Some(Resource::Database(database)));
    }
    let pair = pair(json).map_err(|error| resource.json_error(error))?;
    let child = pair.and_then(|[database, child]| {
        Some(Resource::Child(python_string(database)?, python_string(child)?))
    });
    child.map(Some).ok_or_else(|| resource.invalid(RESOURCE_SHAPE))
}

/// A string, with its lone surrogates.
fn python_string(json: &str) -> Option<Str<'_>> {
    Some(RawValue { text: json, depth: 0 }.as_string()?.to_python())
}

/// The elements of an array of two.
fn pair(json: &str) -> Result<Option<[&str; 2]>, pyjson::Error> {
    let mut scanner = Scanner::new(json);
    if scanner.peek_kind()? != Kind::Array {
        return Ok(None);
    }
    let mut pair = [""; 2];
    let mut length = 0;
    scanner.begin_array()?;
    while scanner.next_element()? {
        let element = scanner.raw_value()?.text;
        if let Some(place) = pair.get_mut(length) {
            *place = element;
        }
        length += 1;
    }
    Ok((length == 2).then_some(pair))
}
