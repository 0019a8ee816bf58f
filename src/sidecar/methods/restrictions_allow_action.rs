//! `restrictions_allow_action`.

use datasette_tokens::{Allowlist, Error, Feature, Resource, Str, Value};

use super::method::{Args, Bound, Failure, Method, MethodResult, Session};
use super::parameter::{BOOLEAN, Parameter, STRING, action_names, by_name, optional, required};

pub(super) const METHOD: Method = Method {
    name: "restrictions_allow_action",
    summary: "Whether the restrictions of a token allow an action",
    parameters: &[
        required("restrictions", ALLOWLIST, "The _r of an actor; null for an actor without one"),
        ACTION,
        RESOURCE,
    ],
    result: MethodResult { name: "allowed", schema: BOOLEAN },
    example: &[
        ("restrictions", r#"{"r":{"docs":{"pages":["ir"]}}}"#),
        ("action", r#""insert-row""#),
        ("resource", r#"["docs","pages"]"#),
    ],
    example_result: Some("true"),
    run,
};

/// The action that is asked for.
pub(super) const ACTION: Parameter = required("action", STRING, "The name of the action");

/// The resource that the action is applied to.
pub(super) const RESOURCE: Parameter =
    optional("resource", RESOURCES, "A database, or [database, child]; null: the instance");

const ALLOWLIST: &str = concat!(
    r#"{"type":["object","null"],"properties":{"a":"#,
    action_names!(r#"["array","null"]"#),
    r#","d":"#,
    by_name!(r#""object""#, action_names!(r#"["array","null"]"#)),
    r#","r":"#,
    by_name!(r#""object""#, by_name!(r#""object""#, action_names!(r#"["array","null"]"#))),
    "}}",
);
const RESOURCES: &str = concat!(
    r#"{"oneOf":[{"type":["string","null"]},"#,
    r#"{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}]}"#,
);

const ALLOWLIST_SHAPE: &str = "must be null or an _r object: {\"a\": [action, ...], \"d\": {database: \
                               [action, ...]}, \"r\": {database: {resource: [action, ...]}}}";
const RESOURCE_SHAPE: &str = "must be null, a database name or [database, child]";

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [restrictions, action, resource] = args.values();
    let value = restrictions.value()?;
    let allowlist = match &value {
        Value::Null => None,
        value => Some(Allowlist::read(value).ok_or_else(|| restrictions.invalid(ALLOWLIST_SHAPE))?),
    };
    let (action, resource) = (read_action(action)?, read_resource(resource)?);
    let datasette = &session.datasette;
    let Some(allowlist) = allowlist else {
        datasette.release().require(Feature::RestrictionsAllowAction).map_err(Error::from)?;
        out.extend_from_slice(b"true");
        return Ok(());
    };
    let is_allowed = datasette.allows_action(&allowlist, &action, resource.as_ref()).map_err(
        |error| match error {
            Error::NullList => restrictions.invalid("has null in place of the resource's list"),
            error => error.into(),
        },
    )?;
    out.extend_from_slice(if is_allowed { b"true" } else { b"false" });
    Ok(())
}

/// The value of [`ACTION`].
pub(super) fn read_action(action: Bound<'_>) -> Result<Str<'_>, Failure> {
    match action.value()? {
        Value::Str(action) => Ok(action),
        _ => Err(action.invalid("must be a string")),
    }
}

/// The value of [`RESOURCE`].
pub(super) fn read_resource(resource: Bound<'_>) -> Result<Option<Resource<'_>>, Failure> {
    match resource.value()? {
        Value::Null => return Ok(None),
        Value::Str(database) => return Ok(Some(Resource::Database(database))),
        Value::List(pair) => {
            if let Ok([Value::Str(database), Value::Str(child)]) = <[_; 2]>::try_from(pair) {
                return Ok(Some(Resource::Child(database, child)));
            }
        }
        _ => {}
    }
    Err(resource.invalid(RESOURCE_SHAPE))
}
