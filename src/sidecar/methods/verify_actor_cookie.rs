//! `verify_actor_cookie`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{ANY, EXAMPLE_COOKIE, NOW, STRING, required};

pub(super) const METHOD: Method = Method {
    name: "verify_actor_cookie",
    summary: "The actor of a ds_actor cookie, or null for an anonymous visitor",
    parameters: &[required("cookie", STRING, "The value of the cookie"), NOW],
    result: MethodResult { name: "actor", schema: ANY },
    example: &[("cookie", EXAMPLE_COOKIE), ("now", "1700000060")],
    example_result: Some(r#"{"id":"root"}"#),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [cookie, now] = args.values();
    let cookie = cookie.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.verify_actor_cookie_into(&cookie, now, workspace, out)?)
}
