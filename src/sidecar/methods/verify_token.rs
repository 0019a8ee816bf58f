//! `verify_token`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, TOKEN};

pub(super) const METHOD: Method = Method {
    name: "verify_token",
    summary: "The actor of an API token, or null where Datasette returns None",
    description: "Verifies the signature and the expiry of a token, and returns its actor. The \
                  result is null for a text without the prefix dstok_. For any other token that \
                  isn't valid, it is the error token_invalid from Datasette 1.0a36 on, and null \
                  before. The method does not check whether the token's restrictions allow an \
                  action: token_allows_action does.",
    parameters: &[TOKEN, NOW],
    result: MethodResult { name: "actor", schema: "OptionalActor" },
    errors: &[
        ErrorKind::NoSecret,
        ErrorKind::BadPayload,
        ErrorKind::TokenInvalid,
        ErrorKind::NotSupported,
    ],
    examples: Examples::Fixtures(&[
        "verify_token_plain",
        "verify_token_expiring",
        "verify_token_compressed",
        "verify_token_without_prefix",
    ]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, now] = args.values();
    let token = token.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.verify_token_into(&token, now, workspace, out)?)
}
