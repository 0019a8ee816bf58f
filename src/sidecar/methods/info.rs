//! `info`.

use serde_json::json;

use super::method::{Args, Failure, Method, MethodResult, Session};
use super::parameter::OBJECT;

/// The result of an example: the release, and the setting `max_signed_tokens_ttl`.
macro_rules! example_result {
    ($release:literal, $max_ttl:literal) => {
        concat!(
            r#"{"name":"dstok","version":""#,
            env!("CARGO_PKG_VERSION"),
            r#"","protocol":1,"datasette_version":""#,
            $release,
            r#"","datasette_version_known":true,"zlib":"zlib","itsdangerous":"2.2","settings":"#,
            r#"{"allow_signed_tokens":true,"max_signed_tokens_ttl":"#,
            $max_ttl,
            r#"},"secrets":1,"methods":["create_token","verify_token","inspect_token","sign","#,
            r#""unsign","create_actor_cookie","verify_actor_cookie","restrictions_allow_action","#,
            r#""token_allows_action","configure","info","ping","rpc.discover"]}"#,
        )
    };
}

pub(super) use example_result;

pub(super) const METHOD: Method = Method {
    name: "info",
    summary: "What this process is and how it is configured",
    parameters: &[],
    result: RESULT,
    example: &[],
    example_result: Some(example_result!("1.0a41", "0")),
    run,
};

/// The result, which `configure` answers too.
pub(super) const RESULT: MethodResult = MethodResult { name: "info", schema: OBJECT };

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
