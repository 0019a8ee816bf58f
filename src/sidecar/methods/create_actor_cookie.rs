//! `create_actor_cookie`.

use super::args::Args;
use super::method::{Example, Method, MethodResult, Session};
use super::parameter::Parameter;
use super::schema::{ANY, NOW, OPTIONAL_INTEGER, STRING};
use crate::sidecar::protocol::Failure;

pub(super) const METHOD: Method = Method {
    name: "create_actor_cookie",
    summary: "The value of a ds_actor cookie, as datasette.set_actor_cookie() sets it",
    parameters: &[
        Parameter::required("actor", ANY, "The actor; in Datasette an object"),
        Parameter::optional(
            "expire_after",
            OPTIONAL_INTEGER,
            "Seconds of validity; 0 or null: no end",
        ),
        NOW,
    ],
    result: MethodResult { name: "cookie", schema: STRING },
    example: Some(Example {
        params: &[("actor", r#"{"id":"root"}"#), ("expire_after", "3600"), ("now", "1700000000")],
        result: r#""eyJhIjp7ImlkIjoicm9vdCJ9LCJlIjoiQnJEQ2F1In0.ZVBuELjcBFH5kZxRlEhJM2qbSa8""#,
    }),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [actor, expire_after, now] = args.values();
    let expire_after = expire_after.integer()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    let datasette = &datasette;
    out.push(b'"');
    datasette.create_actor_cookie_into(actor.json(), expire_after.as_ref(), now, workspace, out)?;
    out.push(b'"');
    Ok(())
}
