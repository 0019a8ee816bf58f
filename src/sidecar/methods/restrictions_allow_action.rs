//! `restrictions_allow_action`.

use datasette_tokens::{Allowlist, Error, Resource, Value};

use super::method::{Args, Bound, Failure, Method, MethodResult, Session};
use super::parameter::{BOOLEAN, STRING, action_names, by_name, optional, required};

pub(super) const METHOD: Method = Method {
    name: "restrictions_allow_action",
    summary: "Whether the restrictions of a token allow an action",
    parameters: &[
        required("restrictions", ALLOWLIST, "The _r of an actor"),
        required("action", STRING, "The name of the action"),
        optional("resource", RESOURCE, "A database, or [database, child]; null: the instance"),
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

const ALLOWLIST: &str = concat!(
    r#"{"type":"object","properties":{"a":"#,
    action_names!(r#"["array","null"]"#),
    r#","d":"#,
    by_name!(r#""object""#, action_names!(r#"["array","null"]"#)),
    r#","r":"#,
    by_name!(r#""object""#, by_name!(r#""object""#, action_names!(r#"["array","null"]"#))),
    "}}",
);
const RESOURCE: &str = concat!(
    r#"{"oneOf":[{"type":["string","null"]},"#,
    r#"{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}]}"#,
);

const ALLOWLIST_SHAPE: &str = "must be an _r object: {\"a\": [action, ...], \"d\": {database: \
                               [action, ...]}, \"r\": {database: {resource: [action, ...]}}}";
const RESOURCE_SHAPE: &str = "must be null, a database name or [database, child]";

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [restrictions, action, resource] = args.values();
    let value = restrictions.value()?;
    let allowlist = Allowlist::read(&value).ok_or_else(|| restrictions.invalid(ALLOWLIST_SHAPE))?;
    let Value::Str(action) = action.value()? else {
        return Err(action.invalid("must be a string"));
    };
    let resource = read_resource(resource)?;
    let datasette = &session.datasette;
    let is_allowed = datasette.allows_action(&allowlist, &action, resource.as_ref()).map_err(
        |error| match error {
            Error::NullList => restrictions.invalid("has null in place of the resource's list"),
            error => error.into(),
        },
    )?;
    out.extend_from_slice(if is_allowed { b"true" } else { b"false" });
    Ok(())
}

fn read_resource(resource: Bound<'_>) -> Result<Option<Resource<'_>>, Failure> {
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
