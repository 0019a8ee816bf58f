//! `sign`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NAMESPACE, required};

pub(super) const METHOD: Method = Method {
    name: "sign",
    summary: "A signed value, as datasette.sign() makes it",
    description: "Signs any JSON value in a namespace. unsign with the same namespace gives the \
                  value back. The process can forbid the namespaces token and actor, because what \
                  is signed there would be a token or a cookie.",
    parameters: &[required("value", "Value", "The value to sign"), NAMESPACE],
    result: MethodResult { name: "signed", schema: "SignedValue" },
    errors: &[ErrorKind::NoSecret, ErrorKind::Policy],
    examples: Examples::Fixtures(&["sign_string", "sign_message", "sign_namespace_actor"]),
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
