//! `unsign`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{ANY, NAMESPACE, STRING, required};

pub(super) const METHOD: Method = Method {
    name: "unsign",
    summary: "The value that was signed, as datasette.unsign() returns it",
    parameters: &[required("signed", STRING, "The result of sign()"), NAMESPACE],
    result: MethodResult { name: "value", schema: ANY },
    example: &[("signed", r#""eyJ1c2VyIjo3fQ.BFyNhEjiLO2hrd0DNDkMJdSw9F0""#)],
    example_result: Some(r#"{"user":7}"#),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [signed, namespace] = args.values();
    let signed = signed.string()?;
    let namespace = namespace.optional_string()?.unwrap_or("default".into());
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.unsign_into(&signed, &namespace, workspace, out)?)
}
