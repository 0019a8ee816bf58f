//! `unsign`.

use super::method::{Args, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NAMESPACE, required};

pub(super) const METHOD: Method = Method {
    name: "unsign",
    summary: "The value that was signed, as datasette.unsign() returns it",
    description: "Verifies a value that was signed in a namespace, and returns it. Old secrets are \
                  tried too. Signed values have no expiry.",
    parameters: &[required("signed", "GivenSignedValue", "The result of sign()"), NAMESPACE],
    result: MethodResult { name: "value", schema: "Value" },
    errors: &[ErrorKind::NoSecret, ErrorKind::BadSignature, ErrorKind::BadPayload],
    examples: Examples::Fixtures(&["unsign_value_object", "unsign_value_string"]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [signed, namespace] = args.values();
    let signed = signed.string()?;
    let namespace = namespace.optional_string()?.unwrap_or("default".into());
    let Session { datasette, workspace, .. } = session;
    Ok(datasette.unsign_into(&signed, &namespace, workspace, out)?)
}
