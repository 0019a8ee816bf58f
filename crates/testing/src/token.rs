//! Any bytes as a token: verifying and inspecting agree, and neither panics. The checker signs what
//! it is given, which a fuzzer cannot.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datasette_tokens::itsdangerous::Keyring;
use datasette_tokens::{
    Datasette, Error, Resource, Secret, Settings, Status, TOKEN_PREFIX, TokenInvalid, Workspace,
};
use pyjson::{Value, loads, transcode};
use pyzlib::{Compressor, Flavour};

/// One for each way in which releases read tokens, the newest twice.
const RELEASES: [&str; 4] = ["1.0a41", "1.0a41", "1.0a35", "1.0a1"];
const CLOCKS: [f64; 8] =
    [17e8, 17e8 + 0.5, 17e8 - 1.0, 0.0, -1.5, 9_007_199_254_740_993.0, 1e19, 1e300];

/// Checks what a fuzzer found. The first byte chooses the release, the settings, the clock and what
/// the rest is: a payload, compressed or not, a payload that is encoded already, or a token.
pub fn any_input(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let max_signed_tokens_ttl = if choice & 16 == 0 { 0 } else { 3_600 };
    let datasette = Datasette::builder()
        .release(RELEASES[usize::from(choice % 4)].parse().unwrap())
        .settings(Settings { max_signed_tokens_ttl, ..Settings::default() })
        .max_payload(100_000)
        .secret(secret())
        .build();
    let now = CLOCKS[usize::from(choice >> 5)];
    match (choice >> 2 & 3, std::str::from_utf8(rest)) {
        (form @ 0..2, text) => {
            check_token(&datasette, &token(&encode(rest, form == 1)), now);
            if let Ok(payload) = text {
                check_payload(&datasette, payload, form == 1, now);
            }
        }
        (2, Ok(encoded)) => check_token(&datasette, &token(encoded), now),
        (_, Ok(token)) => check_token(&datasette, token, now),
        (_, Err(_)) => {}
    }
}

fn secret() -> Secret {
    Secret::new("not a secret".to_owned()).unwrap()
}

fn encode(payload: &[u8], compressed: bool) -> String {
    if !compressed {
        return URL_SAFE_NO_PAD.encode(payload);
    }
    let mut stream = Vec::new();
    let limit = payload.len() + 64;
    assert!(Compressor::new().compress_within(Flavour::Zlib, payload, limit, &mut stream));
    format!(".{}", URL_SAFE_NO_PAD.encode(stream))
}

fn sign(encoded: &str, namespace: &str) -> String {
    let mut signed = encoded.as_bytes().to_vec();
    assert!(Keyring::new(secret(), []).sign(namespace, &mut signed, 0));
    String::from_utf8(signed).unwrap()
}

fn token(encoded: &str) -> String {
    format!("{TOKEN_PREFIX}{}", sign(encoded, "token"))
}

fn verify(datasette: &Datasette, token: &str, now: f64) -> Result<String, Error> {
    let mut actor = b"kept".to_vec();
    let verified = datasette.verify_token_into(token, now, &mut Workspace::new(), &mut actor);
    assert!(actor.starts_with(b"kept") && (verified.is_ok() || actor.len() == 4));
    verified.map(|()| String::from_utf8(actor.split_off(4)).unwrap())
}

fn check_token(datasette: &Datasette, token: &str, now: f64) {
    let verified = verify(datasette, token, now);
    check_access(datasette, token, now, &verified);
    check_inspection(datasette, token, now, verified);
}

/// `token_allows_action` is `verify_token`, and then the question about its restrictions.
fn check_access(datasette: &Datasette, token: &str, now: f64, verified: &Result<String, Error>) {
    let (action, docs) = ("view-table".into(), "docs".into());
    let resource = Resource::Child(docs, "pages".into());
    let access = datasette.token_allows_action(token, &action, Some(&resource), now);
    let access = match (verified, access) {
        (_, Err(Error::NotSupported(_))) => return,
        (Err(error), access) => return assert_eq!(Some(error), access.as_ref().err()),
        (Ok(_), Err(error)) => {
            return assert_eq!(error, Error::TokenInvalid(TokenInvalid::Malformed));
        }
        (Ok(_), Ok(access)) => access,
    };
    let Some(actor) = access.actor else {
        return assert_eq!((verified.as_deref(), access.allowed), (Ok("null"), false));
    };
    assert_eq!(Ok(&actor.to_json()), verified.as_ref());
    let allowed = match (actor.restrictions(), actor.allowlist()) {
        (None, _) => Ok(true),
        (_, Some(allowlist)) => datasette.allows_action(&allowlist, &action, Some(&resource)),
        (Some(_), None) => return,
    };
    assert_eq!(allowed, Ok(access.allowed));
}

/// `inspect_token` comes to the verdict of `verify_token`.
fn check_inspection(datasette: &Datasette, token: &str, now: f64, verified: Result<String, Error>) {
    let inspection = datasette.inspect_token(token, now).unwrap();
    // It drops what was pasted around a token.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=.".contains(c);
    if !token.starts_with(TOKEN_PREFIX) || !token.ends_with(is_plain) {
        return;
    }
    // It says more of a signature.
    let reason = inspection.reason.map(|reason| match reason {
        Error::TokenInvalid(TokenInvalid::SignatureLength(_)) => TokenInvalid::Signature.into(),
        reason => reason,
    });
    match (verified, reason) {
        (Ok(actor), None) => {
            assert_eq!(inspection.status, Status::Valid);
            let id = inspection.actor_id.unwrap().to_json().unwrap();
            assert!(actor.starts_with(&format!(r#"{{"id":{id},"token":"dstok""#)), "{actor}");
            if let Some(expires) = inspection.expires {
                assert!(actor.ends_with(&format!(r#","token_expires":{expires}}}"#)), "{actor}");
            }
        }
        (Ok(actor), Some(Error::TokenInvalid(reason))) => {
            assert_eq!(actor, "null");
            let silent = !datasette.release().raises_token_invalid();
            let silent = silent && reason != TokenInvalid::Malformed;
            assert!(silent || reason == TokenInvalid::NoPrefix, "{reason:?}");
        }
        (Err(error), reason) => assert_eq!(Some(error), reason),
        (verified, reason) => panic!("{verified:?}, but {reason:?}"),
    }
}

fn check_payload(datasette: &Datasette, payload: &str, compressed: bool, now: f64) {
    let tree = loads(payload);
    let token_of = |payload: &str| token(&encode(payload.as_bytes(), compressed));
    let verified = verify(datasette, &token_of(payload), now);
    match &tree {
        Err(_) => assert!(matches!(verified, Err(Error::BadPayload(_))), "{verified:?}"),
        Ok(Value::Dict(members)) if !members.is_empty() => {
            // One more member changes nothing.
            let open = payload.trim_end().strip_suffix('}').unwrap();
            let unusual = format!(r#"{open},"unusual":0}}"#);
            assert_eq!(verify(datasette, &token_of(&unusual), now), verified);
        }
        Ok(_) => {}
    }
    let encoded = encode(payload.as_bytes(), compressed);
    let unsigned = unsign(datasette, &sign(&encoded, "default"));
    match tree.ok().and_then(|tree| tree.to_json().ok()) {
        Some(written) => assert_eq!(unsigned, Ok(written)),
        None => assert!(unsigned.is_err(), "{payload}"),
    }
    // It returns, whatever it finds.
    _ = datasette.verify_actor_cookie(&sign(&encoded, "actor"), now);
    check_signing(datasette, payload);
}

fn unsign(datasette: &Datasette, signed: &str) -> Result<String, Error> {
    let mut value = Vec::new();
    datasette.unsign_into(signed, "default", &mut Workspace::new(), &mut value)?;
    Ok(String::from_utf8(value).unwrap())
}

/// `unsign` returns what `sign` accepts.
fn check_signing(datasette: &Datasette, json: &str) {
    let (mut signed, mut expected) = (Vec::new(), Vec::new());
    let accepted = datasette.sign_into(json, "default", &mut Workspace::new(), &mut signed).is_ok();
    assert_eq!(accepted, transcode(json, &mut expected).is_ok());
    if accepted {
        let value = unsign(datasette, str::from_utf8(&signed).unwrap()).unwrap();
        assert_eq!(value.as_bytes(), expected, "{json}");
    }
}
