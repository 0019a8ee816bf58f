//! Whatever is given back as a token: the ways to read it agree, and none panics. The checker
//! signs what it is given, which a fuzzer cannot.
#![allow(clippy::unwrap_used, reason = "a checker that cannot go on fails")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dstok::datasette::{Datasette, Error, Refusal, Release, Status, TOKEN_PREFIX, TokenInvalid};
use dstok::itsdangerous::Keyring;
use dstok::pyjson::{Value, loads, transcode};
use dstok::secret::Secret;
use dstok::zlib::{Flavour, compress_within};

/// One for each way in which releases read tokens.
const RELEASES: [&str; 4] = ["1.0a41", "1.0a41", "1.0a35", "1.0a1"];
const CLOCKS: [f64; 8] =
    [17e8, 17e8 + 0.5, 17e8 - 1.0, 0.0, -1.5, 9_007_199_254_740_993.0, 1e19, 1e300];

/// What a fuzzer found: the first byte chooses the release, the settings, the clock and what the
/// rest is: a payload, to be compressed or not, a payload that is encoded already, or a token.
pub fn any_input(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let mut datasette = Datasette::new();
    datasette.set_release(Release::parse(RELEASES[usize::from(choice % 4)]).unwrap());
    datasette.settings.max_signed_tokens_ttl = if choice & 16 == 0 { 0 } else { 3_600 };
    datasette.max_payload = 100_000;
    datasette.set_keyring(keyring());
    let now = CLOCKS[usize::from(choice >> 5)];
    match (choice >> 2 & 3, std::str::from_utf8(rest)) {
        (form @ 0..2, text) => {
            check_token(&mut datasette, &token(&encode(rest, form == 1)), now);
            if let Ok(payload) = text {
                check_payload(&mut datasette, payload, form == 1, now);
            }
        }
        (2, Ok(encoded)) => check_token(&mut datasette, &token(encoded), now),
        (_, Ok(token)) => check_token(&mut datasette, token, now),
        (_, Err(_)) => {}
    }
}

fn keyring() -> Keyring {
    Keyring::new(vec![Secret::new("not a secret".to_owned()).unwrap()])
}

fn encode(payload: &[u8], compressed: bool) -> String {
    if !compressed {
        return URL_SAFE_NO_PAD.encode(payload);
    }
    let mut stream = Vec::new();
    assert!(compress_within(Flavour::Zlib, payload, payload.len() + 64, &mut stream));
    format!(".{}", URL_SAFE_NO_PAD.encode(stream))
}

fn sign(encoded: &str, namespace: &str) -> String {
    let mut signed = encoded.as_bytes().to_vec();
    keyring().signer(namespace).unwrap().sign(&mut signed, 0);
    String::from_utf8(signed).unwrap()
}

fn token(encoded: &str) -> String {
    format!("{TOKEN_PREFIX}{}", sign(encoded, "token"))
}

fn verify(datasette: &mut Datasette, token: &str, now: f64) -> Result<String, Error> {
    let mut actor = b"kept".to_vec();
    let verified = datasette.verify_token(token, now, &mut actor);
    assert!(actor.starts_with(b"kept") && (verified.is_ok() || actor.len() == 4));
    verified.map(|()| String::from_utf8(actor.split_off(4)).unwrap())
}

/// `inspect_token`, which makes a tree of every payload, says what `verify_token` does.
fn check_token(datasette: &mut Datasette, token: &str, now: f64) {
    let verified = verify(datasette, token, now);
    let inspection = datasette.inspect_token(token, now).unwrap();
    match (verified, inspection.reason) {
        (Ok(actor), None) => {
            assert_eq!(inspection.status, Status::Valid);
            let id = String::from_utf8(inspection.actor_id.unwrap()).unwrap();
            assert!(actor.starts_with(&format!(r#"{{"id":{id},"token":"dstok""#)), "{actor}");
            if let Some(expires) = inspection.expires {
                assert!(actor.ends_with(&format!(r#","token_expires":{expires}}}"#)), "{actor}");
            }
        }
        (Ok(actor), Some(Error::TokenInvalid(reason))) => {
            assert_eq!(actor, "null");
            let silent = datasette.release().refusal() == Refusal::None;
            let silent = silent && reason != TokenInvalid::Malformed;
            assert!(silent || reason == TokenInvalid::NoPrefix, "{reason:?}");
        }
        (Err(error), reason) => assert_eq!(Some(error), reason),
        (verified, reason) => panic!("{verified:?}, but {reason:?}"),
    }
}

fn check_payload(datasette: &mut Datasette, payload: &str, compressed: bool, now: f64) {
    let tree = loads(payload);
    let token_of = |payload: &str| token(&encode(payload.as_bytes(), compressed));
    let verified = verify(datasette, &token_of(payload), now);
    match &tree {
        Err(_) => assert!(matches!(verified, Err(Error::BadPayload(_))), "{verified:?}"),
        Ok(Value::Dict(members)) if !members.is_empty() => {
            // One member more, which changes nothing but that the payload is not a usual one.
            let open = payload.trim_end().strip_suffix('}').unwrap();
            let unusual = format!(r#"{open},"unusual":0}}"#);
            assert_eq!(verify(datasette, &token_of(&unusual), now), verified);
        }
        Ok(_) => {}
    }
    let encoded = encode(payload.as_bytes(), compressed);
    let mut value = Vec::new();
    let unsigned = datasette.unsign(&sign(&encoded, "default"), "default", &mut value);
    let mut written = Vec::new();
    assert_eq!(unsigned.is_ok(), tree.is_ok_and(|tree| tree.write(&mut written).is_ok()));
    assert!(unsigned.is_err() || value == written);
    // No more than that it comes to an end.
    _ = datasette.verify_actor_cookie(&sign(&encoded, "actor"), now, &mut Vec::new());
    check_signing(datasette, payload);
}

/// What `sign` takes, `unsign` gives back.
fn check_signing(datasette: &mut Datasette, json: &str) {
    let (mut signed, mut value, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    let accepted = datasette.sign(json, "default", &mut signed).is_ok();
    assert_eq!(accepted, transcode(json, &mut expected).is_ok());
    if accepted {
        datasette.unsign(str::from_utf8(&signed).unwrap(), "default", &mut value).unwrap();
        assert!(value == expected, "{json}");
    }
}
