//! `verify_token`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{EXAMPLE_TOKEN, NOW, OPTIONAL_OBJECT, TOKEN};

pub(super) const METHOD: Method = Method {
    name: "verify_token",
    summary: "The actor of an API token, or null where Datasette returns None",
    parameters: &[TOKEN, NOW],
    result: MethodResult { name: "actor", schema: OPTIONAL_OBJECT },
    example: &[("token", EXAMPLE_TOKEN), ("now", "1700000060")],
    example_result: Some(
        r#"{"id":"root","token":"dstok","_r":{"a":["vi"]},"token_expires":1700003600}"#,
    ),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, now] = args.values();
    let token = token.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.verify_token_into(&token, now, workspace, out)?)
}
