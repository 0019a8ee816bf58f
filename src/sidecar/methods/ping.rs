//! `ping`.

use super::method::{Args, Examples, Failure, Method, MethodResult, Session};

pub(super) const METHOD: Method = Method {
    name: "ping",
    summary: "Returns \"pong\"",
    description: "Shows that the process is alive and answers. It is always allowed.",
    parameters: &[],
    result: MethodResult { name: "pong", schema: "Pong" },
    errors: &[],
    examples: Examples::Own(&[]),
    run,
};

fn run(_: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.extend_from_slice(br#""pong""#);
    Ok(())
}
