//! `sign`.

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::{ANY, NAMESPACE, STRING, required};
use crate::sidecar::protocol::ErrorKind;

pub(super) const METHOD: Method = Method {
    name: "sign",
    summary: "A signed value, as datasette.sign() makes it",
    parameters: &[required("value", ANY, "The value to sign"), NAMESPACE],
    result: MethodResult { name: "signed", schema: STRING },
    example: &[("value", r#"{"user":7}"#)],
    example_result: Some(r#""eyJ1c2VyIjo3fQ.BFyNhEjiLO2hrd0DNDkMJdSw9F0""#),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [value, namespace] = args.values();
    let namespace = namespace.optional_string()?.unwrap_or("default".into());
    let refused = |reason| Failure::new(ErrorKind::Policy, reason);
    session.policy.check_signing(&namespace).map_err(refused)?;
    let Session { datasette, workspace, .. } = session;
    out.push(b'"');
    datasette.sign_into(value.json, &namespace, workspace, out)?;
    out.push(b'"');
    Ok(())
}
