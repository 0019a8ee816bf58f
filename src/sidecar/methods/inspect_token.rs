//! `inspect_token`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, TOKEN};

pub(super) const METHOD: Method = Method {
    name: "inspect_token",
    summary: "The contents of a token and what is wrong with it; needs no secret",
    description: "Decodes a token as far as possible and judges it as verify_token does, but never \
                  fails on a bad token. White space and quotes around the token are ignored, and \
                  so are Authorization: and Bearer before it. Without a secret, the signature is \
                  unchecked.",
    parameters: &[TOKEN, NOW],
    result: MethodResult { name: "inspection", schema: "Inspection" },
    errors: &[ErrorKind::NotSupported],
    examples: Examples::Fixtures(&["inspect_plain", "inspect_expiring", "inspect_compressed"]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, now] = args.values();
    let token = token.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.inspect_token_into(&token, now, workspace, out)?)
}
