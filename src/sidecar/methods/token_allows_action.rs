//! `token_allows_action`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{EXAMPLE_TOKEN, NOW, TOKEN};
use super::restrictions_allow_action::{ACTION, RESOURCE, read_action, read_resource};

pub(super) const METHOD: Method = Method {
    name: "token_allows_action",
    summary: "Verifies a token and says whether its restrictions allow an action",
    parameters: &[TOKEN, ACTION, RESOURCE, NOW],
    result: MethodResult { name: "access", schema: ACCESS },
    example: &[
        ("token", EXAMPLE_TOKEN),
        ("action", r#""insert-row""#),
        ("resource", r#"["docs","pages"]"#),
        ("now", "1700000060"),
    ],
    example_result: Some(concat!(
        r#"{"actor":{"id":"root","token":"dstok","_r":{"a":["vi"]},"token_expires":1700003600},"#,
        r#""allowed":false}"#,
    )),
    run,
};

const ACCESS: &str = concat!(
    r#"{"type":"object","properties":{"actor":{"type":["object","null"]},"#,
    r#""allowed":{"type":"boolean"}},"required":["actor","allowed"]}"#,
);

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, action, resource, now] = args.values();
    let token = token.string()?;
    let (action, resource) = (read_action(action)?, read_resource(resource)?);
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    let resource = resource.as_ref();
    Ok(datasette.token_allows_action_into(&token, &action, resource, now, workspace, out)?)
}
