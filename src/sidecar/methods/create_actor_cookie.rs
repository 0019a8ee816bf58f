//! `create_actor_cookie`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{ANY, EXAMPLE_COOKIE, NOW, OPTIONAL_INTEGER, STRING, optional, required};

pub(super) const METHOD: Method = Method {
    name: "create_actor_cookie",
    summary: "The value of a ds_actor cookie, as datasette.set_actor_cookie() sets it",
    parameters: &[
        required("actor", ANY, "The actor; in Datasette an object"),
        optional("expire_after", OPTIONAL_INTEGER, "Seconds of validity; 0 or null: no end"),
        NOW,
    ],
    result: MethodResult { name: "cookie", schema: STRING },
    example: &[("actor", r#"{"id":"root"}"#), ("expire_after", "3600"), ("now", "1700000000")],
    example_result: Some(EXAMPLE_COOKIE),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [actor, expire_after, now] = args.values();
    let expire_after = expire_after.integer()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    out.push(b'"');
    datasette.create_actor_cookie_into(actor.json, expire_after.as_ref(), now, workspace, out)?;
    out.push(b'"');
    Ok(())
}
