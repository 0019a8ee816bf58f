//! `ping`.

use super::method::{Args, Failure, Method, MethodResult, Session};

pub(super) const METHOD: Method = Method {
    name: "ping",
    summary: "Answers \"pong\"",
    parameters: &[],
    result: MethodResult { name: "pong", schema: r#"{"const":"pong"}"# },
    example: &[],
    example_result: Some(r#""pong""#),
    run,
};

fn run(_: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.extend_from_slice(br#""pong""#);
    Ok(())
}
