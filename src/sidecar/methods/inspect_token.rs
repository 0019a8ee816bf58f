//! `inspect_token`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{EXAMPLE_TOKEN, NOW, TOKEN};

pub(super) const METHOD: Method = Method {
    name: "inspect_token",
    summary: "What a token says and what is wrong with it; needs no secret",
    parameters: &[TOKEN, NOW],
    result: MethodResult { name: "inspection", schema: INSPECTION },
    example: &[("token", EXAMPLE_TOKEN), ("now", "1700000060")],
    example_result: Some(concat!(
        r#"{"payload":{"a":"root","t":1700000000,"d":3600,"_r":{"a":["vi"]}},"compressed":true,"#,
        r#""signature":"valid","secret":0,"status":"valid","reason":null,"actor_id":"root","#,
        r#""created":1700000000,"expires":1700003600,"restrictions":{"all":["view-instance"],"#,
        r#""database":{},"resource":{}},"unknown_actions":[]}"#,
    )),
    run,
};

const INSPECTION: &str = concat!(
    r#"{"type":"object","properties":{"payload":true,"compressed":{"type":"boolean"},"#,
    r#""signature":{"enum":["valid","invalid","unchecked"]},"secret":{"type":["integer","null"]},"#,
    r#""status":{"enum":["valid","expired","invalid","unchecked"]},"#,
    r#""reason":{"type":["string","null"]},"actor_id":true,"created":{"type":["integer","null"]},"#,
    r#""expires":{"type":["integer","null"]},"restrictions":{"type":["object","null"]},"#,
    r#""unknown_actions":{"type":"array","items":{"type":"string"}}}}"#,
);

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, now] = args.values();
    let token = token.string()?;
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.inspect_token_into(&token, now, workspace, out)?)
}
