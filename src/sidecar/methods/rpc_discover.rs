//! `rpc.discover`: the methods as an OpenRPC document (<https://spec.open-rpc.org>).

use super::document::document;
use super::method::{Args, Examples, Failure, Method, MethodResult, Session};

pub(super) const METHOD: Method = Method {
    name: "rpc.discover",
    summary: "This document: the methods in OpenRPC",
    description: "Returns an OpenRPC document of the methods that this process answers.",
    parameters: &[],
    result: MethodResult { name: "document", schema: "Document" },
    errors: &[],
    // The document doesn't describe itself.
    examples: Examples::Fixtures(&[]),
    run,
};

fn run(session: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    // Built once: it is much longer than the request for it.
    let document = session.document.get_or_init(|| document(session));
    out.extend_from_slice(document.as_bytes());
    Ok(())
}
