//! `info`.

use serde_json::json;

use super::method::{Args, Examples, Failure, Method, MethodResult, Session};

pub(super) const METHOD: Method = Method {
    name: "info",
    summary: "The identity and configuration of this process",
    description: "Names the program, the release of Datasette that it reproduces, its settings and \
                  the methods that it answers. It counts the secrets and never shows one. It is \
                  always allowed.",
    parameters: &[],
    result: RESULT,
    errors: &[],
    examples: Examples::Own(&[]),
    run,
};

/// The result, which `configure` answers too.
pub(super) const RESULT: MethodResult = MethodResult { name: "info", schema: "ProcessInfo" };

/// Appends the result.
pub(super) fn run(session: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let datasette = &session.datasette;
    let settings = datasette.settings();
    let info = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
        "datasette_version": datasette.release().name(),
        "datasette_version_known": datasette.release().is_known(),
        "zlib": datasette.zlib().name(),
        "itsdangerous": datasette.itsdangerous().name(),
        "settings": {
            "allow_signed_tokens": settings.allow_signed_tokens,
            "max_signed_tokens_ttl": settings.max_signed_tokens_ttl,
        },
        "secrets": datasette.secrets(),
        "methods": session.allowed_methods().map(|method| method.name).collect::<Vec<_>>(),
    });
    out.extend_from_slice(info.to_string().as_bytes());
    Ok(())
}
