//! `sign`.

use super::args::Args;
use super::method::{Example, Method, MethodResult, Session};
use super::parameter::Parameter;
use super::schema::{ANY, NAMESPACE, STRING};
use crate::sidecar::protocol::{ErrorKind, Failure};

pub(super) const METHOD: Method = Method {
    name: "sign",
    summary: "A signed value, as datasette.sign() makes it",
    parameters: &[Parameter::required("value", ANY, "The value to sign"), NAMESPACE],
    result: MethodResult { name: "signed", schema: STRING },
    example: Some(Example {
        params: &[("value", r#"{"user":7}"#)],
        result: r#""eyJ1c2VyIjo3fQ.BFyNhEjiLO2hrd0DNDkMJdSw9F0""#,
    }),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [value, namespace] = args.values();
    let namespace = namespace.optional_string()?;
    let namespace = namespace.as_deref().unwrap_or("default");
    let refused = |reason| Failure::new(ErrorKind::Policy, reason);
    session.policy.check_signing(namespace).map_err(refused)?;
    let Session { datasette, workspace, .. } = session;
    out.push(b'"');
    datasette.sign_into(value.json(), namespace, workspace, out)?;
    out.push(b'"');
    Ok(())
}
