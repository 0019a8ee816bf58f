//! `verify_actor_cookie`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, required};

pub(super) const METHOD: Method = Method {
    name: "verify_actor_cookie",
    summary: "The actor of a ds_actor cookie, or null for an anonymous visitor",
    description: "Verifies the signature and the expiry of a ds_actor cookie, and returns its \
                  actor. The result is null for a cookie that Datasette doesn't accept. A cookie \
                  with a valid signature, but on which Datasette crashes, is the error \
                  token_invalid.",
    parameters: &[required("cookie", "GivenCookie", "The value of the cookie"), NOW],
    result: MethodResult { name: "actor", schema: "CookieActor" },
    errors: &[ErrorKind::NoSecret, ErrorKind::BadPayload, ErrorKind::TokenInvalid],
    examples: Examples::Fixtures(&[
        "verify_cookie_plain",
        "verify_cookie_now_parameter",
        "verify_cookie_signature_flipped",
    ]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [cookie, now] = args.values();
    let cookie = cookie.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.verify_actor_cookie_into(&cookie, now, workspace, out)?)
}
