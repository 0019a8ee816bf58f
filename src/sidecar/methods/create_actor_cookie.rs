//! `create_actor_cookie`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, optional, required};

pub(super) const METHOD: Method = Method {
    name: "create_actor_cookie",
    summary: "The value of a ds_actor cookie, as datasette.set_actor_cookie() sets it",
    description: "Makes the value of the cookie ds_actor, which tells Datasette who a visitor is. \
                  Limits on tokens don't apply to cookies. Datasette 1.0a17 to 1.0a38 ignore the value \
                  of expire_after: any value but 0 means a day.",
    parameters: &[
        required("actor", "CookieActor", "The actor; in Datasette an object"),
        optional("expire_after", "OptionalSeconds", "Lifetime in seconds; 0 or null: no expiry"),
        NOW,
    ],
    result: MethodResult { name: "cookie", schema: "Cookie" },
    errors: &[ErrorKind::NoSecret],
    examples: Examples::Fixtures(&["actor_cookie_root", "actor_cookie_expire_after_day"]),
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
